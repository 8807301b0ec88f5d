"""What tests wait for instead of sleeping: things that happen once, and gates that hold a stream."""

import asyncio
import threading
import time

WAIT_SECONDS = 10.0
"""How long a test waits for what should happen at once, before it fails."""


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
