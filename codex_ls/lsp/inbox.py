"""Where messages come from: standard input, read on a thread of its own.

Reading a pipe without a thread works on no Windows and on no regular file; one thread that blocks in
`os.read` works everywhere. It also does the JSON parsing, and stamps each message with the time it
came, before anything can delay it. `sys.stdin` is not used: its lock, held by a thread that waits for
input, would make the interpreter's exit fail.
"""

import asyncio
import contextlib
import os
import threading
import time
from collections import deque
from dataclasses import dataclass

from codex_ls.lsp.framing import Incoming, MessageReader

_CHUNK_BYTES = 64 * 1024
_READ_AHEAD_BYTES = 256 * 1024
"""Parsed messages take ten times the memory of their bytes: no more wait than this makes."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message, and the `time.perf_counter()` of its last byte."""

    message: Incoming
    received_at: float


class PipeInbox:
    """An async iterator of `Arrival`s from a file descriptor, in order, until it ends."""

    def __init__(self, fd: int) -> None:
        self._fd = fd
        self._reader = MessageReader()
        self._loop = asyncio.get_running_loop()
        self._arrived: deque[tuple[list[Arrival], int] | None] = deque()
        self._wake = asyncio.Event()
        self._ahead_bytes = 0
        self._consumed = threading.Condition()
        self._ready: deque[Arrival] = deque()
        self._ended = False
        threading.Thread(target=self._read, name="lsp-reader", daemon=True).start()

    def __aiter__(self) -> "PipeInbox":
        return self

    async def __anext__(self) -> Arrival:
        while not self._ready:
            if self._ended:
                raise StopAsyncIteration
            while not self._arrived:
                self._wake.clear()
                await self._wake.wait()
            self._take()
        return self._ready.popleft()

    def _take(self) -> None:
        batch = self._arrived.popleft()
        if batch is None:
            self._ended = True
            return
        arrivals, size = batch
        self._ready.extend(arrivals)
        with self._consumed:
            self._ahead_bytes -= size
            self._consumed.notify()

    def _read(self) -> None:
        """Read until the end. Runs in its own thread."""
        with contextlib.suppress(OSError):
            size = 0
            while chunk := os.read(self._fd, _CHUNK_BYTES):
                size += len(chunk)
                messages = self._reader.feed(chunk)
                if not messages:
                    continue
                now = time.perf_counter()
                arrivals = [Arrival(message, now) for message in messages]
                with self._consumed:
                    self._consumed.wait_for(lambda: self._ahead_bytes < _READ_AHEAD_BYTES)
                    self._ahead_bytes += size
                self._deliver((arrivals, size))
                size = 0
        self._deliver(None)

    def _deliver(self, batch: tuple[list[Arrival], int] | None) -> None:
        self._arrived.append(batch)
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits
            self._loop.call_soon_threadsafe(self._wake.set)
