"""The file that a pull fills: it grows from its start, and its length is all there is to know.

Every source brings the same bytes in the same order, so whatever is there can be kept: a pull that was
killed goes on from its end, with the same source or another. What is wrong in it shows in the checksum.
"""

import asyncio
import hashlib
import os
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import IO, Self, TypeVar

T = TypeVar("T")

_HASH_STEP = 16 * 1024 * 1024


class PartFile:
    """A growing file; open it with `with`."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._file: IO[bytes]
        self.length = 0
        """Bytes so far."""

    def __enter__(self) -> Self:
        descriptor = os.open(self.path, os.O_RDWR | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o644)
        self._file = os.fdopen(descriptor, "r+b", buffering=0)
        self.length = self._file.seek(0, os.SEEK_END)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._file.close()

    def append(self, data: bytes) -> None:
        """Write at the end. Raises OSError."""
        view = memoryview(data)
        while view:
            written = self._file.write(view)
            self.length += written
            view = view[written:]

    def clear(self) -> None:
        """Begin again."""
        self._file.seek(0)
        self._file.truncate()
        self.length = 0

    async def sync(self) -> None:
        """Have it on the disk before it gets its name."""
        await in_thread(lambda: os.fsync(self._file.fileno()))


async def checksum(path: Path, on_bytes: Callable[[int], None]) -> str:
    """A file's SHA-256 in hex; `on_bytes` is told how many bytes were read so far."""
    digest, done = hashlib.sha256(), 0
    with path.open("rb", buffering=0) as file:

        def step() -> int:
            data = file.read(_HASH_STEP)
            digest.update(data)
            return len(data)

        while count := await in_thread(step):
            done += count
            on_bytes(done)
    return digest.hexdigest()


async def in_thread(step: Callable[[], T]) -> T:
    """The result of a short `step` that ran beside the event loop.

    Cancelled, it still waits for the step that has begun: no thread writes behind anyone's back.
    """
    task = asyncio.ensure_future(asyncio.to_thread(step))
    try:
        return await asyncio.shield(task)
    except asyncio.CancelledError:
        await asyncio.wait([task])
        raise
