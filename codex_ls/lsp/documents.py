"""What one client works on: its open documents, its folders, and the text that a question is about.

pygls keeps the documents. It splits lines as Python does (also at form feeds and U+2028) where LSP knows
`\n`, `\r\n` and `\r` alone, and clamps positions one short on a last line. After such a line an edit
would land in the wrong place, and every later question show the model a text that is not the user's; so
`Document` applies edits with the rules of LSP 3.17, "Text Documents" (`line_text`).

A document that is not open is read from the disk, but only if its real path lies inside a workspace
folder.
"""

import asyncio
import logging
import os
import stat
from bisect import bisect_right
from collections.abc import Coroutine, Iterable, Iterator, Mapping
from dataclasses import dataclass
from itertools import accumulate
from pathlib import Path
from typing import Annotated, Any
from urllib.parse import unquote, unquote_to_bytes, urlsplit

from pydantic import Field, Strict
from pygls.uris import from_fs_path
from pygls.workspace import TextDocument, Workspace

from codex_ls.config.layer import shown
from codex_ls.errors import InvalidParams
from codex_ls.json_model import Params, Shape
from codex_ls.json_model import Text as AnyText
from codex_ls.lsp.line_text import Change, LineText, code_points, code_units, split_lines

# ---- URIs ----------------------------------------------------------------------------------------


_THIS_MACHINE = ("", "localhost")
_IS_WINDOWS = os.name == "nt"


def local_path(uri: str) -> Path | None:
    """Return the path that a URI names; None for what is no file on this machine.

    A host is another machine: Windows reaches its files as `//host/share`, and no other system does.
    """
    try:
        parts = urlsplit(uri)
    except ValueError:  # no URI at all
        return None
    if parts.scheme.lower() != "file":
        return None
    name = os.fsdecode(unquote_to_bytes(parts.path))
    if not name.startswith("/") or "\0" in name:
        return None
    host = unquote(parts.netloc).lower()
    if _IS_WINDOWS:
        return _windows_path(host, name)
    return Path(f"/{name.lstrip('/')}") if host in _THIS_MACHINE else None


def _windows_path(host: str, name: str) -> Path | None:
    if host not in _THIS_MACHINE:
        return Path(f"//{host}{name}")
    if name.startswith("//"):
        return Path(name)
    has_drive = name[1:2].isalpha() and name[2:3] == ":"
    return Path(name[1:] if has_drive else name)


def uri_of(path: str) -> str | None:
    """Return the URI of an absolute path; None for what is no path."""
    try:
        uri: str | None = from_fs_path(path)
    except ValueError:
        return None
    return uri


# ---- documents -----------------------------------------------------------------------------------


logger = logging.getLogger(__name__)

MANY_CHANGES = 50
"""A notification with more edits is applied in steps."""

PROSE = frozenset(
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

MAX_FILE_BYTES = 16 * 1024 * 1024


class Text:
    """A text with its line starts: LSP positions to offsets and line numbers."""

    def __init__(self, source: str, *, encoding: str) -> None:
        self.source = source
        self._encoding = encoding
        self._lines = split_lines(source)
        self._starts = [0, *accumulate(map(len, self._lines[:-1]))]

    def offset(self, line: int, character: int) -> int:
        """Return the index into `source`; past the end of a line or of the text is that end."""
        if line >= len(self._starts):
            return len(self.source)
        return self._starts[line] + code_points(self.line(line), character, self._encoding)

    def line_at(self, offset: int) -> int:
        """Return the 0-based line that holds `offset`."""
        return bisect_right(self._starts, offset) - 1

    def line_start(self, line: int) -> int:
        """Return the offset of a line's first character; past the last line, the end."""
        return self._starts[line] if line < len(self._starts) else len(self.source)

    def line(self, line: int) -> str:
        """Return a line without its end; empty past the last one."""
        return self._lines[line].rstrip("\r\n") if line < len(self._lines) else ""

    def lines(self, first: int, last: int) -> list[str]:
        """Return the lines `first` to `last` without their ends, as far as there are such lines."""
        return [line.rstrip("\r\n") for line in self._lines[max(first, 0) : max(last + 1, 0)]]

    def line_length(self, line: int) -> int:
        """Return how many code units a line has without its end: the position of its end."""
        return code_units(self.line(line), self._encoding)

    @property
    def line_count(self) -> int:
        """How many lines there are; a final line break begins one more."""
        return len(self._starts)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """A document as it was when the question came; `path` is None if it has none on this disk."""

    source: str = ""
    encoding: str = "utf-16"
    path: Path | None = None
    folder: Path | None = None
    language: str | None = None


def folder_holding(uri: str | None, folders: Mapping[str, Path]) -> str | None:
    """Return the URI of the innermost folder that holds the document; None if none does.

    Without a document, and for one that is no file (a new, unsaved one), it is the first folder.
    """
    path = None if uri is None else local_path(uri)
    if path is None:
        return next(iter(folders), None)
    holding = [(name, root) for name, root in folders.items() if path.is_relative_to(root)]
    return max(holding, key=lambda pair: len(pair[1].parts))[0] if holding else None


class VersionedDocument(Shape):
    """LSP's `VersionedTextDocumentIdentifier`."""

    uri: AnyText
    version: Annotated[int, Strict(), Field(ge=-(2**31), lt=2**31)] | None = None


class DidChangeParams(Params):
    """LSP's `DidChangeTextDocumentParams`; each change is read when it is made."""

    text_document: VersionedDocument
    content_changes: tuple[Any, ...]


class Document(TextDocument):
    """An open document whose edits follow LSP's idea of a line, and cost what they change."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self.text = LineText(self._source or "", encoding=str(self.position_codec.encoding))

    @property
    def source(self) -> str:
        """The whole text."""
        return self.text.source


class Documents(Workspace):
    """The workspace of pygls, made of `Document`s."""

    def open_document(self, uri: str) -> Document | None:
        """Return an open document; None if it is not open."""
        document = self.text_documents.get(unquote(uri))
        return document if isinstance(document, Document) else None

    def change(self, params: Any) -> Coroutine[Any, Any, None] | None:
        """Take the params of a `textDocument/didChange` as they came: all of its edits, or none.

        Many edits are left to what is returned, which gives way to others meanwhile. Raises
        InvalidParams, and KeyError for a document that is not open.
        """
        changed = DidChangeParams.read(params)
        document = self.open_document(changed.text_document.uri)
        if document is None:
            raise KeyError("textDocument")
        version = changed.text_document.version
        changes = map(Change.read, changed.content_changes)
        if len(changed.content_changes) > MANY_CHANGES:
            return _change_in_steps(document, version, changes)
        for change in list(changes):
            document.text.apply(change)
        document.version = version
        return None

    def snapshot(self, uri: str) -> Snapshot | None:
        """Return an open document as it is now; None if it is not open."""
        document = self.open_document(uri)
        if document is None:
            return None
        return self._snapshot(uri, document.source, language=document.language_id)

    def version(self, uri: str) -> int | None:
        """Return the version of an open document; None if it is not open."""
        document = self.open_document(uri)
        return None if document is None else document.version

    def uri_of_open(self, path: Path) -> str | None:
        """Return the URI under which a file is open, however the client writes it."""
        return next((uri for uri in self.text_documents if local_path(uri) == path), None)

    async def read_snapshot(self, uri: str) -> Snapshot:
        """Return a document of the workspace from disk. Raises InvalidParams."""
        roots = tuple(self.folder_paths.values())
        return self._snapshot(uri, await asyncio.to_thread(read_from_disk, uri, roots))

    def named_snapshot(self, uri: str) -> Snapshot:
        """Return a document of which nothing but its name is known."""
        return self._snapshot(uri, "")

    @property
    def folder_paths(self) -> dict[str, Path]:
        """URI to path, of the folders on this machine's disk, in the client's order.

        The root that `initialize` named counts where there are no folders.
        """
        uris = [folder.uri for folder in self.folders.values()]
        if not uris and self.root_uri is not None:
            uris = [self.root_uri]
        paths = ((uri, local_path(uri)) for uri in uris)
        return {uri: path for uri, path in paths if path is not None}

    def folder(self, uri: str | None) -> Path | None:
        """Return the folder of a document, or the first one where there is no document."""
        folders = self.folder_paths
        holding = folder_holding(uri, folders)
        return None if holding is None else folders[holding]

    def _snapshot(self, uri: str, source: str, *, language: str | None = None) -> Snapshot:
        return Snapshot(
            source,
            encoding=str(self.position_codec.encoding),
            path=local_path(uri),
            folder=self.folder(uri),
            language=language,
        )

    def _create_text_document(
        self,
        doc_uri: str,
        source: str | None = None,
        version: int | None = None,
        language_id: str | None = None,
    ) -> Document:
        return Document(
            doc_uri,
            source=source,
            version=version,
            language_id=language_id,
            sync_kind=self._sync_kind,
            position_codec=self._position_codec,
        )


async def _change_in_steps(
    document: Document, version: int | None, changes: Iterator[Change]
) -> None:
    try:
        await document.text.apply_all(changes)
    except InvalidParams as error:
        logger.warning("ignored a textDocument/didChange that does not fit (%s)", error)
    else:
        document.version = version


def read_from_disk(uri: str, folders: Iterable[Path]) -> str:
    """Return the text of a document that is not open.

    Raises InvalidParams if it is not a readable text file of at most `MAX_FILE_BYTES` that lies, with
    every symbolic link followed, inside one of `folders`.
    """
    named = local_path(uri)
    if named is None:
        raise InvalidParams(f"{shown(uri)} is neither open nor a file.")
    file = shown(named.name)
    try:
        path = named.resolve(strict=True)
        roots = [folder.resolve() for folder in folders]
    except (OSError, ValueError, RuntimeError):
        raise InvalidParams(f"{file} is neither open nor on disk.") from None
    if not any(path.is_relative_to(root) for root in roots):
        raise InvalidParams(f"{file} is not open, and is outside of the workspace.")
    try:
        content = _read_regular(path)
    except OSError as error:
        raise InvalidParams(f"{file} can't be read: {error.strerror}.") from None
    if len(content) > MAX_FILE_BYTES:
        raise InvalidParams(f"{file} is larger than {MAX_FILE_BYTES // 1024 // 1024} MB.")
    if b"\0" in content:
        raise InvalidParams(f"{file} is not a text file.")
    return content.decode("utf-8-sig", "replace")


def _read_regular(path: Path) -> bytes:
    """Return at most one byte more than allowed; a device, a pipe or a link is refused."""
    flags = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOFOLLOW", 0)
    flags |= getattr(os, "O_BINARY", 0)
    fd = os.open(path, flags)
    with os.fdopen(fd, "rb") as file:
        if not stat.S_ISREG(os.fstat(fd).st_mode):
            raise OSError(0, "it is not a regular file")
        return file.read(MAX_FILE_BYTES + 1)
