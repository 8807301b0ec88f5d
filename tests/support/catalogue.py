"""The catalogue: the exact text of every finding, error and notice, in `tests/catalogue.toml`.

Tests check kinds, statuses and positions themselves and compare the text with its entry here, so that a
sentence is written down, and reviewed, in one place. `CODEX_LS_CATALOGUE=write pytest ...` writes the
entries of the tests that run; docs/findings.md is made from the file (`make generate`).
"""

import json
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

PATH = Path(__file__).parents[1] / "catalogue.toml"
_HEAD = """\
# Every finding, error and notice, word for word. Tests compare with it (tests/support/catalogue.py); a name in
# braces is a value that differs from run to run.
"""
_IS_WRITING = os.environ.get("CODEX_LS_CATALOGUE") == "write"


@dataclass(frozen=True)
class Entry:
    """One sentence and its next step."""

    message: str
    hint: str | None = None


def _read() -> dict[str, dict[str, Entry]]:
    text = PATH.read_text(encoding="utf-8") if PATH.exists() else ""
    return {
        name: {key: Entry(**entry) for key, entry in entries.items()}
        for name, entries in tomllib.loads(text).items()
    }


_SECTIONS = _read()


def section(name: str) -> Mapping[str, Entry]:
    """Return the entries of one section, by name."""
    return _SECTIONS[name]


def check(
    section_name: str,
    name: str,
    message: str,
    hint: str | None = None,
    values: Mapping[str, object] | None = None,
) -> None:
    """Assert that a text is the catalogue's; `values` are those of the names in braces."""
    values = values or {}
    if _IS_WRITING:
        entry = Entry(_without(message, values), None if hint is None else _without(hint, values))
        _SECTIONS.setdefault(section_name, {})[name] = entry
        _write()
    entry = _SECTIONS[section_name][name]
    expected = fill(entry.message, values), entry.hint and fill(entry.hint, values)
    assert (message, hint) == expected


def fill(text: str, values: Mapping[str, object]) -> str:
    """Return a text with the names in braces replaced; others stay."""
    return re.sub(r"\{(\w+)\}", lambda found: str(values.get(found[1], found[0])), text)


def _without(text: str, values: Mapping[str, object]) -> str:
    for key, value in sorted(values.items(), key=lambda item: -len(str(item[1]))):
        text = text.replace(str(value), f"{{{key}}}")
    return text


def _write() -> None:
    parts = [_HEAD]
    for name, entries in sorted(_SECTIONS.items()):
        for key, entry in sorted(entries.items()):
            lines = [
                f"[{json.dumps(name)}.{json.dumps(key)}]",
                f"message = {_quoted(entry.message)}",
            ]
            if entry.hint is not None:
                lines.append(f"hint = {_quoted(entry.hint)}")
            parts.append("\n".join(lines) + "\n")
    PATH.write_text("\n".join(parts), encoding="utf-8")


def _quoted(text: str) -> str:
    """Return a TOML string, in single quotes where that saves escapes."""
    if '"' in text and "'" not in text and text.isprintable():
        return f"'{text}'"
    return json.dumps(text, ensure_ascii=False)
