"""The frame of an answer that comes as server-sent events: its beginning, its bounds, its end.

What stands in the events is the business of `chat`, `responses` and `lmstudio`.
"""

import json
import re
from abc import ABC, abstractmethod
from collections.abc import Iterable
from typing import Any

from codex_ls.errors import ProviderError
from codex_ls.events import (
    FinishReason,
    Noticed,
    ServerTimings,
    StreamFailed,
    Usage,
    UsageReported,
    WireEvent,
)
from codex_ls.wire.notices import bad_utf8, stopped, thinking_unclosed, unreadable
from codex_ls.wire.quirks import Quirks, is_cut
from codex_ls.wire.sse import ServerEvent, SseDecoder
from codex_ls.wire.stream_errors import broken_off, has_content, not_an_answer, quoted, too_long
from codex_ls.wire.text import MessageText
from codex_ls.wire.tool_calls import ToolCallAssembler

_NO_TIMINGS = ServerTimings()
_MAX_HEAD = 4_096
_END_MARK = rb"(?m)^data:[ \t]*\[?DONE\]?[ \t]*\r?$"
_TEXT_KEYS = ('"delta"', '"content"', '"text"', '"reasoning')


class SseAnswer(ABC):
    """Bytes of an answer, streamed or whole, to `WireEvent`s."""

    def __init__(self, quirks: Quirks) -> None:
        self._sse = SseDecoder()
        self._tool_calls = ToolCallAssembler()
        self._text = MessageText(quirks, self._tool_calls)
        self._usage: Usage | None = None
        self._timings = _NO_TIMINGS
        self._spoke = False  # something came that belongs to an answer
        self._head = b""
        self._garbage = ""
        """The first piece that is no part of an answer."""
        self._torn = ""
        """The first event inside an answer that is no JSON and was to bring text."""
        self._is_at_end = False
        self.done = False
        """True once the answer's end was seen: the caller closes the connection."""

    @property
    def finish_reason(self) -> FinishReason | None:
        """The finish reason that stands without an end mark, on a wire that has one."""
        return None

    def feed(self, data: bytes) -> list[WireEvent]:
        """The events that `data` completes; nothing once `done`."""
        events: list[WireEvent] = []
        if not self.done:
            if not self._spoke and len(self._head) < _MAX_HEAD:
                self._head = (self._head + data)[:_MAX_HEAD]
            self._take(self._sse.read(data), events)
        return events

    def finish(self) -> list[WireEvent]:
        """The events of the end of the bytes."""
        events: list[WireEvent] = []
        if not self.done:
            self._is_at_end = True
            self._take(self._sse.finish(), events)
        if not self.done:
            if self._spoke:
                self._stop_short(events)
            else:
                self._fail(self._nothing_said(), events)
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
            if isinstance(message.value, list):
                self._list(message, events)
            else:
                self._message(message, events)
            if self.done:
                return  # what stands behind the end is not looked at
        if self._is_too_long:
            self._fail(too_long(), events)

    def _list(self, message: ServerEvent, events: list[WireEvent]) -> None:
        """Take a JSON array as the events that it holds."""
        for value in message.value:
            if isinstance(value, dict) and not self.done:
                self._message(ServerEvent(message.name, value), events)
        if not self._spoke and not self.done:
            self._keep_garbage(json.dumps(message.value, ensure_ascii=False))

    def _keep_garbage(self, text: str) -> None:
        """Keep the beginning of what is no part of an answer, to show it if nothing else comes."""
        if not self._spoke:
            self._garbage = self._garbage or text[:_MAX_HEAD]
        elif text[:1] == "{" and not (self._torn or self._is_at_end):
            # At the end of the bytes it is what the connection cut.
            self._torn = text[:_MAX_HEAD] if any(key in text for key in _TEXT_KEYS) else ""

    def _nothing_said(self) -> ProviderError:
        """The error of bytes without an answer in them: what they were, if they were anything."""
        if not self._garbage:
            return broken_off()
        # How much is here of what stands behind the end mark is the network's affair.
        begun = re.split(_END_MARK, self._head, maxsplit=1)[0]
        return not_an_answer(begun if has_content(begun) else self._garbage)

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

    def _breaks_off(self, raw: str | None, events: list[WireEvent]) -> bool:
        """Whether the answer was cut, by this finish reason or by an event that is lost; say so."""
        if is_cut(raw) and raw is not None:
            events.append(Noticed(stopped(raw)))
        return is_cut(raw) or bool(self._torn)

    def _report(self, events: list[WireEvent], *, unclosed: bool = False) -> None:
        """Tell what is to be known beside the text."""
        if unclosed:
            events.append(Noticed(thinking_unclosed()))
        if self._sse.bad_utf8:
            events.append(Noticed(bad_utf8()))
        if self._torn:
            events.append(Noticed(unreadable(quoted(self._torn))))
        if self._usage is not None or self._timings != _NO_TIMINGS:
            events.append(UsageReported(self._usage, self._timings))


class TypedSseAnswer(SseAnswer):
    """One whose events say in their `type`, or else in their name, what they are."""

    def _message(self, message: ServerEvent, events: list[WireEvent]) -> None:
        value = message.value
        if isinstance(value, dict):
            kind = value.get("type")
            self._event(kind if isinstance(kind, str) else message.name, value, events)
        elif not message.is_sentinel:
            self._keep_garbage(message.data or json.dumps(value, ensure_ascii=False))
        elif self._spoke:
            self._sentinel(events)
        else:
            self._fail(self._nothing_said(), events)

    @abstractmethod
    def _sentinel(self, events: list[WireEvent]) -> None:
        """End an answer at `[DONE]`, which comes in place of this wire's own end mark."""

    @abstractmethod
    def _event(self, kind: str, value: dict[str, Any], events: list[WireEvent]) -> None:
        """Take one event of that kind."""
