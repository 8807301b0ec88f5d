"""One setting in a `.vscode/settings.json`, which is JSON with comments and trailing commas.

Only the setting's own characters change; what comes out is read back before anybody sees it.
"""

import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from codex_ls.config.edit import write_text
from codex_ls.errors import InvalidParams

_TOKEN = re.compile(
    r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/|[{}\[\],:]|[^\s{}\[\],:"/]+|/', re.DOTALL
)
_REST_OF_LINE = re.compile(r"[ \t]*(?://[^\n]*|/\*[^\n]*?\*/[ \t]*)?\r?\n")
_INDENT = re.compile(r"([ \t]+)[^\s}]")


def read_settings(path: Path) -> str:
    """The file's text, its line ends as they are; empty if there is none. Raises InvalidParams."""
    try:
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError):
        raise InvalidParams(f"{path} can't be read.", hint="Edit it manually.") from None


def write_settings(path: Path, text: str) -> Path | None:
    """Put the text in the file's place; returns the backup. Raises ConfigError.

    A new file has the rights of any new file: a workspace may belong to several people.
    """
    return write_text(path, text, is_private=False)


def with_setting(text: str, key: str, value: str) -> str:
    """The text with one top-level setting. Raises InvalidParams for what is no settings file."""
    member = f"{json.dumps(key)}: {json.dumps(value, ensure_ascii=False)}"
    ending = "\r\n" if "\r\n" in text else "\n"
    tokens = _tokens(text)
    if not tokens:
        gap = ending if text.strip() and not text.endswith("\n") else ""
        return f"{text if text.strip() else ''}{gap}{{{ending}  {member}{ending}}}{ending}"
    before = _parsed(tokens)
    span = _value_span(tokens, key)
    if span is not None:
        changed = text[: span[0]] + member.partition(": ")[2] + text[span[1] :]
    else:
        changed = _with_member(text, tokens[0].end(), member, ending, is_only=not before)
    if _parsed(_tokens(changed)) != {**before, key: value}:
        raise _unsafe()
    return changed


def _with_member(text: str, brace: int, member: str, ending: str, *, is_only: bool) -> str:
    """The text with a first member behind the opening brace, laid out as the others are."""
    line = _REST_OF_LINE.match(text, brace)
    comma = "" if is_only else ","
    if line is not None:  # the brace ends its line, but for a comment
        indent = _INDENT.match(text, line.end())
        space = indent[1] if indent is not None else "  "
        return f"{text[: line.end()]}{space}{member}{comma}{ending}{text[line.end() :]}"
    rest = text[brace:].lstrip(" \t")
    if is_only:
        return f"{text[:brace]}{ending}  {member}{ending}{rest}"
    space = text[brace : len(text) - len(rest)]
    return f"{text[:brace]}{space}{member}, {rest}"


def _tokens(text: str) -> list[re.Match[str]]:
    """What stands in the text but for comments."""
    return [m for m in _TOKEN.finditer(text) if not m[0].startswith(("//", "/*"))]


def _value_span(tokens: Sequence[re.Match[str]], key: str) -> tuple[int, int] | None:
    """Where the value of a top-level key stands, if it is one word or one text."""
    depth, previous = 0, ""
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


def _parsed(tokens: Sequence[re.Match[str]]) -> dict[str, Any]:
    words = [token[0] for token in tokens]
    kept = [
        word
        for word, following in zip(words, [*words[1:], ""], strict=True)
        if not (word == "," and following in ("}", "]"))
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
        "settings.json can't be changed safely.", hint='Add "codex.profile" to it manually.'
    )
