"""The blocks of code in an answer: what a fix puts into a document, and whether one was left open.

Fences are those of CommonMark 0.31, section 4.5, at any indentation and behind the marker of a list:
models put them there. Whoever takes code out of an answer asks `has_stray_fence` as well.
"""

import re
from dataclasses import dataclass

_OPENING = re.compile(r"([ \t]*(?:(?:[-*+]|\d{1,9}[.)])[ \t]+)*)(`{3,}|~{3,})[ \t]*([^\s`]*)[^`]*")
_ANY_FENCE = re.compile(r"`{3}|~{3}")
_RUN = re.compile(r"`{3,}")


@dataclass(frozen=True, slots=True)
class Block:
    """One fenced block; `lines` are without its fences and their indentation."""

    language: str
    lines: tuple[str, ...]
    fence: str
    is_closed: bool = True


def blocks_in(markdown: str) -> tuple[Block, ...]:
    """Return every block of a text whose lines end in LF; one never closed reaches to the end."""
    blocks: list[Block] = []
    opening: re.Match[str] | None = None
    lines: list[str] = []
    for line in markdown.split("\n"):
        if opening is None:
            opening, lines = _OPENING.fullmatch(line), []
        elif _closes(line, opening[2]):
            blocks.append(Block(opening[3], tuple(lines), opening[2]))
            opening = None
        else:
            lines.append(_without_indent(line, len(opening[1])))
    if opening is not None:
        blocks.append(Block(opening[3], tuple(lines), opening[2], is_closed=False))
    return tuple(blocks)


def has_stray_fence(markdown: str) -> bool:
    """Whether there is a fence that opens or closes nothing here, but may for another reader."""
    found = sum(1 for line in markdown.split("\n") if _ANY_FENCE.search(line))
    for block in blocks_in(markdown):
        found -= 2 if block.is_closed else 1
        found -= sum(
            1 for line in block.lines if _ANY_FENCE.search(line) and block.fence not in line
        )
    return found != 0


def fenced(text: str, language: str) -> str:
    """Return text as a block that the text can't close."""
    longest = max((len(run) for run in _RUN.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _closes(line: str, fence: str) -> bool:
    found = line.strip()
    return len(found) >= len(fence) and found == fence[0] * len(found)


def _without_indent(line: str, columns: int) -> str:
    """Return a line without what stands before its block; as CommonMark, no more than is there."""
    return line[columns:] if not line[:columns].strip(" \t") else line.lstrip(" \t")
