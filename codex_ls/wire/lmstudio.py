"""LM Studio's native `POST /api/v1/chat` (0.4 and later): a stream's bytes to events.

The one local API that tells how far it is: `model_load.start`, `.progress` (0..1) and `.end`, then
`prompt_processing.*`, then `reasoning.delta` and `message.delta` with a `content` each, and at last
`chat.end` with all of it again: `{"result": {"output": [...], "stats": {...}, "response_id": ...}}`.
Source: lmstudio.ai/docs/developer/rest/streaming-events and /chat, read in November 2026.

There is no finish reason: an answer is `length` where as many tokens came as were allowed. The
`response_id` goes into the echo, since the next request can go on from it (`lmstudio_request`).
"""

import json
from collections.abc import Mapping
from typing import Any

from codex_ls.errors import NotFound, ProviderError
from codex_ls.events import (
    FinishReason,
    Noticed,
    PhaseChanged,
    ServerTimings,
    StreamFinished,
    Usage,
    WireEvent,
)
from codex_ls.wire.duplicates import StreamedText
from codex_ls.wire.json_text import plain
from codex_ls.wire.lmstudio_request import echo_of
from codex_ls.wire.notices import tool_failed, tool_ran
from codex_ls.wire.quirks import Quirks, finish_reason
from codex_ls.wire.sse_answer import TypedSseAnswer
from codex_ls.wire.stream_errors import error_in
from codex_ls.wire.usage import number

_FAMILIES = ("chat.", "model_load.", "prompt_processing.", "reasoning.", "message.", "tool_call.")
_MAX_TOLD = 200


class LmStudioDecoder(TypedSseAnswer):
    """Bytes of an `/api/v1/chat` answer, streamed or whole, to `WireEvent`s.

    `output_limit` is the number of output tokens that the request allowed.
    """

    def __init__(self, quirks: Quirks, *, output_limit: int | None = None) -> None:
        super().__init__(quirks)
        self._output_limit = output_limit
        self._told_tools: set[str] = set()
        self._reasoned = self._answered = False
        self._reasoning_told, self._content_told = StreamedText(), StreamedText()
        self._is_message_whole = False

    def _stop_short(self, events: list[WireEvent]) -> None:
        self._end("other", None, events, complete=False)

    def _sentinel(self, events: list[WireEvent]) -> None:
        if self._is_message_whole:
            self._end(self._reason(), None, events, complete=True)
        else:
            self._stop_short(events)

    def _event(self, kind: str, value: dict[str, Any], events: list[WireEvent]) -> None:
        match kind:
            case "message.delta":
                self._content(value.get("content"), events)
            case "reasoning.delta":
                self._reasoning(value.get("content"), events)
            case "model_load.start" | "model_load.progress":
                self._phase(PhaseChanged("loading", _fraction(value.get("progress"))), events)
            case "model_load.end":
                self._spoke = True
                self._timings = ServerTimings(load_ms=_ms(value.get("load_time_seconds")))
            case "prompt_processing.start" | "prompt_processing.progress":
                self._phase(PhaseChanged("prompt", _fraction(value.get("progress"))), events)
            case "tool_call.start" | "tool_call.failure":
                self._tool(kind, value, events)
            case "chat.end":
                result = value.get("result")
                # A gateway may put its keys beside `type`.
                self._whole({**value, **(result if isinstance(result, dict) else {})}, events)
            case "message.end":
                self._spoke = self._is_message_whole = True
            case _ if kind.startswith(_FAMILIES):
                self._spoke = True
            case _ if (error := error_in(value, kind)) is not None:
                self._fail(_older(error), events)
            case _ if isinstance(value.get("output"), list):  # `stream` was not heard
                self._whole(value, events)
            case _ if not self._spoke:
                self._keep_garbage(json.dumps(value, ensure_ascii=False))

    def _phase(self, phase: PhaseChanged, events: list[WireEvent]) -> None:
        self._spoke = True
        events.append(phase)

    def _content(self, content: Any, events: list[WireEvent]) -> None:
        self._spoke = True
        self._is_message_whole = False
        text = content if isinstance(content, str) else plain(content)
        if text:
            self._answered = True
            self._content_told.add(text)
            events += self._text.feed(text)

    def _reasoning(self, content: Any, events: list[WireEvent]) -> None:
        self._spoke = True
        self._is_message_whole = False
        text = content if isinstance(content, str) else plain(content)
        if text:
            self._reasoned = True
            self._reasoning_told.add(text)
            events += self._text.reasoning(text)

    def _tool(self, kind: str, value: dict[str, Any], events: list[WireEvent]) -> None:
        """Tell once of a tool that LM Studio ran, and once of one that failed: none is asked for."""
        self._spoke = True
        if kind not in self._told_tools:
            self._told_tools.add(kind)
            failed = kind == "tool_call.failure"
            words = value.get("reason" if failed else "tool")
            told = words[:_MAX_TOLD] if isinstance(words, str) else ""
            events.append(Noticed(tool_failed(told) if failed else tool_ran(told)))

    def _whole(self, result: Mapping[str, Any], events: list[WireEvent]) -> None:
        """The end, with the whole answer: of its texts counts what goes beyond the deltas."""
        output = result.get("output")
        items = (
            [item for item in output if isinstance(item, dict)] if isinstance(output, list) else []
        )
        reasoned, answered = self._reasoned, self._answered
        for item in items:
            if item.get("type") == "reasoning" and not reasoned:
                self._reasoning(item.get("content"), events)
            elif item.get("type") in ("message", None) and not answered:
                self._content(item.get("content"), events)
        if reasoned:
            self._reasoning(self._reasoning_told.missing(_joined(items, "reasoning")), events)
        if answered:
            self._content(self._content_told.missing(_joined(items, "message")), events)
        stats = result.get("stats")
        self._measure(stats if isinstance(stats, dict) else {})
        self._end(self._reason(_stop_reason(result)), result, events, complete=True)

    def _reason(self, raw: str | None = None) -> FinishReason:
        if len(self._tool_calls):  # in the model's own text, where nobody runs them
            return "toolCalls"
        if raw is not None:  # only the older API is documented to say it
            return finish_reason(raw, has_tool_calls=False)
        tokens = self._usage.output_tokens if self._usage is not None else None
        limit = self._output_limit
        is_full = limit is not None and tokens is not None and tokens >= limit
        return "length" if is_full else "stop"

    def _measure(self, stats: Mapping[str, Any]) -> None:
        inputs, outputs = (
            number(stats.get("input_tokens")),
            number(stats.get("total_output_tokens")),
        )
        reasoning = number(stats.get("reasoning_output_tokens"))
        if inputs is not None or outputs is not None:
            self._usage = Usage(
                None if inputs is None else int(inputs),
                None if outputs is None else int(outputs),
                reasoning_tokens=None if reasoning is None else int(reasoning),
            )
        load_ms = _ms(stats.get("model_load_time_seconds"))
        self._timings = ServerTimings(
            load_ms=self._timings.load_ms if load_ms is None else load_ms,
            # The load is not in it: live servers told 0.107 s here beside a load of 7.183 s.
            prompt_ms=_ms(stats.get("time_to_first_token_seconds")),
            output_tokens_per_second=number(stats.get("tokens_per_second")),
        )

    def _end(
        self,
        reason: FinishReason,
        result: Mapping[str, Any] | None,
        events: list[WireEvent],
        *,
        complete: bool,
    ) -> None:
        raw = _stop_reason(result or {})
        unclosed = self._close_text(events)
        broken = self._breaks_off(raw, events)
        complete = complete and not broken
        self._report(events, unclosed=unclosed and complete and reason == "stop")
        given = (result or {}).get("response_id")
        echo = echo_of(given, field="reasoning" if self._reasoned else None)
        events.append(StreamFinished(reason, raw, complete, echo, explained=broken))


def _older(error: ProviderError) -> ProviderError:
    """The same error; of a version without this API its own sentence says only "Unexpected endpoint"."""
    if "nexpected endpoint" not in error.message:
        return error
    return NotFound(
        error.message,
        hint="LM Studio supports this API from version 0.4: update it, or remove wire_api ="
        ' "lmstudio".',
    )


def _stop_reason(result: Mapping[str, Any]) -> str | None:
    stats = result.get("stats")
    reason = stats.get("stop_reason") if isinstance(stats, dict) else None
    return reason if isinstance(reason, str) and reason else None


def _joined(items: list[dict[str, Any]], kind: str) -> str:
    return "".join(plain(item.get("content")) for item in items if item.get("type") == kind)


def _fraction(value: Any) -> float | None:
    share = number(value)
    return None if share is None else min(1.0, float(share))


def _ms(seconds: Any) -> int | None:
    value = number(seconds)
    return None if value is None else round(value * 1000)
