"""One client's connection on a socket: where its messages come from, and where those for it go."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable
from typing import Protocol

from codex_ls.lsp.framing import MessageReader
from codex_ls.lsp.inbox import Arrival
from codex_ls.lsp.outbox import Outbox, StreamOutbox

CHUNK_BYTES = 64 * 1024
HELLO_BYTES = 1024 * 1024
"""A stranger is not listened to for longer than this."""

_FIRST_BYTES = b"content-"


class Channel(Protocol):
    """What a listener needs of a transport."""

    @property
    def outbox(self) -> Outbox:
        """Where frames for the client go."""

    def arrivals(self, *, is_known: Callable[[], bool]) -> AsyncIterator[Arrival]:
        """Yield messages until the connection ends; `is_known` once the client has said hello."""

    async def keep_alive(self) -> None:
        """See to it that a dead client is noticed, until cancelled."""


class TcpChannel:
    """LSP's own framing on a TCP connection."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        on_broken: Callable[[], None],
    ) -> None:
        self._reader = reader
        self.outbox: Outbox = StreamOutbox(writer, on_broken=on_broken)

    async def arrivals(self, *, is_known: Callable[[], bool]) -> AsyncIterator[Arrival]:
        """Yield messages until the connection ends.

        What does not begin like a message (a web page that sends HTTP here) ends it at once.
        """
        messages = MessageReader()
        seen = b""
        received_bytes = 0
        with contextlib.suppress(ConnectionError):
            while chunk := await self._reader.read(CHUNK_BYTES):
                if len(seen) < len(_FIRST_BYTES):
                    seen = (seen + chunk[: len(_FIRST_BYTES)])[: len(_FIRST_BYTES)]
                    if not _FIRST_BYTES.startswith(seen.lower()):
                        return
                received_bytes += len(chunk)
                if received_bytes > HELLO_BYTES and not is_known():
                    return
                now = time.perf_counter()
                for message in messages.feed(chunk):
                    yield Arrival(message, now)

    async def keep_alive(self) -> None:
        """The peer of a loopback connection can't vanish without its end being seen."""
