"""Waiting for a model server's first word, and telling meanwhile what it is doing.

The request is never delayed: looking begins after some silence, runs beside the wait, and stops when it
is over. Once bytes flow none of this is on the way of a delta.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from codex_ls.events import PhaseChanged
from codex_ls.providers.signals.quiet import quietly
from codex_ls.turn.interrupt import Interrupt

T = TypeVar("T")
Look = Callable[[], Awaitable[PhaseChanged | None]]

_NEXT_LOOK_S = 0.5


@dataclass(frozen=True, slots=True)
class Arrived(Generic[T]):
    """What was waited for is there."""

    value: T


class Lookout:
    """Waits for one thing at a time, and looks at the server while it waits."""

    def __init__(
        self,
        interrupt: Interrupt,
        look: Look | None,
        *,
        patience_s: float = 0.25,
        next_look_s: float = _NEXT_LOOK_S,
    ) -> None:
        self._interrupt = interrupt
        self._look = look
        self._patience_s = patience_s
        self._next_look_s = next_look_s

    async def until(
        self,
        work: Coroutine[Any, Any, T],
        *,
        dispose: Callable[[T], Awaitable[None]] | None = None,
    ) -> AsyncGenerator[PhaseChanged | Arrived[T], None]:
        """Phases while `work` runs, then `Arrived` with its value.

        Raises what `work` raises, or Interrupted; `work` is then over. A value that arrived in the
        very moment of the interruption reaches nobody: `dispose` gets it.
        """
        working = asyncio.ensure_future(work)
        looking: asyncio.Future[PhaseChanged | None] | None = None
        pause_s = self._patience_s if self._look is not None else None
        try:
            while not working.done():
                pending: set[asyncio.Future[Any]] = {working}
                if looking is not None:
                    pending.add(looking)
                timeout = pause_s if looking is None else None
                await self._interrupt.wait(_first_of(pending, timeout))
                if looking is not None and looking.done():
                    phase, looking = looking.result(), None
                    pause_s = self._next_look_s
                    if phase is not None and not working.done():
                        yield phase
                elif looking is None and self._look is not None and not working.done():
                    looking = asyncio.ensure_future(quietly(self._look))
            arrived = Arrived(working.result())
            dispose = None
            yield arrived
        finally:
            await _end(working, looking)
            if dispose is not None and not working.cancelled() and not working.exception():
                await dispose(working.result())


async def _first_of(pending: set[asyncio.Future[Any]], timeout_s: float | None) -> None:
    await asyncio.wait(pending, timeout=timeout_s, return_when=asyncio.FIRST_COMPLETED)


async def _end(*futures: asyncio.Future[Any] | None) -> None:
    """Stop what still runs, and wait until it has let go of its socket."""
    running = {future for future in futures if future is not None and not future.done()}
    for future in running:
        future.cancel()
    if running:
        await asyncio.wait(running)
