"""When the stream of an answer is over, and for how long it may bring no text.

The one rule, for every wire:

1. An end mark ends the stream: `[DONE]`, `response.completed` (`.incomplete`, `.failed`), a line with
   `done: true`, `chat.end`. Nothing behind it is read.
2. A finish reason behind text of the answer leaves `FIGURES_S` in all for the figures. Comments, pings
   and empty deltas don't extend that; text does: then the finish reason was none, and the time starts
   again behind the next one. In a stream that has contradicted its finish reasons `_DOUBTED_AFTER`
   times they mean little, and the time is `DOUBTED_FIGURES_S`.
3. A finish reason before any text of the answer ends nothing: gateways put `stop` on chunks without
   text (Open WebUI in front of Ollama). `length`, a content filter and tool calls are believed.
4. A stream that is alive, but brings no text, ends after the provider's `stream_silent_timeout_ms`.
   From `TELL_AFTER_S` on the silence is reported once a second.
5. The end of the bytes ends the stream. It is whole if a finish reason stands, else it was cut.

Reading can be interrupted at any moment (`turn/interrupt`).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from codex_ls.config.address import is_loopback
from codex_ls.events import (
    ContentDelta,
    FinishReason,
    Phase,
    PhaseChanged,
    ReasoningDelta,
    Reclassified,
    ToolCallDelta,
    WireEvent,
)
from codex_ls.providers.transport_errors import ReadTimedOut

if TYPE_CHECKING:
    from codex_ls.config.model_settings import Provider

FIGURES_S = 2.0
DOUBTED_FIGURES_S = 30.0
TELL_AFTER_S = 5.0
_TELL_EVERY_S = 1.0
_DOUBTED_AFTER = 3

_FIRST_WORD_S = 3_600.0
_FIRST_WORD_HERE_S = 7_200.0
"""Before the first word comments are a sign of life: of a queue, or of a long prompt that is read."""
_PER_IDLE_LIMIT = 2
_BELIEVED: frozenset[FinishReason] = frozenset({"length", "contentFilter", "toolCalls"})


class StreamLimits:
    """The limits of one stream. Times are seconds of the event loop's clock.

    For each read: `note` every event that it brought, then `after_read`. From `wake_at` on the stream
    is over if it `is_settled`; else there is `silence` to report.
    """

    def __init__(self, provider: Provider, now: float) -> None:
        """`now`: the first byte has come."""
        self._name = provider.name
        self._silent_s = _silent_s(provider)
        self._first_word_s = first_word_limit_s(provider)
        self._phase: Phase = "prompt"
        self._has_text = self._is_answered = False
        self._progress: PhaseChanged | None = None
        self._is_new = False  # text, or news of a load or a prompt, since the last `after_read`
        self._word_at = now
        self._tell_at = now + TELL_AFTER_S
        self._settled_until: float | None = None
        self._contradicted = 0
        self.wake_at = self._tell_at
        self._plan()

    def note(self, event: WireEvent) -> None:
        """Take note of an event that came."""
        match event:
            case ContentDelta():
                self._text(event.text, "answering")
                self._is_answered = self._is_answered or not event.text.isspace()
            case ReasoningDelta():
                self._text(event.text, "thinking")
            case ToolCallDelta():
                self._is_new = self._has_text = self._is_answered = True
            case Reclassified():
                self._is_answered = False
                self._phase = "thinking"
            case PhaseChanged():
                self._is_new = self._is_new or event != self._progress
                self._progress = event
                self._phase = event.phase
            case _:
                pass

    def _text(self, text: str, phase: Phase) -> None:
        self._has_text = True
        self._phase = phase
        # Blanks behind a finish reason are no more than an empty delta.
        if self._settled_until is None or not text.isspace():
            self._is_new = True

    def after_read(self, reason: FinishReason | None, now: float) -> None:
        """What has come is handed on; `reason` is the finish reason that stands, if any does."""
        if self._is_new:
            self._is_new = False
            self._word_at = now
            self._tell_at = now + TELL_AFTER_S
            if self._settled_until is not None:
                self._settled_until = None
                self._contradicted += 1
        may_settle = reason is not None and self._settled_until is None
        if may_settle and (self._is_answered or reason in _BELIEVED):
            doubted = self._contradicted >= _DOUBTED_AFTER
            self._settled_until = now + (DOUBTED_FIGURES_S if doubted else FIGURES_S)
        self._plan()

    @property
    def is_settled(self) -> bool:
        """Whether a finish reason behind text stands: at `wake_at` the stream is over."""
        return self._settled_until is not None

    def silence(self, now: float) -> PhaseChanged | None:
        """The silence to report now, if any. Raises ReadTimedOut once it was too long."""
        silent_s, limit_s = now - self._word_at, self._limit_s
        if silent_s >= limit_s:
            raise ReadTimedOut(self._name, limit_s, "silent", has_begun=True)
        if now < self._tell_at:
            return None
        self._tell_at = now + _TELL_EVERY_S
        self._plan()
        return PhaseChanged(self._phase, silent_ms=round(silent_s * 1000))

    def _plan(self) -> None:
        if self._settled_until is not None:
            self.wake_at = self._settled_until
        else:
            self.wake_at = min(self._tell_at, self._word_at + self._limit_s)

    @property
    def _limit_s(self) -> float:
        return self._silent_s if self._has_text else self._first_word_s


def first_word_limit_s(provider: Provider) -> float:
    """How long a server may load, queue and read before the first text, while it shows that it does."""
    if provider.stream_silent_timeout_ms is not None:
        return provider.stream_silent_timeout_ms / 1000
    limit_s = _FIRST_WORD_HERE_S if is_loopback(provider.base_url) else _FIRST_WORD_S
    return max(limit_s, _silent_s(provider))


def _silent_s(provider: Provider) -> float:
    own_ms = provider.stream_silent_timeout_ms
    return (_PER_IDLE_LIMIT * provider.stream_idle_timeout_ms if own_ms is None else own_ms) / 1000
