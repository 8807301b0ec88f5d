"""Code from an answer, indented as its place in the document is."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import gcd

# ---- tabs or blanks ------------------------------------------------------------------------------


_DEFAULT_WIDTH = 4
_WIDTHS = (2, 3, 4, 8)


@dataclass(frozen=True, slots=True)
class Style:
    """How one level is indented: a tab, or some blanks."""

    unit: str


def style_of(lines: Sequence[str]) -> Style | None:
    """Return how lines are indented; None if no line is, or some with tabs and as many with blanks."""
    indents = [indent for line in lines if (indent := _indent(line)) and line.strip()]
    with_tabs = sum(1 for indent in indents if indent[0] == "\t")
    with_blanks = len(indents) - with_tabs
    if with_tabs == with_blanks:
        return None
    if with_tabs > with_blanks:
        return Style("\t")
    widths = [len(_indent(line)) for line in lines if line.strip() and "\t" not in _indent(line)]
    return Style(" " * _width_of(widths))


def restyled(lines: Sequence[str], style: Style | None) -> list[str]:
    """Return lines indented in a style, if all of them are in the other one; else as they are."""
    indents = [indent for line in lines if (indent := _indent(line)) and line.strip()]
    if style is None or not indents:
        return list(lines)
    if style.unit == "\t":
        if any("\t" in indent for indent in indents):
            return list(lines)
        width = _width_of([len(_indent(line)) for line in lines if line.strip()])
        return [_with_tabs(line, width) for line in lines]
    if not all(indent.strip("\t") == "" or indent[0] == "\t" for indent in indents):
        return list(lines)
    return [_indent(line).replace("\t", style.unit) + line[len(_indent(line)) :] for line in lines]


def _with_tabs(line: str, width: int) -> str:
    """Return a line whose levels are tabs; what is no whole level stays blanks."""
    indent = _indent(line)
    levels, rest = divmod(len(indent), width)
    return "\t" * levels + " " * rest + line[len(indent) :]


def _width_of(widths: Sequence[int]) -> int:
    """Return how many blanks a level has: the step that is seen most, of those that fit all lines."""
    steps = Counter(other - one for one, other in pairwise(widths) if other > one)
    common = gcd(*widths)
    for step, _ in steps.most_common():
        if step in _WIDTHS and common % step == 0:
            return step
    if common in _WIDTHS:
        return common
    for step, _ in steps.most_common():
        if step in _WIDTHS:
            return step
    return _DEFAULT_WIDTH if common == 0 or common % _DEFAULT_WIDTH == 0 else max(common, 1)


def _indent(line: str) -> str:
    return line[: len(line) - len(line.lstrip(" \t"))]


# ---- indentation of a whole block ----------------------------------------------------------------
#
# Code moved to where the code stood that it replaces.
#
# A model gives a block as it stood, or moved to the margin, or with its first line alone at the
# margin, and with its own idea of tabs. The old code shows which of these it is; where it does not, it
# is unclear.


_OPENS = re.compile(
    r".*(?:[:{(\[,=\\+*/|&<-]|=>|->|\b(?:then|do|else|begin|try|of|where))\s*(?:#.*|//.*)?"
)
_CONTINUES = re.compile(r"\s*(?:[.+*/?:|&=<>-]|and\b|or\b|&&)")
_CLOSES = re.compile(r"\s*(?:[})\]]|</|(?:end|fi|done|esac)\b)")


class Unclear(ValueError):
    """Where the code goes could be one of two places."""


def margin_of(lines: Sequence[str]) -> str:
    """Return the white space that every line with text begins with."""
    indents = [indent_of(line) for line in lines if line.strip()]
    if not indents:
        return ""
    shortest = min(indents, key=len)
    return shortest if all(indent.startswith(shortest) for indent in indents) else ""


def indent_of(line: str) -> str:
    """Return the white space that a line begins with."""
    return line[: len(line) - len(line.lstrip(" \t"))]


def moved_to(lines: Sequence[str], old: Sequence[str], *, document: Sequence[str]) -> list[str]:
    """Return code, moved to where the old lines stand and indented as the document is.

    `lines` begin with a line that has text. Raises Unclear.
    """
    with_text = [line for line in old if line.strip()]
    style = _style(with_text, document)
    lines = restyled(lines, style)
    if not with_text:
        return shifted(lines, margin_of(lines), max(old, key=len))
    begins, wanted = indent_of(with_text[0]), margin_of(with_text)
    found = indent_of(lines[0])
    if found == begins:
        return list(lines)
    if found:
        return _shifted_by_first_line(lines, with_text, found, begins)
    rest = [line for line in lines[1:] if line.strip()]
    if not all(line.startswith(wanted) for line in rest) or not rest or begins != wanted:
        if begins != wanted and rest:
            raise Unclear  # it begins deeper than it goes on, and that is lost
        return shifted(lines, "", begins)
    if _has_only_first_line_at_margin(lines[0], rest, with_text, wanted, style):
        return [wanted + lines[0], *lines[1:]]
    return shifted(lines, "", wanted)


def rest_moved_to(
    lines: Sequence[str], old: Sequence[str], indent: str, *, document: Sequence[str]
) -> list[str]:
    """Return the lines behind a first one that begins inside a line, which is indented with `indent`.

    `old` are the lines in whose place they come. Raises Unclear.
    """
    with_text = [line for line in old if line.strip()]
    lines = restyled(lines, _style(with_text or [f"{indent}x"], document))
    texts = [line for line in lines if line.strip()]
    if not indent or not texts:
        return list(lines)
    found = margin_of(texts)
    if not with_text:
        if not found.startswith(indent):
            return shifted(lines, "", indent)
        if _CLOSES.match(texts[-1]) and indent_of(texts[-1]) == indent:
            return list(lines)
        raise Unclear
    wanted = margin_of(with_text)
    if found == wanted:
        return list(lines)
    if indent + found == wanted or not found.startswith(indent):
        return shifted(lines, "", indent)
    known = [line.rstrip() for line in with_text]
    if any(line.rstrip() in known for line in texts):
        return list(lines)
    raise Unclear


def put_at(lines: Sequence[str], margin: str, *, document: Sequence[str]) -> list[str]:
    """Return code that replaces nothing, moved to a margin and indented as the document is."""
    try:
        return moved_to(lines, [f"{margin}x"], document=document)
    except Unclear:
        return shifted(lines, margin_of(lines), margin)


def shifted(lines: Sequence[str], found: str, wanted: str) -> list[str]:
    """Return lines with `wanted` in the place of `found` at their beginning; blank ones stay."""
    return [wanted + line.removeprefix(found) if line.strip() else line for line in lines]


def _style(lines: Sequence[str], document: Sequence[str]) -> Style | None:
    """Return how lines are indented; where they do not show how wide a level is, the document does."""
    own, near = style_of(lines), style_of(document)
    if own is None or (near is not None and own.unit[0] == near.unit[0]):
        return near
    return own


def _shifted_by_first_line(
    lines: Sequence[str], old: Sequence[str], found: str, begins: str
) -> list[str]:
    """Return lines moved so that the first one is indented as the old one was. Raises Unclear."""
    known = {line.rstrip() for line in old}
    if lines[0].rstrip() in known:
        raise Unclear  # it begins with another line of the old code
    if begins.startswith(found):
        return shifted(lines, "", begins[len(found) :])
    if not found.startswith(begins):
        raise Unclear
    extra = found[len(begins) :]
    if not all(line.startswith(extra) for line in lines if line.strip()):
        raise Unclear
    return shifted(lines, extra, "")


def _has_only_first_line_at_margin(
    first: str, rest: Sequence[str], old: Sequence[str], wanted: str, style: Style | None
) -> bool:
    """Whether all lines but the first stand where they belong. Raises Unclear."""
    step = len(indent_of(rest[0])) - len(wanted)
    opens = _OPENS.fullmatch(first) is not None
    if _CLOSES.match(rest[-1]) and _is_balanced((first, *rest)):
        # What closes at the end closes what the first line opened, and belongs below it.
        closes_at_margin = indent_of(rest[-1]) == wanted
        if closes_at_margin and opens and step <= 0:
            raise Unclear
        if closes_at_margin:
            return True
    if opens and step == 0:
        return False
    if not opens and step == 0 and not _CONTINUES.match(rest[0]):
        return True
    known = [line.rstrip() for line in old]
    as_it_is = sum(1 for line in rest if line.rstrip() in known)
    moved = sum(1 for line in rest if (wanted + line).rstrip() in known)
    if as_it_is != moved:
        return as_it_is > moved
    levels = {len(indent_of(line)) - len(wanted) for line in old[1:]}
    nearest = min(len(indent_of(line)) for line in rest)
    if (nearest in levels) != (nearest - len(wanted) in levels):
        return nearest - len(wanted) in levels
    unit = len(style.unit) if style is not None else 0
    if opens and unit and step == unit != len(indent_of(rest[0])):
        return True
    if opens and unit and len(indent_of(rest[0])) == unit != step:
        return False
    raise Unclear


def _is_balanced(lines: Sequence[str]) -> bool:
    """Whether brackets are closed as often as they are opened, as far as counting shows."""
    text = "\n".join(lines)
    return all(text.count(one) == text.count(other) for one, other in ("()", "[]", "{}"))


def brackets_left_open(lines: Sequence[str]) -> int:
    """Return how many more brackets are opened than closed, as far as counting shows."""
    text = "\n".join(lines)
    return sum(text.count(one) - text.count(other) for one, other in ("()", "[]", "{}"))
