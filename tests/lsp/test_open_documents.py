"""The documents and the folders of one client, told as a client tells them."""

import asyncio
import random
from pathlib import Path
from typing import Any

import pytest

from codex_ls.lsp import line_text
from codex_ls.lsp.documents import Text
from codex_ls.lsp.server import CodexServer
from tests.lsp.test_documents import TEXT, UNITS, WIDTH
from tests.lsp.wire import Recorder, server_for

URI = "file:///w/a%20b.txt"


def server(home: Path, encoding: str = "utf-16", **params: Any) -> CodexServer:
    """One that has been greeted."""
    made = server_for(Recorder(), home)
    capabilities = {"general": {"positionEncodings": [encoding]}}
    hello = {"processId": None, "rootUri": None, "capabilities": capabilities, **params}
    made.protocol.handle_message({"id": 1, "method": "initialize", "params": hello})
    return made


def tell(server: CodexServer, method: str, params: Any) -> None:
    server.protocol.handle_message({"method": method, "params": params})


def opened(text: str, *, uri: str = URI, version: int = 0) -> tuple[str, Any]:
    item = {"uri": uri, "languageId": "text", "version": version, "text": text}
    return "textDocument/didOpen", {"textDocument": item}


def changed(*changes: Any, uri: str = URI, version: int = 1) -> tuple[str, Any]:
    document = {"uri": uri, "version": version}
    return "textDocument/didChange", {"textDocument": document, "contentChanges": list(changes)}


def closed(uri: str = URI) -> tuple[str, Any]:
    return "textDocument/didClose", {"textDocument": {"uri": uri}}


def source(server: CodexServer, uri: str = URI) -> str | None:
    snapshot = server.documents.snapshot(uri)
    return None if snapshot is None else snapshot.source


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_edits_leave_the_text_that_the_editor_has(tmp_path: Path, encoding: str) -> None:
    chance = random.Random(7)
    pieces = ["a", "\n", "\r\n", "é", "😀", "\x0c", "\u2028", "\x85", "word "]
    kept = server(tmp_path, encoding)
    expected = TEXT
    tell(kept, *opened(TEXT))
    for version in range(1, 301):
        text = Text(expected, encoding=encoding)
        start, end = sorted(chance.randrange(len(expected) + 1) for _ in range(2))
        end = min(end, start + 5)
        positions = [_position(text, at, encoding) for at in (start, end)]
        start, end = (text.offset(at["line"], at["character"]) for at in positions)
        new = "".join(chance.choices(pieces, k=chance.randrange(5)))
        expected = expected[:start] + new + expected[end:]
        change = {"range": {"start": positions[0], "end": positions[1]}, "text": new}
        tell(kept, *changed(change, version=version))
        assert source(kept) == expected
        assert kept.documents.version(URI) == version
    snapshot = kept.documents.snapshot(URI)
    assert snapshot is not None
    assert snapshot.encoding == encoding


def _position(text: Text, offset: int, encoding: str) -> dict[str, int]:
    line = text.line_at(offset)
    before = text.source[text.line_start(line) : offset].rstrip("\r\n")
    return {"line": line, "character": len(before.encode(UNITS[encoding])) // WIDTH[encoding]}


async def test_a_change_without_a_range_is_the_whole_text(tmp_path: Path) -> None:
    kept = server(tmp_path)
    tell(kept, *opened("old"))
    tell(kept, *changed({"text": "new"}))
    assert source(kept) == "new"


async def test_a_document_is_found_however_its_name_is_escaped_until_it_is_closed(
    tmp_path: Path,
) -> None:
    kept = server(tmp_path)
    tell(kept, *opened("text"))
    assert source(kept, "file:///w/a b.txt") == "text"
    tell(kept, *closed("file:///w/a b.txt"))
    assert source(kept) is None


PLACE = {"line": 0, "character": 0}
FIRST = {"range": {"start": PLACE, "end": PLACE}, "text": "x"}


async def test_many_changes_are_made_in_steps_and_seen_as_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(line_text, "STEP_S", 0.0)
    kept = server(tmp_path)
    tell(kept, *opened("-"))
    tell(kept, *changed(*[FIRST] * 200, version=2))
    assert (source(kept), kept.documents.version(URI)) == ("-", 0)
    await asyncio.sleep(0)
    assert source(kept) == "-"
    await kept.protocol.begun()  # as a reader does before the next message
    assert (source(kept), kept.documents.version(URI)) == ("x" * 200 + "-", 2)
    tell(kept, *changed({"text": "whole"}, FIRST, version=3))
    assert (source(kept), kept.documents.version(URI)) == ("xwhole", 3)
    tell(kept, *changed(*[FIRST] * 100, {"text": 5}, version=4))
    await kept.protocol.begun()
    assert (source(kept), kept.documents.version(URI)) == ("xwhole", 3)


@pytest.mark.parametrize(
    "notification",
    [
        ("textDocument/didOpen", None),
        ("textDocument/didOpen", [1]),
        ("textDocument/didOpen", {"textDocument": 5}),
        changed({"text": "unknown"}, uri="file:///other"),
        ("textDocument/didChange", {"textDocument": {"uri": URI}}),
        changed({"text": "new"}, {"text": 5}),
        changed({"text": "x", "range": {"start": PLACE}}),
        ("textDocument/didClose", {}),
        closed("file:///other"),
    ],
)
async def test_what_does_not_fit_is_left_out(tmp_path: Path, notification: tuple[str, Any]) -> None:
    kept = server(tmp_path)
    tell(kept, *opened("text"))
    tell(kept, *notification)
    assert source(kept) == "text"


# ---- folders -----------------------------------------------------------------------------------


def folder(uri: str) -> dict[str, str]:
    return {"uri": uri, "name": uri.rpartition("/")[2]}


def paths(server: CodexServer) -> dict[str, Path]:
    return server.documents.folder_paths


async def test_folders_stand_in_the_order_in_which_they_were_told(tmp_path: Path) -> None:
    kept = server(tmp_path, workspaceFolders=[folder("file:///w/b"), folder("file:///w/a%20c")])
    assert list(paths(kept).items()) == [
        ("file:///w/b", Path("/w/b")),
        ("file:///w/a%20c", Path("/w/a c")),
    ]


async def test_folders_come_and_go(tmp_path: Path) -> None:
    kept = server(tmp_path, workspaceFolders=[folder("file:///w/a%20b")], rootUri="file:///root")
    method = "workspace/didChangeWorkspaceFolders"
    event = {"added": [folder("file:///w/c")], "removed": [folder("file:///w/a b")]}
    tell(kept, method, {"event": event})
    assert list(paths(kept)) == ["file:///w/c"]
    tell(kept, method, {"event": {"added": [], "removed": [folder("file:///w/c")]}})
    assert list(paths(kept)) == ["file:///root"]


@pytest.mark.parametrize(
    "params",
    [
        {"rootUri": "file:///w", "rootPath": "/other"},
        {"rootUri": "file:///w", "workspaceFolders": None},
        {"rootUri": "file:///w", "workspaceFolders": []},
        {"rootUri": None, "rootPath": "/w"},
        {"rootPath": "/w"},
    ],
)
async def test_the_root_counts_where_no_folders_are_named(
    tmp_path: Path, params: dict[str, Any]
) -> None:
    assert paths(server(tmp_path, **params)) == {"file:///w": Path("/w")}


async def test_an_empty_root_is_none(tmp_path: Path) -> None:
    assert paths(server(tmp_path, rootPath="", rootUri=None)) == {}
    assert paths(server(tmp_path, rootUri="")) == {}


async def test_what_is_not_on_this_disk_is_no_folder(tmp_path: Path) -> None:
    uris = ["untitled:a", "vscode-remote://ssh/w", "http://[", "file:///w"]
    kept = server(tmp_path, workspaceFolders=[folder(uri) for uri in uris])
    assert list(paths(kept)) == ["file:///w"]
