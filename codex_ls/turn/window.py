"""Whether a prompt fits into the model's window: known before it is sent, and checked afterwards.

A prompt that does not fit is cut by some servers without a word, and the answer is made from the rest.
Short prompts fit everywhere and are sent at once, so that only long ones pay for being counted; their
count is exact where the server has a tokenizer, and else an estimate that is called one.
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
_ESTIMATE_LOW, _ESTIMATE_HIGH = 0.7, 1.4
"""How far an estimate may be off: a prompt is only refused when it is too long by any reading."""


@dataclass(frozen=True, slots=True)
class PromptSize:
    """How many tokens a prompt has; `exact` if a tokenizer counted them."""

    tokens: int
    exact: bool

    @property
    def told(self) -> str:
        """The number for a sentence."""
        return str(self.tokens) if self.exact else f"about {self.tokens} (estimated)"


def estimate_tokens(call: ModelCall) -> int:
    """A fair guess: four characters of English or code a token, one and a half of CJK."""
    text = 0.0
    for message in call.messages:
        size = len(message.text)
        wide = 0 if message.text.isascii() else sum(char >= "\u2e80" for char in message.text)
        text += 8 + (size - wide) / 4 + wide / 1.5 + 800 * len(message.images)
    return round(text)


async def fitted(
    call: ModelCall, signals: Signals, settings: ModelSettings
) -> tuple[ModelCall, PromptSize]:
    """The call, with the window it needs where that can be chosen (Ollama's own API).

    Raises ContextOverflow with both numbers if it can't fit.
    """
    size = PromptSize(estimate_tokens(call), exact=False)
    if size.tokens <= min(SHORT_TOKENS, settings.context_window or SHORT_TOKENS):
        return call, size
    if settings.provider.wire_api == "ollama" and call.context_window is None:
        return await _with_room(call, size, signals), size
    window = settings.context_window or await signals.window()
    if window is None or size.tokens * _ESTIMATE_HIGH <= window:
        return call, size
    counted = await signals.count([{"role": m.role, "content": m.text} for m in call.messages])
    if counted is not None:
        size = PromptSize(counted, exact=True)
    if size.tokens * (1 if size.exact else _ESTIMATE_LOW) > window:
        raise too_long(size, window)
    return call, size


def too_long(size: PromptSize, window: int) -> ContextOverflow:
    """The error of a prompt that does not fit, before it is sent."""
    return ContextOverflow(
        f"The prompt has {size.told} tokens, and the model's window is {window}.",
        hint="Ask about less text, start a new thread, or load the model with a larger context.",
    )


def cut_notice(size: PromptSize, usage: Usage | None) -> Notice | None:
    """The notice of a prompt that the server cut, as its own count shows."""
    if usage is None or usage.input_tokens == 0 or size.tokens <= SHORT_TOKENS:
        return None
    if usage.input_tokens >= size.tokens * (0.95 if size.exact else 0.5):
        return None
    return Notice(
        "contextTruncated",
        f"The model read only {usage.input_tokens} of {size.told} prompt tokens: the server cut"
        " the prompt, and the answer is made from the rest.",
        "Ask about less text, or give the model a larger context"
        ' (with Ollama: wire_api = "ollama" and model_context_window).',
    )


async def _with_room(call: ModelCall, size: PromptSize, signals: Signals) -> ModelCall:
    """Ask Ollama for a window that holds this turn; powers of two, so that it rarely reloads."""
    needed = round(size.tokens * _ESTIMATE_HIGH) + (call.max_output_tokens or _OUTPUT_RESERVE)
    loaded = await signals.window()
    window = max(loaded or 0, _OLLAMA_DEFAULT)
    while window < needed:
        window *= 2
    largest = await signals.largest_window()
    if largest is not None:
        window = min(window, largest)
        if size.tokens * _ESTIMATE_LOW > largest:
            raise too_long(size, largest)
    return replace(call, context_window=window)
