"""One `codex/*` request on its way through the server: its id, its params, and how it is cancelled."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any, TypeVar

MessageId = str | int
T = TypeVar("T")


class Cancelled(Exception):
    """The client cancelled while `Request.wait` waited."""


class Request:
    """A request that runs as a task of ours.

    `received_at` is the `time.perf_counter()` of its last byte. The task itself is never cancelled by
    the client: `cancel` tells it, and it answers in its own way.
    """

    def __init__(
        self, message_id: MessageId, method: str, params: Any, *, received_at: float
    ) -> None:
        self.id = message_id
        self.method = method
        self.params = params
        self.received_at = received_at
        self._cancelled = asyncio.Event()
        self._on_cancel: list[Callable[[], None]] = []

    @property
    def cancelled(self) -> bool:
        """True once the client has cancelled."""
        return self._cancelled.is_set()

    def cancel(self) -> None:
        """Tell whoever runs this request that the client wants it to end. Idempotent."""
        if not self.cancelled:
            self._cancelled.set()
            for call in self._on_cancel:
                call()

    def on_cancel(self, call: Callable[[], None]) -> None:
        """Have `call` called on cancellation: at once, if that has already come."""
        self._on_cancel.append(call)
        if self.cancelled:
            call()

    async def wait(self, awaitable: Awaitable[T]) -> T:
        """Return what `awaitable` gives. Raises `Cancelled` as soon as the client cancels.

        The awaitable is then cancelled, and has come to its end.
        """
        waiting = asyncio.ensure_future(awaitable)
        stop = asyncio.ensure_future(self._cancelled.wait())
        try:
            await asyncio.wait((waiting, stop), return_when=asyncio.FIRST_COMPLETED)
            if not waiting.done():
                raise Cancelled
            return waiting.result()
        finally:
            stop.cancel()
            if not waiting.done():
                waiting.cancel()
                await asyncio.gather(waiting, return_exceptions=True)
