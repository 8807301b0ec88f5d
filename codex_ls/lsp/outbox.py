"""What is on its way to the client: messages in order, memory bounded, the event loop never blocked.

A client that stops reading must not stop the server: other turns go on, and their cancels work. So
`write` never waits. What the pipe takes at once is written at once by the event loop's own thread (a
hop to another thread costs 0.1 ms, and 4 ms while the loop is busy); the rest is queued. A producer
of many messages looks at `congested` and waits for `room` before it makes more: that pauses its turn,
and through it the model server.
"""

import asyncio
import contextlib
import os
import queue
import select
import threading
from collections.abc import Callable

HIGH_WATER_BYTES = 1024 * 1024
LOW_WATER_BYTES = 256 * 1024
GIVE_UP_BYTES = 256 * 1024 * 1024
"""A client that keeps asking and never reads is taken for dead when this much waits for it."""

_ATOMIC_BYTES = getattr(select, "PIPE_BUF", 512)
"""A pipe that polls as writable takes this much without blocking (POSIX: `write`, `PIPE_BUF`)."""


class PipeOutbox:
    """An `Outbox` on a file descriptor: standard output.

    The descriptor stays in blocking mode (its flags are shared with other processes). On POSIX `poll`
    tells when a small write can't block; whatever it does not take goes to a thread that may block.
    The thread is started when it is first needed, which for a client that reads is never.
    """

    def __init__(self, fd: int, *, on_broken: Callable[[], None]) -> None:
        self._fd = fd
        self._loop = asyncio.get_running_loop()
        self._on_broken = on_broken
        self._broken = False
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._thread: threading.Thread | None = None
        # Two counters with one writing thread each: no lock is needed to compare them.
        self._queued_bytes = 0
        self._written_bytes = 0
        self._room = asyncio.Event()
        self._drained = asyncio.Event()
        self._poll: Callable[[int], list[tuple[int, int]]] | None = None
        if hasattr(select, "poll"):
            poll = select.poll()
            poll.register(fd, select.POLLOUT)
            self._poll = poll.poll
            with contextlib.suppress(OSError):  # a regular file never breaks
                self._loop.add_reader(fd, self._notice_end)

    @property
    def waiting_bytes(self) -> int:
        """How much the client has not taken yet."""
        return self._queued_bytes - self._written_bytes

    @property
    def congested(self) -> bool:
        """True while more waits than a turn may add to."""
        return self.waiting_bytes > HIGH_WATER_BYTES and not self._broken

    def write(self, data: bytes) -> None:
        """Send `data` after all earlier ones. Never blocks, never raises."""
        if self._broken:
            return
        if self._poll is not None and not self.waiting_bytes:
            try:
                data = self._write_now(data)
            except OSError:
                self._break()
                return
            if not data:
                return
        if self.waiting_bytes > GIVE_UP_BYTES:
            self._break()
            return
        if self._thread is None:
            self._thread = threading.Thread(target=self._drain, name="lsp-writer", daemon=True)
            self._thread.start()
        self._queued_bytes += len(data)
        self._queue.put(data)

    def _write_now(self, data: bytes) -> bytes:
        """Write what leaves without blocking; return the rest."""
        assert self._poll is not None
        sent = 0
        while sent < len(data) and self._poll(0):
            sent += os.write(self._fd, data[sent : sent + _ATOMIC_BYTES])
        return data[sent:]

    def _notice_end(self) -> None:
        """The client closed its end, perhaps: an idle server would not see it before it writes."""
        assert self._poll is not None
        self._loop.remove_reader(self._fd)
        if any(event & (select.POLLERR | select.POLLHUP) for _, event in self._poll(0)):
            self._break()

    async def room(self) -> None:
        """Wait until no longer congested, or until the client is gone."""
        while self.congested:
            self._room.clear()
            if (
                self.congested
            ):  # the thread may have made room before it could see the event cleared
                await self._room.wait()

    async def close(self, *, timeout_s: float = 0.0) -> None:
        """Give what is queued `timeout_s` to leave, then take no more."""
        if self._thread is not None:
            self._queue.put(None)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(timeout_s):
                    await self._drained.wait()
        self._broken = True
        self._room.set()
        if self._poll is not None:
            self._loop.remove_reader(self._fd)

    def _break(self) -> None:
        if not self._broken:
            self._broken = True
            self._room.set()
            self._on_broken()

    def _drain(self) -> None:
        """Write what is queued until None comes. Runs in its own thread."""
        try:
            while (data := self._queue.get()) is not None:
                frames = [data]
                last = False
                while not last and not self._queue.empty():
                    more = self._queue.get()
                    last = more is None
                    frames.append(more or b"")
                view = memoryview(b"".join(frames))
                while view:
                    written = os.write(self._fd, view[:HIGH_WATER_BYTES])
                    self._written_bytes += written
                    view = view[written:]
                    if self.waiting_bytes < LOW_WATER_BYTES:
                        self._tell(self._room.set)
                if last:
                    return
        except OSError:
            self._tell(self._break)
        finally:
            self._tell(self._drained.set)

    def _tell(self, call: Callable[[], None]) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: there is no waiter
            self._loop.call_soon_threadsafe(call)


class StreamOutbox:
    """An `Outbox` on an asyncio transport: a TCP connection."""

    def __init__(self, writer: asyncio.StreamWriter, *, on_broken: Callable[[], None]) -> None:
        self._writer = writer
        self._on_broken = on_broken
        writer.transport.set_write_buffer_limits(high=HIGH_WATER_BYTES, low=LOW_WATER_BYTES)

    @property
    def congested(self) -> bool:
        """True while more waits than a turn may add to."""
        transport = self._writer.transport
        return not transport.is_closing() and transport.get_write_buffer_size() > HIGH_WATER_BYTES

    def write(self, data: bytes) -> None:
        """Send `data` after all earlier ones. Never blocks, never raises."""
        if self._writer.transport.is_closing():
            return
        self._writer.write(data)
        if self._writer.transport.get_write_buffer_size() > GIVE_UP_BYTES:
            self._writer.transport.abort()
            self._on_broken()

    async def room(self) -> None:
        """Wait until no longer congested, or until the client is gone."""
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()

    async def close(self, *, timeout_s: float = 0.0) -> None:
        """Give what is queued `timeout_s` to leave, then take no more."""
        self._writer.close()
        try:
            async with asyncio.timeout(timeout_s):
                await self._writer.wait_closed()
        except (TimeoutError, ConnectionError):
            self._writer.transport.abort()
