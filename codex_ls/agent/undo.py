"""The files of a turn as they were before it, kept until somebody wants them back.

A folder per turn, below the user's own data: `manifest.jsonl` with one line per change, written before
the change is made, and a file with the old bytes. A file is put back only if it is as the turn left it.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from codex_ls.agent.workspace import Change, ToolError, Unsaved, Workspace, nothing_unsaved
from codex_ls.agent.write_intents import WriteIntents
from codex_ls.errors import InvalidParams
from codex_ls.sandbox.policy import Policy
from codex_ls.sanitize import sanitize

_KEPT_TURNS: Final = 50
_MANIFEST: Final = "manifest.jsonl"
_ID = re.compile(r"[\w-]{1,100}")


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of the files of a turn."""

    restored: tuple[Path, ...]
    changed_since: tuple[Path, ...]
    """Left alone: somebody has changed them."""


@dataclass(frozen=True, slots=True)
class ChangedFile:
    """A file that a turn changed: `change` goes from before the turn to what the file is now."""

    workspace: Path
    change: Change
    is_changed_since: bool
    """Whether somebody else has changed it: it is not put back."""


class UndoStore:
    """Old bytes of every turn that wrote, oldest turns removed first."""

    def __init__(self, folder: Path, intents: WriteIntents | None = None) -> None:
        """`intents` records the temporary files of undoing."""
        self._folder = folder
        self._intents = intents

    def keep(self, turn_id: str, workspace: Path, change: Change) -> None:
        """Keep a file as it is before a change. Raises OSError: without it nothing is written."""
        folder = self._of(turn_id)
        if not folder.is_dir():
            folder.mkdir(mode=0o700, parents=True)
            self._prune()
        name = ""
        if change.before is not None:
            name = hashlib.blake2b(change.before, digest_size=16).hexdigest()
            _write_whole(folder / name, change.before)
        line = {
            "workspace": str(workspace),
            "path": str(change.path),
            "before": name or None,
            "after": None if change.after is None else _digest(change.after),
        }
        with (folder / _MANIFEST).open("a", encoding="utf-8") as manifest:
            manifest.write(json.dumps(line) + "\n")
            manifest.flush()
            os.fsync(manifest.fileno())

    def last_turn(self, workspace: Path) -> str | None:
        """Return the turn that wrote in a workspace last; None if none did, or all are undone."""
        turns = sorted(self._turns(), key=lambda turn: turn.stat().st_mtime_ns, reverse=True)
        for turn in turns:
            if any(entry["workspace"] == str(workspace) for entry in _entries(turn)):
                return turn.name
        return None

    def undo(
        self,
        turn_id: str,
        *,
        only: Collection[Path] | None = None,
        unsaved: Unsaved = nothing_unsaved,
    ) -> Undone:
        """Put the files that a turn changed back, or `only` some of them, the last one first.

        A file with unsaved changes in an editor counts as changed since. It may be repeated, also for a
        turn or an undo that was killed halfway. Raises InvalidParams.
        """
        folder = self._of(turn_id)
        entries = [
            entry for entry in _entries(folder) if only is None or Path(entry["path"]) in only
        ]
        if not entries:
            what = "" if only is None else "in these files "
            raise InvalidParams(
                f"There is nothing to undo {what}for the turn {turn_id}.",
                hint="Only files that a turn wrote itself can be put back, and only once.",
            )
        self._files(entries[0]).remove_abandoned()
        restored: list[Path] = []
        changed: list[Path] = []
        for path in dict.fromkeys(Path(entry["path"]) for entry in reversed(entries)):
            steps = [entry for entry in entries if entry["path"] == str(path)]
            is_restored = unsaved(path) is None and self._revert(folder, path, steps)
            (restored if is_restored else changed).append(path)
        self._forget(folder, restored)
        return Undone(tuple(restored), tuple(changed))

    def _revert(self, folder: Path, path: Path, steps: Sequence[Mapping[str, str]]) -> bool:
        """Put one file back; return whether it is as it was before the turn.

        The file may be as any step left it: later steps were not made, or are undone already. Where
        somebody else changed it between two steps, it is put back to that change.
        """
        if os.path.realpath(path) != str(path):
            return False  # checked when it was written; it must not lead elsewhere today
        files = self._files(steps[0])
        oldest = len(steps) - 1
        while oldest and steps[oldest - 1]["after"] == steps[oldest]["before"]:
            oldest -= 1
        target = steps[oldest]
        try:
            now = files.read(path)
            digest = None if now is None else _digest(now)
            if digest not in {target["before"], *(step["after"] for step in steps[oldest:])}:
                return False
            if digest != target["before"]:
                files.apply(Change(path, now, _before(folder, target)))
        except ToolError:
            return False
        return oldest == 0

    def undo_last(self, workspace: Path, turn_id: str | None = None) -> tuple[str, bool]:
        """Undo a turn, by default the last one that changed files in a workspace.

        Returns a line for each file, and whether all of them were restored. Raises InvalidParams.
        """
        undone = self.undo(turn_id or self._last_or_raise(workspace))
        lines = [f"restored {_shown(path, workspace)}\n" for path in undone.restored]
        lines += [
            f"left alone {_shown(path, workspace)}: it was changed since\n"
            for path in undone.changed_since
        ]
        return "".join(lines), not undone.changed_since

    def diff_last(self, workspace: Path, turn_id: str | None = None) -> str:
        """Return what that turn changed, as `diff` does. Raises InvalidParams."""
        return self.diff(turn_id or self._last_or_raise(workspace))

    def changes(
        self, turn_id: str, *, unsaved: Unsaved = nothing_unsaved
    ) -> tuple[ChangedFile, ...]:
        """Return what a turn changed and nobody has undone, as far as it can still be read.

        Raises InvalidParams.
        """
        folder = self._of(turn_id)
        entries = _entries(folder)
        if not entries:
            raise InvalidParams(f"No changes of the turn {turn_id} are recorded.")
        oldest = {entry["path"]: entry for entry in reversed(entries)}
        newest = {entry["path"]: entry for entry in entries}
        found = []
        for name in newest:
            path, first = Path(name), oldest[name]
            try:
                now = self._files(first).read(path)
            except ToolError:
                continue
            change = Change(path, _before(folder, first), now)
            digest = None if now is None else _digest(now)
            is_changed = digest != newest[name]["after"] or unsaved(path) is not None
            if change.before != now:
                found.append(ChangedFile(Path(first["workspace"]), change, is_changed))
        return tuple(found)

    def diff(self, turn_id: str) -> str:
        """Return `changes` as one unified diff. Raises InvalidParams."""
        parts = (file.change.diff(file.workspace) for file in self.changes(turn_id))
        return "".join(f"{part}\n" for part in parts if part)

    def _forget(self, folder: Path, paths: Iterable[Path]) -> None:
        """Note that files are as they were: there is nothing to undo in them any more."""
        with (folder / _MANIFEST).open("a", encoding="utf-8") as manifest:
            manifest.writelines(json.dumps({"undone": str(path)}) + "\n" for path in paths)
        if not _entries(folder):
            _remove(folder)

    def _files(self, entry: Mapping[str, str]) -> Workspace:
        policy = Policy("danger-full-access", Path(entry["workspace"]))
        return Workspace(policy, intents=self._intents)

    def _last_or_raise(self, workspace: Path) -> str:
        turn_id = self.last_turn(workspace)
        if turn_id is None:
            raise InvalidParams(
                f"No model has changed anything in {workspace} that could be undone.",
                hint="Changes made by commands are not recorded; use Git for those.",
            )
        return turn_id

    def _of(self, turn_id: str) -> Path:
        if not _ID.fullmatch(turn_id):
            raise InvalidParams(f"{turn_id!r} is not the id of a turn.")
        return self._folder / turn_id

    def _turns(self) -> list[Path]:
        with suppress(OSError):
            return [entry for entry in self._folder.iterdir() if entry.is_dir()]
        return []

    def _prune(self) -> None:
        turns = sorted(self._turns(), key=lambda turn: turn.stat().st_mtime_ns)
        for turn in turns[:-_KEPT_TURNS]:
            _remove(turn)


def _entries(folder: Path) -> list[dict[str, str]]:
    """Return the changes that are not undone, the oldest first."""
    entries: list[dict[str, str]] = []
    with suppress(OSError, ValueError):
        for line in (folder / _MANIFEST).read_text(encoding="utf-8").splitlines():
            entry = json.loads(line)
            if "undone" in entry:
                entries = [known for known in entries if known["path"] != entry["undone"]]
            else:
                entries.append(entry)
    return entries


def _before(folder: Path, entry: Mapping[str, str]) -> bytes | None:
    return (folder / entry["before"]).read_bytes() if entry["before"] else None


def _remove(folder: Path) -> None:
    with suppress(OSError):  # first: what it names may be gone already
        (folder / _MANIFEST).unlink()
    shutil.rmtree(folder, ignore_errors=True)


def _shown(path: Path, workspace: Path) -> str:
    return sanitize(str(path.relative_to(workspace) if path.is_relative_to(workspace) else path))


def _write_whole(path: Path, data: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | getattr(os, "O_BINARY", 0), 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _digest(data: bytes) -> str:
    return hashlib.blake2b(data, digest_size=16).hexdigest()
