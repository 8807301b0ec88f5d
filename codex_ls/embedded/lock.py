"""One pull of a model at a time, on this machine, whatever process it runs in.

The operating system holds the lock, so a killed process leaves none behind. The lock's file is removed
by whoever held it last.
"""

import asyncio
import os
import sys
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path

_POLL_S = 0.2

if sys.platform == "win32":
    import msvcrt

    def _try_lock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
else:
    import fcntl

    def _try_lock(descriptor: int) -> None:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


@asynccontextmanager
async def exclusive(path: Path, *, on_wait: Callable[[], None]) -> AsyncGenerator[None, None]:
    """Hold the lock of that name; `on_wait` is called once if another process has it.

    Raises OSError if the file can't be made.
    """
    descriptor = _acquire(path)
    if descriptor is None:
        on_wait()
    while descriptor is None:
        await asyncio.sleep(_POLL_S)
        descriptor = _acquire(path)
    try:
        yield
    finally:
        _release(path, descriptor)


def _release(path: Path, descriptor: int) -> None:
    with suppress(OSError):  # Windows does not remove what is open: it stays, empty
        path.unlink()
    os.close(descriptor)


def _acquire(path: Path) -> int | None:
    """The locked file's descriptor, or None while someone else holds it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        _try_lock(descriptor)
        # Its last holder may have removed it meanwhile: then this is a lock that nobody else sees.
        if os.path.samestat(os.fstat(descriptor), path.stat()):
            return descriptor
    except OSError:
        pass
    os.close(descriptor)
    return None
