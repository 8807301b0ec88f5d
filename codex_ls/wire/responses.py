"""The Responses API: a stream's bytes to events.

Every event says what it is in its `type`; the texts are `delta`s, and `done` events repeat them whole.
OpenAI keeps a strict order; llama.cpp sends no `sequence_number` and closes its reasoning after the
text; vLLM raises `content_index` with every token; Copilot gives an item another id in every event. So
nothing here depends on order: an item is known by its `output_index` and by its id, whichever is there,
and a whole text counts only where its item sent no delta before.
"""

from collections.abc import Mapping
from typing import Any

from codex_ls.events import (
    ReasoningDelta,
    ReasoningEcho,
    ReasoningSource,
    StreamFinished,
    ToolCallDelta,
    WireEvent,
)
from codex_ls.wire.figures import timings_of, usage_of
from codex_ls.wire.quirks import Quirks, finish_reason
from codex_ls.wire.shapes import MAX_KEPT, size_of
from codex_ls.wire.sse_answer import TypedSseAnswer
from codex_ls.wire.stream_errors import error_in

_ENDS = {"response.completed", "response.incomplete", "response.done"}
_MAX_NAMES = 100_000
"""An answer of more items, or with more names for them, is an attack or a fault."""


class ResponsesDecoder(TypedSseAnswer):
    """Bytes of a Responses API answer, streamed or whole, to `WireEvent`s."""

    def __init__(self, quirks: Quirks) -> None:
        super().__init__(quirks)
        self._calls: dict[str, int] = {}
        self._keys: dict[str, str] = {}  # an item's id to what it is known by here
        self._indexed = False  # this server numbers its items
        self._streamed: set[tuple[str, str]] = set()  # (item, kind) that sent deltas
        self._summary_part = False
        self._items: dict[str, Mapping[str, Any]] = {}
        self._kept_size = 0

    @property
    def _is_too_long(self) -> bool:
        names = len(self._keys) + len(self._streamed)
        is_full = self._kept_size > MAX_KEPT or names > _MAX_NAMES
        return is_full or super()._is_too_long

    def _stop_short(self, events: list[WireEvent]) -> None:
        self._end(None, events, complete=False)

    def _event(self, kind: str, value: dict[str, Any], events: list[WireEvent]) -> None:
        delta = value.get("delta")
        text = delta if isinstance(delta, str) else ""
        item = self._key(value.get("output_index"), value.get("item_id"))
        match kind:
            case "response.output_text.delta" | "response.refusal.delta":
                self._content(item, text, events)
            case "response.reasoning_text.delta" | "response.reasoning.delta":
                self._reasoning(item, text, "raw", events)
            case "response.reasoning_summary_text.delta" | "response.reasoning_summary.delta":
                self._reasoning(item, text, "summary", events)
            case "response.reasoning_summary_part.added":
                self._begin_summary_part(events)
            case "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta":
                self._arguments(item, text, events)
            case "response.output_text.done" | "response.refusal.done":
                self._whole_content(item, value.get("text", value.get("refusal")), events)
            case "response.reasoning_text.done":
                self._whole_reasoning(item, value.get("text"), "raw", events)
            case "response.reasoning_summary_text.done":
                self._whole_reasoning(item, value.get("text"), "summary", events)
            case "response.output_item.added":
                self._begin_item(value, value.get("item"), events)
            case "response.output_item.done":
                self._finish_item(value.get("output_index"), value.get("item"), events)
            case _ if kind in _ENDS:
                self._whole(value, events)
            case _ if kind == "response.failed" or kind == "error" or value.get("error"):
                self._failed(kind, value, events)
            case _ if value.get("object") == "response" and "output" in value:
                self._whole({"response": value, **_timings(value)}, events)
            case _ if (error := error_in(value)) is not None:
                self._fail(error, events)
            case _:
                self._spoke = self._spoke or kind.startswith("response.")

    def _key(self, index: Any, item_id: Any) -> str:
        """What an item is known by: its number if the server numbers its items, else its id."""
        if isinstance(index, int):
            self._indexed = True
            return f"#{index}"
        name = item_id if isinstance(item_id, str) else ""
        return self._keys.get(name, name)

    def _content(self, item: str, text: str, events: list[WireEvent]) -> None:
        self._spoke = True
        self._streamed.add((item, "content"))
        if text:
            events += self._text.feed(text)

    def _reasoning(
        self, item: str, text: str, source: ReasoningSource, events: list[WireEvent]
    ) -> None:
        self._spoke = True
        self._streamed.add((item, source))
        if text:
            self._text.reasoning_came_apart(text)
            events.append(ReasoningDelta(text, source))

    def _begin_summary_part(self, events: list[WireEvent]) -> None:
        """Part two and later start a paragraph: they come with no white space of their own."""
        if self._summary_part:
            events.append(ReasoningDelta("\n\n", "summary"))
        self._summary_part = True

    def _whole_content(self, item: str, text: Any, events: list[WireEvent]) -> None:
        if isinstance(text, str) and (item, "content") not in self._streamed:
            self._content(item, text, events)

    def _whole_reasoning(
        self, item: str, text: Any, source: ReasoningSource, events: list[WireEvent]
    ) -> None:
        if isinstance(text, str) and (item, source) not in self._streamed:
            self._reasoning(item, text, source, events)

    def _arguments(self, item: str, text: str, events: list[WireEvent]) -> None:
        self._spoke = True
        self._streamed.add((item, "call"))
        if item not in self._calls:
            self._calls[item], begun = self._tool_calls.begin("")
            events.append(begun)
        if text:
            events.append(self._tool_calls.more(self._calls[item], text))

    def _begin_item(self, value: Mapping[str, Any], item: Any, events: list[WireEvent]) -> None:
        self._spoke = True
        if not isinstance(item, dict):
            return
        key = self._key(value.get("output_index"), item.get("id"))
        if isinstance(item_id := item.get("id"), str):
            self._keys[item_id] = key
            self._kept_size += len(item_id)
        if item.get("type") in ("function_call", "custom_tool_call"):
            self._begin_call(key, item, events)

    def _begin_call(self, key: str, item: dict[str, Any], events: list[WireEvent]) -> None:
        if key not in self._calls:
            name, call_id = item.get("name"), item.get("call_id")
            index, begun = self._tool_calls.begin(name if isinstance(name, str) else "")
            self._calls[key] = index
            given = call_id if isinstance(call_id, str) and call_id else begun.call_id
            events.append(ToolCallDelta(index, given, begun.name))

    def _finish_item(self, index: Any, item: Any, events: list[WireEvent]) -> None:
        """Take from a whole item what its deltas did not bring."""
        if not isinstance(item, dict):
            return
        self._spoke = True
        key = self._key(index, item.get("id") or item.get("call_id"))
        match item.get("type"):
            case "message":
                self._whole_content(key, _joined(item.get("content"), "text", "refusal"), events)
            case "reasoning":
                self._items[key] = item
                self._kept_size += size_of(item)
                if raw := _joined(item.get("content"), "text"):
                    self._whole_reasoning(key, raw, "raw", events)
                if summary := _joined(item.get("summary"), "text", between="\n\n"):
                    self._whole_reasoning(key, summary, "summary", events)
            case "function_call" | "custom_tool_call":
                self._begin_call(key, item, events)
                arguments = item.get("arguments", item.get("input"))
                if isinstance(arguments, str) and (key, "call") not in self._streamed:
                    self._arguments(key, arguments, events)

    def _whole(self, value: dict[str, Any], events: list[WireEvent]) -> None:
        """The end, with the whole response: its output counts where nothing of it was streamed."""
        self._spoke = True
        response = value.get("response")
        response = response if isinstance(response, dict) else {}
        output = response.get("output")
        for place, item in enumerate(output if isinstance(output, list) else []):
            index = place if self._indexed else None
            item_id = item.get("id") if isinstance(item, dict) else None
            if self._key(index, item_id) not in self._items:
                self._finish_item(index, item, events)
        self._figures(value, response)
        if response.get("status") == "failed" or response.get("error"):
            self._failed("response.failed", value, events)
        else:
            self._end(response, events, complete=True)

    def _figures(self, value: Mapping[str, Any], response: Mapping[str, Any]) -> None:
        if isinstance(usage := response.get("usage"), dict):
            self._usage = usage_of(usage) or self._usage
        for source in (value, response):
            if isinstance(timings := source.get("timings"), dict):
                self._timings = timings_of(timings)

    def _failed(self, kind: str, value: dict[str, Any], events: list[WireEvent]) -> None:
        response = value.get("response")
        if isinstance(response, dict):
            self._figures(value, response)
            value = {"error": response.get("error") or {"message": ""}}
        error = error_in(value, "error")
        assert error is not None, kind
        self._fail(error, events)

    def _end(
        self, response: Mapping[str, Any] | None, events: list[WireEvent], *, complete: bool
    ) -> None:
        raw = _reason(response) if response is not None else None
        unclosed = self._close_text(events)
        reason = finish_reason(raw, has_tool_calls=len(self._tool_calls) > 0)
        self._report(events, unclosed=unclosed and complete and reason == "stop")
        echo = ReasoningEcho("item", tuple(self._items.values())) if self._items else None
        events.append(StreamFinished(reason, raw, complete, echo))


def _reason(response: Mapping[str, Any]) -> str:
    details = response.get("incomplete_details")
    if isinstance(details, dict) and isinstance(reason := details.get("reason"), str):
        return reason
    status = response.get("status")
    return status if isinstance(status, str) and status else "completed"


def _joined(parts: Any, *keys: str, between: str = "") -> str:
    if not isinstance(parts, list):
        return ""
    texts = (
        part[key]
        for part in parts
        if isinstance(part, dict)
        for key in keys
        if isinstance(part.get(key), str)
    )
    return between.join(texts)


def _timings(value: Mapping[str, Any]) -> dict[str, Any]:
    return {"timings": value["timings"]} if "timings" in value else {}
