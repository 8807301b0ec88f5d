"""How a pull looks: one line that moves on a terminal, a few plain lines elsewhere.

The bar shows bytes, percent, speed and time left. The speed is that of the last seconds, and counts only
what came in this pull.
"""

import shutil
import time
from collections import deque
from collections.abc import Callable
from typing import TextIO

from codex_ls.embedded.pull import PullProgress

_REPAINT_S = 0.1
_SPEED_WINDOW_S = 5.0
_PLAIN_STEP = 0.1
_BLOCKS = ("█", "░")
_ASCII_BLOCKS = ("#", "-")


class ProgressView:
    """Shows a pull's progress on `out`; call it with each `PullProgress`, then `close`."""

    def __init__(self, out: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._out = out
        self._clock = clock
        self._moves = out.isatty()
        self._blocks = _BLOCKS if _can_write(out, "".join(_BLOCKS)) else _ASCII_BLOCKS
        self._samples: deque[tuple[float, int]] = deque()
        self._painted_at = float("-inf")
        self._told_step = -1
        self._told: tuple[str, str] = ("", "")
        self._is_open = False

    def __call__(self, progress: PullProgress) -> None:
        """Show that."""
        if (progress.stage, progress.source) != self._told:
            self._told = (progress.stage, progress.source)
            self._announce(progress)
        match progress.stage:
            case "fetching":
                self._fetching(progress)
            case "checking" if self._moves:
                self._paint(f"Checking {self._bar(progress)} {_percent(progress)}", progress)
            case _:
                pass

    def close(self) -> None:
        """End the line that moves."""
        if self._is_open:
            self._out.write("\n")
            self._out.flush()
            self._is_open = False

    def _announce(self, progress: PullProgress) -> None:
        """A line for each new stage."""
        self._samples.clear()
        self._told_step = -1
        if progress.problem:
            self._line(progress.problem)
        match progress.stage:
            case "waiting":
                self._line("Another pull of this model is running. Waiting for it.")
            case "connecting":
                kept = progress.done_bytes
                goes_on = f", resuming after {_mb(kept)} MB" if kept else ""
                self._line(f"Fetching from {progress.source}{goes_on}")
            case "checking" if not self._moves:
                self._line("Checking the checksum")
            case _:
                pass

    def _fetching(self, progress: PullProgress) -> None:
        now = self._clock()
        self._samples.append((now, progress.done_bytes))
        while now - self._samples[0][0] > _SPEED_WINDOW_S:
            self._samples.popleft()
        if self._moves:
            figures = f"{_mb(progress.done_bytes)} of {_mb(progress.total_bytes)} MB"
            line = f"{self._bar(progress)} {_percent(progress)}  {figures}{self._speed(progress)}"
            self._paint(line, progress)
            return
        step = int(progress.done_bytes / progress.total_bytes / _PLAIN_STEP)
        if step > self._told_step:
            self._told_step = step
            done, total = _mb(progress.done_bytes), _mb(progress.total_bytes)
            self._line(f"{done} of {total} MB{self._speed(progress)}")

    def _speed(self, progress: PullProgress) -> str:
        (since, before), (now, done) = self._samples[0], self._samples[-1]
        if now - since < 1 or done == before:
            return ""
        rate = (done - before) / (now - since)
        left_s = round((progress.total_bytes - done) / rate)
        left = f"  {left_s // 60}:{left_s % 60:02} left" if done < progress.total_bytes else ""
        return f"  {rate / 1e6:.1f} MB/s{left}"

    def _bar(self, progress: PullProgress) -> str:
        width = max(8, min(30, shutil.get_terminal_size().columns - 50))
        full = width * progress.done_bytes // progress.total_bytes
        return self._blocks[0] * full + self._blocks[1] * (width - full)

    def _paint(self, line: str, progress: PullProgress) -> None:
        """Repaint the line that moves, a few times a second, and always when it is full."""
        now = self._clock()
        if now - self._painted_at < _REPAINT_S and progress.done_bytes < progress.total_bytes:
            return
        self._painted_at = now
        columns = shutil.get_terminal_size().columns
        self._out.write(f"\r{line[: columns - 1]}\x1b[K")
        self._out.flush()
        self._is_open = True

    def _line(self, text: str) -> None:
        self.close()
        self._out.write(f"{text}\n")
        self._out.flush()


def _mb(count: int) -> str:
    return f"{count / 1e6:,.0f}"


def _percent(progress: PullProgress) -> str:
    return f"{100 * progress.done_bytes // progress.total_bytes:3}%"


def _can_write(out: TextIO, text: str) -> bool:
    try:
        text.encode(out.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
