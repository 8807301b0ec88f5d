"""What turns share about model servers: connections, the built-in server, what was learned."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from codex_ls.events import PhaseChanged
from codex_ls.providers.client import HttpClient
from codex_ls.turn.context_window import KnownWindows
from codex_ls.turn.learned_quirks import Refusals

if TYPE_CHECKING:
    from codex_ls.embedded.engine import Engine
    from codex_ls.embedded.machine import Loading


class ModelServers:
    """Every model server of a session. Open it with `async with`: leaving it closes every connection."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self.http = HttpClient()
        self.forced_open: set[tuple[str, str]] = set()
        """(base URL, model) pairs whose prompt opens thinking, as a stray closer has shown."""
        self.refusals = Refusals(env)
        """What servers refused in earlier turns, of other processes too."""
        self.windows = KnownWindows()
        self._env = env
        self._engine: tuple[str, Engine] | None = None
        self._engine_lock = asyncio.Lock()
        self._loading: Loading | None = None
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> ModelServers:
        await self._stack.enter_async_context(self.http)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

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
                engine = await start_engine(model, env=self._env, watch=self._watch_loading)
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
