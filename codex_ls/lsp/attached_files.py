"""The `context` of a question: files and ranges that go along with what it is about.

Open documents are taken as they were when the question arrived, other files are read from disk by the
rules of `documents`. What can't be sent as it was named is an error before anything is sent: the answer
to a question without its files would be about something else.
"""

import asyncio
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from codex_ls.config.layer import shown
from codex_ls.errors import InvalidParams
from codex_ls.lsp.context import describe_lines, lines_of_range
from codex_ls.lsp.documents import Documents, Snapshot, Text, local_path, uri_of
from codex_ls.protocol import ContextItem, Range
from codex_ls.turn.prompt_context import TurnContext

MAX_CHARS: Final = 256 * 1024
"""Of all files of a question together: about 64,000 tokens."""


@dataclass(frozen=True, slots=True)
class _File:
    """One item: what it is called in an error, and where it may be."""

    name: str
    uris: tuple[str, ...]
    place: Range | None
    snapshot: Snapshot | None
    """Its text if it is open."""


class AttachedFiles:
    """The files that the `context` of one question names, as they are when this is made."""

    def __init__(
        self, items: Sequence[ContextItem], documents: Documents, *, beside: str | None
    ) -> None:
        """`beside` is the URI of the question's document: its folder is searched first.

        Raises InvalidParams for a path that is not relative.
        """
        self._documents = documents
        folders = list(documents.folder_paths.values())
        first = documents.folder(beside)
        if first is not None:
            folders.insert(0, first)
        roots = tuple(dict.fromkeys(folders))
        self._files = tuple(self._file(item, roots) for item in items)

    async def read(self, *, is_numbered: bool) -> tuple[TurnContext, ...]:
        """Return what is sent of each file, once where two items name the same. Raises InvalidParams."""
        found: list[TurnContext] = []
        known: set[tuple[Path | str, Range | None]] = set()
        room = MAX_CHARS
        for file in self._files:
            snapshot = file.snapshot or await self._read(file)
            key = (snapshot.path or file.name, file.place)
            if key in known:
                continue
            known.add(key)
            context = _lines_of(file, snapshot)
            room -= len(context.text)
            if room < 0:
                raise InvalidParams(
                    f"{shown(file.name)} is too large to attach: the limit is {MAX_CHARS:,}"
                    " characters for all files together.",
                    hint="Name fewer files, or a range of lines.",
                )
            found.append(replace(context, is_numbered=is_numbered))
        return tuple(found)

    def _file(self, item: ContextItem, roots: Sequence[Path]) -> _File:
        documents = self._documents
        if item.path is None:
            assert item.uri is not None
            path = local_path(item.uri)
            name = item.uri if path is None else path.name
            return _File(name, (item.uri,), item.range, documents.snapshot(item.uri))
        if not item.path:
            raise InvalidParams(
                "A path of the context is empty.", hint="Give the path or the uri of a file."
            )
        if Path(item.path).is_absolute() or item.path.startswith("/"):
            raise InvalidParams(
                f"The path {shown(item.path)} is not relative to a workspace folder.",
                hint="Give the uri of a file instead.",
            )
        paths = [Path(os.path.normpath(root / item.path)) for root in roots]
        for path in paths:
            if (uri := documents.uri_of_open(path)) is not None:
                return _File(item.path, (uri,), item.range, documents.snapshot(uri))
        uris = (uri_of(str(path)) for path in paths)
        return _File(
            item.path, tuple(uri for uri in uris if uri and local_path(uri)), item.range, None
        )

    async def _read(self, file: _File) -> Snapshot:
        uri = await asyncio.to_thread(_existing, file.uris)
        if uri is None:
            raise InvalidParams(
                f"There is no file {shown(file.name)} in the workspace.",
                hint="Give its path relative to the workspace folder.",
            )
        return await self._documents.read_snapshot(uri)


def _existing(uris: Sequence[str]) -> str | None:
    """Return the first URI with a file; a URI that names no path is left to the one who reads it."""
    for uri in uris:
        path = local_path(uri)
        if path is None or os.path.lexists(path):
            return uri
    return None


def _lines_of(file: _File, snapshot: Snapshot) -> TurnContext:
    text = Text(snapshot.source, encoding=snapshot.encoding)
    end = text.line_count - 1
    if file.place is None:
        return describe_lines(snapshot, text, (0, end), ())
    first, last = lines_of_range(file.place)
    if first > end:
        raise InvalidParams(
            f"{shown(file.name)} has {text.line_count:,} lines, and no line {first + 1:,}.",
            hint="Save or reload the file, and choose the range again.",
        )
    return describe_lines(snapshot, text, (first, min(last, end)), ())
