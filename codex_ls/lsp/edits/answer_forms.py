"""The forms in which models write changed code: numbered lines and unified diffs."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

# ---- numbered lines ------------------------------------------------------------------------------
#
# Line numbers in code that a model wrote: copied from a question, whatever was asked for.
#
# Numbers are taken away only where they can be nothing else: every line has one, in one style, in
# order, and they begin where the code begins. Numbers that are part of the code stay.


_STYLES = tuple(
    re.compile(pattern)
    for pattern in (
        r"[ \t]*(\d{1,7})(?:\t(.*))?",
        r"[ \t]*(\d{1,7})[ \t]*[|\u2502\u00a6](.*)",
        r"[ \t]*(\d{1,7})[ \t]*\u2192(.*)",
        r"[ \t]*L?(\d{1,7}):(.*)",
        r"[ \t]*\[(\d{1,7})\](.*)",
        r"[ \t]*(\d{1,7})(?: (.*))?",
    )
)
"""`12<tab>code`, `12 | code`, `12 → code`, `12: code`, `[12] code`, `12 code`."""

_LIST_STYLES = tuple(re.compile(rf"[ \t]*(\d{{1,7}}){end}(?:[ ](.*))?") for end in (r"\.", r"\)"))
"""`12. code`, `12) code`: in prose these are lists."""

_MAX_BEFORE = 150
"""Numbers may begin so many lines earlier: the code around a selection is sent along with it."""

_TOKEN = re.compile(r"\w+|\S")


class Unclear(ValueError):
    """There are numbers, and they make no sense as line numbers."""


@dataclass(frozen=True, slots=True)
class _Numbered:
    """Lines with text in one style: their numbers, and what is left without them."""

    numbers: tuple[int, ...]
    rests: tuple[str, ...]


def without_numbers(
    lines: Sequence[str], old: Sequence[str], *, first_number: int, is_prose: bool = False
) -> list[str]:
    """Return lines without the line numbers before them, if they have any. Raises Unclear.

    `old` are the lines that they replace, of which the first has the number `first_number`.
    """
    with_text = [line for line in lines if line.strip()]
    old_texts = {line.strip() for line in old if line.strip()}
    raw_overlap = sum(1 for line in with_text if line.strip() in old_texts)
    for style in (*_STYLES, *(() if is_prose else _LIST_STYLES)):
        found = _read(with_text, style)
        if found is None:
            continue
        overlap = sum(1 for rest in found.rests if rest.strip() in old_texts)
        if raw_overlap and raw_overlap >= overlap:
            return list(lines)
        if _is_in_style(old, style) and overlap <= raw_overlap:
            return list(lines)
        if len(with_text) == 1:
            is_number = _is_number_of_line(found, old, first_number)
        else:
            is_number = _are_line_numbers(found, overlap, old, first_number)
        if not is_number:
            return list(lines)
        rests = iter(found.rests)
        return [next(rests) if line.strip() else "" for line in lines]
    if _are_partly_numbered(with_text, old, old_texts, raw_overlap):
        raise Unclear
    return list(lines)


def _read(lines: Sequence[str], style: re.Pattern[str]) -> _Numbered | None:
    """Return what lines are without their numbers; None if not all have one, or nothing else."""
    found = [style.fullmatch(line) for line in lines]
    matches = [match for match in found if match is not None]
    if len(matches) < len(lines):
        return None
    rests = [match[2] or "" for match in matches]
    if not any(rest.strip() for rest in rests):
        return None
    is_apart = all(rest.startswith(" ") for rest in rests if rest) and style is not _STYLES[-1]
    if is_apart and style is not _STYLES[0]:
        rests = [rest[1:] for rest in rests]
    return _Numbered(tuple(int(match[1]) for match in matches), tuple(rests))


def _is_in_style(old: Sequence[str], style: re.Pattern[str]) -> bool:
    """Whether the code that is replaced is itself made of lines that begin with numbers."""
    with_text = [line for line in old if line.strip()]
    return 2 * sum(1 for line in with_text if style.fullmatch(line)) > len(with_text)


def _are_line_numbers(
    found: _Numbered, overlap: int, old: Sequence[str], first_number: int
) -> bool:
    """Whether the numbers of several lines are those of lines. Raises Unclear."""
    first = found.numbers[0]
    is_in_order = all(one < other for one, other in pairwise(found.numbers))
    is_near = max(1, first_number - _MAX_BEFORE) <= first <= first_number + len(old)
    if is_in_order and (first == first_number or (overlap and (is_near or first == 1))):
        return True
    raise Unclear


def _is_number_of_line(found: _Numbered, old: Sequence[str], first_number: int) -> bool:
    """Whether one line begins with its number, and not with a number of its own. Raises Unclear."""
    rest = found.rests[0].strip()
    firsts = {match[0] for line in old if (match := _TOKEN.search(line))}
    token = _TOKEN.match(rest)
    is_alike = token is not None and token[0] in firsts
    if found.numbers[0] == first_number:
        if is_alike:
            return True
        raise Unclear
    return False


def _are_partly_numbered(
    lines: Sequence[str], old: Sequence[str], old_texts: set[str], raw_overlap: int
) -> bool:
    """Whether some lines, not all, begin with a number that is not part of the code."""
    for style in _STYLES:
        if _is_in_style(old, style):
            continue
        matches = [match for line in lines if (match := style.fullmatch(line))]
        if any((match[2] or "").strip() in old_texts for match in _with_rest(matches)):
            return True
        if not raw_overlap and len(list(_with_rest(matches))) * 2 > len(lines):
            return True
    return False


def _with_rest(matches: Sequence[re.Match[str]]) -> Iterator[re.Match[str]]:
    return (match for match in matches if (match[2] or "").strip())


# ---- unified diffs -------------------------------------------------------------------------------


_HUNK = re.compile(r"@@(?:\s*-(\d+)(?:,\d+)?\s+\+\d+(?:,\d+)?\s*@@.*|.*)")
_HEADER = re.compile(
    r"(?:diff |index [0-9a-f]|old mode |new mode |new file|deleted file|similarity |rename |\*\*\* )"
)
_LANGUAGES = frozenset({"diff", "patch", "udiff"})

MAX_SEARCHED_LINES = 50_000


class DoesNotFit(ValueError):
    """Why a diff can't be applied, in words that continue a sentence."""


@dataclass(slots=True)
class _Hunk:
    """Lines with their signs: a blank, `+` or `-`. `at` is the line that its head names, from 1."""

    at: int | None = None
    lines: list[tuple[str, str]] = field(default_factory=list)

    @property
    def before(self) -> list[str]:
        """The lines that have to be there."""
        return [text for sign, text in self.lines if sign != "+"]


def is_diff(language: str, lines: Sequence[str]) -> bool:
    """Whether a block of code is a diff: its language says so, or it has the heads of one."""
    if language.lower() in _LANGUAGES:
        return True
    has_files = any(
        one.startswith("--- ") and other.startswith("+++ ") for one, other in pairwise(lines)
    )
    has_hunks = any(re.match(r"@@ -\d+(?:,\d+)? \+\d+(?:,\d+)? @@", line) for line in lines)
    return has_files or has_hunks


def patched(
    diff: Sequence[str], document: Sequence[str], *, first: int, last: int
) -> tuple[int, int, list[str]]:
    """Return the lines that a diff changes (first, last) and what they become.

    Only lines `first` to `last` may change; lines have no ends. Raises DoesNotFit.
    """
    hunks = [hunk for hunk in _hunks(diff) if any(sign != " " for sign, _ in hunk.lines)]
    if not hunks:
        raise DoesNotFit("its diff changes nothing")
    if len(document) > MAX_SEARCHED_LINES:
        raise DoesNotFit("its code is a diff of a document that is too long to search")
    low, high, new = first, last, list(document[first : last + 1])
    position = 0
    changes: list[tuple[int, int, list[str]]] = []
    for hunk in hunks:
        start = _place_of(hunk, document, position, first, last)
        changes.append((start, start + len(hunk.before), _after(hunk, document, start)))
        position = start + len(hunk.before)
    low = min(first, *(start for start, _, _ in changes))
    high = max(last, *(end - 1 for _, end, _ in changes))
    new, at = [], low
    for start, end, lines in changes:
        new += [*document[at:start], *lines]
        at = end
    new += document[at : high + 1]
    return low, high, new


def _hunks(diff: Sequence[str]) -> list[_Hunk]:
    hunks: list[_Hunk] = []
    files = 0
    lines = iter(enumerate(diff))
    for number, line in lines:
        following = diff[number + 1] if number + 1 < len(diff) else ""
        if line.startswith("--- ") and following.startswith("+++ "):
            files += 1
            next(lines)
            hunks.append(_Hunk())
        elif line.startswith("@@") and (head := _HUNK.fullmatch(line)):
            hunks.append(_Hunk(int(head[1]) if head[1] else None))
        elif _HEADER.match(line) or line.startswith("\\"):
            continue
        elif line == "" or line[0] in " +-":
            if not hunks:
                hunks.append(_Hunk())
            hunks[-1].lines.append((line[:1] or " ", line[1:]))
        else:
            raise DoesNotFit("its diff has lines that belong to no hunk")
    if files > 1:
        raise DoesNotFit("its diff is of several files")
    return [_trimmed(hunk) for hunk in hunks]


def _trimmed(hunk: _Hunk) -> _Hunk:
    """Return a hunk without blank lines at its end: they stand between hunks."""
    while hunk.lines and hunk.lines[-1] == (" ", ""):
        hunk.lines.pop()
    return hunk


def _place_of(hunk: _Hunk, document: Sequence[str], position: int, first: int, last: int) -> int:
    before = hunk.before
    if not before:
        if not any(map(str.strip, document)):
            return 0
        raise DoesNotFit("its diff does not say where its lines go")
    fits = [
        start
        for start in range(position, len(document) - len(before) + 1)
        if _matches(before, document, start)
    ]
    inside = [start for start in fits if _stays_inside(hunk, start, first, last)]
    if not inside:
        if fits:
            raise DoesNotFit("its diff changes lines that are not selected")
        raise DoesNotFit("its diff does not match the code")
    if len(inside) > 1:
        named = [start for start in inside if hunk.at in (start + 1, start - first + 1)]
        if len(named) != 1:
            raise DoesNotFit("its diff matches the code at several places")
        return named[0]
    return inside[0]


def _matches(before: Sequence[str], document: Sequence[str], start: int) -> bool:
    return all(
        one == other or not (one.strip() or other.strip())
        for one, other in zip(before, document[start : start + len(before)], strict=True)
    )


def _stays_inside(hunk: _Hunk, start: int, first: int, last: int) -> bool:
    """Whether nothing outside of the lines that may change is removed or added."""
    at = start
    for sign, _ in hunk.lines:
        if sign == "-" and not first <= at <= last:
            return False
        if sign == "+" and not first <= at <= last + 1:
            return False
        at += sign != "+"
    return True


def _after(hunk: _Hunk, document: Sequence[str], start: int) -> list[str]:
    """Return what a hunk makes of its lines; those that stay are the document's own."""
    return list(_lines_after(hunk, document, start))


def _lines_after(hunk: _Hunk, document: Sequence[str], start: int) -> Iterator[str]:
    at = start
    for sign, text in hunk.lines:
        if sign == "+":
            yield text
            continue
        if sign == " ":
            yield document[at]
        at += 1
