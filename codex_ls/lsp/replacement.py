"""From an answer to edits: the one block of code in it, put in the place of some lines.

Nothing is guessed: an answer without exactly one whole block, with a diff, or with parts left out
changes nothing. Edits are whole lines, and only the lines that differ, so that an editor can show them
one by one and keeps its marks in the others.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from codex_ls.lsp.fences import blocks_in, has_stray_fence

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\n|\r|\Z)")
_NUMBER = re.compile(r"\s*(\d{1,9})(?: (.*))?")
_LEFT_OUT = re.compile(r"\s*(?:#|//|--|/\*|<!--|;|%)+\s*(?:\.\.\.|…)")
_MOST_LINES = 4000
"""More than ten times what a fix may be of: no correction, and slow to compare."""

_UNIT_BYTES = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


class NotClear(Exception):
    """Why an answer changes nothing, in words that continue a sentence."""


@dataclass(frozen=True, slots=True)
class Edit:
    """New text for whole lines; positions are lines and characters from 0, in code units."""

    start: tuple[int, int]
    end: tuple[int, int]
    text: str

    def as_json(self) -> dict[str, object]:
        """Return LSP's `TextEdit`."""
        places = {
            name: {"line": line, "character": character}
            for name, (line, character) in (("start", self.start), ("end", self.end))
        }
        return {"range": places, "newText": self.text}


def lines_of(source: str) -> list[str]:
    """Return the lines of a document with their ends, as LSP counts them; the last may be empty."""
    lines = [match[0] for match in _LINE.finditer(source)]
    while len(lines) > 1 and not lines[-1] and not lines[-2].endswith(("\r", "\n")):
        lines.pop()
    return lines


def edits_from(
    answer: str, source: str, *, first: int, last: int, encoding: str
) -> tuple[Edit, ...]:
    """Return what makes the answer's code of lines `first` to `last`. Raises NotClear."""
    lines = lines_of(source)
    old = lines[first : last + 1]
    code = code_of(answer, [line.rstrip("\r\n") for line in old], first_number=first + 1)
    new = _with_ends(code, old, _end_of(lines[0]) or "\n")
    if new == old:
        raise NotClear("its code is what is there already")
    place = _Places(lines, encoding)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return tuple(
        Edit(place.at(first + i1), place.at(first + i2), "".join(new[j1:j2]))
        for tag, i1, i2, j1, j2 in matcher.get_opcodes()
        if tag != "equal"
    )


def _with_ends(code: Sequence[str], old: Sequence[str], line_end: str) -> list[str]:
    """Return lines with ends: where an old one stays its own, or else `line_end`."""
    ends = [line_end] * len(code)
    bare = [line.rstrip("\r\n") for line in old]
    for block in SequenceMatcher(None, bare, code, autojunk=False).get_matching_blocks():
        for offset in range(block.size):
            ends[block.b + offset] = _end_of(old[block.a + offset]) or line_end
    if not _end_of(old[-1]):
        ends[-1] = ""
    return [line + end for line, end in zip(code, ends, strict=True)]


def _end_of(line: str) -> str:
    return line[len(line.rstrip("\r\n")) :]


def code_of(answer: str, old: Sequence[str], *, first_number: int) -> list[str]:
    """Return the lines of the answer's one block of code, indented as the old ones. Raises NotClear."""
    blocks = [block for block in blocks_in(answer) if any(map(str.strip, block.lines))]
    if not blocks:
        raise NotClear("it has no block of code")
    if len(blocks) == 1 and blocks[0].is_closed and has_stray_fence(answer):
        raise NotClear("it does not say clearly where its code begins and ends")
    if len(blocks) > 1:
        raise NotClear(f"it has {len(blocks)} blocks of code")
    block = blocks[0]
    if not block.is_closed:
        raise NotClear("its block of code has no end")
    if block.language.lower() in ("diff", "patch"):
        raise NotClear("its code is a diff")
    lines = _without_numbers(_trimmed(block.lines), old, first_number)
    if len(lines) > _MOST_LINES:
        raise NotClear("its code is far too long")
    if any(_LEFT_OUT.match(line) and line not in old for line in lines):
        raise NotClear("it leaves out some of the code")
    return _indented(lines, old)


def _trimmed(lines: Sequence[str]) -> list[str]:
    """Return lines without blank ones at both ends."""
    with_text = [number for number, line in enumerate(lines) if line.strip()]
    return list(lines[with_text[0] : with_text[-1] + 1])


def _without_numbers(lines: list[str], old: Sequence[str], first_number: int) -> list[str]:
    """Return lines without the numbers that the question had before them. Raises NotClear.

    Small models copy them, whatever they are asked for; a line that they took out leaves a gap.
    """
    with_text = [line for line in lines if line.strip()]
    found = [match for line in with_text if (match := _NUMBER.fullmatch(line))]
    if len(found) * 2 <= len(with_text) or any(_NUMBER.fullmatch(line) for line in old):
        return lines
    numbers = [int(match[1]) for match in found]
    in_order = all(one < other for one, other in pairwise(numbers))
    if len(found) < len(with_text) or numbers[0] < first_number or not in_order:
        raise NotClear("its lines have numbers that are not in order")
    return [match[2] or "" if (match := _NUMBER.fullmatch(line)) else "" for line in lines]


def _indented(lines: list[str], old: Sequence[str]) -> list[str]:
    """Return lines moved to where the old ones stood, if the model has moved them to the margin."""
    wanted, found = _margin(old), _margin(lines)
    if found or not wanted:
        return lines
    return [wanted + line if line else line for line in lines]


def _margin(lines: Sequence[str]) -> str:
    """Return the white space that every line with text begins with."""
    indents = [line[: len(line) - len(line.lstrip(" \t"))] for line in lines if line.strip()]
    if not indents:
        return ""
    shortest = min(indents, key=len)
    return shortest if all(indent.startswith(shortest) for indent in indents) else ""


class _Places:
    """Where lines begin, in code units; behind the last line it is that line's end."""

    def __init__(self, lines: Sequence[str], encoding: str) -> None:
        self._lines = lines
        self._codec, self._width = _UNIT_BYTES.get(encoding, ("utf-16-le", 2))

    def at(self, line: int) -> tuple[int, int]:
        if line < len(self._lines):
            return line, 0
        last = self._lines[-1].rstrip("\r\n")
        units = len(last.encode(self._codec, "surrogatepass")) // self._width
        return len(self._lines) - 1, units
