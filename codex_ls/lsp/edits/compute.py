"""What the code of an answer changes in a document: the one place that decides it, for every editor.

Nothing is guessed. What can't be applied for certain is refused with the reason: an answer without
exactly one whole block of code, code with parts left out, lines with numbers that make no sense. Edits
are whole lines where the selection is, and only the lines that differ, so that an editor can show them
one by one and keeps its marks in the others.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from codex_ls.lsp.documents import PROSE, Text
from codex_ls.lsp.edits.answer_forms import DoesNotFit, is_diff, patched, without_numbers
from codex_ls.lsp.edits.answer_forms import Unclear as UnclearNumbers
from codex_ls.lsp.edits.chosen_code import (
    LETTERS,
    Refused,
    chosen,
    chosen_for,
    is_telling,
    with_line_feeds,
)
from codex_ls.lsp.edits.code_blocks import Block, defines, is_part, leaves_out
from codex_ls.lsp.edits.indentation import Unclear as UnclearIndentation
from codex_ls.lsp.edits.indentation import (
    brackets_left_open,
    indent_of,
    margin_of,
    moved_to,
    put_at,
    rest_moved_to,
)
from codex_ls.lsp.edits.text_edit import Edit, bare, end_near, line_edits
from codex_ls.lsp.line_text import code_units, split_lines
from codex_ls.protocol import Placement, Range

_NEAR_LINES = 200
"""How far around a selection its answer is looked for: more than is sent along with it."""

_SURE_LINES = 3
"""So many lines in a row are not the same by chance."""

_CONFLICT = ("<<<<<<< ", ">>>>>>> ", "||||||| ")


@dataclass(frozen=True, slots=True)
class Place:
    """Where code goes: lines and code points from 0; `end` is not part of it."""

    start: tuple[int, int]
    end: tuple[int, int]

    @classmethod
    def of(cls, text: Text, place: Range) -> "Place":
        """Return a range of LSP in code points, its ends in order and inside the text."""
        ends = []
        for at in (place.start, place.end):
            offset = text.offset(at.line, at.character)
            line = text.line_at(offset)
            ends.append((line, offset - text.line_start(line)))
        return cls(min(ends), max(ends))

    @property
    def is_empty(self) -> bool:
        """Whether it is a cursor."""
        return self.start == self.end

    @property
    def lines(self) -> tuple[int, int]:
        """The first and the last line of which there is anything in it."""
        (first, _), (last, column) = self.start, self.end
        return first, last - (last > first and column == 0)


def edits_of(
    answer: str,
    source: str,
    place: Range,
    *,
    encoding: str,
    language: str | None = None,
    placement: Placement = "replace",
    block: int | None = None,
) -> tuple[Edit, ...]:
    """Return what an answer's code changes at a place of a document. Raises Refused.

    `block` is the number of the code block that is meant, from 0, where there are several.
    """
    answer = with_line_feeds(answer)
    document = _Document(split_lines(source), encoding, is_prose=language in PROSE)
    target = Place.of(Text(source, encoding=encoding), place)
    if placement == "insert":
        return _insertion(document, target, chosen(answer, block))
    return _replacement(document, target, answer, block)


@dataclass(frozen=True, slots=True)
class _Document:
    """The lines of a document, with their ends."""

    lines: Sequence[str]
    encoding: str
    is_prose: bool = False

    def bare(self, first: int, last: int) -> list[str]:
        """Return the lines `first` to `last` without their ends, as far as there are such lines."""
        return [bare(line) for line in self.lines[max(first, 0) : max(last + 1, 0)]]

    def near(self, first: int, last: int) -> list[str]:
        """Return the lines around others, which show how the document is indented."""
        return self.bare(first - _NEAR_LINES, last + _NEAR_LINES)

    def position(self, line: int, column: int) -> tuple[int, int]:
        """Return a place in code units; `column` counts code points."""
        return line, code_units(self.lines[line][:column], self.encoding)

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing in it that could be lost."""
        return not any(map(str.strip, self.lines))


def _cleaned(
    document: _Document,
    code: Sequence[str],
    old: Sequence[str],
    first: int,
    *,
    is_new: bool = False,
) -> list[str]:
    """Return code without line numbers, if nothing is left out of it. Raises Refused."""
    try:
        new = without_numbers(code, old, first_number=first + 1, is_prose=document.is_prose)
    except UnclearNumbers:
        raise Refused("unclear", "its lines have numbers that are not in order") from None
    if any(line.startswith(_CONFLICT) and line not in old for line in new):
        raise Refused("unclear", "its code has the marks of a merge conflict")
    if leaves_out(new, old, is_prose=document.is_prose, is_new=is_new):
        raise Refused("omittedCode", "it leaves out some of the code")
    return new


# ---- in the place of code ------------------------------------------------------------------------


def _replacement(
    document: _Document, place: Place, answer: str, number: int | None
) -> tuple[Edit, ...]:
    place = _without_bare_end(document, place)
    first, last = place.lines
    old = document.bare(first, last)
    block = chosen_for(answer, number, old)
    code = block.lines
    if is_diff(block.language, code):
        return _patch(document, place, code)
    before = old[0][: place.start[1]]
    behind = old[-1][place.end[1] :] if last == place.end[0] else ""
    if place.is_empty and (before + behind).strip():
        raise Refused("unclear", "no code is selected that it could replace")
    if (before.strip() or behind.strip()) and not _is_whole_lines(code, before, behind):
        return _part(document, place, code)
    return _whole_lines(document, first, last, code)


def _without_bare_end(document: _Document, place: Place) -> Place:
    """Return a place that does not begin behind the last letter of a line: nothing of it is chosen."""
    (line, column), (last, _) = place.start, place.end
    text = bare(document.lines[line])
    if line < last and text.strip() and column >= len(text):
        return replace(place, start=(line + 1, 0))
    return place


def _patch(document: _Document, place: Place, diff: Sequence[str]) -> tuple[Edit, ...]:
    """Return the edits of a diff; of a cursor it may change the whole document."""
    everything = document.bare(0, len(document.lines))
    first, last = (0, len(everything) - 1) if place.is_empty else place.lines
    try:
        low, high, new = patched(diff, everything, first=first, last=last)
    except DoesNotFit as error:
        raise Refused("unclear", str(error)) from None
    old = everything[low : high + 1]
    if leaves_out(new, old, is_prose=document.is_prose):
        raise Refused("omittedCode", "it leaves out some of the code")
    return _different(line_edits(document.lines, low, high, new, encoding=document.encoding))


def _whole_lines(
    document: _Document, first: int, last: int, code: Sequence[str]
) -> tuple[Edit, ...]:
    old = document.bare(first, last)
    new = _cleaned(document, code, old, first)
    low, high = _lines_given(document, first, last, new)
    given = document.bare(low, high)
    if is_part(new, given):
        raise Refused("omittedCode", "it has only a part of the code")
    try:
        new = moved_to(new, given, document=document.near(low, high))
    except UnclearIndentation:
        raise Refused("unclear", "it does not show how its code is to be indented") from None
    above, below = first - low, high - last
    if new[:above] != given[:above] or (below and new[-below:] != given[-below:]):
        raise Refused("unclear", "it changes code that is not selected")
    return _different(line_edits(document.lines, low, high, new, encoding=document.encoding))


def _lines_given(document: _Document, first: int, last: int, new: Sequence[str]) -> tuple[int, int]:
    """Return which lines an answer gives: more than those it was asked for, if it repeats others.

    Raises Refused if it repeats lines, and it is not certain how many.
    """
    code, old = _stripped(new), _stripped(document.bare(first, last))
    before = _stripped(document.bare(first - _NEAR_LINES, first - 1))
    behind = _stripped(document.bare(last + 1, last + _NEAR_LINES))
    above = _shared(code, before, old)
    below = _shared(code[above:][::-1], behind[::-1], old[::-1])
    repeated = [*code[:above], *code[len(code) - below :]]
    is_head = above > 0 and _is_block(document, first, last)
    if is_telling("".join(repeated)):
        if (above and below) or is_head or max(above, below) >= _SURE_LINES:
            return first - above, last + below
        raise Refused("unclear", "it repeats code that is not selected")
    if repeated and brackets_left_open(code) != brackets_left_open(old):
        raise Refused("unclear", "it repeats code that is not selected")
    known = {*before, *behind} - set(old)
    if any(line in known and defines(line) for line in code):
        raise Refused("unclear", "it repeats code that is not selected")
    return first, last


def _shared(code: Sequence[str], before: Sequence[str], old: Sequence[str]) -> int:
    """Return how many lines code begins with that stand right before the old code.

    None if the old code begins with the same ones itself.
    """
    for count in range(min(len(code) - 1, len(before)), 0, -1):
        if list(code[:count]) == list(before[len(before) - count :]):
            return 0 if list(old[:count]) == list(code[:count]) else count
    return 0


def _is_block(document: _Document, first: int, last: int) -> bool:
    """Whether the lines before and behind some lines are indented less: they are all of a block."""
    margin = len(margin_of(document.bare(first, last)))
    behind = [line for line in document.bare(last + 1, last + _NEAR_LINES) if line.strip()]
    around = [bare(document.lines[first - 1]), *behind[:1]]
    return all(len(indent_of(line)) < margin for line in around)


def _stripped(lines: Sequence[str]) -> list[str]:
    return [line.strip() for line in lines]


def _different(edits: tuple[Edit, ...]) -> tuple[Edit, ...]:
    if not edits:
        raise Refused("unchanged", "its code is what is there already")
    return edits


# ---- in the place of a part of a line ------------------------------------------------------------


def _is_whole_lines(code: Sequence[str], before: str, behind: str) -> bool:
    """Whether code repeats what surrounds the selection in its lines. Raises Refused."""
    first, last, before, behind = code[0].strip(), code[-1].strip(), before.strip(), behind.strip()
    sides = [
        (before, _begins_with(first, before)),
        (behind, _begins_with(last[::-1], behind[::-1])),
    ]
    has_sides = [is_there for text, is_there in sides if text]
    telling = [is_there for text, is_there in sides if LETTERS.search(text)]
    if not any(telling or [all(has_sides)]):
        return False
    if telling and all(has_sides):
        return True
    raise Refused("unclear", "it could be for a part of a line, or for all of it")


def _begins_with(line: str, beginning: str) -> bool:
    if not beginning:
        return True
    rest = line[len(beginning) :]
    ends_in_word = LETTERS.fullmatch(beginning[-1]) and LETTERS.match(rest)
    return line.startswith(beginning) and not ends_in_word


def _part(document: _Document, place: Place, code: Sequence[str]) -> tuple[Edit, ...]:
    """Return one edit of exactly what is selected; what surrounds it in its lines stays."""
    first, last = place.lines
    old = document.bare(first, last)
    end = place.end if place.end[0] == last else (last, len(old[-1]))
    start = place.start if old[0][: place.start[1]].strip() else (first, 0)
    selected = [*old[:-1], old[-1][: end[1]]]
    selected[0] = selected[0][start[1] :]
    new = _cleaned(document, code, selected, first)
    try:
        new = _fitted_part(document, first, old, selected, new, starts_line=start[1] == 0)
    except UnclearIndentation:
        raise Refused("unclear", "it does not show how its code is to be indented") from None
    if new == selected:
        raise Refused("unchanged", "its code is what is there already")
    text = end_near(document.lines, first).join(new)
    return (Edit(document.position(*start), document.position(*end), text),)


def _fitted_part(
    document: _Document,
    first: int,
    old: Sequence[str],
    selected: Sequence[str],
    new: Sequence[str],
    *,
    starts_line: bool,
) -> list[str]:
    """Return code for a selection that begins or ends inside a line. Raises UnclearIndentation."""
    near = document.near(first, first + len(old))
    if starts_line:
        new = moved_to(new, selected, document=near)
    else:
        lead = selected[0][: len(selected[0]) - len(selected[0].lstrip())]
        rest = rest_moved_to(new[1:], old[1:], indent_of(old[0]), document=near)
        new = [lead + new[0].strip(), *rest]
    tail = selected[-1][len(selected[-1].rstrip()) :]
    return [*new[:-1], new[-1].rstrip() + tail]


# ---- beside what is there ------------------------------------------------------------------------


def _insertion(document: _Document, place: Place, block: Block) -> tuple[Edit, ...]:
    """Return one edit that removes nothing."""
    if is_diff(block.language, block.lines):
        raise Refused("unclear", "its code is a diff")
    first, last = place.lines
    old, near = document.bare(first, last), document.near(first, last)
    code = _cleaned(document, block.lines, near, first, is_new=True)
    end = end_near(document.lines, last)
    if not place.is_empty:
        new = put_at(code, margin_of(old), document=near)
        at = document.position(last, len(old[-1]))
        return (Edit(at, at, end + end.join(new)),)
    line, column = place.start
    text = old[0]
    if not text.strip():
        margin = text or _margin_between(document, line)
        new = put_at(code, margin, document=near)
        at = document.position(line, len(text))
        return (Edit(at, at, end.join(new)[len(text) :]),)
    new = put_at(code, indent_of(text), document=near)
    if not text[:column].strip():
        return (Edit((line, 0), (line, 0), "".join(made + end for made in new)),)
    if text[column:].strip() and len(new) == 1:
        at = document.position(line, column)
        return (Edit(at, at, new[0].strip()),)
    at = document.position(line, len(text))
    return (Edit(at, at, end + end.join(new)),)


def _margin_between(document: _Document, line: int) -> str:
    """Return the indentation of an empty line: that of the lines around it, where both have the same."""
    before = [text for text in document.bare(line - _NEAR_LINES, line - 1) if text.strip()]
    behind = [text for text in document.bare(line + 1, line + _NEAR_LINES) if text.strip()]
    if not before or not behind or indent_of(before[-1]) != indent_of(behind[0]):
        return ""
    return indent_of(before[-1])
