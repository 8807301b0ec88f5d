"""A command as a process: no input, no terminal, bounded output, a deadline, and nothing left behind."""

from __future__ import annotations

import asyncio
import codecs
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

MAX_KEPT: Final = 64 * 1024
"""Characters of output that are kept: the first half of them from its beginning, the rest its end."""
_READ = 64 * 1024
_GRACE_S = 0.1
"""How long the parent of the command's processes has to end them, before all are killed at once."""


@dataclass(frozen=True, slots=True)
class CommandResult:
    """How a command ended. `output` is standard output and error as they came, the middle cut out."""

    exit_code: int | None
    """None if it was ended at its deadline."""
    output: str
    output_chars: int
    """How many characters there were in all."""


class OutputTail:
    """Keeps the beginning and the end of a text that may have no end."""

    def __init__(self, limit: int = MAX_KEPT) -> None:
        self._half = limit // 2
        self._head = ""
        self._tail: list[str] = []
        self._tail_size = 0
        self.total = 0

    def add(self, text: str) -> None:
        """Take the next piece."""
        self.total += len(text)
        room = self._half - len(self._head)
        if room > 0:
            self._head += text[:room]
            text = text[room:]
        if text:
            self._tail.append(text)
            self._tail_size += len(text)
            if self._tail_size > 2 * self._half + _READ:
                joined = "".join(self._tail)[-self._half :]
                self._tail, self._tail_size = [joined], len(joined)

    @property
    def text(self) -> str:
        """What was kept, with a line in place of the rest."""
        tail = "".join(self._tail)[-self._half :]
        left_out = self.total - len(self._head) - len(tail)
        if left_out <= 0:
            return self._head + tail
        return f"{self._head}\n[... {left_out:,} characters left out ...]\n{tail}"


async def run_command(
    argv: Sequence[str],
    *,
    cwd: Path,
    env: Mapping[str, str],
    timeout_s: float,
    on_output: Callable[[str], None] | None = None,
    inherited: Sequence[int] = (),
) -> CommandResult:
    """Run a command to its end or its deadline. Raises OSError if it can't be started.

    Cancelling the task ends it, and every process that it started.
    """
    process = await asyncio.create_subprocess_exec(
        *argv,
        cwd=cwd,
        env=dict(env),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        start_new_session=True,
        pass_fds=inherited if sys.platform != "win32" else (),
    )
    kept = OutputTail()
    reading = asyncio.ensure_future(_read(process, kept, on_output))
    is_late = False
    try:
        async with asyncio.timeout(timeout_s):
            await process.wait()
    except TimeoutError:
        is_late = True
    finally:
        await _end(process)
        # What the command wrote is in the pipe; a process that escaped with its end is not waited for.
        with suppress(TimeoutError):
            await asyncio.wait_for(reading, timeout=_GRACE_S if is_late else 1.0)
        reading.cancel()
        await asyncio.gather(reading, return_exceptions=True)
        # A pipe that an escaped process still holds would stay open here.
        process._transport.close()  # type: ignore[attr-defined]  # noqa: SLF001
    code = None if is_late else process.returncode
    return CommandResult(code if code is None or code >= 0 else 128 - code, kept.text, kept.total)


async def _read(
    process: asyncio.subprocess.Process,
    kept: OutputTail,
    on_output: Callable[[str], None] | None,
) -> None:
    assert process.stdout is not None
    decoder = codecs.getincrementaldecoder("utf-8")("replace")
    while data := await process.stdout.read(_READ):
        text = decoder.decode(data)
        kept.add(text)
        if on_output is not None and text:
            on_output(text)


async def _end(process: asyncio.subprocess.Process) -> None:
    """End the command's whole tree; shielded, because it runs while a task is being cancelled."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            process.terminate()
        with suppress(TimeoutError):
            await asyncio.wait_for(process.wait(), timeout=_GRACE_S)
    if sys.platform == "win32":
        with suppress(ProcessLookupError):
            process.kill()
    else:
        # Its session's group: on macOS it is all that is known of what the command left behind.
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    await process.wait()
