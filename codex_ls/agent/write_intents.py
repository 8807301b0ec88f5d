"""Temporary files of atomic writes, recorded before they are created.

A process that is killed between creating a temporary file and renaming it leaves that file in the user's
folder. Its name is in a record in our own folder, so the next process removes it. The record is locked
while its writer lives, so that nobody removes the file of a write in progress.
"""

from __future__ import annotations

import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

if sys.platform != "win32":
    import fcntl


class WriteIntents:
    """Records in one folder, which is created when it is needed."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @contextmanager
    def recorded(self, temporary: Path) -> Iterator[None]:
        """Keep a record of a temporary file while the block runs. Raises OSError."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        record, descriptor = self._new_record()
        try:
            os.write(descriptor, os.fsencode(temporary))
            yield
        finally:
            if sys.platform == "win32":  # which does not remove an open file
                os.close(descriptor)
                record.unlink(missing_ok=True)
            else:
                record.unlink(missing_ok=True)
                os.close(descriptor)

    def abandoned(self) -> Iterator[Path]:
        """Yield the temporary files of writers that were killed; forget each once it was handled."""
        try:
            with os.scandir(self._folder) as entries:
                records = [Path(entry.path) for entry in entries]
        except OSError:
            return
        for record in records:
            with suppress(OSError):
                descriptor = os.open(record, os.O_RDWR)
                try:
                    if sys.platform != "win32":
                        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    name = os.fsdecode(os.read(descriptor, 65_536))
                    if sys.platform == "win32":
                        os.close(descriptor)
                        descriptor = -1
                        record.unlink()  # fails while the writer has it open
                    if name:
                        yield Path(name)
                    record.unlink(missing_ok=True)
                finally:
                    if descriptor >= 0:
                        os.close(descriptor)

    def _new_record(self) -> tuple[Path, int]:
        while True:
            record = self._folder / secrets.token_hex(8)
            descriptor = os.open(record, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
            if sys.platform == "win32":
                return record, descriptor
            fcntl.flock(descriptor, fcntl.LOCK_EX)
            # Another process may have found it before it was locked, empty, and removed it.
            with suppress(OSError):
                if os.path.samestat(os.fstat(descriptor), record.stat()):
                    return record, descriptor
            os.close(descriptor)
