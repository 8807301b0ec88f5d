"""The blocks of code in an answer: what a fix puts into a document, and whether one was left open.

Fences are those of CommonMark 0.31, section 4.5, at any indentation: models indent them in lists.
"""

import re
from dataclasses import dataclass

_OPENING = re.compile(r"([ \t]*)(`{3,}|~{3,})[ \t]*([^\s`]*)[^`]*")
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
            lines.append(_without_indent(line, opening[1]))
    if opening is not None:
        blocks.append(Block(opening[3], tuple(lines), opening[2], is_closed=False))
    return tuple(blocks)


def fenced(text: str, language: str) -> str:
    """Return text as a block that the text can't close."""
    longest = max((len(run) for run in _RUN.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{language}\n{text}\n{fence}"


def _closes(line: str, fence: str) -> bool:
    found = line.strip()
    return len(found) >= len(fence) and found == fence[0] * len(found)


def _without_indent(line: str, indent: str) -> str:
    return line[len(indent) :] if line.startswith(indent) else line.lstrip(" \t")
