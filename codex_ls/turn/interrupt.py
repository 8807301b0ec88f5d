"""Stopping a turn from outside, at whatever it waits for.

A turn's owner calls `request`; the turn does all its waiting through `wait`, where the request arrives
as `Interrupted`, whichever phase it is in. A real cancellation of the task stays what it is.
"""

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class Interrupted(Exception):
    """The turn was asked to stop."""


class Interrupt:
    """One turn's stop button."""

    def __init__(self) -> None:
        self.requested = False
        self._waiting: asyncio.Task[Any] | None = None

    def request(self) -> None:
        """Stop the turn: at once if it waits, else before it waits again. Idempotent."""
        if not self.requested:
            self.requested = True
            if self._waiting is not None:
                self._waiting.cancel()

    async def wait(self, awaitable: Coroutine[Any, Any, T]) -> T:
        """What `awaitable` gives. Raises Interrupted once the stop was requested."""
        if self.requested:
            awaitable.close()
            raise Interrupted
        task = asyncio.current_task()
        assert task is not None
        self._waiting = task
        try:
            return await awaitable
        except asyncio.CancelledError:
            if self.requested and task.uncancel() == 0:
                raise Interrupted from None
            raise
        finally:
            self._waiting = None
