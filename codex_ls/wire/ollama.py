"""Ollama's native `/api/chat`: a stream's bytes to events.

One JSON object a line (NDJSON): `{"message": {"thinking": ..., "content": ..., "tool_calls": ...},
"done": false}`; the last one has `done: true`, a `done_reason`, token counts, and durations in
nanoseconds. Models without a parser put their tags into `content`, as everywhere.
"""

from typing import Any

from codex_ls.events import (
    Noticed,
    ReasoningDelta,
    ReasoningEcho,
    ServerTimings,
    StreamFailed,
    StreamFinished,
    Usage,
    UsageReported,
    WireEvent,
)
from codex_ls.wire.figures import number
from codex_ls.wire.lines import LineSplitter
from codex_ls.wire.notices import thinking_unclosed
from codex_ls.wire.quirks import Quirks, finish_reason
from codex_ls.wire.shapes import parse_json
from codex_ls.wire.stream_errors import broken_off, error_in, not_an_answer, too_long
from codex_ls.wire.text import MessageText
from codex_ls.wire.tool_calls import ToolCallAssembler

_NS_PER_MS = 1_000_000
_NS_PER_S = 1_000_000_000
_MAX_GARBAGE = 65_536


class OllamaDecoder:
    """Bytes of an `/api/chat` answer, streamed or whole, to `WireEvent`s."""

    def __init__(self, quirks: Quirks) -> None:
        self._lines = LineSplitter()
        self._tool_calls = ToolCallAssembler()
        self._text = MessageText(quirks, self._tool_calls)
        self._echo: ReasoningEcho | None = None
        self._figures: UsageReported | None = None
        self._spoke = False
        self._garbage: list[str] = []
        self._garbage_size = 0
        self.done = False
        """True once the answer's end was seen: the caller closes the connection."""

    @property
    def ending(self) -> bool:
        """Always false: the end is one line."""
        return False

    def feed(self, data: bytes) -> list[WireEvent]:
        """The events that `data` completes; nothing once `done`."""
        events: list[WireEvent] = []
        if self.done:
            return events
        for line in self._lines.feed(data):
            self._line(line, events)
        if (self._lines.too_long or self._tool_calls.too_long) and not self.done:
            return self._fail(StreamFailed(too_long()), events)
        return events

    def finish(self) -> list[WireEvent]:
        """The events of the end of the bytes."""
        events: list[WireEvent] = []
        if self.done:
            return events
        for line in self._lines.finish():
            self._line(line, events)
        if self.done:
            return events
        if self._spoke:
            self._end(None, events, complete=False)
        elif self._garbage:
            self._object(parse_json("\n".join(self._garbage)), events)
            if not self.done:
                self._fail(StreamFailed(not_an_answer(self._garbage[0])), events)
        else:
            self._fail(StreamFailed(broken_off()), events)
        return events

    def _line(self, line: bytes, events: list[WireEvent]) -> None:
        if self.done or not line.strip():
            return
        text = line.decode("utf-8", "replace")
        value = parse_json(text)
        if isinstance(value, dict):
            self._object(value, events)
        elif not self._spoke and self._garbage_size < _MAX_GARBAGE:
            self._garbage.append(text)
            self._garbage_size += len(text) + 1

    def _object(self, value: Any, events: list[WireEvent]) -> None:
        if not isinstance(value, dict):
            return
        if error := error_in(value):
            self._fail(StreamFailed(error), events)
            return
        message = value.get("message")
        if isinstance(message, dict):
            self._spoke = True
            self._message(message, events)
        if value.get("done") is True:
            self._measure(value)
            self._end(value.get("done_reason"), events, complete=True)

    def _message(self, message: dict[str, Any], events: list[WireEvent]) -> None:
        thinking, content = message.get("thinking"), message.get("content")
        if isinstance(thinking, str) and thinking:
            self._echo = ReasoningEcho("thinking")
            self._text.reasoning_came_apart(thinking)
            events.append(ReasoningDelta(thinking))
        if isinstance(content, str) and content:
            events += self._text.feed(content)
        calls = message.get("tool_calls")
        for call in calls if isinstance(calls, list) else []:
            if isinstance(call, dict):
                # Ollama sends each call whole, and numbers them all 0.
                call = {**call, "index": len(self._tool_calls)}
                events += self._tool_calls.feed(call)

    def _measure(self, value: dict[str, Any]) -> None:
        outputs, outputs_ns = number(value.get("eval_count")), number(value.get("eval_duration"))
        inputs = number(value.get("prompt_eval_count"))
        cached = number(value.get("prompt_eval_cached_count"))  # of them; told since August 2026
        load_ns, prompt_ns = (
            number(value.get("load_duration")),
            number(value.get("prompt_eval_duration")),
        )
        usage = None
        if inputs is not None or outputs is not None:
            usage = Usage(
                int(inputs or 0), int(outputs or 0), None if cached is None else int(cached)
            )
        server = ServerTimings(
            None if load_ns is None else round(load_ns / _NS_PER_MS),
            None if prompt_ns is None else round(prompt_ns / _NS_PER_MS),
            outputs / outputs_ns * _NS_PER_S if outputs and outputs_ns else None,
            None if inputs is None or cached is None else max(0, int(inputs - cached)),
        )
        if usage is not None or server != ServerTimings():
            self._figures = UsageReported(usage, server)

    def _fail(self, failure: StreamFailed, events: list[WireEvent]) -> list[WireEvent]:
        self.done = True
        events += self._text.finish()
        events.append(failure)
        return events

    def _end(self, raw: Any, events: list[WireEvent], *, complete: bool) -> None:
        self.done = True
        raw = raw if isinstance(raw, str) and raw else ("stop" if complete else None)
        unclosed = self._text.thinking_open
        events += self._text.finish()
        reason = finish_reason(raw, has_tool_calls=len(self._tool_calls) > 0)
        if unclosed and complete and reason == "stop":
            events.append(Noticed(thinking_unclosed()))
        if self._figures is not None:
            events.append(self._figures)
        events.append(StreamFinished(reason, raw, complete, self._echo))
