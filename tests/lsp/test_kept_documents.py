import random
from typing import Any

import pytest

from codex_ls.lsp.documents import Text
from codex_ls.lsp.kept_documents import KeptDocuments
from tests.lsp.test_documents import TEXT, UNITS, WIDTH

URI = "file:///w/a%20b.txt"


def opened(text: str, *, uri: str = URI, version: int = 0) -> tuple[str, Any]:
    item = {"uri": uri, "languageId": "text", "version": version, "text": text}
    return "textDocument/didOpen", {"textDocument": item}


def changed(*changes: Any, uri: str = URI, version: int = 1) -> tuple[str, Any]:
    document = {"uri": uri, "version": version}
    return "textDocument/didChange", {"textDocument": document, "contentChanges": changes}


def closed(uri: str = URI) -> tuple[str, Any]:
    return "textDocument/didClose", {"textDocument": {"uri": uri}}


def source(kept: KeptDocuments, uri: str = URI) -> str | None:
    document = kept.get(uri)
    return None if document is None else document.source


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_edits_leave_the_text_that_the_editor_has(encoding: str) -> None:
    chance = random.Random(7)
    pieces = ["a", "\n", "\r\n", "é", "😀", "\x0c", "\u2028", "\x85", "word "]
    kept = KeptDocuments(encoding)
    expected = TEXT
    kept.take(*opened(TEXT))
    for version in range(1, 301):
        text = Text(expected, encoding=encoding)
        start, end = sorted(chance.randrange(len(expected) + 1) for _ in range(2))
        end = min(end, start + 5)
        positions = [_position(text, at, encoding) for at in (start, end)]
        start, end = (text.offset(at["line"], at["character"]) for at in positions)
        new = "".join(chance.choices(pieces, k=chance.randrange(5)))
        expected = expected[:start] + new + expected[end:]
        change = {"range": {"start": positions[0], "end": positions[1]}, "text": new}
        kept.take(*changed(change, version=version))
        assert source(kept) == expected
        document = kept.get(URI)
        assert document is not None
        assert document.version == version


def _position(text: Text, offset: int, encoding: str) -> dict[str, int]:
    line = text.line_at(offset)
    before = text.source[text.line_start(line) : offset].rstrip("\r\n")
    return {"line": line, "character": len(before.encode(UNITS[encoding])) // WIDTH[encoding]}


def test_a_change_without_a_range_is_the_whole_text() -> None:
    kept = KeptDocuments("utf-16")
    kept.take(*opened("old"))
    kept.take(*changed({"text": "new"}))
    assert source(kept) == "new"


def test_a_document_is_found_however_its_name_is_escaped_until_it_is_closed() -> None:
    kept = KeptDocuments("utf-16")
    kept.take(*opened("text"))
    assert source(kept, "file:///w/a b.txt") == "text"
    kept.take(*closed("file:///w/a b.txt"))
    assert source(kept) is None


@pytest.mark.parametrize(
    "notification",
    [
        ("textDocument/didOpen", None),
        ("textDocument/didOpen", [1]),
        ("textDocument/didOpen", {"textDocument": 5}),
        changed({"text": "unknown"}, uri="file:///other"),
        changed({"range": {"start": {"line": "x"}}, "text": ""}),
        ("textDocument/didChange", {"textDocument": {"uri": URI}}),
        ("textDocument/didClose", {}),
        closed("file:///other"),
    ],
)
def test_what_does_not_fit_is_left_out(
    notification: tuple[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    kept = KeptDocuments("utf-16")
    kept.take(*opened("text"))
    kept.take(*notification)
    assert source(kept) == "text"
    assert not [record for record in caplog.records if record.exc_info]
