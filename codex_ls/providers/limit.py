"""A limit on each of many waits, one after the other, with one timer for all of them.

`asyncio.timeout` arms and disarms a timer for every wait. An answer is hundreds of waits, and behind a
pause of 20 ms, when nothing of it is in the processor's caches any more, that took a tenth of a word's
way to the screen (docs/performance.md).
"""

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

T = TypeVar("T")


class Limit:
    """Waits for one thing at a time. `close` it in the end."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._timer: asyncio.TimerHandle | None = None
        self._ends_at = 0.0  # in the loop's time
        self._waiting: asyncio.Task[object] | None = None
        self._has_passed = False

    async def wait(self, awaitable: Awaitable[T], limit_s: float | None) -> T:
        """What `awaitable` gives. Raises TimeoutError if it takes longer; None is no limit."""
        if limit_s is None:
            return await awaitable
        task = asyncio.current_task()
        assert task is not None
        cancelling = task.cancelling()
        self._ends_at = self._loop.time() + limit_s
        if self._timer is None or self._timer.when() > self._ends_at:
            self._arm()
        self._waiting = task
        try:
            return await awaitable
        except asyncio.CancelledError:
            if self._has_passed and task.uncancel() <= cancelling:
                raise TimeoutError from None
            raise
        finally:
            self._waiting = None
            self._has_passed = False

    def close(self) -> None:
        """Let go of the timer. Idempotent."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _arm(self) -> None:
        self.close()
        self._timer = self._loop.call_at(self._ends_at, self._look)

    def _look(self) -> None:
        """The limit of some wait has passed: perhaps of one that is long over."""
        self._timer = None
        if self._waiting is None:
            return
        if self._loop.time() < self._ends_at:
            self._arm()
            return
        self._has_passed = True
        self._waiting.cancel()
