"""One turn's `$/progress`: every event in order, numbered without gaps, as soon as it is known.

The only place between the socket and the editor that may hold text back: pieces that come faster than
one in 16 ms are gathered until those 16 ms are over, for no editor draws more often. The first piece of
each kind, and every piece after a pause, goes out at once; a change of kind and every other event send
what was gathered first.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, Protocol

from codex_ls.events import (
    ContentDelta,
    Event,
    ReasoningDelta,
    ReasoningSource,
    ToolCallDelta,
    TurnFinished,
    TurnStarted,
    UsageReported,
)
from codex_ls.lsp.framing import encode
from codex_ls.lsp.payloads import Names, event_payload
from codex_ls.lsp.protocol import Payload, ProgressToken
from codex_ls.lsp.status import StatusLine, ending

GATHER_S = 0.015
"""A millisecond less than promised: the event loop rounds its timers up to whole milliseconds."""

STATUS_INTERVAL_S = 0.25

Kind = Literal["raw", "summary", "content"] | None
"""Whose pieces are gathered: those of the answer, or of thinking from this source; None: no text's."""


@dataclass(frozen=True, slots=True)
class Tokens:
    """Where progress goes: typed events on `typed`; words alone on `status`, if it is another token."""

    typed: ProgressToken | None = None
    status: ProgressToken | None = None

    @classmethod
    def of(cls, *, work_done: ProgressToken | None, partial: ProgressToken | None) -> "Tokens":
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
    """Sends a turn's events. `send` takes one framed message and never blocks."""

    def __init__(
        self,
        *,
        send: Callable[[bytes], None],
        tokens: Tokens,
        names: Names,
        shown: ShownReasoning = ShownReasoning(),
        timers: "Timers | None" = None,
    ) -> None:
        """`timers` are the running event loop's, unless a test has its own."""
        self._send = send
        self._tokens = tokens
        self._names = names
        self._shown = shown
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

    def handle(self, event: Event) -> None:
        """Send an event, or keep its text for some milliseconds."""
        if self._tokens.typed is None or isinstance(event, ToolCallDelta | UsageReported):
            return  # no progress is sent, or there is nothing to say
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
        self._tokens = Tokens()

    # ---- pieces of text ------------------------------------------------------------------------

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

    # ---- values --------------------------------------------------------------------------------

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
        self._send(
            encode(
                {
                    "jsonrpc": "2.0",
                    "method": "$/progress",
                    "params": {"token": token, "value": value},
                }
            )
        )


def _kind(event: Event) -> Kind:
    match event:
        case ContentDelta():
            return "content"
        case ReasoningDelta():
            return event.source
        case _:
            return None
