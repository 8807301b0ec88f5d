"""What of a document goes to the model: the selection with what is around it, or the document.

A selection goes whole, with the block that it is in. Without one the document goes along if it is
small, for people say "this file"; of a large one the part around the cursor, or its beginning, with a
notice. The path is relative to its workspace folder: the home folder's name is private.
"""

import re
from collections.abc import Sequence
from dataclasses import replace

from codex_ls.events import Notice
from codex_ls.json_model import well_formed
from codex_ls.lsp.documents import Snapshot, Text
from codex_ls.protocol import Diagnostic, Range
from codex_ls.turn.prompt_context import Diagnostic as TurnDiagnostic
from codex_ls.turn.prompt_context import TurnContext

# ---- blocks of code ------------------------------------------------------------------------------
#
# Which lines a fix may change: those around a problem that belong together.
#
# A problem is often one word long, and its cure some lines away. Without a parser for every language
# the indentation shows what belongs together: the block that holds the problem, with the line that
# heads it.


WHOLE_DOCUMENT_LINES = 40
"""A document of at most this many lines is one block."""

MAX_LINES = 120
"""No wider block is taken; what was chosen by hand may be longer."""

_WINDOW_LINES = 2 * MAX_LINES
"""So far from a place its block is looked for: further away it would be too wide."""

_CLOSERS = ("}", ")", "]", "end", "</", "fi", "done", "esac")
_INDENT = re.compile(r"[ \t]*")
_TAB = 8


def lines_of_range(place: Range) -> tuple[int, int]:
    """Return the first and the last line of which there is anything in a range, from 0.

    A range that ends before the first character of a line has nothing of that line.
    """
    start, end = sorted((place.start, place.end), key=lambda at: (at.line, at.character))
    is_whole_line = end.character == 0 and end.line > start.line
    return start.line, end.line - is_whole_line


def block_around(text: Text, first: int, last: int) -> tuple[int, int]:
    """Return the first and the last line of the block around lines of a document, from 0."""
    end = text.line_count - 1
    while end > 0 and not text.line(end).strip():
        end -= 1
    first, last = min(first, end), min(last, end)
    start = first - _WINDOW_LINES
    if start <= 0 and text.line_count <= last + _WINDOW_LINES:
        return region_around(text.lines(0, text.line_count), first, last)
    start = max(start, 0)
    near = text.lines(start, last + _WINDOW_LINES)
    found = region_around(near, first - start, last - start, is_whole=False)
    return found[0] + start, found[1] + start


def region_around(
    lines: Sequence[str], first: int, last: int, *, is_whole: bool = True
) -> tuple[int, int]:
    """Return the first and the last line of the block around lines `first` to `last`, from 0.

    `is_whole` is false for a part of a document.
    """
    end = _last_with_text(lines)
    first, last = min(first, end), min(last, end)
    if is_whole and end < WHOLE_DOCUMENT_LINES:
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


# ---- context of a question -----------------------------------------------------------------------


MAX_SELECTION_CHARS = 256 * 1024
MAX_DOCUMENT_CHARS = 32 * 1024
"""About 8,000 tokens: what a small local model's window takes beside the question."""

MAX_AROUND_CHARS = 4096
"""How much goes along around a selection: about 1,000 tokens, which a slow machine reads in 30 s."""

AROUND_LINES = 10
"""So many lines go along on each side, where the block around a selection has fewer."""

MAX_DIAGNOSTICS = 50
_MAX_EXACT_CHARS = 2000

_SEVERITIES = {1: "error", 2: "warning", 3: "information", 4: "hint"}
_LANGUAGE = re.compile(r"[\w+#.\-]{1,40}")
_LINE_BREAK = re.compile(r"\r\n?")
_LANGUAGES = {
    ".c": "c", ".cc": "cpp", ".cpp": "cpp", ".cs": "csharp", ".css": "css", ".go": "go",
    ".h": "c", ".hpp": "cpp", ".html": "html", ".java": "java", ".js": "javascript",
    ".json": "json", ".jsx": "javascriptreact", ".kt": "kotlin", ".lua": "lua", ".md": "markdown",
    ".php": "php", ".py": "python", ".rb": "ruby", ".rs": "rust", ".sh": "shellscript",
    ".sql": "sql", ".swift": "swift", ".toml": "toml", ".ts": "typescript",
    ".tsx": "typescriptreact", ".yaml": "yaml", ".yml": "yaml", ".zig": "zig",
}  # fmt: skip


def describe(
    snapshot: Snapshot, selection: Range | None, diagnostics: Sequence[Diagnostic]
) -> tuple[TurnContext, tuple[Notice, ...]]:
    """Return the turn's context from the document, and a notice if that is not all of it."""
    text = Text(snapshot.source, encoding=snapshot.encoding)
    start, end, cursor = 0, len(snapshot.source), None
    if selection is not None:
        start, end = offsets_of(text, selection)
        if start < end:
            return _describe_selection(snapshot, text, start, end, diagnostics)
        start, end, cursor = 0, len(snapshot.source), start  # a cursor: nothing is selected
    notices: tuple[Notice, ...] = ()
    if end - start > MAX_DOCUMENT_CHARS:
        start, end = _part(text, start, end, limit=MAX_DOCUMENT_CHARS, cursor=cursor)
        notices = (_too_long("document", text, start, end),)
    return _context(snapshot, text, start, end, diagnostics), notices


def describe_lines(
    snapshot: Snapshot,
    text: Text,
    sent: tuple[int, int],
    diagnostics: Sequence[Diagnostic],
    *,
    about: tuple[int, int] | None = None,
) -> TurnContext:
    """Return the turn's context for the lines `sent`, first and last from 0.

    `about` are the lines that the question is about, where they are fewer.
    """
    start, end = text.line_start(sent[0]), text.line_start(sent[1] + 1)
    context = _context(snapshot, text, start, end, diagnostics)
    if about is None or about == sent:
        return context
    return replace(context, selected=(about[0] + 1, about[1] + 1))


def offsets_of(text: Text, place: Range) -> tuple[int, int]:
    """Return where a range begins and ends in the text, whichever of its ends was given first."""
    start, end = place.start, place.end
    first, last = sorted(
        (text.offset(start.line, start.character), text.offset(end.line, end.character))
    )
    return first, last


def around(text: Text, first: int, last: int) -> tuple[int, int]:
    """Return the lines to send with lines `first` to `last`: their block, within its size."""
    low, high = block_around(text, first, last)
    low, high = min(low, first - AROUND_LINES), max(high, last + AROUND_LINES)
    low, high = max(low, 0), min(high, text.line_count - 1)
    room, grows = MAX_AROUND_CHARS, True
    top, bottom = first, last
    while grows:
        grows = False
        if top > low and len(text.line(top - 1)) < room:
            top, grows = top - 1, True
            room -= len(text.line(top)) + 1
        if bottom < high and len(text.line(bottom + 1)) < room:
            bottom, grows = bottom + 1, True
            room -= len(text.line(bottom)) + 1
    while bottom > last and not text.line(bottom).strip():
        bottom -= 1
    while top < first and not text.line(top).strip():
        top += 1
    return top, bottom


def _describe_selection(
    snapshot: Snapshot, text: Text, start: int, end: int, diagnostics: Sequence[Diagnostic]
) -> tuple[TurnContext, tuple[Notice, ...]]:
    if end - start > MAX_SELECTION_CHARS:
        start, end = _part(text, start, end, limit=MAX_SELECTION_CHARS, cursor=None)
        notice = _too_long("selection", text, start, end)
        return _context(snapshot, text, start, end, diagnostics), (notice,)
    first, last = text.line_at(start), text.line_at(end - 1)
    if text.line_start(last + 1) - text.line_start(first) > end - start + MAX_AROUND_CHARS:
        return _context(snapshot, text, start, end, diagnostics), ()  # a part of an endless line
    sent = around(text, first, last)
    context = describe_lines(snapshot, text, sent, diagnostics, about=(first, last))
    source = snapshot.source
    is_part = (
        source[text.line_start(first) : start].strip()
        or source[end : text.line_start(last + 1)].strip()
    )
    if not is_part:
        return context, ()
    exact = source[start:end] if end - start <= _MAX_EXACT_CHARS else None
    selection = None if exact is None else well_formed(_LINE_BREAK.sub("\n", exact))
    return replace(context, selected=(first + 1, last + 1), selection=selection), ()


def _context(
    snapshot: Snapshot, text: Text, start: int, end: int, diagnostics: Sequence[Diagnostic]
) -> TurnContext:
    return TurnContext(
        path=_shown_path(snapshot),
        language=language_of(snapshot),
        text=well_formed(_LINE_BREAK.sub("\n", snapshot.source[start:end])),
        start_line=text.line_at(start) + 1,
        end_line=text.line_at(max(start, end - 1)) + 1,
        diagnostics=tuple(_diagnostic(found) for found in diagnostics[:MAX_DIAGNOSTICS]),
    )


def _part(text: Text, start: int, end: int, *, limit: int, cursor: int | None) -> tuple[int, int]:
    """Return whole lines of at most `limit` characters, around the cursor if there is one."""
    if cursor is not None:
        start = max(start, min(cursor - limit // 2, end - limit))
        line = text.line_at(start)
        if text.line_start(line) < start and text.line_start(line + 1) <= cursor:
            start = text.line_start(line + 1)
    stop = min(end, start + limit)
    whole_lines = text.line_start(text.line_at(stop))
    return start, whole_lines if start < whole_lines and (cursor or 0) <= whole_lines else stop


def _too_long(what: str, text: Text, start: int, end: int) -> Notice:
    first, last = text.line_at(start) + 1, text.line_at(max(start, end - 1)) + 1
    return Notice(
        "contextTruncated",
        f"The {what} is long ({text.line_count:,} lines in the document): the model sees lines "
        f"{first:,} to {last:,} of it.",
        "Select the part that the question is about.",
    )


def _shown_path(snapshot: Snapshot) -> str | None:
    path, folder = snapshot.path, snapshot.folder
    if path is None:
        return None
    if folder is not None and path.is_relative_to(folder):
        return _one_line(path.relative_to(folder).as_posix())
    return _one_line(path.name)


def _one_line(name: str) -> str:
    """A file's name is untrusted text too: it must not break out of its line in the prompt."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in name)


def language_of(snapshot: Snapshot) -> str | None:
    """Return LSP's name of a document's language: the client's, else the one of its file name."""
    if snapshot.language and _LANGUAGE.fullmatch(snapshot.language):
        return snapshot.language
    return _LANGUAGES.get(snapshot.path.suffix.lower()) if snapshot.path else None


def _diagnostic(found: Diagnostic) -> TurnDiagnostic:
    return TurnDiagnostic(
        message=found.message,
        severity=_SEVERITIES[found.severity or 1],
        start_line=found.range.start.line + 1,
        end_line=found.range.end.line + 1,
        source=found.source,
        code=None if found.code is None else str(found.code),
    )
