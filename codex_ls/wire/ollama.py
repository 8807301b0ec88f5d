"""Ollama's native `/api/chat`: a stream's bytes to events.

One JSON object a line (NDJSON): `{"message": {"thinking": ..., "content": ..., "tool_calls": ...},
"done": false}`; the last one has `done: true`, a `done_reason`, token counts, and durations in
nanoseconds. Models without a parser put their tags into `content`, as everywhere.
"""

from typing import Any

from codex_ls.events import (
    FinishReason,
    Noticed,
    ReasoningEcho,
    ServerTimings,
    StreamFailed,
    StreamFinished,
    Usage,
    UsageReported,
    WireEvent,
)
from codex_ls.wire.json_text import message_texts, parse_json, parse_values, plain
from codex_ls.wire.lines import LineSplitter
from codex_ls.wire.notices import stopped, thinking_unclosed, unreadable
from codex_ls.wire.quirks import Quirks, finish_reason, is_cut
from codex_ls.wire.sse import SENTINELS
from codex_ls.wire.stream_errors import broken_off, error_in, not_an_answer, quoted, too_long
from codex_ls.wire.text import MessageText
from codex_ls.wire.tool_calls import ToolCallAssembler
from codex_ls.wire.usage import number

_NS_PER_MS = 1_000_000
_NS_PER_S = 1_000_000_000
_MAX_GARBAGE = 65_536
_THINKING = ("thinking", "reasoning_content", "reasoning")
"""Ollama's own name, and those of servers that imitate its API."""
_SSE_FIELDS = ("data:", "event:", "id:", "retry:")


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
        self._torn = ""
        self._is_at_end = False
        self.done = False
        """True once the answer's end was seen: the caller closes the connection."""

    @property
    def finish_reason(self) -> FinishReason | None:
        """None: the reason stands in the line that ends the stream."""
        return None

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
        self._is_at_end = True
        for line in self._lines.finish():
            self._line(line, events)
        strange = "" if self._spoke else "\n".join(self._garbage)
        if strange and not self.done:
            self._object(parse_json(strange), events)
        if not self.done:
            self._stop_short(strange, events)
        return events

    def _stop_short(self, strange: str, events: list[WireEvent]) -> None:
        if self._spoke:
            self._end(None, events, complete=False)
        else:
            error = not_an_answer(strange) if strange else broken_off()
            self._fail(StreamFailed(error), events)

    def _line(self, line: bytes, events: list[WireEvent]) -> None:
        if self.done or not line.strip():
            return
        text = line.decode("utf-8", "replace")
        value = parse_json(text)
        if isinstance(value, dict):
            self._object(value, events)
            if not self._spoke:
                self._keep_garbage(text)
        elif value is None and text.startswith((*_SSE_FIELDS, ":")):
            self._sse_line(text, events)
        elif values := parse_values(text):  # several objects without a line end, or an array
            for inner in values if not isinstance(values[0], list) else values[0]:
                if not self.done:
                    self._object(inner, events)
            if not self._spoke:
                self._keep_garbage(text)
        elif not self._spoke:
            self._keep_garbage(text)
        elif text.startswith("{") and not self._is_at_end and '"content"' in text:
            self._torn = self._torn or text[:_MAX_GARBAGE]

    def _sse_line(self, text: str, events: list[WireEvent]) -> None:
        """Take a line of a gateway that makes server-sent events of Ollama's lines."""
        data = text.removeprefix("data:").strip()
        if not text.startswith("data:"):
            return
        if data in SENTINELS:
            if self._spoke:
                self._end(None, events, complete=True)
            else:
                self._stop_short("\n".join(self._garbage), events)
            return
        self._line(data.encode(), events)

    def _keep_garbage(self, text: str) -> None:
        """Keep lines that are no part of an answer: together they may be one JSON text."""
        if self._garbage_size < _MAX_GARBAGE:
            self._garbage.append(text)
            self._garbage_size += len(text) + 1

    def _object(self, value: Any, events: list[WireEvent]) -> None:
        if not isinstance(value, dict):
            return
        if error := error_in(value):
            self._fail(StreamFailed(error), events)
            return
        message = value.get("message")
        if message is None and isinstance(value.get("response"), str):
            message = {
                "content": value["response"],
                "thinking": value.get("thinking"),
            }  # /api/generate
        if isinstance(message, str):
            message = {"content": message}
        if isinstance(message, dict):
            self._spoke = True
            self._message(message, events)
        if value.get("done") in (True, "true"):
            self._measure(value)
            self._end(value.get("done_reason"), events, complete=True)

    def _message(self, message: dict[str, Any], events: list[WireEvent]) -> None:
        thinking = next((text for name in _THINKING if (text := plain(message.get(name)))), "")
        content: Any = message.get("content")
        if content and not isinstance(content, str):
            more, content = message_texts(content)
            thinking += more
        if thinking:
            self._echo = ReasoningEcho("thinking")
            events += self._text.reasoning(thinking)
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
                None if inputs is None else int(inputs),
                None if outputs is None else int(outputs),
                None if cached is None else int(cached),
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
        raw = raw if isinstance(raw, str) and raw else None
        broken = bool(self._torn) or is_cut(raw)
        complete = complete and not broken
        raw = raw or ("stop" if complete else None)
        unclosed = self._text.thinking_open
        events += self._text.finish()
        reason = finish_reason(raw, has_tool_calls=len(self._tool_calls) > 0)
        if unclosed and complete and reason == "stop":
            events.append(Noticed(thinking_unclosed()))
        if self._torn:
            events.append(Noticed(unreadable(quoted(self._torn))))
        if is_cut(raw):
            events.append(Noticed(stopped(raw)))
        if self._figures is not None:
            events.append(self._figures)
        events.append(StreamFinished(reason, raw, complete, self._echo, explained=broken))
