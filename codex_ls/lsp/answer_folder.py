"""Where the answers lie that an editor without a plugin is shown: one Markdown file each.

The folder is `$CODEX_HOME/codex-ls/answers/`, for its user alone, as the conversations are; and a
temporary one, gone with the server, for a user who keeps no history or has no such home. A file is
written once, whole, before anybody is told of it, and taken away when it is old. `latest.md` leads to
the last one: a path for a key of an editor that can't be asked to show a file.
"""

import contextlib
import os
import re
import stat
import time
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path

from codex_ls.turn.thread_store import our_folder

LATEST = "latest.md"
KEPT_DAYS = 7
KEPT_FILES = 200

_SUFFIX = ".md"
_OURS = re.compile(r"codex-[a-z]+-\d{8}-\d{6}-[0-9a-f]{6}\.md")
"""The names that `_write` makes: nothing else in the folder is ours to take away."""
_DAY_S = 24 * 60 * 60


class AnswerFolder:
    """Writes the answers of one connection."""

    def __init__(self, env: Mapping[str, str]) -> None:
        ours = our_folder(env)
        self._kept = None if ours is None else ours / "answers"
        self._passing: Path | None = None

    def write(self, name: str, text: str, *, keep: bool) -> Path:
        """Write a new file and return its path: to the temporary folder if it can't be kept.

        Blocks, and raises OSError.
        """
        if keep and self._kept is not None:
            with contextlib.suppress(OSError):
                return _write(self._kept, name, text)
        return _write(self._temporary(), name, text)

    def holds(self, path: Path | None) -> bool:
        """Whether a file is one of these; editors may name it by another way to its folder."""
        folders = (folder for folder in (self._kept, self._passing) if folder is not None)
        return path is not None and any(
            path.parent == folder or path.parent.resolve() == folder.resolve() for folder in folders
        )

    def close(self) -> None:
        """Take away what was not to be kept."""
        if self._passing is not None:
            import shutil

            shutil.rmtree(self._passing, ignore_errors=True)

    def _temporary(self) -> Path:
        if self._passing is None:
            import tempfile

            self._passing = Path(tempfile.mkdtemp(prefix="codex-ls-answers-"))
        return self._passing


def _write(folder: Path, name: str, text: str) -> Path:
    """Write a new file, of which its user alone knows, and return its path. Raises OSError."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    if not folder.is_symlink() and stat.S_IMODE(folder.stat().st_mode) != 0o700:
        folder.chmod(0o700)
    if not folder.is_symlink():
        _clean(folder)
    at = datetime.now().astimezone()
    path = folder / f"{name}-{at:%Y%m%d-%H%M%S}-{os.urandom(3).hex()}{_SUFFIX}"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
        file.write(text)
    _point(folder / LATEST, path)
    return path


def _point(link: Path, path: Path) -> None:
    """Let a link lead to a file in its folder; where there are no links there is none."""
    with contextlib.suppress(OSError):
        fresh = link.with_name(f".{path.stem}")
        fresh.symlink_to(path.name)
        fresh.replace(link)


def _clean(folder: Path) -> None:
    """Remove the files that are too old, and the oldest of too many."""
    with contextlib.suppress(OSError), os.scandir(folder) as entries:
        found = sorted(
            (
                (entry.stat(follow_symlinks=False).st_mtime, entry.path)
                for entry in entries
                if _OURS.fullmatch(entry.name) and entry.is_file(follow_symlinks=False)
            ),
            reverse=True,
        )
        oldest = time.time() - KEPT_DAYS * _DAY_S
        for number, (modified, path) in enumerate(found, 1):
            if modified < oldest or number >= KEPT_FILES:
                with contextlib.suppress(OSError):
                    Path(path).unlink(missing_ok=True)
