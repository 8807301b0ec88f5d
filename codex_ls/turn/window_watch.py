"""The model's window, learned beside a running answer.

How much of its window a conversation fills is worth knowing, but no reason to let anybody wait: only a
long prompt has it asked for before the request, and briefly; a quick answer is not accompanied by a
question at all, and no end waits for one. Only servers of this machine are asked. What was told last is
remembered while the process lives.
"""

import asyncio
import math
from dataclasses import replace

from codex_ls.config.address import is_loopback
from codex_ls.config.settings import ModelSettings
from codex_ls.errors import ContextOverflow
from codex_ls.events import Notice, Usage, UsageReported
from codex_ls.providers.signals import Signals
from codex_ls.providers.signals.quiet import quietly
from codex_ls.turn.window import PromptSize, cut_notice, fitted
from codex_ls.wire import ModelCall

LOOK_AFTER_S = 0.5
"""How long an answer is under way before its server is asked."""

ASK_AGAIN_S = 30.0
"""A model is rarely loaded with another window: it is not asked for more often than this."""

Windows = dict[tuple[str, str], int | None]
"""The windows that were told, by base URL and model; None: of a server that nobody knows, and that
answered every question without telling one."""

ChosenWindows = dict[tuple[str, str], int]
"""The windows that Ollama answered with because they were asked for, by base URL and model."""


AskedWindows = dict[tuple[str, str], float]
"""When a window was last asked for, in the loop's time, by base URL and model."""


class WindowWatch:
    """One turn's prompt and its model's window: `tokens`, None while nothing is known of it.

    `base_url` is the server's, which for the built-in model stands in no settings.
    """

    def __init__(
        self,
        signals: Signals,
        base_url: str,
        settings: ModelSettings,
        told: Windows,
        chosen: ChosenWindows,
        asked: AskedWindows | None = None,
    ) -> None:
        self._signals = signals
        self._settings = settings
        self._model = (base_url, settings.model)
        self._told = told
        self._chosen = chosen
        self._asked = {} if asked is None else asked
        self._choice: int | None = None
        self._size = PromptSize(0, exact=False)
        tells = told.get(self._model, 0) is not None
        self._may_ask = bool(signals) and tells and is_loopback(base_url)
        self._has_asked = False
        self._timer: asyncio.TimerHandle | None = None
        self._looking: asyncio.Task[None] | None = None
        self.tokens = told.get(self._model) or settings.context_window

    async def fit(self, call: ModelCall) -> ModelCall:
        """The call as it fits into the window. Raises ContextOverflow."""
        try:
            fit = await fitted(
                call,
                self._signals if self._may_ask else None,
                self._settings,
                told=self._told.get(self._model),
                chosen=self._chosen.get(self._model),
            )
        except ContextOverflow as error:
            from codex_ls.providers.remedies import with_next_step  # for those who need it

            raise with_next_step(error, self._settings, has_key=False) from None
        self._size = fit.size
        self._choice = fit.call.context_window if self._settings.context_window is None else None
        if fit.told is not None:
            self._told[self._model] = fit.told
        self.tokens = fit.window or self.tokens
        return fit.call

    def begin(self) -> None:
        """The answer is under way: ask in a while, and keep to the window that it was given."""
        if self._choice is not None:
            self._chosen[self._model] = max(self._choice, self._chosen.get(self._model, 0))
        if self._may_ask and not self._has_asked:
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

    def noted(self, report: UsageReported) -> UsageReported:
        """The figures of the server, and the window beside them."""
        if report.usage is None:
            return report
        window = self.tokens or self._told.get(self._model)
        return replace(report, usage=replace(report.usage, context_window=window))

    def cut_notice(self, usage: Usage | None) -> Notice | None:
        """The notice of a prompt that the server cut."""
        return cut_notice(self._size, usage, self._settings)

    def _begin_look(self) -> None:
        self._has_asked = True
        loop = asyncio.get_running_loop()
        if loop.time() - self._asked.get(self._model, -math.inf) < ASK_AGAIN_S:
            return  # a hundred turns at once are one question
        self._asked[self._model] = loop.time()
        self._looking = loop.create_task(self._look())

    async def _look(self) -> None:
        silences = self._signals.silences
        window = await quietly(self._signals.window)
        self.tokens = window or self.tokens
        is_unable = not self._signals.are_recognised and self._signals.silences == silences
        if window is not None or is_unable:
            self._told[self._model] = window
