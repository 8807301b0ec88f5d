"""The model's window, learned beside a running answer.

How much of its window a conversation fills is worth knowing, but no reason to let anybody wait: nothing
is asked before the request, a quick answer is not accompanied by a question at all, and no end waits for
one. Only servers of this machine are asked. What was told last is remembered while the process lives.
"""

import asyncio
from contextlib import suppress

from codex_ls.config.address import is_loopback
from codex_ls.errors import CodexError
from codex_ls.providers.signals import Signals

LOOK_AFTER_S = 0.5
"""How long an answer is under way before its server is asked."""

Windows = dict[tuple[str, str], int | None]
"""The windows that were told, by base URL and model; None: of a server that nobody knows, and that
has nothing to tell."""


class WindowWatch:
    """What is known of the window of one turn's model: `tokens`, None while it is nothing."""

    def __init__(
        self, signals: Signals, model: tuple[str, str], told: Windows, *, configured: int | None
    ) -> None:
        self._model = model
        self._told = told
        tells = told.get(model, 0) is not None
        self._signals = signals if signals and tells and is_loopback(model[0]) else None
        self._timer: asyncio.TimerHandle | None = None
        self._looking: asyncio.Task[None] | None = None
        self.tokens = told.get(model) or configured

    def begin(self) -> None:
        """The answer is under way: ask in a while."""
        if self._signals is not None:
            self._timer = asyncio.get_running_loop().call_later(LOOK_AFTER_S, self._begin_look)

    async def end(self) -> None:
        """The answer is over: ask nothing more, and leave no socket behind."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        looking, self._looking = self._looking, None
        if looking is not None and not looking.done():
            looking.cancel()
            await asyncio.wait([looking])

    def _begin_look(self) -> None:
        self._looking = asyncio.get_running_loop().create_task(self._look())

    async def _look(self) -> None:
        assert self._signals is not None
        with suppress(CodexError):
            window = await self._signals.window()
            self.tokens = window or self.tokens
            if window is not None or not self._signals.are_recognised:
                self._told[self._model] = window
