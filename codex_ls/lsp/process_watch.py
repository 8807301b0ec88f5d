"""Notices the death of the client's process: a client that was killed sends no `exit`."""

import asyncio
import os
import sys

_POLL_S = 1.0


async def process_gone(process_id: int | None) -> None:
    """Return when the process is dead; never, if it can't be watched.

    One that is not there from the start is not dead but somewhere else: an editor outside of the
    container that the server runs in. On Windows the end of standard input has to do.
    """
    if process_id is not None and sys.platform != "win32" and _is_alive(process_id):
        if not await _pidfd_readable(process_id):
            while _is_alive(process_id):  # noqa: ASYNC110 - there is no event for it
                await asyncio.sleep(_POLL_S)
        return
    await asyncio.Event().wait()


def _is_alive(process_id: int) -> bool:
    try:
        os.kill(process_id, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


async def _pidfd_readable(process_id: int) -> bool:
    """Return true when the process has ended; false at once without `pidfd_open` (before Linux 5.3)."""
    try:
        fd = os.pidfd_open(process_id)
    except (AttributeError, OSError):
        return False
    loop = asyncio.get_running_loop()
    ended = asyncio.Event()
    loop.add_reader(fd, ended.set)
    try:
        await ended.wait()
    finally:
        loop.remove_reader(fd)
        os.close(fd)
    return True
