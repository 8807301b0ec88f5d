"""A change of one of the user's configuration files, which is shown before it is written."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

Write = Callable[[Path, str], Path | None]
"""Puts a text in a file's place, and returns the backup of the old one."""


@dataclass(frozen=True, slots=True)
class Change:
    """One file, as it is and as it is to be."""

    path: Path
    before: str
    after: str
    write: Write
    why: str = ""
    """A sentence for below the diff."""
