"""One setting in a `.vscode/settings.json`, which is JSON with comments and trailing commas.

Only the setting's own characters change; what comes out is read back before anybody sees it.
"""

import json
import re
from pathlib import Path
from typing import Any

from codex_ls.errors import InvalidParams

_TOKEN = re.compile(
    r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/|[{}\[\],:]|[^\s{}\[\],:"/]+|/', re.DOTALL
)


def read_settings(path: Path) -> str:
    """The file's text, empty if there is none. Raises InvalidParams."""
    try:
        return path.read_text(encoding="utf-8-sig")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError):
        raise InvalidParams(f"{path} can't be read.", hint="Change it by hand.") from None


def with_setting(text: str, key: str, value: str) -> str:
    """The text with one top-level setting. Raises InvalidParams for what is no settings file."""
    written = json.dumps(value, ensure_ascii=False)
    if not text.strip():
        return f'{{\n  "{key}": {written}\n}}\n'
    wanted = {**_parsed(text), key: value}
    span = _value_span(text, key)
    if span is not None:
        changed = text[: span[0]] + written + text[span[1] :]
    else:
        brace = next(match for match in _TOKEN.finditer(text) if match[0] == "{").end()
        comma = "," if len(wanted) > 1 else ""
        ending = "\r\n" if "\r\n" in text else "\n"
        rest = text[brace:]
        gap = "" if rest.lstrip(" \t").startswith(("\n", "\r")) else ending
        changed = f'{text[:brace]}{ending}  "{key}": {written}{comma}{gap}{rest}'
    if _parsed(changed) != wanted:
        raise _unsafe()
    return changed


def _value_span(text: str, key: str) -> tuple[int, int] | None:
    """Where the value of a top-level key stands, if it is one word or one text."""
    depth, previous = 0, ""
    tokens = [m for m in _TOKEN.finditer(text) if not m[0].startswith(("//", "/*"))]
    for at, token in enumerate(tokens):
        if token[0] in "{[":
            depth += 1
        elif token[0] in "}]":
            depth -= 1
        elif depth == 1 and token[0] == ":" and previous == json.dumps(key):
            value = tokens[at + 1]
            if value[0] in "{[":
                raise _unsafe()
            return value.start(), value.end()
        previous = token[0]
    return None


def _parsed(text: str) -> dict[str, Any]:
    tokens = [m[0] for m in _TOKEN.finditer(text) if not m[0].startswith(("//", "/*"))]
    kept = [
        token
        for token, following in zip(tokens, [*tokens[1:], ""], strict=True)
        if not (token == "," and following in ("}", "]"))  # noqa: S105
    ]
    try:
        value = json.loads(" ".join(kept))
    except (ValueError, RecursionError):
        raise _unsafe() from None
    if not isinstance(value, dict):
        raise _unsafe()
    return value


def _unsafe() -> InvalidParams:
    return InvalidParams(
        "settings.json can't be changed safely.", hint='Add "codex.profile" to it by hand.'
    )
