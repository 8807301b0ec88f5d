"""The text of an open document as its lines, so that an edit costs what it changes.

Lines are those of LSP 3.17, "Text Documents": they end at `\\n`, `\\r\\n` or `\\r`, and at nothing else.
Many edits in one notification are applied in steps, and give way to whoever waits; the document shows
none of them before it has all.
"""

import asyncio
import time
from collections.abc import Iterable, Iterator

from codex_ls.json_model import Params, Text
from codex_ls.protocol import Range

STEP_S = 0.008
"""So long edits are applied before others have their turn."""

_UNITS = {"utf-8": "utf-8", "utf-16": "utf-16-le"}


def split_lines(source: str) -> list[str]:
    """Return the lines of a text with their ends; the last one has none, and may be empty."""
    lines = source.splitlines(keepends=True)
    if not lines or lines[-1][-1] in "\r\n":
        lines.append("")
    if all(line[-1] in "\r\n" for line in lines[:-1]):
        return lines
    return list(_joined(lines))


def _joined(lines: Iterable[str]) -> Iterator[str]:
    """Join what Python also splits at other signs, such as form feeds and U+2028."""
    pieces: list[str] = []
    for line in lines:
        pieces.append(line)
        if line.endswith(("\r", "\n")):
            yield "".join(pieces)
            pieces.clear()
    yield "".join(pieces)


def code_units(text: str, encoding: str) -> int:
    """Return the length of a text in code units of a position encoding."""
    if encoding == "utf-32" or text.isascii():
        return len(text)
    codec = _UNITS.get(encoding, "utf-16-le")
    return len(text.encode(codec, "surrogatepass")) // (2 if codec == "utf-16-le" else 1)


def code_points(line: str, units: int, encoding: str) -> int:
    """Return how many characters of `line` are `units` code units; never more than it has."""
    if encoding == "utf-32" or line.isascii():
        return min(units, len(line))
    codec = _UNITS.get(encoding, "utf-16-le")
    width = 2 if codec == "utf-16-le" else 1
    encoded = line[:units].encode(codec, "surrogatepass")[: units * width]
    try:
        found = encoded.decode(codec, "surrogatepass")
    except UnicodeDecodeError as cut:  # inside a character: that one does not count
        found = encoded[: cut.start].decode(codec, "surrogatepass")
    return len(found) - (found != line[: len(found)])


class Change(Params):
    """One change of a `textDocument/didChange`; without a range it is the whole text."""

    text: Text
    range: Range | None = None


class LineText:
    """A text that is edited; `source` is all of it."""

    def __init__(self, source: str, *, encoding: str) -> None:
        self._encoding = encoding
        self._source: str | None = source
        self._lines: list[str] | None = None

    @property
    def source(self) -> str:
        """The whole text."""
        if self._source is None:
            assert self._lines is not None
            self._source = "".join(self._lines)
        return self._source

    def apply(self, change: Change) -> None:
        """Apply one change; a place behind the end of a line or of the text is that end."""
        if change.range is None:
            self._source, self._lines = change.text, None
            return
        if self._lines is None:
            self._lines = split_lines(self.source)
        lines = self._lines
        start = self._place(lines, change.range.start.line, change.range.start.character)
        end = self._place(lines, change.range.end.line, change.range.end.character)
        end = max(start, end)
        (first, column), (last, end_column) = start, end
        merged = lines[first][:column] + change.text + lines[last][end_column:]
        if merged.startswith("\n") and first and lines[first - 1].endswith("\r"):
            first -= 1  # what were two line ends has become one
            merged = lines[first] + merged
        if first == last and _is_one_line(merged, is_last=last == len(lines) - 1):
            lines[first] = merged
        else:
            new = split_lines(merged)
            if last < len(lines) - 1:
                new.pop()  # `merged` has an end, behind which the next line begins
            lines[first : last + 1] = new
        self._source = None

    async def apply_all(self, changes: Iterable[Change]) -> None:
        """Apply changes one after the other, as one: what reads the text meanwhile sees it as it was."""
        edited = LineText(self.source, encoding=self._encoding)
        edited._lines = None if self._lines is None else list(self._lines)
        until = time.perf_counter() + STEP_S
        for change in changes:
            edited.apply(change)
            if time.perf_counter() > until:
                await asyncio.sleep(0)
                until = time.perf_counter() + STEP_S
        self._source, self._lines = edited._source, edited._lines

    def _place(self, lines: list[str], line: int, character: int) -> tuple[int, int]:
        if line >= len(lines):
            return len(lines) - 1, len(lines[-1])
        found = lines[line]
        end = len(found) - _length_of_end(found)
        return line, min(code_points(found, character, self._encoding), end)


def _length_of_end(line: str) -> int:
    if line.endswith("\r\n"):
        return 2
    return 1 if line.endswith(("\n", "\r")) else 0


def _is_one_line(text: str, *, is_last: bool) -> bool:
    """Whether a text is one line: with its end, but for the last one of a document."""
    end = _length_of_end(text)
    if (end > 0) == is_last:
        return False
    inner = len(text) - end
    return text.find("\n", 0, inner) < 0 and text.find("\r", 0, inner) < 0
