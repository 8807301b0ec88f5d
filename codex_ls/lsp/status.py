"""What an editor's own progress line says about a turn, in words."""

from typing import assert_never

from codex_ls.events import (
    ContentDelta,
    Event,
    Noticed,
    Phase,
    PhaseChanged,
    ReasoningDelta,
    Reclassified,
    RetryScheduled,
    Timing,
    ToolCallDelta,
    TurnFinished,
    TurnStarted,
    UsageReported,
)

_WORDS: dict[Phase, str] = {
    "connecting": "Connecting",
    "loading": "Loading the model",
    "prompt": "Reading the prompt",
    "thinking": "Thinking",
    "answering": "Answering",
}
_LIVELY: frozenset[Phase] = frozenset({"thinking", "answering"})
"""In these every tenth of a second is told; in the others whole seconds, and no first one."""

_SLOW_TO_CONNECT_S = 1.0
"""After this it is more likely that the server took the request, and says nothing yet."""

_RATE_AFTER_S, _RATE_AFTER_PIECES = 1.0, 8
"""A speed is told once there is this much to count it from; on most servers a piece is a token."""


class StatusLine:
    """Keeps what the turn is doing, and since when. Times are seconds of any one clock."""

    def __init__(self) -> None:
        self._phase: Phase = "connecting"
        self._since = 0.0
        self._fraction: float | None = None
        self._waiting: int | None = None
        self._retry: RetryScheduled | None = None
        self._pieces = 0

    def follow(self, event: Event, now: float) -> None:
        """Take note of an event."""
        match event:
            case TurnStarted():
                self._since = now
            case PhaseChanged():
                self._enter(event.phase, now, event.fraction, event.waiting)
            case ReasoningDelta():
                self._enter("thinking", now)
                self._pieces += 1
            case ContentDelta():
                self._enter("answering", now)
                self._pieces += 1
            case RetryScheduled():
                self._retry = event
            case Reclassified() | Noticed() | ToolCallDelta() | UsageReported() | TurnFinished():
                pass
            case _:
                assert_never(event)

    def _enter(
        self, phase: Phase, now: float, fraction: float | None = None, waiting: int | None = None
    ) -> None:
        self._retry = None
        self._fraction, self._waiting = fraction, waiting
        if phase != self._phase:
            self._phase, self._since, self._pieces = phase, now, 0

    def text(self, now: float) -> str:
        """Return the line as it is now."""
        if self._retry is not None:
            wait = _seconds(self._retry.delay_ms / 1000)
            return (
                f"Trying again after {wait} ({self._retry.attempt} of {self._retry.max_attempts})"
            )
        words = _WORDS[self._phase]
        elapsed = now - self._since
        if self._phase == "connecting" and elapsed >= _SLOW_TO_CONNECT_S:
            words = "Waiting for the server"
        if self._waiting is not None:
            words = f"Waiting for the server, queue of {self._waiting}"
        if self._fraction is not None:
            words = f"{words}, {self._fraction:.0%}"
        if self._phase in _LIVELY:
            rate = ""
            if elapsed >= _RATE_AFTER_S and self._pieces > _RATE_AFTER_PIECES:
                rate = f", about {(self._pieces - 1) / elapsed:.0f} tokens/s"
            return f"{words}, {_seconds(elapsed)}{rate}"
        return words if elapsed < 1 else f"{words}, {int(elapsed)} s"


def ending(finished: TurnFinished) -> str:
    """Return the line that stays: `Answered in 4.1 s, first word after 0.8 s, 41 tokens/s`."""
    total = _seconds(finished.timing.total_ms / 1000)
    match finished.status:
        case "completed":
            return ", ".join((f"Answered in {total}", *_figures(finished.timing)))
        case "truncated":
            return ", ".join((f"Cut off after {total}", *_figures(finished.timing)))
        case "cancelled":
            return f"Stopped after {total}"
        case "failed":
            return f"Failed: {finished.error.message}" if finished.error else "Failed"
        case _:
            assert_never(finished.status)


def _figures(timing: Timing) -> list[str]:
    figures = []
    first = [ms for ms in (timing.first_reasoning_ms, timing.first_content_ms) if ms is not None]
    if first:
        figures.append(f"first word after {_seconds(min(first) / 1000)}")
    if timing.output_tokens_per_second is not None:
        about = "about " if timing.estimated else ""
        figures.append(f"{about}{timing.output_tokens_per_second:.0f} tokens/s")
    return figures


def _seconds(duration_s: float) -> str:
    return f"{duration_s:.1f} s" if duration_s < 10 else f"{duration_s:.0f} s"
