"""Waiting for a model server's first word, and telling meanwhile what it is doing.

The request is never delayed: polling begins after some silence, runs beside the wait, and stops when it
is over. Once bytes flow none of this is on the way of a delta.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from codex_ls.events import PhaseChanged
from codex_ls.providers.servers.signals import suppress_errors
from codex_ls.turn.interrupt import Interrupt

T = TypeVar("T")
Poll = Callable[[], Awaitable[PhaseChanged | None]]

_INTERVAL_S = 0.5


@dataclass(frozen=True, slots=True)
class Arrived(Generic[T]):
    """What was waited for is there."""

    value: T


class ProgressPoller:
    """Waits for one thing at a time, and looks at the server while it waits."""

    def __init__(
        self,
        interrupt: Interrupt,
        poll: Poll | None,
        *,
        patience_s: float = 0.25,
        interval_s: float = _INTERVAL_S,
    ) -> None:
        self._interrupt = interrupt
        self._poll = poll
        self._patience_s = patience_s
        self._interval_s = interval_s

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
        polling: asyncio.Future[PhaseChanged | None] | None = None
        pause_s = self._patience_s if self._poll is not None else None
        try:
            while not working.done():
                pending: set[asyncio.Future[Any]] = {working}
                if polling is not None:
                    pending.add(polling)
                timeout = pause_s if polling is None else None
                await self._interrupt.wait(_first_of(pending, timeout))
                if polling is not None and polling.done():
                    phase, polling = polling.result(), None
                    pause_s = self._interval_s
                    if phase is not None and not working.done():
                        yield phase
                elif polling is None and self._poll is not None and not working.done():
                    polling = asyncio.ensure_future(suppress_errors(self._poll))
            arrived = Arrived(working.result())
            dispose = None
            yield arrived
        finally:
            await _end(working, polling)
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
