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
from contextlib import suppress
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from codex_ls.errors import ConfigError

if TYPE_CHECKING:  # the scanner is loaded when there is something to report, not before
    from codex_ls.config.positions import Duplicate, Position, Positions

MAX_FILE_BYTES = 1024 * 1024

_ERROR_PLACE = r" \(at (?:line (\d+), column (\d+)|end of document)\)$"
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
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
    def _positions(self) -> "Positions":
        return _scanned(self._text)

    def place_of_key(self, keys: Sequence[str]) -> Place:
        """Where the key is written."""
        return self._place(keys, self._positions.key(tuple(keys)))

    def place_of_value(self, keys: Sequence[str]) -> Place:
        """Where the value of the key is written."""
        return self._place(keys, self._positions.value(tuple(keys)))

    def _place(self, keys: Sequence[str], position: "Position") -> Place:
        if self.path is None:
            option = f"{self.name} {shown('.'.join(keys))}"
            return Place(option, f"The option {option}")
        return place_in_file(self.path, position.line, position.column)


class ConfigView(NamedTuple):
    """The table under `prefix` in a layer: its top, or one of its profiles.

    Resolving a profile is looking through a few views, strongest first: the `-c` options, the profile,
    codex-ls.toml, the top of config.toml. Each value keeps its place, so that an error found late still
    has line and column.
    """

    layer: Layer
    prefix: tuple[str, ...] = ()

    def below(self, *keys: str) -> "ConfigView":
        """The view that begins at a table of this one."""
        return ConfigView(self.layer, (*self.prefix, *keys))

    def find(self, *keys: str) -> Any:
        """The value under the keys; None if it is not set (TOML has no null)."""
        node: Any = self.layer.table
        for key in (*self.prefix, *keys):
            if not isinstance(node, Mapping):
                return None
            node = node.get(key)
        return node

    def place_of_key(self, *keys: str) -> Place:
        """Where the key is written."""
        return self.layer.place_of_key((*self.prefix, *keys))

    def place_of_value(self, *keys: str) -> Place:
        """Where the key's value is written."""
        return self.layer.place_of_value((*self.prefix, *keys))


class Found(NamedTuple):
    """A value, and where it was set."""

    value: Any
    view: ConfigView
    keys: tuple[str, ...]

    @property
    def place(self) -> Place:
        """Where the value is written."""
        return self.view.place_of_value(*self.keys)


def find_first(views: Iterable[ConfigView], *keys: str) -> Found | None:
    """The value of the first view that sets it."""
    for view in views:
        value = view.find(*keys)
        if value is not None:
            return Found(value, view, keys)
    return None


def overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` laid over `below`; tables in both are laid over each other in the same way."""
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            value = overlay(old, value)
        result[key] = value
    return result


def overlaid(views: Iterable[ConfigView], *keys: str) -> dict[str, Any]:
    """The tables under the keys in all views, laid over each other."""
    result: dict[str, Any] = {}
    for view in reversed(tuple(views)):
        found = view.find(*keys)
        if isinstance(found, Mapping):
            result = overlay(result, found)
    return result


# ---- words -------------------------------------------------------------------------------------


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


def parse_toml(text: str) -> dict[str, Any]:
    """The table that a TOML text is: version 1.1, as Codex reads it, which older Pythons do not know.

    Raises ValueError, and RecursionError for arrays that are nested too deep.
    """
    with suppress(ValueError, OverflowError):
        return tomllib.loads(text)
    import tomli  # for multi-line inline tables, \\e and \\xHH: hardly any file has them

    try:
        return tomli.loads(text)
    except OverflowError as error:
        raise ValueError(str(error)) from None


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
        table = parse_toml(text)
    except RecursionError:
        place = place_in_file(path, 1, 1)
        raise config_error(place, "arrays or tables are nested too deep.") from None
    except ValueError as error:
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
    """The error for text that the parser refused with that message."""
    found = re.search(_ERROR_PLACE, message)
    if found and found[1]:
        line, column = int(found[1]), int(found[2])
    else:
        line, column = _end_of(text) if found else (1, 1)
    what = message[: found.start()] if found else message
    from codex_ls.config.syntax import find_slip  # for those who need it

    slip = find_slip(text)
    is_taken = what.startswith(("Cannot", "Duplicate"))
    if slip is not None and not (is_taken and slip[:2] > (line, column)):
        line, column, sentence, fix = slip
    elif is_taken:
        positions = _scanned(text)
        if (misnamed := _misnamed_table(path, positions)) is not None:
            return misnamed
        for double in positions.duplicates:
            if double.second.line <= line:
                return _set_twice(path, double)
        sentence, fix = _taken(what)
    else:
        sentence, fix = f"{what[:1].lower()}{what[1:]}", None
    place = place_in_file(path, line, column)
    return config_error(place, f"this is not TOML: {sentence}.", fix=fix)


def _misnamed_table(path: Path, positions: "Positions") -> ConfigError | None:
    """The error of a table that has a setting's name: `[model_provider.x]` beside `model_provider`."""
    from codex_ls.config.syntax import TABLE_OF_SETTING

    bare_headers = {header.path for header in positions.headers if len(header.path) == 1}
    for keys, at in positions.keys.items():
        setting, *below = map(str, keys)
        table, first = TABLE_OF_SETTING.get(setting), positions.values.get((setting,))
        if table is None or first is None or not below:
            continue
        name = "NAME" if (setting,) in bare_headers else shown(below[0])
        name = name if _BARE_KEY.fullmatch(name) else f'"{name}"'
        sentence = f"`{setting}` is a value, set at line {first.line}, not a table."
        place = place_in_file(path, at.line, at.column)
        return config_error(place, sentence, fix=f"did you mean [{table}.{name}]?")
    return None


def _taken(message: str) -> tuple[str, str]:
    """A name that is given a second meaning: how the sentence goes on, and the next step."""
    fix = "a name holds either one value or a table, and is written in one place."
    names = re.findall(r"'([^']*)'", message)
    if not names:
        return f"{message[:1].lower()}{message[1:]}", fix
    return f"`{shown('.'.join(names))}` is defined already, or part of what is", fix


def _set_twice(path: Path, double: "Duplicate") -> ConfigError:
    name = shown(".".join(str(key) for key in double.path))
    first, second = double.first, double.second
    sentence = f"`{name}` is set twice, first at line {first.line}, column {first.column}."
    place = place_in_file(path, second.line, second.column)
    return config_error(place, sentence, fix="keep one of them.")


def _end_of(text: str) -> tuple[int, int]:
    """Line and column just after the text."""
    return text.count("\n") + 1, len(text) - text.rfind("\n")


def _scanned(text: str) -> "Positions":
    from codex_ls.config.positions import scan

    return scan(text)
