"""Replacing a piece of text that a model quotes, exactly or with what models get wrong in a quotation.

In order: exactly; with the file's line ends; without blanks at line ends; as whole lines with another
indentation; with plain quotation marks and dashes for typographic ones. Nothing by similarity. Each of
them has to find one place, unless all are meant.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from codex_ls.agent.workspace import ToolError

_PUNCTUATION = str.maketrans(
    {
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("‘’‚‛", "'"),
        **dict.fromkeys("“”„‟", '"'),
        **dict.fromkeys(
            "\xa0\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000", " "
        ),
    }
)
_SHOWN_PLACES = 5


def replaced(text: str, old: str, new: str, *, replace_all: bool = False) -> str:
    """Return `text` with `old` replaced by `new`. Raises ToolError with what to do instead."""
    if not old:
        raise ToolError("old is empty; use write_file for a new file")
    if old == new:
        raise ToolError("old and new are the same")
    if "\r\n" in text and "\r\n" not in old:
        old, new = old.replace("\n", "\r\n"), new.replace("\r\n", "\n").replace("\n", "\r\n")
    count = text.count(old)
    if count == 1 or (count and replace_all):
        return text.replace(old, new)
    if count:
        raise _several(text, [match.start() for match in re.finditer(re.escape(old), text)])
    for normal, is_indented in ((_unpadded, False), (_stripped, True), (_plain, False)):
        found = _replace_lines(
            text, old, new, normal=normal, is_indented=is_indented, replace_all=replace_all
        )
        if found is not None:
            return found
    raise ToolError(
        "old was not found in the file. Quote whole lines exactly as read_file shows them."
    )


def find_lines(
    lines: list[str], wanted: list[str], start: int, normal: Callable[[str], str]
) -> list[int]:
    """Return every place from `start` on where the wanted lines stand, both made normal."""
    joined = "\n" + "\n".join(normal(line) for line in lines[start:]) + "\n"
    part = "\n" + "\n".join(normal(line) for line in wanted) + "\n"
    places, at, number, counted = [], joined.find(part), start, 0
    while at >= 0:
        number += joined.count("\n", counted, at)
        counted = at
        places.append(number)
        at = joined.find(part, at + 1)
    return places


def _unpadded(line: str) -> str:
    return line.rstrip()


def _stripped(line: str) -> str:
    return line.strip()


def _plain(line: str) -> str:
    return line.translate(_PUNCTUATION).rstrip()


NORMAL_FORMS: tuple[Callable[[str], str], ...] = (str, _unpadded, _stripped, _plain)
"""How lines are compared, the strictest form first."""


def _replace_lines(
    text: str,
    old: str,
    new: str,
    *,
    normal: Callable[[str], str],
    is_indented: bool,
    replace_all: bool,
) -> str | None:
    lines, wanted = text.split("\n"), old.strip("\r\n").split("\n")
    if not any(line.strip() for line in wanted):
        return None
    end = "\r" if "\r\n" in text else ""
    added = [f"{line.rstrip(chr(13))}{end}" for line in new.strip("\r\n").split("\n")]
    if not new.strip("\r\n"):
        added = []
    places = find_lines(lines, wanted, 0, normal)
    if is_indented:
        places = [at for at in places if _shift(lines[at : at + len(wanted)], wanted) is not None]
    if not places:
        return None
    if len(places) > 1 and not replace_all:
        raise _several_lines(lines, places)
    for at in reversed(places):
        there = lines[at : at + len(wanted)]
        shift = _shift(there, wanted) if is_indented else ("", "")
        assert shift is not None
        lines[at : at + len(wanted)] = [_indented(line, *shift) for line in added]
    return "\n".join(lines)


def _shift(there: list[str], wanted: list[str]) -> tuple[str, str] | None:
    """Return the indentation to take off and to put on; None if it is not one for all lines."""
    pairs = [(a, b) for a, b in zip(there, wanted, strict=True) if a.strip()]
    first_there, first_wanted = pairs[0]
    mine, theirs = _indent(first_there), _indent(first_wanted)
    if mine.endswith(theirs):
        off, on = "", mine[: len(mine) - len(theirs)]
    elif theirs.endswith(mine):
        off, on = theirs[: len(theirs) - len(mine)], ""
    else:
        off, on = theirs, mine
    if all(_indent(_indented(b, off, on)) == _indent(a) for a, b in pairs):
        return off, on
    return None


def _indented(line: str, off: str, on: str) -> str:
    return on + line.removeprefix(off) if line.strip() else line


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


def _several(text: str, starts: list[int]) -> ToolError:
    return _several_lines(text.split("\n"), [text.count("\n", 0, start) for start in starts])


def _several_lines(lines: list[str], places: list[int]) -> ToolError:
    shown = "; ".join(f"line {at + 1}: {lines[at].strip()[:80]}" for at in places[:_SHOWN_PLACES])
    return ToolError(
        f"old stands in {len(places)} places ({shown}). Quote more lines, or set replace_all."
    )
