"""One turn's `$/progress`: every event in order, numbered without gaps, as soon as it is known.

The only place between the socket and the editor that may hold text back: pieces that come faster than
one in 16 ms are gathered until those 16 ms are over, for no editor draws more often. The first piece of
each kind, and every piece after a pause, goes out at once; a change of kind and every other event send
what was gathered first.
"""

import asyncio
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Literal, Protocol, assert_never

from codex_ls.events import (
    AnsweredInThinking,
    ContentDelta,
    Event,
    ItemChanged,
    ItemOutput,
    Noticed,
    Phase,
    PhaseChanged,
    ReasoningDelta,
    ReasoningSource,
    Reclassified,
    RetryScheduled,
    Timing,
    ToolCallDelta,
    TurnFinished,
    TurnStarted,
    UsageReported,
)
from codex_ls.lsp.payloads import Names, Payload, Send, event_payload
from codex_ls.protocol import ProgressToken, Range

# ---- the status line -----------------------------------------------------------------------------


_WORDS: dict[Phase, str] = {
    "connecting": "Connecting",
    "loading": "Loading the model",
    "prompt": "Reading the prompt",
    "thinking": "Thinking",
    "answering": "Answering",
}
_LIVELY: frozenset[Phase] = frozenset({"thinking", "answering"})
"""In these tenths of a second are shown; in the others whole seconds, from the second one on."""

_SLOW_TO_CONNECT_S = 1.0
"""After this it is more likely that the server accepted the request, and says nothing yet."""

_RATE_AFTER_S, _RATE_AFTER_PIECES = 1.0, 8
"""A rate is shown once there is this much to compute it from; on most servers a piece is a token."""


class StatusLine:
    """Keeps what the turn is doing, and since when. Times are seconds of any one clock."""

    def __init__(self) -> None:
        self._phase: Phase = "connecting"
        self._since = 0.0
        self._fraction: float | None = None
        self._waiting: int | None = None
        self._retry: RetryScheduled | None = None
        self._has_text = False
        self._silent_since: float | None = None
        self._pieces = 0

    def follow(self, event: Event, now: float) -> None:
        """Take note of an event."""
        match event:
            case TurnStarted():
                self._since = now
            case PhaseChanged(silent_ms=int(silent_ms)):
                self._silent_since = now - silent_ms / 1000 if self._has_text else None
            case PhaseChanged():
                self._enter(event.phase, now, event.fraction, event.waiting)
            case ReasoningDelta():
                self._enter("thinking", now)
                self._pieces += 1
                self._has_text = True
            case ContentDelta():
                self._enter("answering", now)
                self._pieces += 1
                self._has_text = True
            case RetryScheduled():
                self._retry = event
            case ToolCallDelta():
                self._enter("answering", now)
                self._pieces += 1
                self._has_text = True
            case Reclassified() | AnsweredInThinking() | Noticed():
                pass
            case UsageReported() | ItemChanged() | ItemOutput() | TurnFinished():
                pass
            case _:
                assert_never(event)

    def _enter(
        self, phase: Phase, now: float, fraction: float | None = None, waiting: int | None = None
    ) -> None:
        self._retry = self._silent_since = None
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
        if self._silent_since is not None:
            return f"{words}, no text for {int(now - self._silent_since)} s"
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


# ---- the stream of events ------------------------------------------------------------------------


GATHER_S = 0.015
"""A millisecond less than promised: the event loop rounds its timers up to whole milliseconds."""

STATUS_INTERVAL_S = 0.25

Kind = Literal["raw", "summary", "content"] | None
"""Whose pieces are gathered: those of the answer, or of thinking from this source; None: no text's."""


@dataclass(frozen=True, slots=True)
class ProgressTokens:
    """Where progress goes: typed events on `typed`; words alone on `status`, if it is another token."""

    typed: ProgressToken | None = None
    status: ProgressToken | None = None

    @classmethod
    def of(
        cls, *, work_done: ProgressToken | None, partial: ProgressToken | None
    ) -> "ProgressTokens":
        """Return the roles of a request's two tokens."""
        if partial is None or partial == work_done:
            return cls(typed=work_done)
        return cls(typed=partial, status=work_done)


@dataclass(frozen=True, slots=True)
class ShownReasoning:
    """Which thinking is sent while it is thought; the result has all of it."""

    raw: bool = True
    summary: bool = True

    def allows(self, source: ReasoningSource) -> bool:
        """Whether thinking from this source is shown."""
        return self.raw if source == "raw" else self.summary


class Timer(Protocol):
    """What an event loop's timers are to us."""

    def cancel(self) -> None:
        """Don't call."""


class Timers(Protocol):
    """What an event loop is to us: a clock in seconds, and calls at its times."""

    def time(self) -> float:
        """Return now."""

    def call_at(self, when: float, callback: Callable[[], None], /) -> Timer:
        """Call at a time."""


class EventSink(Protocol):
    """What shows the events of one turn."""

    def handle(self, event: Event) -> None:
        """Show one more event, `TurnStarted` first. Never blocks."""

    def close(self) -> None:
        """Show nothing more, however the turn went. Idempotent."""


class Stream:
    """Sends a turn's events. `send` takes a token and one value of progress, and never blocks."""

    def __init__(
        self,
        *,
        send: Send,
        tokens: ProgressTokens,
        names: Names,
        shown: ShownReasoning = ShownReasoning(),
        place: Range | None = None,
        sends_calls: bool = False,
        timers: "Timers | None" = None,
    ) -> None:
        """`place` is what the answer is about, sent with `begin`.

        `sends_calls`: the client runs tool calls, and gets their pieces.

        `timers` are the running event loop's, unless a test has its own.
        """
        self._send = send
        self._tokens = tokens
        self._names = names
        self._shown = shown
        self._place = place
        self._sends_calls = sends_calls
        self._loop: Timers = timers or asyncio.get_running_loop()
        self._status = StatusLine()
        self._turn_id = ""
        self._seq = 0
        self._pieces: list[str] = []
        self._kind: Kind = None
        self._seen: set[Kind] = set()
        self._sent_at = 0.0
        self._flush_timer: Timer | None = None
        self._status_timer: Timer | None = None
        self._last_status = ""
        self._has_hidden = False  # thinking that the client was not sent

    def handle(self, event: Event) -> None:
        """Send an event, or keep its text for some milliseconds."""
        if self._tokens.typed is None or isinstance(event, UsageReported):
            return  # no progress is sent, or there is nothing to say
        if isinstance(event, ToolCallDelta) and not self._sends_calls:
            return
        now = self._loop.time()
        kind = _kind(event)
        if kind != self._kind:
            self.flush()
            self._kind = kind
        self._status.follow(event, now)
        match event:
            case ContentDelta():
                self._add(event.text, now)
            case ReasoningDelta():
                if self._shown.allows(event.source):
                    self._add(event.text, now)
                else:
                    self._has_hidden = True
            case AnsweredInThinking() if self._has_hidden:
                self._report({"type": "content", "text": event.text}, now)
            case TurnStarted():
                self._begin(event, now)
            case TurnFinished():
                self._end(event)
            case _:
                if (payload := event_payload(event, self._names)) is not None:
                    self._report(payload, now)

    def close(self) -> None:
        """Send nothing more."""
        for timer in (self._flush_timer, self._status_timer):
            if timer is not None:
                timer.cancel()
        self._pieces.clear()
        self._tokens = ProgressTokens()

    # ---- pieces of text ------------------------------------------------------------------------------

    def _add(self, text: str, now: float) -> None:
        self._pieces.append(text)
        if self._kind not in self._seen or now - self._sent_at >= GATHER_S:
            self._seen.add(self._kind)
            self.flush()
        elif self._flush_timer is None:
            self._flush_timer = self._loop.call_at(self._sent_at + GATHER_S, self.flush)

    def flush(self) -> None:
        """Send what was gathered."""
        if self._flush_timer is not None:
            self._flush_timer.cancel()
            self._flush_timer = None
        if not self._pieces:
            return
        text = "".join(self._pieces)
        self._pieces.clear()
        payload: Payload = {"type": "content", "text": text}
        if self._kind != "content":
            payload = {"type": "reasoning", "text": text, "source": self._kind}
        now = self._loop.time()
        self._report(payload, now)
        self._sent_at = now

    # ---- values --------------------------------------------------------------------------------------

    def _numbered(self, payload: Payload) -> Payload:
        payload |= {"turnId": self._turn_id, "seq": self._seq}
        self._seq += 1
        return payload

    def _report(self, payload: Payload, now: float) -> None:
        value: Payload = {"kind": "report", "codex": self._numbered(payload)}
        if self._tokens.status is None:
            value["message"] = self._status.text(now)
        self._progress(self._tokens.typed, value)

    def _begin(self, event: TurnStarted, now: float) -> None:
        self._turn_id = event.turn_id
        payload = event_payload(event, self._names)
        assert payload is not None
        if self._place is not None:
            payload["range"] = asdict(self._place)
        value = {
            "kind": "begin",
            "title": f"Codex ({event.profile or event.model})",
            "message": self._status.text(now),
            "cancellable": True,
            "codex": self._numbered(payload),
        }
        self._both(value)
        if self._tokens.status is not None:
            self._last_status = self._status.text(now)
            self._status_timer = self._loop.call_at(now + STATUS_INTERVAL_S, self._tell_status)

    def _end(self, event: TurnFinished) -> None:
        payload = event_payload(event, self._names)
        assert payload is not None
        self._both({"kind": "end", "message": ending(event), "codex": self._numbered(payload)})
        self.close()

    def _both(self, value: Payload) -> None:
        """Send `begin` or `end`: the typed token first, where it is a plain report if there are two."""
        if self._tokens.status is None:
            self._progress(self._tokens.typed, value)
        else:
            self._progress(self._tokens.typed, {"kind": "report", "codex": value["codex"]})
            self._progress(self._tokens.status, value)

    def _tell_status(self) -> None:
        now = self._loop.time()
        text = self._status.text(now)
        if text != self._last_status:
            self._last_status = text
            self._progress(self._tokens.status, {"kind": "report", "message": text})
        self._status_timer = self._loop.call_at(now + STATUS_INTERVAL_S, self._tell_status)

    def _progress(self, token: ProgressToken | None, value: Payload) -> None:
        self._send(token, value)


def _kind(event: Event) -> Kind:
    match event:
        case ContentDelta():
            return "content"
        case ReasoningDelta():
            return event.source
        case _:
            return None
