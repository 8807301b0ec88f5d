"""What of a document goes to the model: the selection, or the document, or the part around the cursor.

A selection goes whole. Without one the document goes along if it is small, for people say "this file";
of a large one the part around the cursor, or its beginning, with a notice. The path is told relative to
its workspace folder: a name of a home folder is nobody's business.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from codex_ls.events import Notice
from codex_ls.lsp.documents import Text
from codex_ls.lsp.params import Diagnostic, Range
from codex_ls.lsp.values import well_formed
from codex_ls.turn.context import Diagnostic as TurnDiagnostic
from codex_ls.turn.context import TurnContext

MAX_SELECTION_CHARS = 256 * 1024
MAX_DOCUMENT_CHARS = 32 * 1024
"""About 8,000 tokens: what a small local model's window takes beside the question."""

MAX_DIAGNOSTICS = 50

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


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A document as it was when the question came; `path` is None if it has none on this disk."""

    source: str = ""
    encoding: str = "utf-16"
    path: Path | None = None
    folder: Path | None = None
    language: str | None = None


def describe(
    snapshot: Snapshot, selection: Range | None, diagnostics: Sequence[Diagnostic]
) -> tuple[TurnContext, tuple[Notice, ...]]:
    """Return what the turn is told about the document, and a notice if that is not all of it."""
    text = Text(snapshot.source, encoding=snapshot.encoding)
    start, end, cursor = 0, len(snapshot.source), None
    limit = MAX_DOCUMENT_CHARS
    if selection is not None:
        first, last = selection.start, selection.end
        start, end = sorted(
            (text.offset(first.line, first.character), text.offset(last.line, last.character))
        )
        limit = MAX_SELECTION_CHARS
        if start == end:  # a cursor: nothing is selected
            start, end, cursor = 0, len(snapshot.source), start
            limit = MAX_DOCUMENT_CHARS
    notices: tuple[Notice, ...] = ()
    if end - start > limit:
        whole = "selection" if limit == MAX_SELECTION_CHARS else "document"
        start, end = _part(text, start, end, limit=limit, cursor=cursor)
        notices = (_too_long(whole, text, start, end),)
    context = TurnContext(
        path=_shown_path(snapshot),
        language=_language(snapshot),
        text=well_formed(_LINE_BREAK.sub("\n", snapshot.source[start:end])),
        start_line=text.line_at(start) + 1,
        end_line=text.line_at(max(start, end - 1)) + 1,
        diagnostics=tuple(_diagnostic(found) for found in diagnostics[:MAX_DIAGNOSTICS]),
    )
    return context, notices


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
    """A file's name is a stranger's text too: it must not break out of its line in the prompt."""
    return "".join(char if char.isprintable() else "\N{REPLACEMENT CHARACTER}" for char in name)


def _language(snapshot: Snapshot) -> str | None:
    if snapshot.language and _LANGUAGE.fullmatch(snapshot.language):
        return snapshot.language
    return _LANGUAGES.get(snapshot.path.suffix.lower()) if snapshot.path else None


def _diagnostic(found: Diagnostic) -> TurnDiagnostic:
    return TurnDiagnostic(
        message=found.text,
        severity=_SEVERITIES[found.severity or 1],
        start_line=found.range.start.line + 1,
        end_line=found.range.end.line + 1,
        source=found.source,
        code=None if found.code is None else str(found.code),
    )
