"""Chat Completions: a stream's bytes to events.

One chunk is `{"choices": [{"delta": {...}, "finish_reason": ...}], "usage": ...}`; nearly all of it may
be missing, null, or of another shape. What a server means is read from what is there:

- thinking, from the first of these that is not empty: the quirk's field, `reasoning_content`,
  `reasoning` (a string, or an object with `text` or `content`), `thinking`, `reasoning_details`; then
  content parts of a thinking type; then tags or markers inside the text;
- in one chunk thinking comes before the answer;
- usage: the last figures win, wherever they stand;
- a whole `message` in place of a `delta` counts for what did not come before.
"""

import json
from collections.abc import Mapping
from typing import Any

from codex_ls.events import (
    ContentDelta,
    PhaseChanged,
    ReasoningDelta,
    ReasoningEcho,
    StreamFinished,
    WireEvent,
)
from codex_ls.wire.figures import number, timings_of, usage_of
from codex_ls.wire.quirks import Quirks, finish_reason
from codex_ls.wire.shapes import MAX_KEPT, detail_text, is_flagged, part_texts, plain, size_of
from codex_ls.wire.sse import ServerEvent
from codex_ls.wire.sse_answer import SseAnswer
from codex_ls.wire.stream_errors import broken_off, error_in, said

_FIELDS = ("reasoning_content", "reasoning", "thinking", "reasoning_text")


class ChatDecoder(SseAnswer):
    """Bytes of a Chat Completions answer, streamed or whole, to `WireEvent`s."""

    def __init__(self, quirks: Quirks) -> None:
        super().__init__(quirks)
        field = quirks.reasoning_field
        self._fields = _FIELDS if field is None else (field, *(f for f in _FIELDS if f != field))
        self._echo_field: str | None = None
        self._details: list[Mapping[str, Any]] = []
        self._details_size = 0
        self._raw_reason: str | None = None
        self._reasoned = self._answered = False

    @property
    def ending(self) -> bool:
        """True once a finish reason came: only figures can follow."""
        return self._raw_reason is not None

    @property
    def _is_too_long(self) -> bool:
        return super()._is_too_long or self._details_size > MAX_KEPT

    def _message(self, message: ServerEvent, events: list[WireEvent]) -> None:
        if isinstance(message.value, dict):
            self._chunk(message.value, message.name, events)
        elif message.is_sentinel:
            if self._spoke:
                self._end(events, complete=True)
            else:
                self._fail(broken_off(), events)
        elif message.name == "error":
            self._fail(said(message.data), events)
        else:
            self._keep_garbage(message.data)

    def _stop_short(self, events: list[WireEvent]) -> None:
        self._end(events, complete=self._raw_reason is not None)

    def _chunk(self, chunk: dict[str, Any], name: str, events: list[WireEvent]) -> None:
        choices = chunk.get("choices")
        choice = choices[0] if isinstance(choices, list) and choices else None
        if isinstance(choice, dict) and choice.get("index"):
            choice = None  # a second answer that nobody asked for
        if isinstance(choice, dict):
            self._choice(choice, events)
        self._figures(chunk, choice)
        if "prompt_progress" in chunk:
            self._progress(chunk["prompt_progress"], events)
        error = None
        if "error" in chunk or name == "error" or not isinstance(choices, list):
            error = error_in(chunk, name)
        if error is None and isinstance(choice, dict) and choice.get("error"):
            error = error_in(choice)
        if error is not None:
            self._fail(error, events)
        elif isinstance(choices, list):
            self._spoke = True
        elif not self._spoke and not self._garbage:
            self._keep_garbage(json.dumps(chunk))

    def _choice(self, choice: dict[str, Any], events: list[WireEvent]) -> None:
        delta, message = choice.get("delta"), choice.get("message")
        if isinstance(delta, dict):
            self._delta(delta, events)
        if isinstance(message, dict):
            self._late_message(message, events)
        if isinstance(text := choice.get("text"), str) and not isinstance(delta, dict):
            self._content(text, events)
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason:
            self._raw_reason = reason

    def _delta(self, delta: dict[str, Any], events: list[WireEvent]) -> None:
        if text := self._reasoning_of(delta):
            self._reasoning(text, events)
        content = delta.get("content")
        if content and is_flagged(delta):
            self._flagged(content, events)
        elif content:
            self._content(content, events)
        if calls := delta.get("tool_calls"):
            events += self._tool_calls.feed_all(calls if isinstance(calls, list) else [calls])
        if isinstance(call := delta.get("function_call"), dict):
            events += self._tool_calls.feed({"index": 0, "function": call})
        if isinstance(refusal := delta.get("refusal"), str) and refusal:
            self._content(refusal, events)

    def _late_message(self, message: dict[str, Any], events: list[WireEvent]) -> None:
        """Take from a whole message only what its deltas did not bring."""
        kept = dict(message)
        if self._reasoned:
            for field in (*self._fields, "reasoning_details"):
                kept.pop(field, None)
        if self._answered:
            kept.pop("content", None)
        if len(self._tool_calls):
            kept.pop("tool_calls", None)
        self._delta(kept, events)

    def _reasoning_of(self, delta: dict[str, Any]) -> str:
        """The thinking of one delta, and what is needed to send it back."""
        details = delta.get("reasoning_details")
        if isinstance(details, list):
            for detail in details:
                if isinstance(detail, dict):
                    self._details.append(detail)
                    self._details_size += size_of(detail)
        for field in self._fields:
            value = delta.get(field)
            if value and (text := plain(value)):
                self._echo_field = self._echo_field or field
                return text
        if isinstance(details, list):
            return "".join(detail_text(detail) for detail in details)
        return ""

    def _reasoning(self, text: str, events: list[WireEvent]) -> None:
        self._reasoned = True
        self._text.reasoning_came_apart(text)
        events.append(ReasoningDelta(text))

    def _content(self, content: Any, events: list[WireEvent]) -> None:
        if isinstance(content, str):
            if content:
                self._answered = True
                events += self._text.feed(content)
            return
        for part in content if isinstance(content, list) else [content]:
            if isinstance(part, str):
                self._content(part, events)
            elif isinstance(part, dict):
                thinking, text = part_texts(part)
                if thinking:
                    self._echo_field = self._echo_field or "content"
                    self._reasoning(thinking, events)
                if text:
                    self._content(text, events)

    def _flagged(self, content: Any, events: list[WireEvent]) -> None:
        """Content of a delta that says of itself that it is thinking (Gemini)."""
        events += (
            ReasoningDelta(event.text) if isinstance(event, ContentDelta) else event
            for event in self._text.feed(plain(content))
        )

    def _figures(self, chunk: dict[str, Any], choice: Any) -> None:
        usage = chunk.get("usage")
        if not isinstance(usage, dict) and isinstance(groq := chunk.get("x_groq"), dict):
            usage = groq.get("usage")
        if not isinstance(usage, dict) and isinstance(choice, dict):
            usage = choice.get("usage")  # Moonshot
        if isinstance(usage, dict):
            self._usage = usage_of(usage) or self._usage
        if isinstance(timings := chunk.get("timings"), dict):
            self._timings = timings_of(timings)

    def _progress(self, progress: Any, events: list[WireEvent]) -> None:
        if isinstance(progress, dict):
            total, cached = number(progress.get("total")), number(progress.get("cache")) or 0
            processed = number(progress.get("processed"))
            if total and processed is not None and total > cached:
                fraction = (processed - cached) / (total - cached)
                events.append(PhaseChanged("prompt", min(1.0, max(0.0, fraction))))

    def _end(self, events: list[WireEvent], *, complete: bool) -> None:
        unclosed = self._close_text(events)
        reason = finish_reason(self._raw_reason, has_tool_calls=len(self._tool_calls) > 0)
        self._report(events, unclosed=unclosed and complete and reason != "length")
        echo = None
        if self._echo_field or self._details:
            echo = ReasoningEcho(self._echo_field, tuple(self._details))
        if complete and self._raw_reason is None:
            reason = "toolCalls" if len(self._tool_calls) else "stop"
        events.append(StreamFinished(reason, self._raw_reason, complete, echo))
