"""One answer of the fake model server, byte for byte, and what happens between its bytes."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, Literal

from tests.support.signals import Gate

Json = Mapping[str, Any]
Framing = Literal["chunked", "length", "close", "raw"]


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


def models_answer(*names: str) -> Answer:
    """The list that `GET /v1/models` gives."""
    data = [{"id": name, "object": "model", "owned_by": "test"} for name in names]
    return json_answer({"object": "list", "data": data})
