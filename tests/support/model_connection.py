"""One connection of the fake model server: HTTP/1.1 read and written byte by byte, without help."""

import asyncio
import json
import socket
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from tests.support.answers import Answer, Cut, Pause, Piece
from tests.support.signals import Gate, Signal

_MODEL_PATHS = ("/chat/completions", "/responses", "/api/chat", "/api/v1/chat")


@dataclass(eq=False, slots=True)
class Connection:
    """One TCP connection of a client."""

    number: int
    opened_at: float
    hung_up: Signal = field(default_factory=lambda: Signal("the client hangs up"))
    """Set when the client closed or reset it, not when this server did."""


@dataclass(eq=False)
class Request:
    """One request as it arrived; `arrived_at` is `time.perf_counter()` after its last byte."""

    method: str
    target: str
    headers: dict[str, str]
    """Names in lower case."""
    body: bytes
    arrived_at: float
    connection: Connection
    answered: Signal = field(default_factory=lambda: Signal("the answer is sent whole"))

    @property
    def path(self) -> str:
        """The target without its query."""
        return urlsplit(self.target).path

    @property
    def query(self) -> dict[str, str]:
        """The query's last value for each name."""
        return dict(parse_qsl(urlsplit(self.target).query, keep_blank_values=True))

    @cached_property
    def json(self) -> Any:
        """The parsed body; None if there is none or it is not JSON."""
        try:
            return json.loads(self.body)
        except ValueError:
            return None

    @property
    def hung_up(self) -> Signal:
        """The moment the client closed this request's connection."""
        return self.connection.hung_up

    @property
    def is_turn(self) -> bool:
        """Whether it asks a model for an answer."""
        return self.method == "POST" and self.path.endswith(_MODEL_PATHS)


class Writer:
    """Writes pieces with the framing of one answer, each as it comes, and flushed."""

    def __init__(self, stream: asyncio.StreamWriter, connection: Connection) -> None:
        self._stream = stream
        self._connection = connection
        stream.transport.set_write_buffer_limits(high=1, low=0)  # 0 never resumes under TLS
        self.chunked = False

    async def write(self, data: bytes) -> None:
        """Put these bytes on the socket, and return when they are in the kernel's hands."""
        if not data:
            return
        if self.chunked:
            data = b"%x\r\n%s\r\n" % (len(data), data)
        self._stream.write(data)
        await self._stream.drain()

    async def play(self, pieces: Iterable[Piece]) -> bool:
        """Send the pieces; false if one of them ended the connection."""
        for piece in pieces:
            match piece:
                case bytes():
                    await self.write(piece)
                case Gate():
                    piece.reached.set()
                    await self._unless_gone(piece.opened)
                case Pause():
                    await asyncio.sleep(piece.seconds)
                case Cut():
                    await self._cut(piece)
                    return False
        return True

    async def _unless_gone(self, signal: Signal) -> None:
        waits = [asyncio.ensure_future(s.wait(None)) for s in (signal, self._connection.hung_up)]
        try:
            await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for wait in waits:
                wait.cancel()
        if not signal:
            raise ConnectionResetError("the client hung up while the stream was held")

    async def _cut(self, cut: Cut) -> None:
        match cut:
            case Cut.STALL:
                await self._connection.hung_up.wait(None)
            case Cut.HALF_CLOSE:
                self._stream.write_eof()
                await self._connection.hung_up.wait(None)
            case Cut.RESET:
                sock = self._stream.get_extra_info("socket")
                sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
                self._stream.transport.abort()
            case Cut.CLOSE:
                self._stream.close()


async def send(answer: Answer, request: Request, writer: Writer) -> bool:
    """Play one answer; true if another request may follow on this connection."""
    writer.chunked = False
    if not await writer.play(answer.before):
        return False
    if answer.framing != "raw":
        await writer.write(_head(answer))
        writer.chunked = answer.framing == "chunked"
    if not await writer.play(answer.body):
        return False
    if writer.chunked:
        writer.chunked = False
        await writer.write(b"0\r\n\r\n")
    request.answered.set()
    return answer.framing in ("chunked", "length") and answer.content_length is None


def _head(answer: Answer) -> bytes:
    headers = dict(answer.headers)
    match answer.framing:
        case "chunked":
            headers["Transfer-Encoding"] = "chunked"
        case "length":
            length = answer.content_length
            headers["Content-Length"] = str(len(answer.payload) if length is None else length)
        case _:
            headers["Connection"] = "close"
    lines = [f"{name}: {value}" for name, value in headers.items()]
    reason = HTTPStatus(answer.status).phrase
    return "\r\n".join([f"HTTP/1.1 {answer.status} {reason}", *lines, "", ""]).encode("latin-1")


async def read_request(reader: asyncio.StreamReader, connection: Connection) -> Request | None:
    """The next request, or None if the client closed the connection instead."""
    try:
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    request_line, *lines = head.removesuffix("\r\n\r\n").split("\r\n")
    method, target, _ = request_line.split(" ", 2)
    headers = {name.strip().lower(): value.strip() for name, _, value in _pairs(lines)}
    if headers.get("transfer-encoding", "").lower() == "chunked":
        body = await _read_chunked(reader)
    else:
        body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Request(method, target, headers, body, time.perf_counter(), connection)


def _pairs(lines: Iterable[str]) -> Iterable[tuple[str, str, str]]:
    return (line.partition(":") for line in lines)


async def _read_chunked(reader: asyncio.StreamReader) -> bytes:
    body = bytearray()
    while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
        body += await reader.readexactly(size)
        await reader.readexactly(2)
    while await reader.readuntil(b"\r\n") != b"\r\n":
        pass
    return bytes(body)
