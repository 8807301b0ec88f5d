"""The frame of an answer that comes as server-sent events: its beginning, its bounds, its end.

What stands in the events is the business of `chat`, `responses` and `lmstudio`.
"""

from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from codex_ls.errors import ProviderError
from codex_ls.events import Noticed, ServerTimings, StreamFailed, Usage, UsageReported, WireEvent
from codex_ls.wire.notices import bad_utf8, thinking_unclosed
from codex_ls.wire.quirks import Quirks
from codex_ls.wire.sse import ServerEvent, SseDecoder
from codex_ls.wire.stream_errors import broken_off, not_an_answer, too_long
from codex_ls.wire.text import MessageText
from codex_ls.wire.tool_calls import ToolCallAssembler

_NO_TIMINGS = ServerTimings()
_MAX_GARBAGE = 200


class SseAnswer(ABC):
    """Bytes of an answer, streamed or whole, to `WireEvent`s."""

    def __init__(self, quirks: Quirks) -> None:
        self._sse = SseDecoder()
        self._tool_calls = ToolCallAssembler()
        self._text = MessageText(quirks, self._tool_calls)
        self._usage: Usage | None = None
        self._timings = _NO_TIMINGS
        self._spoke = False  # something came that belongs to an answer
        self._garbage = ""
        self.done = False
        """True once the answer's end was seen: the caller closes the connection."""

    @property
    def ending(self) -> bool:
        """True once the text is whole, and only figures can follow."""
        return False

    def feed(self, data: bytes) -> list[WireEvent]:
        """The events that `data` completes; nothing once `done`."""
        events: list[WireEvent] = []
        if not self.done:
            self._take(self._sse.read(data), events)
        return events

    def finish(self) -> list[WireEvent]:
        """The events of the end of the bytes."""
        events: list[WireEvent] = []
        if not self.done:
            self._take(self._sse.finish(), events)
        if not self.done:
            if self._spoke:
                self._stop_short(events)
            else:
                self._fail(not_an_answer(self._garbage) if self._garbage else broken_off(), events)
        return events

    @abstractmethod
    def _message(self, message: ServerEvent, events: list[WireEvent]) -> None:
        """Take one server-sent event."""

    @abstractmethod
    def _stop_short(self, events: list[WireEvent]) -> None:
        """End an answer whose bytes ended without saying so."""

    @property
    def _is_too_long(self) -> bool:
        return self._sse.too_long or self._tool_calls.too_long

    def _take(self, messages: Iterable[ServerEvent], events: list[WireEvent]) -> None:
        for message in messages:
            self._message(message, events)
            if self.done:
                return  # what stands behind the end is not looked at
        if self._is_too_long:
            self._fail(too_long(), events)

    def _keep_garbage(self, text: str) -> None:
        """Keep the beginning of what is no part of an answer, to show it if nothing else comes."""
        self._garbage = self._garbage or text[:_MAX_GARBAGE]

    def _fail(self, error: ProviderError, events: list[WireEvent]) -> None:
        self._close_text(events)
        self._report(events)
        events.append(StreamFailed(error))

    def _close_text(self, events: list[WireEvent]) -> bool:
        """Hand on what was held back of the text; return whether it ended inside thinking."""
        self.done = True
        unclosed = self._text.thinking_open
        events += self._text.finish()
        return unclosed

    def _report(self, events: list[WireEvent], *, unclosed: bool = False) -> None:
        """Tell what is to be known beside the text."""
        if unclosed:
            events.append(Noticed(thinking_unclosed()))
        if self._sse.bad_utf8:
            events.append(Noticed(bad_utf8()))
        if self._usage is not None or self._timings != _NO_TIMINGS:
            events.append(UsageReported(self._usage, self._timings))


class TypedSseAnswer(SseAnswer):
    """One whose events say in their `type`, or else in their name, what they are."""

    def _message(self, message: ServerEvent, events: list[WireEvent]) -> None:
        value = message.value
        if isinstance(value, dict):
            kind = value.get("type")
            self._event(kind if isinstance(kind, str) else message.name, value, events)
        elif message.is_sentinel and self._spoke:
            self._stop_short(events)
        else:
            self._keep_garbage(message.data)

    @abstractmethod
    def _event(self, kind: str, value: dict[str, Any], events: list[WireEvent]) -> None:
        """Take one event of that kind."""
