"""Ctrl-C and SIGTERM: the first one ends the turn in an orderly way, the second one the process.

Invariant: from `__enter__` to `__exit__` no signal shows a traceback, and each one has an effect at
once: it cancels the turn, breaks a write that nobody reads, or raises KeyboardInterrupt where no turn
has begun.
"""

import asyncio
import os
import signal
import time
from collections.abc import Callable
from types import FrameType, TracebackType
from typing import Any, Self

from codex_ls.cli.output import Output, WriteInterrupted


class Interrupts:
    """Takes over the signals that ask the process to stop. `exit_code` is set once one has come.

    A second one that comes within `patience_s` of the first changes nothing.
    """

    def __init__(self, *outputs: Output, patience_s: float = 0.0) -> None:
        self._outputs = outputs
        self._patience_s = patience_s
        self._first_at = 0.0
        self._before: dict[signal.Signals, Any] = {}
        self._cancel: Callable[[], None] | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self.exit_code: int | None = None
        """128 + the signal's number, as shells count: 130 for Ctrl-C, 143 for SIGTERM."""

    def __enter__(self) -> Self:
        for number in (signal.SIGINT, signal.SIGTERM):
            # A signal that is ignored stays so: `nohup`, and jobs that a script starts with `&`.
            if signal.getsignal(number) is not signal.SIG_IGN:
                self._before[number] = signal.signal(number, self._handle)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for number, handler in self._before.items():
            signal.signal(number, handler)

    def cancel_with(self, cancel: Callable[[], None] | None) -> None:
        """From now on a signal calls `cancel` in the running loop; None: it raises again."""
        self._cancel = cancel
        self._loop = asyncio.get_running_loop()

    def _handle(self, number: int, _frame: FrameType | None) -> None:
        if self.exit_code is not None:
            if time.monotonic() - self._first_at >= self._patience_s:
                os._exit(self.exit_code)
            return
        self.exit_code, self._first_at = 128 + number, time.monotonic()
        if self._cancel is None or self._loop is None:
            raise KeyboardInterrupt
        for output in self._outputs:
            output.hurry()
        self._loop.call_soon_threadsafe(self._cancel)
        if any(output.is_waiting for output in self._outputs):
            raise WriteInterrupted
