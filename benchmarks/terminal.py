"""A program on a terminal, watched: when what it wrote became visible, and what it cost."""

import os
import pty
import select
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from benchmarks.machine import memory
from benchmarks.pieces import Chunk

LIMIT_S = 600.0


@dataclass(slots=True)
class Run:
    """One run of a program; times are CLOCK_MONOTONIC in seconds."""

    started_at: float
    chunks: list[Chunk] = field(default_factory=list)
    """What could be read from the terminal, and when."""
    ended_at: float = 0.0
    cpu_s: float = 0.0
    peak_bytes: int = 0
    """The most memory it held when something was read from it."""
    exit_code: int = 0

    @property
    def output(self) -> bytes:
        """All that was read."""
        return b"".join(data for _, data in self.chunks)


def run(command: Sequence[str], *, env: Mapping[str, str], folder: Path) -> Run:
    """Run a program with a terminal as its input and outputs until it ends."""
    ours, theirs = pty.openpty()
    watched = Run(started_at=time.monotonic())
    process = subprocess.Popen(
        command,
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=dict(env),
        cwd=folder,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        while time.monotonic() - watched.started_at < LIMIT_S:
            if not select.select([ours], [], [], 0.05)[0]:
                watched.peak_bytes = max(watched.peak_bytes, memory(process.pid, "VmHWM"))
                continue
            try:
                data = os.read(ours, 65536)
            except OSError:  # EIO: the last holder of the other side has closed it
                break
            watched.chunks.append((time.monotonic(), data))
            watched.peak_bytes = max(watched.peak_bytes, memory(process.pid, "VmHWM"))
        else:
            process.kill()
    finally:
        os.close(ours)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    watched.ended_at = time.monotonic()
    watched.cpu_s = usage.ru_utime + usage.ru_stime
    watched.exit_code = process.returncode
    return watched
