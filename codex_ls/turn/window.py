"""Whether a prompt fits into the model's window: known before it is sent, and checked afterwards.

A prompt that does not fit is cut by some servers without a word, and the answer is made from the rest.
Short prompts fit nearly everywhere and are sent at once, so that only long ones pay for being counted;
their count is exact where the server has a tokenizer, and else an estimate that is called one.
"""

from dataclasses import dataclass, replace

from codex_ls.config.settings import ModelSettings
from codex_ls.errors import ContextOverflow
from codex_ls.events import Notice, Usage
from codex_ls.providers.signals import Signals
from codex_ls.wire import ModelCall

SHORT_TOKENS = 1500
"""Estimated tokens up to which a prompt is sent without asking for the window: few are smaller."""

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


def estimated_size(call: ModelCall) -> PromptSize:
    """A fair guess: four characters of English or code a token, one and a half of CJK."""
    text, images = 0.0, 0
    for message in call.messages:
        size = len(message.text)
        wide = 0 if message.text.isascii() else sum(char >= "\u2e80" for char in message.text)
        text += 8 + (size - wide) / 4 + wide / 1.5
        images += _IMAGE_TOKENS * len(message.images)
    return PromptSize(round(text) + images, exact=False, image_tokens=images)


async def fitted(call: ModelCall, signals: Signals, settings: ModelSettings) -> Fitted:
    """The call, with the window it needs where that can be chosen (Ollama's own API).

    Raises ContextOverflow with both numbers if it can't fit.
    """
    size = estimated_size(call)
    chosen = call.context_window if settings.provider.wire_api == "ollama" else None
    if size.tokens <= min(SHORT_TOKENS, settings.context_window or SHORT_TOKENS):
        return Fitted(call, size, chosen)
    if settings.provider.wire_api == "ollama" and call.context_window is None:
        return await _with_room(call, size, signals)
    window = settings.context_window or await signals.window()
    if window is None or size.most <= window:
        return Fitted(call, size, window)
    counted = await signals.count([{"role": m.role, "content": m.text} for m in call.messages])
    if counted is not None:
        size = PromptSize(counted, exact=True)
    if size.least > window:
        raise too_long(size, window)
    return Fitted(call, size, window)


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
    if usage is None or usage.input_tokens == 0:
        return None
    read, cached = usage.input_tokens, usage.cached_input_tokens or 0
    if cached > read:
        read += cached  # counted apart
    if not _is_cut(size, read, usage.context_window):
        return None
    to_window = "" if usage.context_window is None else f" to its window of {usage.context_window}"
    return Notice(
        "contextTruncated",
        f"The model read only {read} of {size.told} prompt tokens: the server cut"
        f" the prompt{to_window}, and the answer is made from the rest.",
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
                ' (with Ollama: wire_api = "ollama" and model_context_window)'
            )


async def _with_room(call: ModelCall, size: PromptSize, signals: Signals) -> Fitted:
    """Ask Ollama for a window that holds this turn; powers of two, so that it rarely reloads."""
    needed = round(size.most) + (call.max_output_tokens or _OUTPUT_RESERVE)
    loaded = await signals.window()
    window = max(loaded or 0, _OLLAMA_DEFAULT)
    while window < needed:
        window *= 2
    largest = await signals.largest_window()
    if largest is not None:
        window = min(window, largest)
        if size.least > largest:
            raise too_long(size, largest)
    return Fitted(replace(call, context_window=window), size, window)
