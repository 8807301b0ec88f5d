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
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from codex_ls.config.layer import overlay, parse_toml, read_layer
from codex_ls.config.positions import Header, Position, scan
from codex_ls.errors import ConfigError

Value = str | int | bool
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_TABLE = re.compile(r"^[ \t]*\[", re.MULTILINE)


def with_value(text: str, path: Sequence[str], value: Value) -> str:
    """The text with a key set: its value replaced, or a new line in its table, or a new table.

    A new line at the top goes above the first table. Raises ConfigError where that can't be done
    without touching more.
    """
    wanted = _with(parse_toml(text), path, value)
    line = f"{_key(path[-1])} = {literal(value)}"
    positions, ending = scan(text), _line_end(text)
    if (at := positions.values.get(tuple(path))) is not None:
        start = _offset(text, positions.keys[tuple(path)])
        value_at = _offset(text, at)
        end = value_at + len(_value_text(text, value_at))
        return _first_good([text[:start] + line + text[end:]], wanted)
    if len(path) == 1:
        above = _above_first_table(text, line, ending)
        return _first_good([above, f"{line}{ending}{text}"], wanted)
    header = next((found for found in positions.headers if found.path == tuple(path[:-1])), None)
    if header is None:
        return with_table(text, path[:-1], {path[-1]: value})
    below = text.find("\n", header.begin) + 1
    if not below:
        return _first_good([f"{text}{ending}{line}{ending}"], wanted)
    return _first_good([f"{text[:below]}{line}{ending}{text[below:]}"], wanted)


def with_table(text: str, path: Sequence[str], values: Mapping[str, Value]) -> str:
    """The text with a new table at its end. Raises ConfigError if there is one already."""
    name = ".".join(map(_key, path))
    if _has(text, path):
        raise ConfigError(f"The table [{name}] already exists.")
    ending = _line_end(text)
    lines = [f"[{name}]", *(f"{_key(key)} = {literal(value)}" for key, value in values.items())]
    table = ending.join(lines) + ending
    wanted = parse_toml(text)
    node = wanted
    for key in path[:-1]:
        node = node.setdefault(key, {})
    node[path[-1]] = dict(values)
    changed = f"{_ended(text, ending)}{ending}{table}" if text.strip() else table
    return _first_good([changed], wanted)


def without_key(text: str, path: Sequence[str]) -> str:
    """The text without the line of a key. Raises ConfigError."""
    wanted, _ = _without(parse_toml(text), path)
    positions = scan(text)
    if tuple(path) not in positions.values:
        raise _unsafe()
    value_at = _offset(text, positions.values[tuple(path)])
    _value_text(text, value_at)  # a value over several lines is left to a person
    start = text.rfind("\n", 0, value_at) + 1
    end = text.find("\n", value_at)
    head, rest = text[:start], "" if end < 0 else text[end + 1 :]
    return _first_good([head + rest if head.strip() else rest.lstrip("\r\n")], wanted)


def take_table(text: str, path: Sequence[str]) -> tuple[str, str]:
    """The text without a table and those below it, and their text with headers and comments.

    Comments go with the header that they stand right above. Raises ConfigError where the table is not
    written under headers of its own.
    """
    wanted, table = _without(parse_toml(text), path)
    blocks = _blocks(text)
    kept, taken = text[: blocks[0][1]] if blocks else text, ""
    for header, start, end in blocks:
        if header.path[: len(path)] == tuple(path):
            taken += text[start:end]
        else:
            kept += text[start:end]
    ending = _line_end(text)
    kept = kept.rstrip() + ending if kept.strip() else ""
    without_parent = [wanted] if wanted[path[0]] else [wanted, _without(wanted, path[:1])[0]]
    if not any(_holds(kept, what) for what in without_parent):
        raise _unsafe()
    return kept, _first_good([_ended(taken.strip("\r\n"), ending)], _with({}, path, table))


def retitled(text: str, path: Sequence[str]) -> str:
    """What `take_table` took, as a file of its own: the table's keys at its top.

    Raises ConfigError.
    """
    _, table = _without(parse_toml(text), path)
    ending = _line_end(text)
    own = below = ""
    for header, start, end in _blocks(text):
        above, line_end = text[start : header.begin], text.find("\n", header.begin)
        rest = [key for key in header.path[len(path) :] if isinstance(key, str)]
        if rest:
            opening = "[[" if text.startswith("[[", header.begin) else "["
            name = ".".join(map(_key, rest))
            below += f"{above}{opening}{name}{text[header.end : end]}"
        else:
            line_end = len(text) if line_end < 0 else line_end
            comment = text[header.end : line_end].lstrip("] \t").rstrip()
            own += f"{above}{_ended(comment, ending)}{text[line_end + 1 : end]}"
    parts = [_ended(part.strip("\r\n"), ending) for part in (own, below)]
    return _first_good([ending.join(part for part in parts if part)], table)


def appended(text: str, more: str) -> str:
    """The text with the tables of another behind it. Raises ConfigError where both have one."""
    if not text.strip():
        return more
    ending = _line_end(text)
    changed = f"{_ended(text, ending)}{ending}{more}"
    try:
        wanted = overlay(parse_toml(text), parse_toml(more))
    except ValueError:
        raise _unsafe() from None
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
        if _holds(text, wanted):
            return text
    raise _unsafe()


def _holds(text: str, wanted: Mapping[str, object]) -> bool:
    try:
        return parse_toml(text) == wanted
    except ValueError:
        return False


def _unsafe() -> ConfigError:
    return ConfigError("config.toml can't be changed safely.", hint="Edit it manually.")


def _has(text: str, path: Sequence[str]) -> bool:
    node: object = parse_toml(text)
    for key in path:
        if not isinstance(node, dict) or key not in node:
            return False
        node = node[key]
    return True


def _without(table: Mapping[str, Any], path: Sequence[str]) -> tuple[dict[str, Any], Any]:
    """A table without what is at that path, and that. Raises ConfigError if nothing is there."""
    key, *below = path
    if key not in table:
        raise ConfigError(f"There is no `{'.'.join(map(_key, path))}`.")
    if not below:
        return {name: value for name, value in table.items() if name != key}, table[key]
    left, taken = _without(table[key], below)
    return {**table, key: left}, taken


def _with(table: Mapping[str, Any], path: Sequence[str], value: object) -> dict[str, Any]:
    key, *below = path
    inner = table.get(key, {})
    return {**table, key: _with(inner, below, value) if below else value}


def _blocks(text: str) -> list[tuple[Header, int, int]]:
    """Each header, and where the text from its comments to the next header begins and ends."""
    headers = scan(text).headers
    starts = [_with_comments(text, header.begin) for header in headers]
    ends = [*starts, len(text)][1:]
    return list(zip(headers, starts, ends, strict=True))


def _with_comments(text: str, begin: int) -> int:
    """Where the header's block begins: with the comment lines right above it."""
    start = text.rfind("\n", 0, begin) + 1
    while start > 0:
        above = text.rfind("\n", 0, start - 1) + 1
        if not text[above:start].lstrip().startswith("#"):
            break
        start = above
    return start


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
            parse_toml(f"key = {piece}")
        except ValueError:
            continue
        if "#" not in piece or _is_whole(piece):
            return piece
    raise ConfigError("Cannot edit a multi-line value.", hint="Edit it manually.")


def _is_whole(piece: str) -> bool:
    """Whether a # in the value is part of a string, and no comment."""
    before, _, _ = piece.rpartition("#")
    try:
        parse_toml(f"key = {before.rstrip()}")
    except ValueError:
        return True
    return False


def _offset(text: str, at: Position) -> int:
    start = 0
    for _ in range(at.line - 1):
        start = text.index("\n", start) + 1
    return start + at.column - 1


def _line_end(text: str) -> str:
    return "\r\n" if "\r\n" in text else "\n"


def _ended(text: str, ending: str) -> str:
    return text if not text or text.endswith("\n") else text + ending


def _is_comment(text: str) -> bool:
    return text.rpartition("\n")[2].lstrip().startswith("#")
