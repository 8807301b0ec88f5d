"""Work that can wait until a client asks for nothing: editors start their server before it is needed."""

import asyncio
from collections.abc import Callable, Iterable
from typing import Any

_IDLE_S = 0.05


async def run_when_idle(
    steps: Iterable[Callable[[], object]],
    *,
    running: Callable[[], "set[asyncio.Task[Any]]"],
    idle_s: float = _IDLE_S,
) -> None:
    """Run the steps in order, each `idle_s` after the one before, and none while a task is running."""
    for step in steps:
        await asyncio.sleep(idle_s)
        while tasks := running():
            await asyncio.wait(tasks)
            await asyncio.sleep(idle_s)
        step()
