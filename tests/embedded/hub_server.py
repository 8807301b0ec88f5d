"""A file server for pulls: one file, with ranges, that can hold back, break off or lie."""

import asyncio
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

_REASONS = {200: "OK", 206: "Partial Content", 302: "Found", 404: "Not Found"}


@dataclass(slots=True)
class Behaviour:
    """How one request is answered; the default is a file server as it should be."""

    ranges: bool = True
    break_after: int | None = None
    """Send that many bytes of the body, then close."""
    hold_after: int | None = None
    """Send that many bytes of the body, then nothing until the server closes."""
    status: int | None = None
    location: str | None = None
    total: int | None = None
    """The length that is claimed."""


@dataclass
class HubServer:
    """Serves `content` under every path; each request takes the next of `plan`, then the default."""

    content: bytes
    plan: list[Behaviour] = field(default_factory=list)
    ranges: list[str | None] = field(default_factory=list)
    """The `Range` header of each request."""
    headers: list[dict[str, str]] = field(default_factory=list)
    paths: list[str] = field(default_factory=list)
    serve: Callable[[str], bytes | None] | None = None
    """What stands under a path, where not everything is `content`; None is a 404."""

    def __post_init__(self) -> None:
        self.held = asyncio.Event()
        """Some answer is held back."""

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._client, "127.0.0.1", 0)
        self.port: int = self._server.sockets[0].getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}/model.gguf"
        self._clients: set[asyncio.Task[None]] = set()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._server.close()
        for task in tuple(self._clients):
            task.cancel()
        await asyncio.gather(*self._clients, return_exceptions=True)

    async def _client(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._clients.add(task)
        try:
            while head := await reader.readuntil(b"\r\n\r\n"):
                if not await self._answer(head.decode(), writer):
                    break
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            writer.transport.abort()
            self._clients.discard(task)

    async def _answer(self, head: str, writer: asyncio.StreamWriter) -> bool:
        """Answer one request; False if the connection is to be closed."""
        request, *lines = head.strip().split("\r\n")
        headers = {k.lower(): v for k, v in (line.split(": ", 1) for line in lines)}
        method, path, _ = request.split(" ")
        self.paths.append(path)
        self.headers.append(headers)
        self.ranges.append(headers.get("range"))
        how = self.plan.pop(0) if self.plan else Behaviour()
        content = self.content if self.serve is None else self.serve(path)
        if how.location or how.status or content is None:
            status = how.status or (302 if how.location else 404)
            place = f"Location: {how.location}\r\n" if how.location else ""
            writer.write(_head(status, f"{place}Content-Length: 0\r\n"))
            await writer.drain()
            return True
        start = _start_of(headers.get("range")) if how.ranges else 0
        total = how.total or len(content)
        body = content[start:]
        if headers.get("range") and how.ranges:
            fields = f"Content-Range: bytes {start}-{total - 1}/{total}\r\n"
            writer.write(_head(206, f"{fields}Content-Length: {total - start}\r\n"))
        else:
            writer.write(_head(200, f"Content-Length: {total}\r\n{_type_of(path)}"))
        if method == "HEAD":
            await writer.drain()
            return True
        stop = how.break_after if how.break_after is not None else how.hold_after
        writer.write(body[:stop])
        await writer.drain()
        if how.hold_after is not None:
            self.held.set()
            await asyncio.Event().wait()
        return how.break_after is None


def _head(status: int, fields: str) -> bytes:
    return f"HTTP/1.1 {status} {_REASONS.get(status, 'Answer')}\r\n{fields}\r\n".encode()


def _type_of(path: str) -> str:
    return "Content-Type: text/html\r\n" if path.endswith("/") else ""


def _start_of(header: str | None) -> int:
    match = re.fullmatch(r"bytes=(\d+)-", header or "")
    return int(match[1]) if match else 0
