"""The Responses API: a stream's bytes to events.

Every event says what it is in its `type`; the texts are `delta`s, and `done` events repeat them whole.
OpenAI keeps a strict order; llama.cpp sends no `sequence_number` and closes its reasoning after the
text; vLLM raises `content_index` with every token; Copilot gives an item another id in every event. So
nothing here depends on order: an item is known by its `output_index` and by its id, whichever is there.
Gateways leave out ids, indexes, whole events, or put `output` beside `type` instead of into `response`:
of a whole text counts what goes beyond the deltas of its part, its item, or of the whole answer.
"""

import json
from collections.abc import Iterable, Mapping
from typing import Any

from codex_ls.events import (
    ReasoningDelta,
    ReasoningEcho,
    ReasoningSource,
    StreamFinished,
    ToolCallDelta,
    WireEvent,
)
from codex_ls.wire.duplicates import StreamedText
from codex_ls.wire.json_text import MAX_KEPT, message_texts, plain, size_of
from codex_ls.wire.quirks import FINISH_REASONS, Quirks, finish_reason
from codex_ls.wire.sse_answer import TypedSseAnswer
from codex_ls.wire.stream_errors import error_in
from codex_ls.wire.usage import timings_of, usage_of

_ENDS = frozenset(
    {
        "response.completed",
        "response.incomplete",
        "response.done",
        "response.cancelled",
        "response.canceled",
    }
)
_MAX_NAMES = 100_000
"""An answer of more items, or with more names for them, is an attack or a fault."""
_MAX_LOOKS = 200
"""How many nameless items of one answer are looked for in its text."""
_ENOUGH = 40
"""Characters by which the beginning of a text is found again."""
_IN_RESPONSE = ("output", "output_text", "usage", "status", "incomplete_details", "error")


class _Streamed(StreamedText):
    """What of one item's text came, in all and of its newest part."""

    __slots__ = ("part", "part_chars")

    def __init__(self) -> None:
        super().__init__()
        self.part: Any = None
        self.part_chars = 0

    def missing_of(self, part: Any, whole: str) -> str:
        """What the whole text of a part has beside what was streamed.

        vLLM numbers every delta as a part of its own, and repeats the item's text.
        """
        if len(whole) >= self.chars and whole[: self.chars].endswith(self.last):
            return whole[self.chars :]
        if isinstance(part, int) and isinstance(self.part, int) and part > self.part:
            return whole  # a part without deltas
        has_begun = whole[: self.part_chars].endswith(self.last)
        return whole[self.part_chars :] if has_begun and self.part_chars < len(whole) else ""


class ResponsesDecoder(TypedSseAnswer):
    """Bytes of a Responses API answer, streamed or whole, to `WireEvent`s."""

    def __init__(self, quirks: Quirks) -> None:
        super().__init__(quirks)
        self._calls: dict[str, int] = {}
        self._keys: dict[str, str] = {}  # an item's id to what it is known by here
        self._indexed = False  # this server numbers its items
        self._streamed: dict[tuple[str, str], _Streamed] = {}  # (item, kind) that sent text
        self._told: dict[str, StreamedText] = {}  # kind to all of its text
        self._nameless: dict[str, list[str]] = {}  # the same, of items that nothing tells apart
        self._looks = 0
        self._summary_part = False
        self._is_item_whole = False  # the newest item was said to be whole
        self._items: dict[str, Mapping[str, Any]] = {}
        self._kept_size = 0

    @property
    def _is_too_long(self) -> bool:
        names = len(self._keys) + len(self._streamed)
        is_full = self._kept_size > MAX_KEPT or names > _MAX_NAMES
        return is_full or super()._is_too_long

    def _stop_short(self, events: list[WireEvent]) -> None:
        self._end(None, events, complete=False)

    def _sentinel(self, events: list[WireEvent]) -> None:
        whole = self._is_item_whole
        self._end("completed" if whole else None, events, complete=whole)

    def _event(self, kind: str, value: dict[str, Any], events: list[WireEvent]) -> None:
        delta = value.get("delta")
        text = delta if isinstance(delta, str) else plain(delta)
        item = self._key(value.get("output_index"), value.get("item_id"))
        part = value.get("content_index")
        match kind:
            case "response.output_text.delta" | "response.refusal.delta":
                self._content(item, part, text or plain(value.get("text")), events)
            case "response.reasoning_text.delta" | "response.reasoning.delta":
                self._reasoning(item, part, text, "raw", events)
            case "response.reasoning_summary_text.delta" | "response.reasoning_summary.delta":
                self._reasoning(item, part, text, "summary", events)
            case "response.reasoning_summary_part.added":
                self._begin_summary_part(events)
            case "response.function_call_arguments.delta" | "response.custom_tool_call_input.delta":
                self._arguments(item, text, events)
            case "response.output_text.done" | "response.refusal.done":
                text = plain(value.get("text", value.get("refusal")))
                self._whole_content(item, part, text, events)
            case "response.reasoning_text.done":
                self._whole_reasoning(item, part, plain(value.get("text")), "raw", events)
            case "response.reasoning_summary_text.done":
                self._whole_summary(item, plain(value.get("text")), events)
            case "response.content_part.done":
                thinking, text = message_texts(value.get("part"))
                self._whole_reasoning(item, part, thinking, "raw", events)
                self._whole_content(item, part, text, events)
            case "response.output_item.added":
                self._begin_item(value, value.get("item"), events)
            case "response.output_item.done":
                self._finish_item(value.get("output_index"), value.get("item"), events)
            case _ if kind in _ENDS:
                self._whole(kind, value, events)
            case _ if kind == "response.failed" or kind == "error" or value.get("error"):
                self._failed(kind, value, events)
            case _ if not kind.startswith("response.") and _is_response(value):
                self._whole("", value, events)  # `stream` was not heard
            case _ if (error := error_in(value)) is not None:
                self._fail(error, events)
            case _ if kind.startswith("response."):
                self._spoke = True
            case _ if not self._spoke:
                self._keep_garbage(json.dumps(value, ensure_ascii=False))

    def _key(self, index: Any, item_id: Any) -> str:
        """What an item is known by: its number if the server numbers its items, else its id.

        Empty for one that has neither.
        """
        if isinstance(index, int):
            self._indexed = True
            return f"#{index}"
        name = item_id if isinstance(item_id, str) else ""
        return self._keys.get(name, name)

    def _content(self, item: str, part: Any, text: str, events: list[WireEvent]) -> None:
        self._say(item, "content", part, text)
        if text:
            events += self._text.feed(text)

    def _reasoning(
        self,
        item: str,
        part: Any,
        text: str,
        source: ReasoningSource,
        events: list[WireEvent],
    ) -> None:
        self._say(item, source, part, text)
        if text:
            events += self._text.reasoning(text, source)

    def _say(self, item: str, kind: str, part: Any, text: str) -> None:
        """Note that text of this kind came."""
        self._spoke = True
        self._is_item_whole = False
        streamed = self._streamed.get((item, kind))
        if streamed is None:
            streamed = self._streamed[item, kind] = _Streamed()
            self._told.setdefault(kind, StreamedText())
        told = self._told[kind]
        if text:
            told.last = streamed.last = text  # once for each delta: without calls
            if not item:
                self._nameless.setdefault(kind, []).append(text)
        told.chars += len(text)
        streamed.chars += len(text)
        if part == streamed.part:
            streamed.part_chars += len(text)
        else:
            streamed.part, streamed.part_chars = part, len(text)

    def _begin_summary_part(self, events: list[WireEvent]) -> None:
        """Part two and later start a paragraph: they come with no white space of their own."""
        if self._summary_part:
            events.append(ReasoningDelta("\n\n", "summary"))
        self._summary_part = True

    def _whole_content(self, item: str, part: Any, text: str, events: list[WireEvent]) -> None:
        if missing := self._missing(item, "content", part, text):
            self._content(item, part, missing, events)
        self._is_item_whole = True

    def _whole_reasoning(
        self, item: str, part: Any, text: str, source: ReasoningSource, events: list[WireEvent]
    ) -> None:
        if missing := self._missing(item, source, part, text):
            self._reasoning(item, part, missing, source, events)

    def _missing(self, item: str, kind: str, part: Any, text: str) -> str:
        """What a whole text has beside what came of its item."""
        streamed = self._streamed.get((item, kind))
        if streamed is None or not text:
            return text
        if item:
            return streamed.missing_of(part, text)
        return _beyond(self._tail(kind, 2 * len(text) + _ENOUGH), text)

    def _tail(self, kind: str, chars: int) -> str:
        """At least so many of the last characters that came of nameless items, if there are as many."""
        pieces: list[str] = []
        for piece in reversed(self._nameless.get(kind, ())):
            pieces.append(piece)
            chars -= len(piece)
            if chars <= 0:
                break
        return "".join(reversed(pieces))

    def _whole_summary(self, item: str, text: str, events: list[WireEvent]) -> None:
        """Take a summary that sent no delta; paragraphs make its pieces hard to compare."""
        if text and (item, "summary") not in self._streamed:
            self._reasoning(item, None, text, "summary", events)

    def _arguments(self, item: str, text: str, events: list[WireEvent]) -> None:
        self._say(item, "call", None, text)
        if item not in self._calls:
            self._calls[item], begun = self._tool_calls.begin("")
            events.append(begun)
        if text:
            events.append(self._tool_calls.more(self._calls[item], text))

    def _begin_item(self, value: Mapping[str, Any], item: Any, events: list[WireEvent]) -> None:
        self._spoke = True
        self._is_item_whole = False
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
        self._take_item(key, item, events)
        if not key:  # the next item without a name is another one
            for nameless in [name for name in self._streamed if not name[0]]:
                del self._streamed[nameless]
            self._calls.pop("", None)

    def _take_item(self, key: str, item: dict[str, Any], events: list[WireEvent]) -> None:
        match item.get("type"):
            case "reasoning":
                self._keep(key, item)
                thinking, summary = _reasoning_texts(item)
                self._whole_reasoning(key, None, thinking, "raw", events)
                self._whole_summary(key, summary, events)
            case "function_call" | "custom_tool_call":
                self._begin_call(key, item, events)
                arguments = item.get("arguments", item.get("input"))
                if isinstance(arguments, str) and (key, "call") not in self._streamed:
                    self._arguments(key, arguments, events)
            case _ if (texts := _message_texts(item)) is not None:
                thinking, text = texts
                self._whole_reasoning(key, None, thinking, "raw", events)
                self._whole_content(key, None, text, events)
        self._is_item_whole = True

    def _keep(self, key: str, item: Mapping[str, Any]) -> None:
        """Keep a reasoning item to send it back."""
        if key and key in self._items:
            self._kept_size -= size_of(self._items[key])
        elif item in self._items.values():
            return
        self._items[key or f"+{len(self._items)}"] = item
        self._kept_size += size_of(item)

    def _whole(self, kind: str, value: dict[str, Any], events: list[WireEvent]) -> None:
        """The end, with the whole response: its output counts where nothing of it was streamed."""
        self._spoke = True
        response = _response_in(value)
        output = response["output"] if isinstance(response.get("output"), list) else []
        self._take_output([item for item in output if isinstance(item, dict)], events)
        if not self._told.get("content") and (text := plain(response.get("output_text"))):
            self._content("", None, text, events)
        self._figures(value, response)
        if response.get("status") == "failed" or response.get("error"):
            self._failed("response.failed", {**value, "response": response}, events)
            return
        reason = _reason(kind, response)
        # Another reason for an incomplete answer than a limit or a filter has no name of its own.
        is_known = not _is_incomplete(kind, response) or reason in FINISH_REASONS
        self._end(reason, events, complete=is_known)

    def _take_output(self, output: list[dict[str, Any]], events: list[WireEvent]) -> None:
        """Take from the whole output what is missing, first of each kind of text as a whole."""
        keys = [
            self._key(place if self._indexed else None, item.get("id") or item.get("call_id"))
            for place, item in enumerate(output)
        ]
        rests = {kind: self._rest_of(kind, keys, output) for kind in ("content", "raw")}
        for place, (key, item) in enumerate(zip(keys, output, strict=True)):
            if key and key in self._items:
                continue
            if item.get("type") == "reasoning":
                self._keep(key, item)
                thinking, summary = _reasoning_texts(item)
                if rests["raw"] is None:
                    self._take_text(key, "raw", thinking, events)
                if key or not self._told.get("summary"):
                    self._whole_summary(key or f"@{place}", summary, events)
            elif (texts := _message_texts(item)) is not None:
                thinking, text = texts
                if rests["raw"] is None:
                    self._take_text(key, "raw", thinking, events)
                if rests["content"] is None:
                    self._take_text(key, "content", text, events)
            elif key or not self._told.get("call"):
                self._take_item(key or f"@{place}", item, events)
        if rests["raw"]:
            self._reasoning("@", None, rests["raw"], "raw", events)
        if rests["content"]:
            self._content("@", None, rests["content"], events)

    def _rest_of(self, kind: str, keys: list[str], output: list[dict[str, Any]]) -> str | None:
        """What the whole output has behind all that came; None if that has to be looked for by item."""
        told = self._told.get(kind)
        if told is None:
            return None
        whole = "".join(_texts_of(kind, output))
        if len(whole) <= told.chars:
            return ""
        if came := "".join(self._nameless.get(kind, ())):
            return whole[len(came) :] if whole.startswith(came) else None
        if any((key, kind) in self._streamed for key in keys):
            return None
        return told.missing(whole) or None  # the items have other names now

    def _take_text(self, key: str, kind: str, text: str, events: list[WireEvent]) -> None:
        """Take what is missing of one item's text."""
        if not key:
            self._looks += 1
            came = "" if self._looks > _MAX_LOOKS else "".join(self._nameless.get(kind, ()))
            text = _beyond(came, text)
        if kind == "content":
            self._whole_content(key or "@", None, text, events)
        else:
            self._whole_reasoning(key or "@", None, text, "raw", events)
        if not key:
            self._streamed.pop(("@", kind), None)  # the next item is another one

    def _figures(self, value: Mapping[str, Any], response: Mapping[str, Any]) -> None:
        if isinstance(usage := response.get("usage"), dict):
            self._usage = usage_of(usage, self._usage)
        for source in (value, response):
            if isinstance(timings := source.get("timings"), dict):
                self._timings = timings_of(timings)

    def _failed(self, kind: str, value: dict[str, Any], events: list[WireEvent]) -> None:
        response = value.get("response")
        if isinstance(response, dict):
            self._figures(value, response)
            value = {"error": response.get("error") or value.get("error") or {"message": ""}}
        error = error_in(value, "error")
        assert error is not None, kind
        self._fail(error, events)

    def _end(self, raw: str | None, events: list[WireEvent], *, complete: bool) -> None:
        unclosed = self._close_text(events)
        broken = self._breaks_off(raw, events)
        complete = complete and not broken
        reason = finish_reason(raw, has_tool_calls=len(self._tool_calls) > 0)
        self._report(events, unclosed=unclosed and complete and reason == "stop")
        echo = ReasoningEcho("item", tuple(self._items.values())) if self._items else None
        events.append(StreamFinished(reason, raw, complete, echo, explained=broken))


def _is_response(value: Mapping[str, Any]) -> bool:
    """Whether a JSON value is a whole response, under whatever name."""
    inner = value.get("response")
    return any(
        isinstance(response.get("output"), list) or isinstance(response.get("output_text"), str)
        for response in (value, inner if isinstance(inner, dict) else {})
    )


def _response_in(value: Mapping[str, Any]) -> dict[str, Any]:
    """The response of an event: what stands in `response`, else what stands beside `type`."""
    inner = value.get("response")
    response = dict(inner) if isinstance(inner, dict) else {}
    beside = {key: value[key] for key in _IN_RESPONSE if value.get(key) and not response.get(key)}
    return response | beside


def _is_incomplete(kind: str, response: Mapping[str, Any]) -> bool:
    return kind == "response.incomplete" or response.get("status") == "incomplete"


def _reason(kind: str, response: Mapping[str, Any]) -> str:
    details = response.get("incomplete_details")
    reason = details.get("reason") if isinstance(details, dict) else details
    if isinstance(reason, str) and reason:
        return reason
    if _is_incomplete(kind, response):
        return "incomplete"
    if kind in ("response.cancelled", "response.canceled"):
        return "cancelled"
    status = response.get("status")
    # An event that is called completed is one, whatever its copy of the response says.
    says = isinstance(status, str) and status and kind != "response.completed"
    return str(status) if says or status == "cancelled" else "completed"


def _message_texts(item: Mapping[str, Any]) -> tuple[str, str] | None:
    """The (thinking, text) of an item that is a message, or a part of one; None for other items."""
    kind = item.get("type")
    if kind in ("output_text", "text", "refusal", "reasoning_text"):
        return message_texts(item)
    if kind in ("message", None) and (item.get("content") or item.get("text")):
        return message_texts(item.get("content") or item.get("text"))
    return ("", "") if kind == "message" else None


def _reasoning_texts(item: Mapping[str, Any]) -> tuple[str, str]:
    """The (raw, summary) text of a reasoning item."""
    content, summary = item.get("content") or item.get("text"), item.get("summary")
    return _joined(content), _joined(summary, between="\n\n")


def _beyond(came: str, text: str) -> str:
    """What a whole text has that did not come: nothing, its end, or all of it."""
    if not text or text in came:
        return ""
    begun = came.rfind(text[:_ENOUGH])
    if begun >= 0 and text.startswith(came[begun:]):
        return text[len(came) - begun :]
    lengths = range(min(_ENOUGH, len(text)), 0, -1)
    if same := next((length for length in lengths if came.endswith(text[:length])), 0):
        return text[same:]
    is_trimmed = "".join(text.split()) in "".join(came.split())
    return "" if is_trimmed else text


def _texts_of(kind: str, output: Iterable[Mapping[str, Any]]) -> Iterable[str]:
    """The texts of one kind in a whole output, in order."""
    for item in output:
        if item.get("type") == "reasoning":
            yield _reasoning_texts(item)[0] if kind == "raw" else ""
        elif (texts := _message_texts(item)) is not None:
            yield texts[0 if kind == "raw" else 1]


def _joined(parts: Any, *, between: str = "") -> str:
    texts = (plain(part) for part in (parts if isinstance(parts, list) else [parts]))
    return between.join(filter(None, texts))
