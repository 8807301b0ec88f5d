"""The folder of kept threads: `$CODEX_HOME/codex-ls/threads/`, one file a thread.

A thread's id comes from a client and becomes a file's name, so only what looks like an id reaches the
disk. Reading needs no lock: files only grow, and a reader passes over a line that is not whole.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise, takewhile
from pathlib import Path
from typing import TYPE_CHECKING

from codex_ls.config.load import codex_home_from
from codex_ls.errors import CodexError, UnknownThread

if TYPE_CHECKING:  # only who reads a file needs it: a first question does not wait for it
    from codex_ls.turn.kept_thread import KeptThread

_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_-]{0,63}")
_SUFFIX = ".jsonl"
_MIN_PREFIX_CHARS = 4
_SHORT_ID_CHARS = 8
_MAX_HEAD_BYTES = 65_536


@dataclass(frozen=True, slots=True)
class ThreadSummary:
    """One line of the list of threads; `updated_at` is as in `2026-01-31T12:00:00.000Z`."""

    thread_id: str
    title: str
    updated_at: str
    profile: str | None
    turns: int
    """How many turns have any text."""
    short_id: str = ""
    """As much of the id as tells it from every other kept thread's."""
    folder: str | None = None
    """Where it began; None where nobody said so."""


def our_folder(env: Mapping[str, str]) -> Path | None:
    """`$CODEX_HOME/codex-ls`, where this program keeps what it writes.

    None where there is no home at all, or `CODEX_HOME` names a folder that does not exist: it is not
    made, since it may be a slip.
    """
    try:
        return codex_home_from(env) / "codex-ls"
    except CodexError:
        return None


class ThreadStore:
    """The kept threads of one user."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    @classmethod
    def of(cls, env: Mapping[str, str]) -> "ThreadStore | None":
        """The store of the user whose environment this is; None if there is no place for one."""
        folder = our_folder(env)
        return None if folder is None else cls(folder / "threads")

    def path(self, thread_id: str) -> Path | None:
        """The thread's file, there or not; None if that is no id."""
        return self._folder / f"{thread_id}{_SUFFIX}" if _ID.fullmatch(thread_id) else None

    def size(self, thread_id: str) -> int:
        """Bytes of the thread's file; 0 if there is none."""
        path = self.path(thread_id)
        try:
            return path.stat().st_size if path is not None else 0
        except OSError:
            return 0

    def read(self, thread_id: str) -> "KeptThread":
        """The whole thread. Raises UnknownThread."""
        from codex_ls.turn.kept_thread import thread_from

        return thread_from(thread_id, self._data(thread_id))

    def _outline(self, thread_id: str) -> "KeptThread":
        """The thread with the beginning of each text alone. Raises UnknownThread."""
        from codex_ls.turn.kept_thread import outline_from

        return outline_from(thread_id, self._data(thread_id))

    def turn_lines(self, thread_id: str) -> bytes:
        """The lines of the thread's turns, for a copy of it; empty if it is not on disk."""
        from codex_ls.turn.kept_thread import turn_lines

        return turn_lines(self._data(thread_id)) if self.size(thread_id) else b""

    def recent(
        self, *, limit: int | None = None, folder: str | None = None, search: str = ""
    ) -> tuple[ThreadSummary, ...]:
        """The threads in which anything was said, the one that was used last first.

        With `folder` only those that began there, and those of which nobody knows where; with `search`
        those whose questions and answers hold all of its words, in capitals or not.
        """
        words = search.casefold().split()
        ids = self._ids()
        short_ids = _short_ids(ids)
        found: list[ThreadSummary] = []
        for thread_id in ids:
            if limit is not None and len(found) >= limit:
                break
            try:
                if folder is not None and self._folder_of(thread_id) not in (None, folder):
                    continue
                if words and not self._holds(thread_id, words):
                    continue
                thread = self._outline(thread_id)
            except UnknownThread:
                continue  # it was removed just now
            said = [turn for turn in thread.turns if turn.has_text]
            if said:
                found.append(
                    ThreadSummary(
                        thread_id,
                        thread.title,
                        thread.updated_at,
                        said[-1].profile,
                        len(said),
                        short_ids[thread_id],
                        thread.folder,
                    )
                )
        return tuple(found)

    def latest(self, *, folder: str | None = None) -> str:
        """The id of the thread that was used last, of those that began in `folder`.

        Raises UnknownThread.
        """
        if found := self.recent(limit=1, folder=folder):
            return found[0].thread_id
        if elsewhere := self.recent(limit=1):
            raise UnknownThread(
                "No conversation was started in this folder.",
                hint=f"--last --all resumes the last one of all folders: {elsewhere[0].title}",
            )
        raise UnknownThread(
            "No conversation is saved yet.", hint='codex-ls exec "your question" starts one.'
        )

    def find(self, beginning: str) -> str:
        """The id of the one thread that begins so. Raises UnknownThread.

        At least four characters are wanted, so that a slip does not find something.
        """
        if self.size(beginning):
            return beginning
        is_long_enough = len(beginning) >= _MIN_PREFIX_CHARS
        ids = [known for known in self._ids() if is_long_enough and known.startswith(beginning)]
        if len(ids) > 1:
            raise UnknownThread(
                f"{len(ids)} threads begin with {beginning[:64]}.", hint="Write more of the id."
            )
        if not ids:
            raise _unknown(beginning, hint="codex-ls threads lists them.")
        return ids[0]

    def delete(self, thread_id: str) -> None:
        """Delete the thread's file. Raises UnknownThread."""
        path = self.path(thread_id)
        try:
            if path is not None:
                path.unlink()
                return
        except FileNotFoundError:
            pass
        except OSError as error:
            raise UnknownThread(
                f"The thread {thread_id} can't be deleted: {error.strerror}.", hint=f"{path}"
            ) from None
        raise _unknown(thread_id)

    def _holds(self, thread_id: str, words: Sequence[str]) -> bool:
        turns = self.read(thread_id).turns
        text = "\n".join(part for turn in turns for part in (turn.prompt, turn.content)).casefold()
        return all(word in text for word in words)

    def _data(self, thread_id: str) -> bytes:
        path = self.path(thread_id)
        try:
            if path is not None:
                return path.read_bytes()
        except FileNotFoundError:
            pass
        except OSError as error:
            raise UnknownThread(
                f"The thread {thread_id} can't be read: {error.strerror}.", hint=f"{path}"
            ) from None
        raise _unknown(thread_id)

    def _folder_of(self, thread_id: str) -> str | None:
        """Where the thread began: its first line tells, so that the rest need not be read."""
        from codex_ls.turn.kept_thread import folder_from

        path = self.path(thread_id)
        assert path is not None
        try:
            with path.open("rb") as file:
                return folder_from(file.readline(_MAX_HEAD_BYTES))
        except OSError:
            return None

    def _ids(self) -> list[str]:
        """Every thread's id, the one that was written last first."""
        written: list[tuple[int, str]] = []
        try:
            with os.scandir(self._folder) as entries:
                for entry in entries:
                    thread_id = entry.name.removesuffix(_SUFFIX)
                    if entry.name.endswith(_SUFFIX) and _ID.fullmatch(thread_id):
                        with suppress(OSError):  # it was removed just now, or leads nowhere
                            written.append((entry.stat().st_mtime_ns, thread_id))
        except OSError:
            pass  # none were kept, or nobody may look: nothing to list
        return [thread_id for _, thread_id in sorted(written, reverse=True)]


def _short_ids(ids: Iterable[str]) -> dict[str, str]:
    """For each id the shortest beginning, from eight characters on, that no other one has."""
    ordered = sorted(ids)
    shared = [0, *(_shared_chars(*pair) for pair in pairwise(ordered)), 0]
    short: dict[str, str] = {}
    for thread_id, before, behind in zip(ordered, shared[:-1], shared[1:], strict=False):
        chars = max(_SHORT_ID_CHARS, before + 1, behind + 1)
        short[thread_id] = thread_id[: chars + thread_id[:chars].endswith("-")]
    return short


def _shared_chars(one: str, other: str) -> int:
    same = takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False))
    return sum(1 for _ in same)


def _unknown(
    thread_id: str, *, hint: str = "codex-ls threads lists them; omit the id to start a new one."
) -> UnknownThread:
    return UnknownThread(f"There is no thread {thread_id[:64]}.", hint=hint)
