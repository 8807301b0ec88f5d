"""Changes config.toml as a person would: a line here, a table there, everything else as it stood.

Comments, order, blank lines and line ends stay. What comes out is parsed before anybody sees it, and
holds exactly the wanted values.
"""

import codecs
import json
import os
import re
import stat
import tempfile
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path

from codex_ls.config.layer import read_layer
from codex_ls.config.spans import scan
from codex_ls.errors import ConfigError

Value = str | int | bool
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_TABLE = re.compile(r"^[ \t]*\[", re.MULTILINE)


def with_top_value(text: str, key: str, value: Value) -> str:
    """The text with a top-level key set: its value replaced, or a new line above the first table.

    Raises ConfigError where that can't be done without touching more.
    """
    wanted = {**tomllib.loads(text), key: value}
    line = f"{_key(key)} = {literal(value)}"
    spans = scan(text)
    if (key,) in spans.values:
        start = _offset(text, spans.keys[(key,)].line, spans.keys[(key,)].column)
        value_at = _offset(text, spans.values[(key,)].line, spans.values[(key,)].column)
        end = value_at + len(_value_text(text, value_at))
        tries = [text[:start] + line + text[end:]]
    else:
        ending = _line_end(text)
        tries = [_above_first_table(text, line, ending), f"{line}{ending}{text}"]
    return _first_good(tries, wanted)


def with_table(text: str, path: Sequence[str], values: Mapping[str, Value]) -> str:
    """The text with a new table at its end. Raises ConfigError if there is one already."""
    name = ".".join(map(_key, path))
    if _has(text, path):
        raise ConfigError(f"The table [{name}] is there already.")
    ending = _line_end(text)
    lines = [f"[{name}]", *(f"{_key(key)} = {literal(value)}" for key, value in values.items())]
    table = ending.join(lines) + ending
    wanted = tomllib.loads(text)
    node = wanted
    for key in path[:-1]:
        node = node.setdefault(key, {})
    node[path[-1]] = dict(values)
    changed = f"{_ended(text, ending)}{ending}{table}" if text.strip() else table
    return _first_good([changed], wanted)


def read_text(path: Path) -> str:
    """The file's text, empty if there is none. Raises ConfigError for one that is broken already."""
    if read_layer(path) is None:
        return ""
    return path.read_bytes().decode("utf-8-sig")


def write_text(path: Path, text: str, *, is_private: bool = True) -> Path | None:
    """Put the text in the file's place, whole or not at all; returns the backup of the old one.

    A link stays a link; the rights stay as they were, and so does a byte order mark. A new file is for
    its user alone, or, where not `is_private`, for whom the umask lets in. Raises ConfigError.
    """
    target = path.resolve()
    try:
        target.parent.mkdir(mode=0o700 if is_private else 0o777, parents=True, exist_ok=True)
        old = target.read_bytes() if target.exists() else None
        if old is None:
            backup, mode = None, 0o600 if is_private else 0o666 & ~_umask()
        else:
            mode = stat.S_IMODE(target.stat().st_mode)
            if not mode & stat.S_IWUSR:
                raise ConfigError(f"{path.name} is write-protected.", hint=f"{target}")
            backup = target.with_name(f"{target.name}.bak")
            _replace(backup, old, mode)
        mark = codecs.BOM_UTF8 if (old or b"").startswith(codecs.BOM_UTF8) else b""
        _replace(target, mark + text.encode(), mode)
    except OSError as error:
        raise ConfigError(
            f"{path.name} can't be written: {error.strerror}.", hint=f"{target}"
        ) from None
    return backup


def _umask() -> int:
    umask = os.umask(0o077)
    os.umask(umask)
    return umask


def _replace(path: Path, data: bytes, mode: int) -> None:
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    temporary = Path(name)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        temporary.chmod(mode)
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


# ---- text --------------------------------------------------------------------------------------


def _above_first_table(text: str, line: str, ending: str) -> str:
    first_table = _TABLE.search(text)
    if first_table is None:
        return f"{_ended(text, ending)}{line}{ending}"
    head = text[: first_table.start()]
    at = len(head.rstrip())
    while at > 0 and _is_comment(head[:at]):  # a comment right above a table is the table's
        at = len(head[:at].rpartition("\n")[0].rstrip())
    below = text[at:].lstrip("\r\n")
    return f"{_ended(head[:at], ending)}{line}{ending}{ending}{below}"


def _first_good(tries: Sequence[str], wanted: Mapping[str, object]) -> str:
    """The first text that holds exactly what is wanted. Raises ConfigError."""
    for text in tries:
        try:
            if tomllib.loads(text) == wanted:
                return text
        except ValueError:
            continue
    raise ConfigError("config.toml can't be changed safely.", hint="Change it by hand.")


def _has(text: str, path: Sequence[str]) -> bool:
    node: object = tomllib.loads(text)
    for key in path:
        if not isinstance(node, dict) or key not in node:
            return False
        node = node[key]
    return True


def _key(key: str) -> str:
    return key if _BARE_KEY.fullmatch(key) else _quoted(key)


def literal(value: Value) -> str:
    """The value as TOML writes it."""
    match value:
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case str():
            return _quoted(value)


def _quoted(text: str) -> str:
    """A basic string; JSON's escapes are TOML's, but for the delete character."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _value_text(text: str, start: int) -> str:
    """The value that begins there, which is the longest piece up to its line's end that is one."""
    end = text.find("\n", start)
    line = text[start : len(text) if end < 0 else end].rstrip("\r")
    for length in range(len(line), 0, -1):
        piece = line[:length].rstrip()
        try:
            tomllib.loads(f"key = {piece}")
        except ValueError:
            continue
        if "#" not in piece or _is_whole(piece):
            return piece
    raise ConfigError("That value runs over several lines.", hint="Change it by hand.")


def _is_whole(piece: str) -> bool:
    """Whether a # in the value is part of a string, and no comment."""
    before, _, _ = piece.rpartition("#")
    try:
        tomllib.loads(f"key = {before.rstrip()}")
    except ValueError:
        return True
    return False


def _offset(text: str, line: int, column: int) -> int:
    start = 0
    for _ in range(line - 1):
        start = text.index("\n", start) + 1
    return start + column - 1


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _ended(text: str, ending: str) -> str:
    return text if not text or text.endswith("\n") else text + ending


def _is_comment(text: str) -> bool:
    return text.rpartition("\n")[2].lstrip().startswith("#")
