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
    FinishReason,
    PhaseChanged,
    ReasoningDelta,
    ReasoningEcho,
    StreamFinished,
    Usage,
    WireEvent,
)
from codex_ls.wire.duplicates import StreamedText
from codex_ls.wire.json_text import (
    MAX_KEPT,
    detail_text,
    is_flagged,
    message_texts,
    part_texts,
    plain,
    size_of,
)
from codex_ls.wire.llamaswap import LoadingLines
from codex_ls.wire.quirks import Quirks, finish_reason
from codex_ls.wire.sse import ServerEvent
from codex_ls.wire.sse_answer import SseAnswer
from codex_ls.wire.stream_errors import error_in, said
from codex_ls.wire.usage import merged, number, timings_of, usage_of, usage_of_timings

_NO_REASONS = ("", "null", "none")
"""DashScope and its kin write `"null"` while text still comes."""
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
        self._choice_index: int | None = None
        self._loading = LoadingLines()
        self._content_told, self._reasoning_told = StreamedText(), StreamedText()
        self._reason_stands = False
        """A finish reason came, and no text behind it: it is no end where text follows."""
        self._reasoned = self._answered = False

    @property
    def finish_reason(self) -> FinishReason | None:
        """The finish reason that stands: no text came behind it."""
        if not self._reason_stands:
            return None
        return finish_reason(self._raw_reason, has_tool_calls=len(self._tool_calls) > 0)

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
                self._fail(self._nothing_said(), events)
        elif message.name == "error":
            self._fail(said(message.data), events)
        else:
            self._keep_garbage(message.data or json.dumps(message.value, ensure_ascii=False))

    def _stop_short(self, events: list[WireEvent]) -> None:
        self._end(events, complete=self._reason_stands)

    def _chunk(self, chunk: dict[str, Any], name: str, events: list[WireEvent]) -> None:
        if not self._loading.are_over and not self._is_of_model(chunk, events):
            return
        choices = chunk.get("choices")
        choice = self._own_choice(choices)
        if choice is not None:
            self._choice(choice, events)
        self._figures(chunk, choice)
        if "prompt_progress" in chunk:
            self._progress(chunk["prompt_progress"], events)
        error = None
        if "error" in chunk or name == "error" or not isinstance(choices, list):
            error = error_in(chunk, name)
        if error is None and choice is not None and choice.get("error"):
            error = error_in(choice)
        if error is not None:
            self._fail(error, events)
        elif not self._spoke:
            self._spoke = _is_of_answer(chunk, choice)
            if not self._spoke:
                self._keep_garbage(json.dumps(chunk, ensure_ascii=False))

    def _is_of_model(self, chunk: dict[str, Any], events: list[WireEvent]) -> bool:
        """Whether a chunk is the model server's; llama-swap's loading lines in front are a phase."""
        was_loading = self._loading.are_there
        held = self._loading.feed(chunk)
        if held is None:
            self._spoke = True
            if self._loading.are_there and not was_loading:
                events.append(PhaseChanged("loading"))
            return False
        if was_loading and "choices" in chunk:
            events.append(PhaseChanged("prompt"))
        self._held_thinking(held, events)
        return True

    def _held_thinking(self, text: str, events: list[WireEvent]) -> None:
        """Take what looked like the first of llama-swap's lines."""
        if text:
            self._echo_field = self._echo_field or "reasoning_content"
            self._reasoning(text, events)

    def _own_choice(self, choices: Any) -> dict[str, Any] | None:
        """The choice that is this answer: index 0, or where there is none the first that has text.

        Another one is a second answer that nobody asked for.
        """
        if isinstance(choices, dict):
            return choices
        if not isinstance(choices, list):
            return None
        if len(choices) == 1 and self._choice_index == 0:  # every chunk but the first
            choice = choices[0]
            return choice if isinstance(choice, dict) and not choice.get("index") else None
        found = [choice for choice in choices if isinstance(choice, dict)]
        if self._choice_index is None and found:
            zero = next((choice for choice in found if _index_of(choice) == 0), None)
            first = zero or next(filter(_has_text, found), None)
            self._choice_index = None if first is None else _index_of(first)
        own = [choice for choice in found if _index_of(choice) == self._choice_index]
        return next(filter(_has_text, own), own[0]) if own else None

    def _choice(self, choice: dict[str, Any], events: list[WireEvent]) -> None:
        delta, message = choice.get("delta"), choice.get("message")
        if isinstance(delta, dict):
            self._delta(delta, events)
        elif isinstance(delta, str):
            self._content(delta, events)
        if isinstance(message, dict):
            self._late_message(message, events)
        elif isinstance(message, str):
            self._late_message({"content": message}, events)
        if isinstance(text := choice.get("text"), str) and not (delta or message):
            self._content(text, events)
        reason = choice.get("finish_reason")
        if isinstance(reason, str) and reason.lower() not in _NO_REASONS:
            self._finish_with(reason)

    def _finish_with(self, reason: str) -> None:
        """Take a finish reason; a `stop` right behind another one says less than that one."""
        is_weaker = self._reason_stands and finish_reason(reason, has_tool_calls=False) == "stop"
        if not is_weaker:
            self._raw_reason = reason
        self._reason_stands = True

    def _delta(self, delta: dict[str, Any], events: list[WireEvent]) -> None:
        if text := self._reasoning_of(delta):
            self._reasoning(text, events)
        content = delta.get("content") or delta.get("text")
        if content and is_flagged(delta):
            self._flagged(content, events)
        elif content:
            self._content(content, events)
        if calls := delta.get("tool_calls"):
            self._reason_stands = False
            events += self._tool_calls.feed_all(calls if isinstance(calls, list) else [calls])
        if isinstance(call := delta.get("function_call"), dict):
            events += self._tool_calls.feed({"index": 0, "function": call})
        if isinstance(refusal := delta.get("refusal"), str) and refusal:
            self._content(refusal, events)

    def _late_message(self, message: dict[str, Any], events: list[WireEvent]) -> None:
        """Take from a whole message only what its deltas did not bring."""
        kept = dict(message)
        if self._reasoned or self._answered:
            thinking, text = message_texts(kept.pop("content", None))
            field = next((field for field in self._fields if kept.get(field)), None)
            thinking = thinking or (plain(kept[field]) if field else "")
            for name in (*self._fields, "reasoning_details"):
                kept.pop(name, None)
            if rest := self._reasoning_told.missing(thinking):
                self._echo_field = self._echo_field or field or "content"
                self._reasoning(rest, events)
            if rest := self._content_told.missing(text):
                self._content(rest, events)
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
        self._reasoning_told.add(text)
        self._reason_stands = False
        events += self._text.reasoning(text)

    def _content(self, content: Any, events: list[WireEvent]) -> None:
        if isinstance(content, str):
            if content:
                self._answered = True
                self._content_told.add(content)
                self._reason_stands = self._reason_stands and content.isspace()
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
            self._usage = usage_of(usage, self._usage)
        if isinstance(timings := chunk.get("timings"), dict):
            self._timings = timings_of(timings)
            self._usage = merged(usage_of_timings(timings), self._usage or Usage())

    def _progress(self, progress: Any, events: list[WireEvent]) -> None:
        if isinstance(progress, dict):
            total, cached = number(progress.get("total")), number(progress.get("cache")) or 0
            processed = number(progress.get("processed"))
            if total and processed is not None and total > cached:
                fraction = (processed - cached) / (total - cached)
                events.append(PhaseChanged("prompt", min(1.0, max(0.0, fraction))))

    def _end(self, events: list[WireEvent], *, complete: bool) -> None:
        self._held_thinking(self._loading.finish(), events)
        unclosed = self._close_text(events)
        broken = self._breaks_off(self._raw_reason, events)
        complete = complete and not broken
        reason = finish_reason(self._raw_reason, has_tool_calls=len(self._tool_calls) > 0)
        self._report(events, unclosed=unclosed and complete and reason != "length")
        echo = None
        if self._echo_field or self._details:
            echo = ReasoningEcho(self._echo_field, tuple(self._details))
        if complete and self._raw_reason is None:
            reason = "toolCalls" if len(self._tool_calls) else "stop"
        events.append(StreamFinished(reason, self._raw_reason, complete, echo, explained=broken))


def _index_of(choice: Mapping[str, Any]) -> int:
    index = choice.get("index")
    return index if isinstance(index, int) else 0


def _has_text(choice: Mapping[str, Any]) -> bool:
    """Whether a choice brings text of any kind, or calls."""
    said = choice.get("delta") or choice.get("message")
    if not isinstance(said, dict):
        return bool(said or choice.get("text"))
    return any(value for key, value in said.items() if key != "role")


def _is_of_answer(chunk: Mapping[str, Any], choice: Mapping[str, Any] | None) -> bool:
    """Whether a chunk belongs to an answer, rather than being some other JSON."""
    if choice is not None and any(
        choice.get(key) is not None for key in ("delta", "message", "text", "finish_reason")
    ):
        return True
    # Azure begins with a chunk of filter results and no choice; some end with one of figures.
    return isinstance(chunk.get("choices"), list) and (
        str(chunk.get("object", "")).endswith("chunk")
        or isinstance(chunk.get("usage"), dict)
        or "prompt_filter_results" in chunk
    )
