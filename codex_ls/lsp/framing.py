"""Bytes to JSON-RPC messages and back: the `Content-Length` framing of LSP, without I/O.

A client's mistake costs that message and not the connection: `MessageReader` never raises. After
garbage or a wrong `Content-Length` it finds its place again at the next header. That is safe, because
JSON text can't hold a raw line break inside a string, so no document can smuggle in a header. Memory
is bounded by `MAX_BODY_BYTES`; every byte is looked at a constant number of times.

Only the standard library is imported here. pygls has a framing of its own, but is loaded with lsprotocol
for open documents alone, and `initialize` does not wait for that.
"""

import json
import re
from dataclasses import dataclass
from typing import Any

MAX_BODY_BYTES = 256 * 1024 * 1024
MAX_HEADER_BYTES = 8 * 1024

_HEADER_END = b"\r\n\r\n"
_LENGTH = re.compile(rb"content-length:[ \t]*(\d{1,15})[ \t]*\r\n", re.IGNORECASE)
_NAME = b"content-length:"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Something that was no message; `reason` is told to the client in a reply without an id."""

    reason: str


Incoming = Any
"""What `json.loads` makes of a body (an object, if the client is sane), or an `Unreadable`."""


class MessageReader:
    """Turns chunks of bytes, cut anywhere, into messages in order."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._body_bytes: int | None = None
        self._garbage = False
        self._searched = self._block_at = 0

    def feed(self, chunk: bytes) -> list[Incoming]:
        """Return the messages that `chunk` completed; an `Unreadable` where one was no JSON."""
        self._buffer += chunk
        messages: list[Incoming] = []
        while True:
            if self._body_bytes is None:
                self._body_bytes = self._next_header()
                if self._garbage:
                    self._garbage = False
                    messages.append(Unreadable("expected a Content-Length header"))
                if self._body_bytes is None:
                    return messages
            if len(self._buffer) < self._body_bytes:
                header_at = self._header_inside()
                if header_at is None:
                    return messages
                self._body_bytes = (
                    header_at  # what follows is another message: the length was wrong
                )
            body = bytes(self._buffer[: self._body_bytes])
            del self._buffer[: self._body_bytes]
            self._body_bytes = None
            self._searched = self._block_at = 0
            messages.append(self._decode(body))

    def _header_inside(self) -> int | None:
        """Where the next message's header begins, if it is here before this body's end."""
        buffer = self._buffer
        while (end := buffer.find(_HEADER_END, self._searched)) >= 0:
            found = _LENGTH.search(buffer, max(self._block_at, end - MAX_HEADER_BYTES), end + 2)
            self._searched = self._block_at = end + len(_HEADER_END)
            if found is not None:
                return found.start()
        self._searched = max(self._searched, len(buffer) - len(_HEADER_END) + 1)
        return None

    def _next_header(self) -> int | None:
        """Consume a header block, and whatever junk stands before it; None if it isn't whole yet."""
        buffer = self._buffer
        while True:
            end = buffer.find(_HEADER_END, 0, MAX_HEADER_BYTES)
            if end < 0:
                if len(buffer) > MAX_HEADER_BYTES:
                    self._skip_junk()
                    if len(buffer) > len(_NAME):
                        continue
                return None
            block = bytes(buffer[: end + 2])
            match = _LENGTH.search(block)
            del buffer[: end + len(_HEADER_END)]
            if match is None or int(match[1]) > MAX_BODY_BYTES:
                self._garbage = True
                continue
            if match.start() and not block[: match.start()].endswith(b"\r\n"):
                self._garbage = True
            return int(match[1])

    def _skip_junk(self) -> None:
        """Drop bytes that can't be a header: up to the next header's name, or nearly all of them."""
        self._garbage = True
        at = self._buffer.lower().find(_NAME, 1)
        del self._buffer[: at if at > 0 else len(self._buffer) - len(_NAME)]

    def _decode(self, body: bytes) -> Incoming:
        try:
            return load(body)
        except (ValueError, RecursionError) as error:
            if header := _LENGTH.search(body):
                return self._decode_overlong(body, header.start())
            return Unreadable(f"not JSON: {error}"[:200])

    def _decode_overlong(self, body: bytes, start_of_next: int) -> Incoming:
        """Give back what a too large Content-Length took from the message behind this one."""
        self._buffer[0:0] = body[start_of_next:]
        try:
            return load(body[:start_of_next])
        except (ValueError, RecursionError):
            return Unreadable("the Content-Length was wrong")


def load(body: bytes | str) -> Any:
    """Parse JSON; a number too long for Python becomes infinity, which no parameter accepts."""
    try:
        return json.loads(body)
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise
    except ValueError:  # an integer of more than 4,300 digits
        return json.loads(body, parse_int=float)


def encode(message: object) -> bytes:
    """Return `message` as one framed body in UTF-8."""
    text = json.dumps(message, ensure_ascii=False, separators=(",", ":"))
    try:
        body = text.encode()
    except UnicodeEncodeError:  # half a surrogate pair that the client sent: echo it as an escape
        text = json.dumps(message, separators=(",", ":"))
        body = text.encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)
