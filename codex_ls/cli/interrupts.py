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

from codex_ls.cli import terminal_input
from codex_ls.cli.output import Output, WriteInterrupted

_TERMINATED = 128 + signal.SIGTERM


class Interrupts:
    """Takes over the signals that ask the process to stop. `exit_code` is set once one has come.

    A Ctrl-C that comes within `patience_s` of the first signal changes nothing. A SIGTERM so soon after
    a Ctrl-C is no second one: it cancels, too, and `exit_code` is its own.
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
        before, now = self.exit_code, time.monotonic()
        if before is not None:
            is_soon = now - self._first_at < self._patience_s
            if not is_soon or before == 128 + number == _TERMINATED:
                terminal_input.discard_rest()
                os._exit(before)
            if number == signal.SIGINT:
                return
        self.exit_code, self._first_at = 128 + number, now
        if self._cancel is None or self._loop is None:
            if before is None:
                raise KeyboardInterrupt
            return  # the turn is ending already
        for output in self._outputs:
            output.hurry()
        self._loop.call_soon_threadsafe(self._cancel)
        if any(output.is_waiting for output in self._outputs):
            raise WriteInterrupted
