"""What the turns of one process share: threads, connections, the built-in server.

Also what was learned about models on the way. A turn itself is in `turn/run`.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from codex_ls.config.profile import ModelSettings
from codex_ls.events import PhaseChanged
from codex_ls.providers.http import HttpClient
from codex_ls.providers.origin import AskSecret
from codex_ls.turn.keeping import Keeping
from codex_ls.turn.run import Turn, TurnRequest
from codex_ls.turn.window_watch import AskedWindows, ChosenWindows, Windows

if TYPE_CHECKING:
    from codex_ls.embedded.engine import Engine
    from codex_ls.embedded.loading import Loading
    from codex_ls.turn.tracing import Tracing


class Session:
    """What turns share: threads, connections, the built-in server, what was learned about models.

    One per process; open it with `async with`. Leaving it stops every turn and closes every
    connection.
    """

    def __init__(
        self, *, env: Mapping[str, str] = os.environ, ask_secret: AskSecret | None = None
    ) -> None:
        self.env = env
        self.ask_secret = ask_secret
        self.http = HttpClient()
        self.forced_open: set[tuple[str, str]] = set()
        """(base URL, model) pairs whose prompt opens thinking, as a stray closer has shown."""
        self.untold_progress: set[str] = set()
        """Base URLs of servers that refused to be asked how far they are in reading a prompt."""
        self.windows: Windows = {}
        """How many tokens fit, as model servers told."""
        self.asked_windows: AskedWindows = {}
        self.chosen_windows: ChosenWindows = {}
        """How many tokens Ollama was asked to make room for."""
        self.keeping = Keeping(env)
        self._tracing: Tracing | None = None
        self._turns: set[Turn] = set()
        self._engine: tuple[str, Engine] | None = None
        self._engine_lock = asyncio.Lock()
        self._loading: Loading | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Session:
        await self._stack.enter_async_context(self.http)
        return self

    async def __aexit__(self, *_: object) -> None:
        for turn in tuple(self._turns):
            turn.cancel()
        await self._stack.aclose()
        if self._tracing is not None:
            await self._tracing.close()

    def start(
        self, request: TurnRequest, settings: ModelSettings, *, received_at: float | None = None
    ) -> Turn:
        """A turn that runs while it is iterated. `received_at` is a `time.perf_counter()`.

        Raises UnknownThread.
        """
        if request.is_fork and request.thread_id is not None:
            thread = self.keeping.fork(request.thread_id, folder=request.folder)
        else:
            thread = self.keeping.thread(request.thread_id, folder=request.folder)
        turn = Turn(self, thread, request, settings, received_at or time.perf_counter())
        self._turns.add(turn)
        return turn

    def reasoning_field(self, thread_id: str) -> str | None:
        """The field in which the thinking of the thread's last turn came."""
        turns = self.keeping.thread(thread_id).turns
        echo = turns[-1].echo if turns else None
        return echo.field if echo is not None else None

    @property
    def tracing(self) -> Tracing:
        """The traces of this session, which are off unless the environment asks for them."""
        if self._tracing is None:
            from codex_ls.turn.tracing import Tracing  # no first word has to wait for it

            self._tracing = Tracing(self.env)
        return self._tracing

    def forget(self, turn: Turn) -> None:
        """A turn is over."""
        self._turns.discard(turn)

    async def engine(self, model: str) -> Engine:
        """The built-in server with that model, started if it does not run."""
        from codex_ls.embedded.engine import start_engine  # only the built-in model needs it

        async with self._engine_lock:
            if self._engine is not None:
                name, running = self._engine
                if name == model and await running.answers():
                    return running
                self._engine = None  # one model in memory at a time
                await running.close()
            try:
                engine = await start_engine(model, env=self.env, watch=self._watch_loading)
            finally:
                self._loading = None
            self._engine = (model, engine)
            self._stack.push_async_callback(engine.close)
            return engine

    async def loading(self) -> PhaseChanged | None:
        """How far the built-in server is with loading its model; None if nothing is known of it."""
        fraction = self._loading.fraction() if self._loading is not None else None
        return None if fraction is None else PhaseChanged("loading", fraction)

    def _watch_loading(self, loading: Loading) -> None:
        self._loading = loading
