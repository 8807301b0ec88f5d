"""Edits of one document in LSP's positions, and the lines they are made of."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from codex_ls.lsp.line_text import code_units
from codex_ls.protocol import Position, Range, TextEdit

_MAX_COMPARED = 4_000_000
"""Pairs of lines: comparing more of them takes seconds where lines repeat."""


@dataclass(frozen=True, slots=True)
class Edit:
    """New text for a range; positions are lines and characters from 0, in code units."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str

    def as_sent(self) -> TextEdit:
        """Return LSP's `TextEdit`."""
        place = Range(Position(*self.start), Position(*self.end))
        return TextEdit(range=place, new_text=self.text)


def bare(line: str) -> str:
    """Return a line without its end."""
    return line.rstrip("\r\n")


def end_of(line: str) -> str:
    """Return the end of a line; empty for a last line without one."""
    return line[len(bare(line)) :]


def end_near(lines: Sequence[str], number: int) -> str:
    """Return the end that new lines at `number` get: that of the nearest line that has one."""
    for line in (*lines[number : number + 1], *reversed(lines[:number]), *lines[number + 1 :]):
        if end := end_of(line):
            return end
    return "\n"


def line_edits(
    lines: Sequence[str], first: int, last: int, new: Sequence[str], *, encoding: str
) -> tuple[Edit, ...]:
    """Return the edits that put the lines `new`, without ends, in the place of `first` to `last`.

    Only lines that differ are edited. A line that stays keeps its end, and so does the last one: it has
    an end exactly if the old one had. Empty if nothing differs.
    """
    old = lines[first : last + 1]
    ended = _with_ends(old, new, end_near(lines, first))
    return tuple(
        Edit(
            position_of_line(lines, first + i1, encoding),
            position_of_line(lines, first + i2, encoding),
            "".join(ended[j1:j2]),
        )
        for tag, i1, i2, j1, j2 in opcodes(old, ended)
        if tag != "equal"
    )


def opcodes(old: Sequence[str], new: Sequence[str]) -> list[tuple[str, int, int, int, int]]:
    """Return how lines differ, as `difflib.SequenceMatcher.get_opcodes` does, in bounded time.

    What is the same at both ends is not compared again; what is left and too much is one replacement.
    """
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    left, right = len(old) - end, len(new) - end
    found: list[tuple[str, int, int, int, int]] = []
    if start:
        found.append(("equal", 0, start, 0, start))
    if (left - start) * (right - start) > _MAX_COMPARED:
        found.append(("replace", start, left, start, right))
    else:
        matcher = SequenceMatcher(None, old[start:left], new[start:right], autojunk=False)
        found += [
            (tag, i1 + start, i2 + start, j1 + start, j2 + start)
            for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        ]
    if end:
        found.append(("equal", left, len(old), right, len(new)))
    return found


def position_of_line(lines: Sequence[str], line: int, encoding: str) -> tuple[int, int]:
    """Return where a line begins; behind the last line it is that line's end."""
    if line < len(lines):
        return line, 0
    return len(lines) - 1, code_units(bare(lines[-1]), encoding)


def _with_ends(old: Sequence[str], new: Sequence[str], default: str) -> list[str]:
    """Return new lines with ends: a line that stays its own, any other that of the line it replaces."""
    ends = [default] * len(new)
    for tag, i1, i2, j1, j2 in opcodes([bare(line) for line in old], new):
        for offset in range(j2 - j1):
            index = i1 + offset if tag == "equal" else min(i1 + offset, max(i2 - 1, 0))
            if index < len(old):
                ends[j1 + offset] = end_of(old[index]) or default
    if not end_of(old[-1]):
        ends[-1] = ""
    return [line + end for line, end in zip(new, ends, strict=True)]
