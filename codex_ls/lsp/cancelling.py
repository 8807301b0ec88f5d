"""What it means here that a task is cancelled.

The first time is the client's wish: whoever runs the task ends it in its own way, and answers. A second
time the connection is over, and everything stops at once.
"""

import asyncio
from collections.abc import Awaitable
from typing import Any, TypeVar

T = TypeVar("T")


def cancel_once(task: "asyncio.Task[Any]") -> None:
    """Cancel a task that was not cancelled yet: a second time would break off what ends it."""
    if not task.done() and not task.cancelling():
        task.cancel()


def is_cancelled() -> bool:
    """Whether the client has cancelled what runs here."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 0


def is_broken_off() -> bool:
    """Whether what runs here must stop at once: the connection is over."""
    task = asyncio.current_task()
    return task is not None and task.cancelling() > 1


async def to_its_end(awaitable: Awaitable[T]) -> T:
    """Return what `awaitable` gives, although the client cancels meanwhile."""
    work = asyncio.ensure_future(awaitable)
    try:
        return await asyncio.shield(work)
    except asyncio.CancelledError:
        if is_broken_off():
            work.cancel()
            raise
        return await work
