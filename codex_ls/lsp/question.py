"""Which question a selection asks by itself: editors without an input line have no other place for one.

The question is a comment in the code, or prose. A comment counts only if nothing else is selected, if
it begins with `codex:`, or if one of its lines ends in a question mark: other comments are part of what
is asked about.
"""

import re
from dataclasses import dataclass

MAX_CHARS = 4000

_OPENER = re.compile(
    r"(?:#+(?=\s|$)|//+!?|--+(?=\s|$)|;+(?=\s|$)|%+(?=\s|$)|/\*+(?!/)|\*(?=\s|$)|<!--|\"{3}|'{3})"
)
_CLOSERS = ("*/", "-->", '"""', "'''")
_MARKER = re.compile(r"codex\s*[:,]\s*", re.IGNORECASE)
_ENDS_AS_QUESTION = re.compile(r"[?\uff1f]\s*$", re.MULTILINE)
_PROSE = frozenset(
    {
        "asciidoc",
        "git-commit",
        "gitcommit",
        "latex",
        "markdown",
        "org",
        "plaintext",
        "restructuredtext",
        "tex",
        "text",
        "typst",
    }
)
"""Languages whose text is no code: LSP's names, and those that editors made up."""


@dataclass(frozen=True, slots=True)
class Question:
    """What the selection asks; `is_all` if there is nothing else in it."""

    text: str
    is_all: bool


def question_in(selection: str, *, language: str | None) -> Question | None:
    """Return the question that selected text asks, if it asks one."""
    if len(selection) > MAX_CHARS or not selection.strip():
        return None
    if language in _PROSE:
        return _in_prose(selection)
    blocks, has_code = _comments(selection)
    if blocks and not has_code:
        text = "\n".join(blocks)
        return Question(_unmarked(text), is_all=True) if text.strip() else None
    for text in blocks:
        if _MARKER.match(text) or _ENDS_AS_QUESTION.search(text):
            return Question(_unmarked(text), is_all=False)
    return None


def _in_prose(selection: str) -> Question | None:
    text = selection.strip()
    if _MARKER.match(text) or _ENDS_AS_QUESTION.search(text):
        return Question(_unmarked(text), is_all=True)
    return None


def _comments(selection: str) -> tuple[list[str], bool]:
    """Return the texts of the blocks of comment lines, and whether there is anything else."""
    blocks: list[list[str]] = []
    has_code, is_inside = False, False
    for line in map(str.strip, selection.splitlines()):
        opener = None if line in _CLOSERS else _OPENER.match(line)
        if opener is not None:
            if not is_inside:
                blocks.append([])
            blocks[-1].append(_without_closer(line[opener.end() :]))
            is_inside = True
        elif line and line not in _CLOSERS:
            has_code, is_inside = True, False
    texts = ["\n".join(block).strip() for block in blocks]
    return [text for text in texts if text], has_code


def _without_closer(comment: str) -> str:
    for closer in _CLOSERS:
        comment = comment.removesuffix(closer)
    return comment.strip()


def _unmarked(text: str) -> str:
    return _MARKER.sub("", text.strip(), count=1)
