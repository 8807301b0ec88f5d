"""Where each key of a TOML text stands, so that an error can name its line and column.

`tomllib` gives values without positions. This scanner gives positions without judging: it reads
what TOML 1.0 allows (tables, dotted and quoted keys, arrays of tables, inline tables, all four
strings, comments), and where the text makes no sense it goes on with the next line. It is run only
when there is something to report, never on the way to a request, and takes linear time.
"""

import re
import tomllib
from bisect import bisect_right
from dataclasses import dataclass, field

KeyPath = tuple[str | int, ...]
"""Keys from the top; a whole number is an index into an array."""

_MAX_DEPTH = 64

# No possessive quantifiers: Python 3.11.2, which Debian 12 has, matches some of them wrongly.
_GAP = re.compile(r"[ \t]*")
_BLANK = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_LINE = re.compile(r"[^\n]*")
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_QUOTED_KEY = re.compile(r"""\"(?:[^"\\\n]|\\.)*\"|'[^'\n]*'""")
_STRING = re.compile(
    r'"""(?:[^"\\]|\\.|"(?!""))*"{3,5}'
    r"|'''(?:[^']|'(?!''))*'{3,5}"
    r'|"(?:[^"\\\n]|\\.)*"'
    r"|'[^'\n]*'",
    re.DOTALL,
)
_SCALAR = re.compile(r"[^,\]}#\n]+")


@dataclass(frozen=True, slots=True)
class Position:
    """A place in a text; both numbers count from 1, `column` in characters."""

    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Duplicate:
    """A key that is set, or a table that is opened, a second time."""

    path: KeyPath
    first: Position
    second: Position


@dataclass(frozen=True, slots=True)
class Header:
    """A table's header: its path, and where its bracket opens and its name ends, in characters."""

    path: KeyPath
    begin: int
    end: int


@dataclass(slots=True)
class Positions:
    """Positions of every key, value and header in one text."""

    headers: list[Header] = field(default_factory=list)
    keys: dict[KeyPath, Position] = field(default_factory=dict)
    values: dict[KeyPath, Position] = field(default_factory=dict)
    duplicates: list[Duplicate] = field(default_factory=list)

    def key(self, path: KeyPath) -> Position:
        """Where the key stands first; the nearest table above it if it is nowhere."""
        return _nearest(self.keys, path)

    def value(self, path: KeyPath) -> Position:
        """Where the key's value begins; the key itself if it is a table."""
        return self.values.get(path) or self.key(path)


def scan(text: str) -> Positions:
    """Positions in `text`, which may be anything; never raises."""
    scanner = _Scanner(text)
    scanner.run()
    return scanner.positions


class _LostError(Exception):
    """The text makes no sense here: go on with the next line."""


class _Scanner:
    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0
        self.positions = Positions()
        self._table: KeyPath = ()
        self._array_lengths: dict[KeyPath, int] = {}
        self._set: dict[KeyPath, int] = {}
        self._line_starts = [0, *(newline.end() for newline in re.finditer("\n", text))]

    def run(self) -> None:
        while True:
            self._skip(_BLANK)
            if self.at >= len(self.text):
                return
            try:
                if self._next() == "[":
                    self._header()
                else:
                    self._pair(self._table, depth=0)
            except _LostError:
                pass
            self._skip(_LINE)

    # ---- statements ----------------------------------------------------------------------------

    def _header(self) -> None:
        begin = self.at
        is_array = self.text.startswith("[[", self.at)
        self.at += 2 if is_array else 1
        self._skip(_GAP)
        names = self._dotted_key()
        path: KeyPath = ()
        for name, offset in names[:-1]:
            path = self._latest((*path, name))
            self._note_key(path, offset)
        name, offset = names[-1]
        path = (*path, name)
        self._note_key(path, offset)
        if is_array:
            index = self._array_lengths.get(path, 0)
            self._array_lengths[path] = index + 1
            path = (*path, index)
            self._note_key(path, begin)
        else:
            path = self._latest(path)
            self._claim(path, begin)
        self.positions.headers.append(Header(path, begin, self.at))
        self._table = path

    def _pair(self, table: KeyPath, *, depth: int) -> None:
        path, begin = table, self.at
        for name, offset in self._dotted_key():
            path = (*path, name)
            self._note_key(path, offset)
        self._skip(_GAP)
        if self._next() != "=":
            raise _LostError
        self.at += 1
        self._skip(_GAP)
        self._claim(path, begin)
        self._value(path, depth=depth)

    # ---- values --------------------------------------------------------------------------------

    def _value(self, path: KeyPath, *, depth: int) -> None:
        if depth > _MAX_DEPTH:
            raise _LostError
        self.positions.values.setdefault(path, self._position(self.at))
        match self._next():
            case "[":
                self._array(path, depth=depth + 1)
            case "{":
                self._inline_table(path, depth=depth + 1)
            case '"' | "'":
                self._require(_STRING)
            case _:
                self._require(_SCALAR)

    def _array(self, path: KeyPath, *, depth: int) -> None:
        self.at += 1
        index = 0
        while True:
            self._skip(_BLANK)
            if self._next() == "]":
                break
            self._value((*path, index), depth=depth)
            index += 1
            self._skip(_BLANK)
            if self._next() == ",":
                self.at += 1
            elif self._next() != "]":
                raise _LostError
        self.at += 1

    def _inline_table(self, path: KeyPath, *, depth: int) -> None:
        self.at += 1
        while True:
            self._skip(_BLANK)
            if self._next() == "}":
                break
            self._pair(path, depth=depth)
            self._skip(_BLANK)
            if self._next() == ",":
                self.at += 1
            elif self._next() != "}":
                raise _LostError
        self.at += 1

    # ---- pieces --------------------------------------------------------------------------------

    def _dotted_key(self) -> list[tuple[str, int]]:
        names: list[tuple[str, int]] = []
        while True:
            offset = self.at
            if self._next() in {'"', "'"}:
                names.append((_unquoted(self._require(_QUOTED_KEY)), offset))
            else:
                names.append((self._require(_BARE_KEY), offset))
            self._skip(_GAP)
            if self._next() != ".":
                return names
            self.at += 1
            self._skip(_GAP)

    def _latest(self, path: KeyPath) -> KeyPath:
        length = self._array_lengths.get(path)
        return path if length is None else (*path, length - 1)

    def _claim(self, path: KeyPath, offset: int) -> None:
        first = self._set.setdefault(path, offset)
        if first != offset:
            self.positions.duplicates.append(
                Duplicate(path, self._position(first), self._position(offset))
            )

    def _note_key(self, path: KeyPath, offset: int) -> None:
        self.positions.keys.setdefault(path, self._position(offset))

    def _next(self) -> str:
        return self.text[self.at : self.at + 1]

    def _skip(self, pattern: re.Pattern[str]) -> None:
        match = pattern.match(self.text, self.at)
        if match:
            self.at = match.end()

    def _require(self, pattern: re.Pattern[str]) -> str:
        match = pattern.match(self.text, self.at)
        if not match:
            raise _LostError
        self.at = match.end()
        return match[0]

    def _position(self, offset: int) -> Position:
        line = bisect_right(self._line_starts, offset)
        return Position(line, offset - self._line_starts[line - 1] + 1)


def _unquoted(raw: str) -> str:
    try:
        return str(tomllib.loads(f"key = {raw}")["key"])
    except ValueError:
        return raw[1:-1]


def _nearest(positions: dict[KeyPath, Position], path: KeyPath) -> Position:
    for length in range(len(path), 0, -1):
        found = positions.get(path[:length])
        if found:
            return found
    return Position(1, 1)
