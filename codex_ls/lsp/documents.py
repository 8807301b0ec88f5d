"""The text a question is about: positions in it, and reading it from the disk.

A document that is not open in the editor (`open_documents`) is read only if its real path lies inside a
workspace folder.
"""

import os
import re
import stat
from bisect import bisect_right
from collections.abc import Iterable
from pathlib import Path

from codex_ls.config.layer import shown
from codex_ls.errors import InvalidParams
from codex_ls.lsp.uris import local_path

MAX_FILE_BYTES = 16 * 1024 * 1024

_LINE_END = re.compile(r"\r\n|\n|\r")
_UNITS = {"utf-8": "utf-8", "utf-16": "utf-16-le"}


class Text:
    """A text with its line starts: LSP positions to offsets and line numbers."""

    def __init__(self, source: str, *, encoding: str) -> None:
        self.source = source
        self._encoding = encoding
        self._starts = [0, *(match.end() for match in _LINE_END.finditer(source))]

    def offset(self, line: int, character: int) -> int:
        """Return the index into `source`; past the end of a line or of the text is that end."""
        if line >= len(self._starts):
            return len(self.source)
        start = self._starts[line]
        if line + 1 == len(self._starts):
            content = self.source[start:]
        else:
            content = self.source[start : self._starts[line + 1]].rstrip("\r\n")
        return start + _code_points(content, character, self._encoding)

    def line_at(self, offset: int) -> int:
        """Return the 0-based line that holds `offset`."""
        return bisect_right(self._starts, offset) - 1

    def line_start(self, line: int) -> int:
        """Return the offset of a line's first character; past the last line, the end."""
        return self._starts[line] if line < len(self._starts) else len(self.source)

    @property
    def line_count(self) -> int:
        """How many lines there are; a final line break begins one more."""
        return len(self._starts)


def _code_points(line: str, units: int, encoding: str) -> int:
    """Return how many characters of `line` are `units` code units; never more than it has."""
    if encoding == "utf-32" or line.isascii():
        return min(units, len(line))
    codec = _UNITS.get(encoding, "utf-16-le")
    width = 2 if codec == "utf-16-le" else 1
    encoded = line.encode(codec, "surrogatepass")[: units * width]
    return len(encoded.decode(codec, "ignore"))


def read_from_disk(uri: str, folders: Iterable[Path]) -> str:
    """Return the text of a document that is not open.

    Raises InvalidParams if it is not a readable text file of at most `MAX_FILE_BYTES` that lies, with
    every symbolic link followed, inside one of `folders`.
    """
    named = local_path(uri)
    if named is None:
        raise InvalidParams(f"{shown(uri)} is not open, and no file.")
    file = shown(named.name)
    try:
        path = named.resolve(strict=True)
        roots = [folder.resolve() for folder in folders]
    except (OSError, ValueError, RuntimeError):
        raise InvalidParams(f"{file} is not open, and not on the disk.") from None
    if not any(path.is_relative_to(root) for root in roots):
        raise InvalidParams(f"{file} is not open, and lies outside of the workspace.")
    try:
        content = _read_regular(path)
    except OSError as error:
        raise InvalidParams(f"{file} can't be read: {error.strerror}.") from None
    if len(content) > MAX_FILE_BYTES:
        raise InvalidParams(f"{file} is larger than {MAX_FILE_BYTES // 1024 // 1024} MB.")
    if b"\0" in content:
        raise InvalidParams(f"{file} is not a text file.")
    return content.decode("utf-8-sig", "replace")


def _read_regular(path: Path) -> bytes:
    """Return at most one byte more than allowed; a device, a pipe or a link is refused."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    flags |= getattr(os, "O_BINARY", 0)
    fd = os.open(path, flags)
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(0, "it is not a regular file")
        return file.read(MAX_FILE_BYTES + 1)
