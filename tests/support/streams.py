"""What the fake model server sends: answers made of exact pieces, and builders that read well.

An `Answer` is a status, headers and a body of `Piece`s. A piece of bytes goes out as one write (and
one HTTP chunk); the other pieces say what happens between two writes: a `Gate` holds the stream
until the test opens it, `Pause` waits, a `Cut` stalls, resets or closes the connection.

::

    gate = Gate("after the first word")
    answer = chat_stream(reasoning=["hm"], content=["4", gate, "2"], usage=(12, 3))
    assert answer.payload.endswith(b"data: [DONE]\\n\\n")
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal

from tests.support.answers import (
    Answer,
    Cut,
    Framing,
    Json,
    Pause,
    Piece,
    Text,
    error_answer,
    json_answer,
    models_answer,
    sse_answer,
)
from tests.support.signals import WAIT_SECONDS, Gate, Signal

__all__ = [
    "DONE",
    "WAIT_SECONDS",
    "Answer",
    "Cut",
    "Framing",
    "Gate",
    "Pause",
    "Piece",
    "Signal",
    "Text",
    "chat_chunk",
    "chat_stream",
    "error_answer",
    "json_answer",
    "lmstudio_event",
    "lmstudio_stream",
    "models_answer",
    "ollama_stream",
    "responses_stream",
    "sse_answer",
    "sse_event",
]

# ---- one event at a time -----------------------------------------------------------------------


def sse_event(data: object, *, event: str | None = None) -> bytes:
    """One server-sent event; `data` is sent as it is if a string, else as compact JSON."""
    text = data if isinstance(data, str) else _compact(data)
    head = f"event: {event}\n" if event else ""
    return f"{head}data: {text}\n\n".encode()


def chat_chunk(
    delta: Json | None = None,
    *,
    finish_reason: str | None = None,
    model: str = "test-model",
    **more: object,
) -> bytes:
    """One Chat Completions chunk; no `choices` if there is neither delta nor finish reason."""
    choices = []
    if delta is not None or finish_reason is not None:
        choices = [{"index": 0, "delta": delta or {}, "finish_reason": finish_reason}]
    chunk = {"id": "chatcmpl-1", "object": "chat.completion.chunk", "created": 1700000000}
    return sse_event({**chunk, "model": model, "choices": choices, **more})


DONE = b"data: [DONE]\n\n"


# ---- whole streams -----------------------------------------------------------------------------


def chat_stream(
    *,
    reasoning: Iterable[Text] = (),
    content: Iterable[Text] = (),
    tool_calls: Sequence[Json] = (),
    field: str = "reasoning_content",
    usage: tuple[int, int] | Json | None = None,
    finish_reason: str | None = "stop",
    model: str = "test-model",
    done: bool = True,
    last: Iterable[Piece] = (),
) -> Answer:
    """A Chat Completions stream with one delta for each text: first thinking, then the answer.

    `field` is the delta key for thinking. `tool_calls` are the `delta.tool_calls` entries, a chunk
    each. `usage` is (prompt tokens, completion tokens) or the whole object, sent in an extra chunk.
    `finish_reason=None` leaves that chunk out, `done=False` the sentinel; `last` comes after all.
    """
    pieces: list[Piece] = [chat_chunk({"role": "assistant", "content": None}, model=model)]
    pieces += [_chat_text(text, field, model) for text in reasoning]
    pieces += [_chat_text(text, "content", model) for text in content]
    pieces += [chat_chunk({"tool_calls": [call]}, model=model) for call in tool_calls]
    if finish_reason is not None:
        pieces.append(chat_chunk({}, finish_reason=finish_reason, model=model))
    if usage is not None:
        pieces.append(chat_chunk(model=model, usage=_chat_usage(usage)))
    if done:
        pieces.append(DONE)
    return sse_answer(*pieces, *last)


def _chat_text(text: Text, key: str, model: str) -> Piece:
    return chat_chunk({key: text}, model=model) if isinstance(text, str) else text


def _chat_usage(usage: tuple[int, int] | Json) -> Json:
    if isinstance(usage, Mapping):
        return usage
    prompt, completion = usage
    return {
        "prompt_tokens": prompt,
        "completion_tokens": completion,
        "total_tokens": prompt + completion,
    }


def responses_stream(
    *,
    reasoning: Iterable[Text] = (),
    summary: Iterable[Text] = (),
    content: Iterable[Text] = (),
    usage: tuple[int, int] | None = (12, 3),
    status: Literal["completed", "incomplete", "failed"] = "completed",
    reason: str = "max_output_tokens",
    model: str = "test-model",
    last: Iterable[Piece] = (),
) -> Answer:
    """A Responses API stream in OpenAI's order: a reasoning item, a message item, the end.

    `reasoning` goes out as `response.reasoning_text.delta`, `summary` as
    `response.reasoning_summary_text.delta`. `reason` is that of `incomplete`, or the message of
    `failed`.
    """
    book = _ResponsesBook(model)
    pieces: list[Piece] = [book.event("response.created", response=book.response("in_progress"))]
    raw, summed, said = tuple(reasoning), tuple(summary), tuple(content)
    if raw or summed:
        item: dict[str, Any] = {"id": "rs_1", "type": "reasoning", "summary": []}
        pieces.append(book.event("response.output_item.added", output_index=0, item=item))
        at = {"item_id": "rs_1", "output_index": 0}
        for text in summed:
            pieces.append(
                book.delta("response.reasoning_summary_text.delta", text, summary_index=0, **at)
            )
        for text in raw:
            pieces.append(book.delta("response.reasoning_text.delta", text, content_index=0, **at))
        done = {
            **item,
            "summary": [{"type": "summary_text", "text": _joined(summed)}] if summed else [],
            "content": [{"type": "reasoning_text", "text": _joined(raw)}] if raw else [],
        }
        pieces.append(book.event("response.output_item.done", output_index=0, item=done))
    if said:
        index = 1 if raw or summed else 0
        at = {"item_id": "msg_1", "output_index": index, "content_index": 0}
        item = {"id": "msg_1", "type": "message", "role": "assistant", "content": []}
        pieces.append(book.event("response.output_item.added", output_index=index, item=item))
        part = {"type": "output_text", "text": "", "annotations": []}
        pieces.append(book.event("response.content_part.added", part=part, **at))
        pieces += [book.delta("response.output_text.delta", text, **at) for text in said]
        pieces.append(book.event("response.output_text.done", text=_joined(said), **at))
        item = {**item, "content": [{**part, "text": _joined(said)}]}
        pieces.append(book.event("response.output_item.done", output_index=index, item=item))
    end = book.response(status, usage=usage, reason=reason)
    pieces.append(book.event(f"response.{status}", response=end))
    return sse_answer(*pieces, *last)


class _ResponsesBook:
    """Numbers the events of one Responses stream."""

    def __init__(self, model: str) -> None:
        self._model = model
        self._next = 0

    def event(self, name: str, **fields: object) -> bytes:
        numbered = {"type": name, "sequence_number": self._next, **fields}
        self._next += 1
        return sse_event(numbered, event=name)

    def delta(self, name: str, text: Text, **at: object) -> Piece:
        return self.event(name, delta=text, **at) if isinstance(text, str) else text

    def response(
        self, status: str, *, usage: tuple[int, int] | None = None, reason: str = ""
    ) -> dict[str, Any]:
        body: dict[str, Any] = {"id": "resp_1", "object": "response", "created_at": 1700000000}
        body |= {"model": self._model, "status": status, "output": [], "usage": None}
        if usage:
            into, out = usage
            body["usage"] = {"input_tokens": into, "output_tokens": out, "total_tokens": into + out}
        if status == "incomplete":
            body["incomplete_details"] = {"reason": reason}
        if status == "failed":
            body["error"] = {"code": "server_error", "message": reason}
        return body


def ollama_stream(
    *,
    reasoning: Iterable[Text] = (),
    content: Iterable[Text] = (),
    model: str = "test-model",
    done_reason: str | None = "stop",
    load_ms: int = 40,
    prompt_ms: int = 15,
    usage: tuple[int, int] = (12, 3),
    last: Iterable[Piece] = (),
) -> Answer:
    """Ollama's native `/api/chat` stream: one JSON object a line, `thinking` beside `content`."""

    def line(message: Json, **more: object) -> bytes:
        head = {"model": model, "created_at": "2026-01-01T00:00:00Z"}
        said = {"role": "assistant", "content": "", **message}
        return (_compact({**head, "message": said, "done": False, **more}) + "\n").encode()

    pieces: list[Piece] = []
    pieces += [line({"thinking": text}) if isinstance(text, str) else text for text in reasoning]
    pieces += [line({"content": text}) if isinstance(text, str) else text for text in content]
    if done_reason is not None:
        figures = {
            "total_duration": (load_ms + prompt_ms + 100) * 1_000_000,
            "load_duration": load_ms * 1_000_000,
            "prompt_eval_count": usage[0],
            "prompt_eval_duration": prompt_ms * 1_000_000,
            "eval_count": usage[1],
            "eval_duration": 100_000_000,
        }
        pieces.append(line({}, done=True, done_reason=done_reason, **figures))
    return Answer(body=(*pieces, *last), headers={"Content-Type": "application/x-ndjson"})


def lmstudio_event(kind: str, **fields: object) -> bytes:
    """One event of LM Studio's native API: its name stands beside and inside the JSON."""
    return sse_event({"type": kind, **fields}, event=kind)


def lmstudio_stream(
    *,
    reasoning: Iterable[Text] = (),
    content: Iterable[Text] = (),
    model: str = "test-model",
    load_ms: int | None = None,
    usage: tuple[int, int] = (12, 3),
    reasoning_tokens: int | None = None,
    response_id: str | None = "resp_1",
    middle: Iterable[Piece] = (),
) -> Answer:
    """LM Studio's native `/api/v1/chat` stream; `middle` stands behind `chat.start`."""

    def part(name: str, texts: Iterable[Text]) -> list[Piece]:
        pieces: list[Piece] = [
            lmstudio_event(f"{name}.delta", content=text) if isinstance(text, str) else text
            for text in texts
        ]
        if not pieces:
            return []
        return [lmstudio_event(f"{name}.start"), *pieces, lmstudio_event(f"{name}.end")]

    reasoning, content = tuple(reasoning), tuple(content)
    parts = (("reasoning", _joined(reasoning)), ("message", _joined(content)))
    stats = {
        "input_tokens": usage[0],
        "total_output_tokens": usage[1],
        "reasoning_output_tokens": reasoning_tokens,
        "tokens_per_second": 43.7,
        "time_to_first_token_seconds": 0.25,
        "model_load_time_seconds": None if load_ms is None else load_ms / 1000,
    }
    result = {
        "model_instance_id": model,
        "output": [{"type": kind, "content": text} for kind, text in parts if text],
        "stats": {key: value for key, value in stats.items() if value is not None},
    }
    if response_id is not None:
        result["response_id"] = response_id
    return sse_answer(
        lmstudio_event("chat.start", model_instance_id=model),
        *middle,
        *part("reasoning", reasoning),
        *part("message", content),
        lmstudio_event("chat.end", result=result),
    )


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _joined(texts: Iterable[Text]) -> str:
    return "".join(text for text in texts if isinstance(text, str))
