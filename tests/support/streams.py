"""What the fake model server sends: answers made of exact pieces, and builders that read well.

An `Answer` is a status, headers and a body of `Piece`s. A piece of bytes goes out as one write (and
one HTTP chunk); the other pieces say what happens between two writes: a `Gate` holds the stream
until the test opens it, `Pause` waits, a `Cut` stalls, resets or closes the connection.

::

    gate = Gate("after the first word")
    answer = chat_stream(reasoning=["hm"], content=["4", gate, "2"], usage=(12, 3))
    assert answer.payload.endswith(b"data: [DONE]\\n\\n")
"""

import asyncio
import json
import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Literal

WAIT_SECONDS = 10.0
"""How long a test waits for what should happen at once, before it fails."""

Json = Mapping[str, Any]
Framing = Literal["chunked", "length", "close", "raw"]


class Signal:
    """Something that happens once: set from any thread, awaited in any loop or blocked upon."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.at: float | None = None
        """`time.perf_counter()` of the moment it happened."""
        self._lock = threading.Lock()
        self._event = threading.Event()
        self._waiters: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def __bool__(self) -> bool:
        return self._event.is_set()

    def set(self) -> None:
        """It has happened; the second time changes nothing."""
        with self._lock:
            if self._event.is_set():
                return
            self.at = time.perf_counter()
            self._event.set()
            waiters, self._waiters = self._waiters, []
        for loop, future in waiters:
            if not loop.is_closed():
                loop.call_soon_threadsafe(_resolve, future)

    async def wait(self, seconds: float | None = WAIT_SECONDS) -> None:
        """Return once it has happened; `TimeoutError` after so many seconds."""
        loop = asyncio.get_running_loop()
        with self._lock:
            if self._event.is_set():
                return
            future: asyncio.Future[None] = loop.create_future()
            self._waiters.append((loop, future))
        try:
            async with asyncio.timeout(seconds):
                await future
        except TimeoutError:
            raise TimeoutError(f"{self.what}: not within {seconds} s") from None

    def wait_blocking(self, seconds: float | None = WAIT_SECONDS) -> None:
        """The same for a thread that has no event loop."""
        if not self._event.wait(seconds):
            raise TimeoutError(f"{self.what}: not within {seconds} s")


def _resolve(future: asyncio.Future[None]) -> None:
    if not future.done():
        future.set_result(None)


class Gate:
    """A place in a stream where the server waits until the test opens it.

    `await gate.reached.wait()` returns when everything before the gate was sent; `gate.open()` lets
    the stream go on. Both work from any thread (`gate.reached.wait_blocking()`).
    """

    def __init__(self, name: str = "gate") -> None:
        self.name = name
        self.reached = Signal(f"the stream reaches gate {name!r}")
        self.opened = Signal(f"gate {name!r} opens")

    def open(self) -> None:
        """Let the stream go on; once open it stays open."""
        self.opened.set()


@dataclass(frozen=True, slots=True)
class Pause:
    """Wait this long between two writes (for demonstrations; tests use gates)."""

    seconds: float


class Cut(Enum):
    """What a server does instead of going on."""

    STALL = "stall"
    """Send nothing more, and keep the connection open until the client hangs up."""
    RESET = "reset"
    """Send what was written, then a TCP reset."""
    CLOSE = "close"
    """Close the connection in an orderly way, in the middle of the body."""
    HALF_CLOSE = "half_close"
    """Shut down the sending side only; the connection closes when the client hangs up."""


Piece = bytes | Gate | Pause | Cut
Text = str | Gate | Pause | Cut
"""A delta, or what happens between two deltas."""


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP response, byte for byte.

    `before` is played before the status line (to hold or cut a connection that has sent nothing).
    `framing` is how the body's end is told: `chunked`, `length` (Content-Length), `close` (the end
    of the connection), or `raw`: the body is everything, status line included. `content_length`
    tells a length other than the true one.
    """

    body: tuple[Piece, ...] = ()
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    framing: Framing = "chunked"
    before: tuple[Piece, ...] = ()
    content_length: int | None = None

    @property
    def payload(self) -> bytes:
        """The bytes of the body, without what happens between them."""
        return b"".join(piece for piece in self.body if isinstance(piece, bytes))

    @property
    def gates(self) -> tuple[Gate, ...]:
        """Every gate, in order."""
        return tuple(piece for piece in (*self.before, *self.body) if isinstance(piece, Gate))

    def at_once(self) -> "Answer":
        """The same with neighbouring bytes in one write: for streams of many thousand deltas."""
        body: list[Piece] = []
        run: list[bytes] = []
        for piece in self.body:
            if isinstance(piece, bytes):
                run.append(piece)
                continue
            body += [b"".join(run)] if run else []
            body.append(piece)
            run = []
        body += [b"".join(run)] if run else []
        return replace(self, body=tuple(body))

    def split(self, size: int) -> "Answer":
        """The same with every write cut into pieces of at most `size` bytes."""
        body: list[Piece] = []
        for piece in self.body:
            if isinstance(piece, bytes):
                body += [piece[at : at + size] for at in range(0, len(piece), size)]
            else:
                body.append(piece)
        return replace(self, body=tuple(body))

    def held(self, *pieces: Piece) -> "Answer":
        """The same, with `pieces` played before the status line."""
        return replace(self, before=(*self.before, *pieces))


def sse_answer(*pieces: Piece, status: int = 200) -> Answer:
    """An event stream of exactly these pieces."""
    return Answer(body=pieces, status=status, headers={"Content-Type": "text/event-stream"})


def json_answer(value: object, *, status: int = 200, headers: Json | None = None) -> Answer:
    """A JSON body with a Content-Length."""
    return Answer(
        body=(json.dumps(value, ensure_ascii=False).encode(),),
        status=status,
        headers={"Content-Type": "application/json", **(headers or {})},
        framing="length",
    )


def error_answer(
    status: int, message: str, *, kind: str = "invalid_request_error", headers: Json | None = None
) -> Answer:
    """A refusal in the usual shape, `{"error": {"message", "type", "code"}}`; `kind` is `type`."""
    error = {"error": {"message": message, "type": kind, "code": status}}
    return json_answer(error, status=status, headers=headers)


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


def models_answer(*names: str) -> Answer:
    """The list that `GET /v1/models` gives."""
    data = [{"id": name, "object": "model", "owned_by": "test"} for name in names]
    return json_answer({"object": "list", "data": data})


def _compact(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))


def _joined(texts: Iterable[Text]) -> str:
    return "".join(text for text in texts if isinstance(text, str))
