"""One source of settings, and the words that tell where in it something stands.

A layer is a TOML file or the `-c` options of one command line. Layers are read whole, once, and not
changed afterwards: what a turn was started with stays true while it runs. Everything that can be
wrong with a file (missing rights, a folder in its place, not UTF-8, not TOML) ends in one ConfigError
whose message begins with `name:line:column` and whose hint holds the full path.
"""

import re
import stat
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from codex_ls.errors import ConfigError

if TYPE_CHECKING:  # the scanner is loaded when there is something to report, not before
    from codex_ls.config.spans import Position, Spans

MAX_FILE_BYTES = 1024 * 1024

_ERROR_PLACE = r" \(at (?:line (\d+), column (\d+)|end of document)\)$"
_SHOWN_CHARS = 60


class Place(NamedTuple):
    """Where something stands: `short` begins a message, `full` begins a hint."""

    short: str
    full: str


class Layer:
    """The settings of one source, as TOML gave them, and where each of them stands."""

    def __init__(
        self, name: str, table: Mapping[str, Any], *, path: Path | None = None, text: str = ""
    ) -> None:
        self.name = name
        self.table = table
        self.path = path
        self._text = text

    @cached_property
    def _spans(self) -> "Spans":
        return _scanned(self._text)

    def place_of_key(self, keys: Sequence[str]) -> Place:
        """Where the key is written."""
        return self._place(keys, self._spans.key(tuple(keys)))

    def place_of_value(self, keys: Sequence[str]) -> Place:
        """Where the value of the key is written."""
        return self._place(keys, self._spans.value(tuple(keys)))

    def _place(self, keys: Sequence[str], position: "Position") -> Place:
        if self.path is None:
            option = f"{self.name} {shown('.'.join(keys))}"
            return Place(option, f"The option {option}")
        return place_in_file(self.path, position.line, position.column)


def place_in_file(path: Path, line: int, column: int) -> Place:
    """How a position in a file is told; both numbers count from 1."""
    return Place(f"{path.name}:{line}:{column}", f"{path}, line {line}, column {column}")


def config_error(place: Place, sentence: str, *, fix: str | None = None) -> ConfigError:
    """The one error of this room: what is wrong and where, then what to do about it."""
    return ConfigError(f"{place.short}: {sentence}", hint=with_fix(place.full, fix))


def with_fix(place: str, fix: str | None) -> str:
    """A hint: the full place, and the next step if there is one."""
    return f"{place}: {fix}" if fix else f"{place}."


def shown(name: str) -> str:
    """A name from a file, made fit to stand in one line of a message."""
    clipped = name if len(name) <= _SHOWN_CHARS else name[: _SHOWN_CHARS - 1] + "…"
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in clipped)


def listed(names: Iterable[str], *, last: str = "and") -> str:
    """`a, b and c`."""
    *head, tail = [shown(name) for name in names] or [""]
    return f"{', '.join(head)} {last} {tail}" if head else tail


# ---- files -------------------------------------------------------------------------------------


def read_layer(path: Path) -> Layer | None:
    """The settings in a TOML file; None if nothing has that name.

    Raises ConfigError for anything there that can't be read as TOML.
    """
    data = _read_bytes(path)
    return None if data is None else parse_layer(path, data)


def parse_layer(path: Path, data: bytes) -> Layer:
    """The settings in the bytes of a TOML file. Raises ConfigError."""
    text = _decoded(path, data)
    try:
        table = tomllib.loads(text)
    except RecursionError:
        place = place_in_file(path, 1, 1)
        raise config_error(place, "arrays or tables are nested too deep.") from None
    except (ValueError, OverflowError) as error:
        raise _syntax_error(path, text, str(error)) from None
    return Layer(path.name, table, path=path, text=text)


def _read_bytes(path: Path) -> bytes | None:
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise _unreadable(path, "it is a folder")
        if not stat.S_ISREG(mode):
            raise _unreadable(path, "it is not an ordinary file")
        with path.open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        if path.is_symlink():
            raise _unreadable(path, "it is a link to something that does not exist") from None
        return None
    except NotADirectoryError:
        raise ConfigError(
            "The configuration folder is not a folder.",
            hint=f"{path.parent} is a file: set CODEX_HOME to the folder that holds config.toml.",
        ) from None
    except OSError as error:
        raise _unreadable(path, (error.strerror or "unknown reason").lower()) from None
    if len(data) > MAX_FILE_BYTES:
        raise _unreadable(path, "it is larger than 1 MiB")
    return data


def _unreadable(path: Path, reason: str) -> ConfigError:
    return ConfigError(
        f"{path.name} can't be read: {reason}.",
        hint=f"{path}: put a TOML file there that you may read, or remove it.",
    )


def _decoded(path: Path, data: bytes) -> str:
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        place = place_in_file(path, 1, 1)
        raise config_error(place, "the text is UTF-16.", fix="save the file as UTF-8.")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        before = data[: error.start].decode("utf-8-sig", "replace")
        place = place_in_file(path, *_end_of(before))
        raise config_error(place, "the text is not UTF-8.", fix="save the file as UTF-8.") from None


def _syntax_error(path: Path, text: str, message: str) -> ConfigError:
    found = re.search(_ERROR_PLACE, message)
    if found and found[1]:
        line, column = int(found[1]), int(found[2])
    else:
        line, column = _end_of(text) if found else (1, 1)
    what = message[: found.start()] if found else message
    if what.startswith(("Cannot", "Duplicate")):
        for double in _scanned(text).duplicates:
            if double.second.line <= line:
                name = shown(".".join(str(key) for key in double.path))
                first, second = double.first, double.second
                sentence = (
                    f"`{name}` is set twice, first at line {first.line}, column {first.column}."
                )
                place = place_in_file(path, second.line, second.column)
                return config_error(place, sentence, fix="keep one of them.")
    from codex_ls.config.syntax_fixes import syntax_fix  # for those who need it

    sentence = f"this is not TOML: {what[:1].lower()}{what[1:]}."
    place = place_in_file(path, line, column)
    return config_error(place, sentence, fix=syntax_fix(what, text, line))


def _end_of(text: str) -> tuple[int, int]:
    """Line and column just after the text."""
    return text.count("\n") + 1, len(text) - text.rfind("\n")


def _scanned(text: str) -> "Spans":
    from codex_ls.config.spans import scan

    return scan(text)
