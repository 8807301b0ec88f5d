"""Model text that is safe to render as Markdown: nothing in it loads, runs or hides.

A renderer fetches images by itself, runs `command:` links at a click and lets HTML hide what is said, so
whatever a model (or a text it was fed) wrote goes through here before it becomes a Markdown document:
no image, no HTML, no reference definition, no link but http, https and mailto. Escapes are backslashes
and one entity, which show nothing when rendered.

Code comes through untouched, but only where every Markdown parser agrees that it is code: what is
doubtful is escaped. The VS Code extension does the same while it streams
(`editors/vscode/src/safeMarkdown.ts`); `tests/fixtures/markdown/cases.json` holds both to the same
output, and the extension's tests render that output with two parsers. Linear: a character is looked at
once.
"""

import re
from dataclasses import dataclass
from typing import Literal

_SPACE = "\t\n\v\f\r \xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\ufeff"
_LINE_END = re.compile(r"\r\n|\r(?!\Z)|\n")
_FENCE = re.compile("( *)(`{3,}|~{3,})([^\r\u2028\u2029]*)\\Z")
_FENCE_BEHIND_MARKERS = re.compile(rf"([{_SPACE}>*+\-0-9.)]*)(?:`{{3}}|~{{3}})")
_MARKERS = frozenset("\t>*+-.)")
_ADDRESS_START = re.compile(r"://|www\.|@", re.IGNORECASE)
_ADDRESS_END = re.compile(f"[{_SPACE}<]")
_ADDRESS_CHARS = 2000
_SPECIAL = re.compile(r"[\\`~*_!<\]]")
_TAG_START = re.compile(r"[A-Za-z/!?]")
_PLAIN_TARGET = re.compile(
    rf'\]\((?:https?://|mailto:)[^{_SPACE}()<>`\\]*(?: "[^"`\\]*")?\)'
)  # a whole link target that can do nothing but be clicked and lead to the web
_TARGET_CHARS = 2100

_SpanTrust = Literal["all", "single", "none"]
"""Which code spans are code for every parser: all, those of one backtick, or none."""


def neutral_markdown(text: str) -> str:
    """`text` with everything escaped that could act when it is rendered; its line ends become LF.

    For a document made of several texts, neutralise the document and not its parts: a fence that one
    part leaves open decides what is code in the next.
    """
    lines = _Lines()
    return "\n".join(map(lines.next, _LINE_END.split(text)))


@dataclass(frozen=True, slots=True)
class _Fence:
    """The line that opened a block of code."""

    mark: str
    length: int
    indent: int


class _Lines:
    """What one line needs to know of those before it: the open fence, and what can be trusted."""

    def __init__(self) -> None:
        self._fence: _Fence | None = None
        self._trust_indented = True  # nothing before leaves it open whether an indent is a list's
        self._trust_fences = True
        self._spans: _SpanTrust = "all"

    def next(self, line: str) -> str:
        """The line, made harmless."""
        if self._fence is not None:
            if self._closes(line, self._fence):
                self._fence = None
                return line
            if self._is_inside(line, self._fence):
                return line
            # Less indented than its fence: one parser ends the block here, another does not.
            self._fence = None
            self._trust_fences = False
        if self._opens(line):
            self._spans = "all"
            return line
        if not line.strip(" \t"):
            self._spans = "all"
        safe, self._spans = _guarded(line, self._spans)
        return safe

    def _opens(self, line: str) -> bool:
        found = _FENCE.match(line)
        if found is None or (found[2][0] == "`" and "`" in found[3]):
            markers = _FENCE_BEHIND_MARKERS.match(line)
            if markers and not _MARKERS.isdisjoint(markers[1]):
                self._trust_indented = False
            return False
        indent, run, info = found.groups()
        if len(indent) > 3:
            self._trust_indented = False
        is_doubtful = indent and not self._trust_indented
        if not self._trust_fences or is_doubtful or any(char in info for char in "<[!&"):
            self._trust_fences = False
            return False
        self._fence = _Fence(run[0], len(run), len(indent))
        return True

    def _closes(self, line: str, fence: _Fence) -> bool:
        found = _FENCE.match(line)
        if found is None:
            return False
        indent, run, rest = found.groups()
        if run[0] != fence.mark or len(run) < fence.length or rest.strip(" \t"):
            return False
        if len(indent) == fence.indent or (fence.indent == 0 and len(indent) <= 3):
            return True
        if fence.indent > 0:
            self._trust_fences = False
        return False

    def _is_inside(self, line: str, fence: _Fence) -> bool:
        indent = len(line) - len(line.lstrip(" "))
        return self._trust_fences and (not line.strip(" \t") or indent >= fence.indent)


def _guarded(line: str, spans: _SpanTrust) -> tuple[str, _SpanTrust]:
    """The line with what acts escaped, and which code spans can still be trusted behind it."""
    safe: list[str] = []
    at = 0
    while found := _SPECIAL.search(line, at):
        safe.append(line[at : found.start()])
        at, char = found.start(), found[0]
        after = line[at + 1 : at + 2]
        if char == "\\" and after and after not in "<!":
            safe.append(char + after)
            at += 2
        elif char == "`":
            code, spans = _code(line, at, spans)
            safe.append(code)
            at += len(code)
        else:
            if char == "~":
                spans = "none"
            elif char in "*_" and spans == "all":
                spans = "single"
            out, used = _escaped(line, at)
            safe.append(out)
            at += used
    safe.append(line[at:])
    return "".join(safe), spans


def _code(line: str, at: int, spans: _SpanTrust) -> tuple[str, _SpanTrust]:
    """The code span that begins at `at`, or only its backticks if some parser sees no code there."""
    run = _run_length(line, at)
    if spans == "all" or (spans == "single" and run == 1):
        end = -1 if _in_address(line, at) else _span_end(line, at + run, run)
        code = line[at:end] if end != -1 else ""
        if code and "|" not in code:
            return code, "none" if run > 1 else spans
    return "`" * run, "none"


def _in_address(line: str, at: int) -> bool:
    """Whether a bare address may go on at `at`: one parser takes the backtick for a part of it."""
    before = line[max(0, at - _ADDRESS_CHARS) : at]
    last_word = _ADDRESS_END.split(before.rpartition(" ")[2])[-1]
    return _ADDRESS_START.search(last_word) is not None


def _escaped(line: str, at: int) -> tuple[str, int]:
    """One character outside code, made harmless, and how much of the line that used up."""
    match line[at : at + 2]:
        case "![":
            return "!\\[", 2
        case "]:":
            return "]\\:", 2
        case "](":
            target = _PLAIN_TARGET.match(line[at : at + _TARGET_CHARS])
            return (target[0], len(target[0])) if target else ("]\\(", 2)
        case pair if pair[0] == "<" and _TAG_START.match(pair, 1):
            # An entity: a bare address before it would take a backslash for its own last character.
            return "&lt;", 1
        case _:
            return line[at], 1


def _run_length(line: str, at: int) -> int:
    end = at
    while line[end : end + 1] == "`":
        end += 1
    return end - at


def _span_end(line: str, start: int, run: int) -> int:
    """Where the span that `run` backticks before `start` open ends on this line, or -1."""
    while (start := line.find("`", start)) != -1:
        length = _run_length(line, start)
        if length == run:
            return start + length
        start += length
    return -1
