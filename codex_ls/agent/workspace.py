"""Files that a model may read and write, reached through directory descriptors.

A path is resolved, held against the policy, and then opened component by component without following
a link: whatever is swapped meanwhile, nothing outside the allowed folders is reached. Where the system
has no directory descriptors (Windows), the resolved path is checked alone.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import secrets
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from codex_ls.agent.write_intents import WriteIntents
from codex_ls.sandbox.policy import Policy
from codex_ls.sanitize import sanitize

MAX_FILE_BYTES: Final = 8 * 1024 * 1024
_MAX_DIFF_BYTES: Final = 200_000
_HAS_DESCRIPTORS: Final = os.open in os.supports_dir_fd and hasattr(os, "O_NOFOLLOW")
_DIRECTORY: Final = getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_NOFOLLOW", 0)
_FILE: Final = (
    getattr(os, "O_NOFOLLOW", 0)
    | getattr(os, "O_NONBLOCK", 0)
    | getattr(os, "O_BINARY", 0)
    | getattr(os, "O_CLOEXEC", 0)
)


class ToolError(Exception):
    """A call could not be done as asked; the message is its result, for the model."""


@dataclass(frozen=True, slots=True)
class Change:
    """One file before and after; None where there is none."""

    path: Path
    before: bytes | None
    after: bytes | None

    @property
    def kind(self) -> Literal["add", "delete", "update"]:
        """`add`, `delete` or `update`, as Codex names them."""
        if self.before is None:
            return "add"
        return "delete" if self.after is None else "update"

    def diff(self, workspace: Path) -> str:
        """Return the change as a unified diff, safe to show; a sentence if it is large or no text."""
        before, after = self.before or b"", self.after or b""
        path = self.path
        name = path.relative_to(workspace) if path.is_relative_to(workspace) else path
        if len(before) + len(after) > _MAX_DIFF_BYTES:
            return sanitize(f"{name}: {len(before):,} bytes become {len(after):,}")
        try:
            old, new = before.decode().splitlines(), after.decode().splitlines()
        except UnicodeDecodeError:
            return sanitize(f"{name}: not text")
        lines = difflib.unified_diff(
            old,
            new,
            "/dev/null" if self.before is None else f"a/{name}",
            "/dev/null" if self.after is None else f"b/{name}",
            lineterm="",
        )
        return sanitize("\n".join(lines))


Unsaved = Callable[[Path], bytes | None]


def nothing_unsaved(_path: Path) -> None:
    """Return None: nothing is open in an editor."""


class Workspace:
    """Reads and writes within a policy. Every method raises ToolError."""

    def __init__(
        self,
        policy: Policy,
        *,
        unsaved: Unsaved | None = None,
        intents: WriteIntents | None = None,
    ) -> None:
        """`unsaved` gives the text of an unsaved file that is open in an editor; None for others.

        It may wait for the editor, so methods that use it (`writable`, `read_text`) run in threads.
        `intents` records temporary files, so that they are found if this process is killed.
        """
        self.policy = policy
        self._intents = intents
        self._unsaved = unsaved or nothing_unsaved
        self._seen: dict[Path, str] = {}
        """Digest of each file as the model knows it."""

    def resolve(self, text: str) -> Path:
        """Return the absolute path, all links followed, of a path that a model wrote."""
        if not text.strip() or "\0" in text:
            raise ToolError("path is empty or has a NUL character in it")
        return Path(os.path.realpath(self.policy.workspace / text))

    def shown(self, path: Path) -> str:
        """Return a resolved path as the model should write it."""
        if path.is_relative_to(self.policy.workspace):
            return path.relative_to(self.policy.workspace).as_posix() or "."
        return str(path)

    def readable(self, text: str) -> Path:
        """Return a path that may be read."""
        path = self.resolve(text)
        policy = self.policy
        if policy.is_hidden(path):
            raise ToolError(f"{text} holds keys and is never read")
        roots = (policy.workspace, *policy.writable_roots)
        if policy.is_sandboxed and not any(path.is_relative_to(root) for root in roots):
            raise ToolError(f"{text} is outside of the workspace {policy.workspace}")
        return path

    def writable(self, text: str) -> Path:
        """Return a path inside of the workspace or a root that is neither protected nor hidden.

        Whether the mode allows to write there at all is the approval table's question.
        """
        path = self.readable(text)
        if self.policy.is_sandboxed and _is_protected(path, self.policy):
            raise ToolError(f"{text} is protected (.git, .codex and .agents are read-only)")
        if self._unsaved(path) is not None:
            raise ToolError(f"{text} has unsaved changes in the editor: ask the user to save it")
        return path

    def read(self, path: Path) -> bytes | None:
        """Return a file's bytes; None if there is no file."""
        try:
            with self._parent(path) as parent:
                descriptor = _open(path, os.O_RDONLY | _FILE, parent)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _told(error, self.shown(path)) from error
        try:
            about = os.fstat(descriptor)
            if stat.S_ISDIR(about.st_mode):
                raise ToolError(f"{self.shown(path)} is a folder; use list_files")
            if not stat.S_ISREG(about.st_mode):
                raise ToolError(f"{self.shown(path)} is not a regular file")
            if about.st_size > MAX_FILE_BYTES:
                raise ToolError(
                    f"{self.shown(path)} has {about.st_size:,} bytes, too many to read; use search"
                )
            with os.fdopen(descriptor, "rb", closefd=False) as file:
                return file.read(MAX_FILE_BYTES + 1)
        finally:
            os.close(descriptor)

    def read_text(self, path: Path) -> str:
        """Return a file's text, line ends as they are, and remember it as known to the model."""
        data = self._unsaved(path)
        if data is None:
            data = self.read(path)
        if data is None:
            raise ToolError(f"{self.shown(path)} does not exist")
        self.note(path, data)
        return as_text(data, self.shown(path))

    def note(self, path: Path, data: bytes | None) -> None:
        """Remember what the model knows of a file."""
        self._seen[path] = _digest(data)

    def check_unchanged(self, path: Path, data: bytes | None) -> None:
        """Raise ToolError if the model knows another text of the file than it has."""
        known = self._seen.get(path)
        if known is not None and known != _digest(data):
            self._seen.pop(path)
            raise ToolError(f"{self.shown(path)} has changed since it was read: read it again")

    def apply(self, change: Change) -> None:
        """Write or delete one file, atomically; what it was before must be what it is now."""
        if self.read(change.path) != change.before:
            raise ToolError(f"{self.shown(change.path)} changed meanwhile: read it again")
        try:
            if change.after is None:
                with self._parent(change.path) as parent:
                    _unlink(change.path, parent)
            else:
                self._write(change.path, change.after)
        except OSError as error:
            raise _told(error, self.shown(change.path)) from error
        self.note(change.path, change.after)

    def remove_abandoned(self) -> None:
        """Remove the temporary files of processes that were killed while they wrote."""
        for temporary in self._intents.abandoned() if self._intents is not None else ():
            with suppress(OSError, ToolError), self._parent(temporary) as parent:
                _unlink(temporary, parent)

    def _write(self, path: Path, data: bytes) -> None:
        temporary = path.with_name(f".{path.name[:100]}.{secrets.token_hex(6)}.tmp")
        recorded = nullcontext() if self._intents is None else self._intents.recorded(temporary)
        with recorded, self._parent(path, make=True) as parent:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | _FILE
            mode = 0o666
            with suppress(OSError):
                mode = stat.S_IMODE(
                    os.stat(path.name, dir_fd=parent, follow_symlinks=False).st_mode
                    if parent is not None
                    else path.lstat().st_mode
                )
            descriptor = _open(temporary, flags, parent, mode)
            try:
                with os.fdopen(descriptor, "wb") as file:
                    file.write(data)
                    file.flush()
                    if mode != 0o666 and hasattr(os, "fchmod"):
                        os.fchmod(file.fileno(), mode)
                    os.fsync(file.fileno())
                if parent is None:
                    temporary.replace(path)
                else:
                    os.replace(temporary.name, path.name, src_dir_fd=parent, dst_dir_fd=parent)
            except BaseException:
                with suppress(OSError):
                    _unlink(temporary, parent)
                raise

    @contextmanager
    def _parent(self, path: Path, *, make: bool = False) -> Iterator[int | None]:
        """Open the folder of a resolved path without following a link; None where that can't be."""
        if not _HAS_DESCRIPTORS:
            if Path(os.path.realpath(path)) != path:
                raise ToolError(f"{path} leads somewhere else now")
            if make:
                path.parent.mkdir(parents=True, exist_ok=True)
            yield None
            return
        descriptor = os.open(path.anchor, os.O_RDONLY | _DIRECTORY)
        try:
            for part in path.parent.parts[1:]:
                try:
                    below = os.open(part, os.O_RDONLY | _DIRECTORY, dir_fd=descriptor)
                except FileNotFoundError:
                    if not make:
                        raise
                    with suppress(FileExistsError):
                        os.mkdir(part, dir_fd=descriptor)
                    below = os.open(part, os.O_RDONLY | _DIRECTORY, dir_fd=descriptor)
                os.close(descriptor)
                descriptor = below
            yield descriptor
        finally:
            os.close(descriptor)


def as_text(data: bytes, name: str) -> str:
    """Return the text of a file's bytes. Raises ToolError for a binary file."""
    if b"\0" in data[:8192]:
        raise ToolError(f"{name} is a binary file")
    try:
        return data.decode()
    except UnicodeDecodeError:
        raise ToolError(f"{name} is not UTF-8 text") from None


def _is_protected(path: Path, policy: Policy) -> bool:
    """Whether a path is protected in any mode: in read-only the workspace is no writable root."""
    if policy.is_protected(path):
        return True
    if not path.is_relative_to(policy.workspace):
        return False
    parts = {part.lower() for part in path.relative_to(policy.workspace).parts}
    return not parts.isdisjoint({".git", ".codex", ".agents"})


def _open(path: Path, flags: int, parent: int | None, mode: int = 0o777) -> int:
    if parent is None:
        return os.open(path, flags, mode)
    return os.open(path.name, flags, mode, dir_fd=parent)


def _unlink(path: Path, parent: int | None) -> None:
    if parent is None:
        path.unlink()
    else:
        os.unlink(path.name, dir_fd=parent)


def _digest(data: bytes | None) -> str:
    return "" if data is None else hashlib.blake2b(data, digest_size=16).hexdigest()


def _told(error: OSError, name: str) -> ToolError:
    return ToolError(f"{name}: {(error.strerror or str(error)).lower()}")
