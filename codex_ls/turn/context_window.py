"""The model's window: whether a prompt fits, known before it is sent, and how full it is afterwards.

A prompt that does not fit is cut by some servers without a word, and the answer is made from the rest.
Short prompts fit nearly everywhere and are sent at once, so that only long ones pay for being counted;
their count is exact where the server has a tokenizer, and else an estimate that is called one. What is
not told within `CHECK_S` is not waited for.

How much of its window a conversation fills is worth knowing, but no reason to let anybody wait: it is
asked for beside a long answer (`ContextWindow.begin`), of servers of this machine alone, and no end
waits for it. What was told last is remembered while the process lives.
"""

import asyncio
import math
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from typing import TypeVar

from codex_ls.config.address import is_loopback
from codex_ls.config.model_settings import ModelSettings
from codex_ls.errors import ContextOverflow
from codex_ls.events import Notice, Usage, UsageReported
from codex_ls.providers.servers.signals import Signals, suppress_errors
from codex_ls.wire import ModelCall

SHORT_TOKENS = 1500
"""Estimated tokens up to which a prompt is sent without asking for the window: few are smaller."""

CHECK_S = 0.2
"""How long a request is held back for everything that its server is asked before it, together."""

LOOK_AFTER_S = 0.5
"""How long an answer is under way before its server is asked."""

ASK_AGAIN_S = 30.0
"""A model is rarely loaded with another window: it is not asked for more often than this."""

T = TypeVar("T")

_OLLAMA_DEFAULT = 4096
_OUTPUT_RESERVE = 2048
_IMAGE_TOKENS = 800
_ESTIMATE_LOW, _ESTIMATE_HIGH = 0.7, 1.4
"""How far an estimate may be off: a prompt is only refused when it is too long by any reading."""


@dataclass(frozen=True, slots=True)
class PromptSize:
    """How many tokens a prompt has; `exact` if a tokenizer counted them."""

    tokens: int
    exact: bool
    image_tokens: int = 0
    """How many of them stand for images: a mere guess, which is often too high."""

    @property
    def told(self) -> str:
        """The number for a sentence."""
        return str(self.tokens) if self.exact else f"about {self.tokens} (estimated)"

    @property
    def least(self) -> float:
        """So many it has by any reading."""
        return self.tokens if self.exact else self.tokens * _ESTIMATE_LOW

    @property
    def most(self) -> float:
        """It has no more than this by any reading."""
        return self.tokens if self.exact else self.tokens * _ESTIMATE_HIGH


@dataclass(frozen=True, slots=True)
class Fitted:
    """A call that may be sent, and what is known of its size and of the model's window."""

    call: ModelCall
    size: PromptSize
    window: int | None = None
    told: int | None = None
    """The window as the server told it for this call; None if it was not asked, or said nothing."""


@dataclass(slots=True)
class KnownWindows:
    """What the model servers of a session told about their windows, each by base URL and model."""

    told: dict[tuple[str, str], int | None] = field(default_factory=dict)
    """The windows that were told; None: of a server that nobody knows, and that answered every question
    without telling one."""
    chosen: dict[tuple[str, str], int] = field(default_factory=dict)
    """The windows that Ollama answered with because they were asked for."""
    asked: dict[tuple[str, str], float] = field(default_factory=dict)
    """When a window was last asked for, in the loop's time."""


class ContextWindow:
    """One turn's prompt and its model's window: `tokens`, None while nothing is known of it.

    `base_url` is the server's, which for the built-in model stands in no settings.
    """

    def __init__(
        self,
        signals: Signals,
        base_url: str,
        settings: ModelSettings,
        known: KnownWindows,
    ) -> None:
        self._signals = signals
        self._settings = settings
        self._model = (base_url, settings.model)
        self._known = known
        self._choice: int | None = None
        self._size = PromptSize(0, exact=False)
        tells = known.told.get(self._model, 0) is not None
        self._may_ask = bool(signals) and tells and is_loopback(base_url)
        self._has_asked = False
        self._timer: asyncio.TimerHandle | None = None
        self._looking: asyncio.Task[None] | None = None
        self.tokens = known.told.get(self._model) or settings.context_window

    async def fit(self, call: ModelCall) -> ModelCall:
        """The call as it fits into the window. Raises ContextOverflow."""
        try:
            fit = await fitted(
                call,
                self._signals if self._may_ask else None,
                self._settings,
                told=self._known.told.get(self._model),
                chosen=self._known.chosen.get(self._model),
            )
        except ContextOverflow as error:
            from codex_ls.providers.error_hints import with_next_step  # for those who need it

            raise with_next_step(error, self._settings, has_key=False) from None
        self._size = fit.size
        self._choice = fit.call.context_window if self._settings.context_window is None else None
        if fit.told is not None:
            self._known.told[self._model] = fit.told
        self.tokens = fit.window or self.tokens
        return fit.call

    def begin(self) -> None:
        """The answer is under way: ask in a while, and keep to the window that it was given."""
        if self._choice is not None:
            self._known.chosen[self._model] = max(
                self._choice, self._known.chosen.get(self._model, 0)
            )
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
        window = self.tokens or self._known.told.get(self._model)
        return replace(report, usage=replace(report.usage, context_window=window))

    def cut_notice(self, usage: Usage | None) -> Notice | None:
        """The notice of a prompt that the server cut."""
        return cut_notice(self._size, usage, self._settings)

    def _begin_look(self) -> None:
        self._has_asked = True
        loop = asyncio.get_running_loop()
        if loop.time() - self._known.asked.get(self._model, -math.inf) < ASK_AGAIN_S:
            return  # a hundred turns at once are one question
        self._known.asked[self._model] = loop.time()
        self._looking = loop.create_task(self._look())

    async def _look(self) -> None:
        silences = self._signals.silences
        window = await suppress_errors(self._signals.window)
        self.tokens = window or self.tokens
        is_unable = not self._signals.are_recognised and self._signals.silences == silences
        if window is not None or is_unable:
            self._known.told[self._model] = window


def estimated_size(call: ModelCall) -> PromptSize:
    """A fair guess: four characters of English or code a token, one and a half of CJK."""
    text, images = 0.0, 0
    for message in call.messages:
        size = len(message.text)
        wide = 0 if message.text.isascii() else sum(char >= "\u2e80" for char in message.text)
        text += 8 + (size - wide) / 4 + wide / 1.5
        images += _IMAGE_TOKENS * len(message.images)
    return PromptSize(round(text) + images, exact=False, image_tokens=images)


async def fitted(
    call: ModelCall,
    signals: Signals | None,
    settings: ModelSettings,
    *,
    told: int | None = None,
    chosen: int | None = None,
) -> Fitted:
    """The call, with the window it needs where that can be chosen (Ollama's own API).

    `told` is the window that the server told before, `chosen` the one that Ollama was asked for; with
    no `signals` nobody is asked. Raises ContextOverflow with both numbers if it can't fit.
    """
    size = estimated_size(call)
    is_ollama = settings.provider.wire_api == "ollama"
    is_short = size.tokens <= min(SHORT_TOKENS, settings.context_window or SHORT_TOKENS)
    if is_ollama and call.context_window is None:
        return await _with_room(call, size, signals, is_short=is_short, told=told, chosen=chosen)
    if is_short:
        return Fitted(call, size, call.context_window if is_ollama else None)
    deadline = asyncio.get_running_loop().time() + CHECK_S
    window, is_new = settings.context_window or call.context_window, False
    if window is None:
        window = told
        if signals and (told is None or size.most > told):
            # The model may have been loaded anew: what was told before refuses nothing.
            window, is_new = await _window(signals, deadline), True
    if window is not None and size.most > window:
        size = await _counted(call, size, signals, deadline)
        if size.least > window:
            raise too_long(size, window)
    return Fitted(call, size, window, told=window if is_new else None)


async def _counted(
    call: ModelCall, size: PromptSize, signals: Signals | None, deadline: float
) -> PromptSize:
    """The exact size where the server tells it in time."""
    if not signals:
        return size
    messages = [{"role": m.role, "content": m.text} for m in call.messages]
    tokens = await _by(deadline, lambda: signals.count(messages))
    return size if tokens is None else PromptSize(tokens, exact=True)


async def _window(signals: Signals, deadline: float) -> int | None:
    """The window, if it is told until then."""
    return await suppress_errors(lambda: signals.window(until=deadline))


async def _by(deadline: float, ask: Callable[[], Awaitable[T | None]]) -> T | None:
    """What is told until then."""
    try:
        async with asyncio.timeout_at(deadline):
            return await suppress_errors(ask)
    except TimeoutError:
        return None


def too_long(size: PromptSize, window: int) -> ContextOverflow:
    """The error of a prompt that does not fit, before it is sent."""
    return ContextOverflow(
        f"The prompt has {size.told} tokens, and the model's window is {window}.",
        hint=f"Ask about less text, start a new thread, or {ContextOverflow.MORE_ROOM}.",
    )


def cut_notice(size: PromptSize, usage: Usage | None, settings: ModelSettings) -> Notice | None:
    """The notice of a prompt that the server cut, as its own count shows.

    Ollama cuts to the window, or to half of it. A count far below the estimate proves nothing where the
    prompt fits: some versions of servers leave out what they had in a cache.
    """
    if usage is None or not usage.input_tokens:
        return None
    read, cached = usage.input_tokens, usage.cached_input_tokens or 0
    if cached > read:
        read += cached  # counted apart
    if not _is_cut(size, read, usage.context_window):
        return None
    to_window = "" if usage.context_window is None else f" to its window of {usage.context_window}"
    return Notice(
        "contextTruncated",
        f"The model read only {read} of {size.told} prompt tokens: the server truncated the"
        f" prompt{to_window}, and the answer is based on the rest.",
        f"Ask about less text, or {_more_room(settings)}.",
    )


def _is_cut(size: PromptSize, read: int, window: int | None) -> bool:
    """Whether so few tokens were read that the rest was cut off."""
    far_under = read < (size.tokens - size.image_tokens) * (0.95 if size.exact else 0.5)
    if window is None:
        return far_under and size.tokens > SHORT_TOKENS
    if read > window:
        return False
    return size.least - size.image_tokens > window or (far_under and size.most > window)


def _more_room(settings: ModelSettings) -> str:
    """How this model is given a larger context."""
    match settings.provider.wire_api, settings.provider.id:
        case "ollama", _:
            return "set a larger model_context_window, if the model can have one"
        case ("lmstudio", _) | (_, "lmstudio"):
            return "load the model with a larger context in LM Studio"
        case _:
            return (
                "give the model a larger context"
                ' (with Ollama: wire_api = "ollama" in codex-ls.toml, and model_context_window)'
            )


async def _with_room(
    call: ModelCall,
    size: PromptSize,
    signals: Signals | None,
    *,
    is_short: bool,
    told: int | None,
    chosen: int | None,
) -> Fitted:
    """Ask Ollama for a window that holds this turn.

    Another window means that the model is loaded anew, even for a short prompt: so they are powers of
    two, and the one that was chosen stays until a prompt needs a larger one.
    """
    needed = round(size.most) + (call.max_output_tokens or _OUTPUT_RESERVE)
    if is_short or (chosen is not None and needed <= chosen):
        return Fitted(replace(call, context_window=chosen), size, chosen)
    deadline = asyncio.get_running_loop().time() + CHECK_S
    loaded = await _window(signals, deadline) if signals and told is None else None
    window = max(loaded or told or 0, chosen or 0, _OLLAMA_DEFAULT)
    while window < needed:
        window *= 2
    largest = await _by(deadline, signals.largest_window) if signals else None
    if largest is not None:
        window = min(window, largest)
        if size.least > largest:
            raise too_long(size, largest)
    return Fitted(replace(call, context_window=window), size, window, told=loaded)
