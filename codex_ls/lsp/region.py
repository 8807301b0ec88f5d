"""Which lines a fix may change: those around a problem that belong together.

A problem is often one word long, and its cure some lines away. Without a parser for every language the
indentation tells what belongs together: the block that holds the problem, with the line that heads it.
"""

import re
from collections.abc import Sequence

WHOLE_DOCUMENT_LINES = 40
"""A document of at most this many lines is one region."""

MAX_LINES = 120
"""No wider block is taken; what was chosen by hand may be longer."""

_CLOSERS = ("}", ")", "]", "end", "</", "fi", "done", "esac")
_INDENT = re.compile(r"[ \t]*")
_TAB = 8


def region_around(lines: Sequence[str], first: int, last: int) -> tuple[int, int]:
    """Return the first and the last line of the region around lines `first` to `last`, from 0."""
    end = _last_with_text(lines)
    first, last = min(first, end), min(last, end)
    if end < WHOLE_DOCUMENT_LINES:
        return 0, end
    indents = [_width(line) for line in lines[first : last + 1] if line.strip()]
    base = min(indents, default=0)
    while base > 0 and (block := _block(lines, first, last, base)) is not None:
        if block[1] - block[0] >= MAX_LINES:
            return first, last
        first, last = block
        base = _width(lines[first])
    if last - first + 1 < MAX_LINES and base == 0:
        return _paragraph(lines, first, last)
    return first, last


def _block(lines: Sequence[str], first: int, last: int, base: int) -> tuple[int, int] | None:
    """Return the smallest block whose head is less indented than `base`."""
    head = first - 1
    while head >= 0 and (not lines[head].strip() or _width(lines[head]) >= base):
        head -= 1
    if head < 0:
        return None
    outer = _width(lines[head])
    end = last + 1
    while end < len(lines) and (not lines[end].strip() or _width(lines[end]) > outer):
        end += 1
    if (
        end < len(lines)
        and _width(lines[end]) == outer
        and lines[end].lstrip().startswith(_CLOSERS)
    ):
        return head, end
    end -= 1
    while end > last and not lines[end].strip():
        end -= 1
    return head, end


def _paragraph(lines: Sequence[str], first: int, last: int) -> tuple[int, int]:
    """Return the lines up to the next blank ones."""
    while first > 0 and lines[first - 1].strip() and last - first < MAX_LINES:
        first -= 1
    while last + 1 < len(lines) and lines[last + 1].strip() and last - first < MAX_LINES:
        last += 1
    return first, last


def _last_with_text(lines: Sequence[str]) -> int:
    end = len(lines) - 1
    while end > 0 and not lines[end].strip():
        end -= 1
    return max(end, 0)


def _width(line: str) -> int:
    indent = _INDENT.match(line)
    return len(indent[0].expandtabs(_TAB)) if indent else 0
