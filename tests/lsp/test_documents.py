import os
from pathlib import Path

import pytest

from codex_ls.errors import InvalidParams
from codex_ls.lsp import documents
from codex_ls.lsp.documents import Text, read_from_disk

TEXT = "one\r\ntwo 😀 é\x0cx\u2028y\rthree\n\nlast"
LINES = ["one\r\n", "two 😀 é\x0cx\u2028y\r", "three\n", "\n", "last"]
UNITS = {"utf-8": "utf-8", "utf-16": "utf-16-le", "utf-32": "utf-32-le"}
WIDTH = {"utf-8": 1, "utf-16": 2, "utf-32": 4}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
def test_every_position_of_every_line_is_found(encoding: str) -> None:
    text = Text(TEXT, encoding=encoding)
    assert text.line_count == len(LINES)
    for number, line in enumerate(LINES):
        content = line.rstrip("\r\n")
        for at in range(len(content) + 1):
            units = len(content[:at].encode(UNITS[encoding])) // WIDTH[encoding]
            assert text.offset(number, units) == len("".join(LINES[:number])) + at
        end = len("".join(LINES[:number])) + len(content)
        assert text.offset(number, 10_000) == end
        assert text.line_at(end) == number
    assert text.offset(99, 0) == len(TEXT)


def test_a_position_inside_a_character_is_before_it() -> None:
    assert Text("😀", encoding="utf-16").offset(0, 1) == 0
    assert Text("é", encoding="utf-8").offset(0, 1) == 0


# ---- from disk ---------------------------------------------------------------------------------


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "work"
    folder.mkdir()
    (tmp_path / "secret.txt").write_text("secret")
    return folder


def read(path: Path, folder: Path) -> str:
    return read_from_disk(path.as_uri(), [folder])


def test_a_file_of_the_workspace_is_read(folder: Path) -> None:
    path = folder / "ä b.txt"
    path.write_bytes(b"\xef\xbb\xbfone\r\ntwo \xff")
    assert read(path, folder) == "one\r\ntwo \ufffd"


def test_a_link_inside_the_workspace_is_followed(folder: Path) -> None:
    (folder / "real.txt").write_text("real")
    (folder / "link.txt").symlink_to(folder / "real.txt")
    assert read(folder / "link.txt", folder) == "real"


def test_a_workspace_that_is_a_link_itself_is_the_folder_behind_it(folder: Path) -> None:
    (folder / "a.txt").write_text("a")
    (folder.parent / "alias").symlink_to(folder)
    assert read(folder.parent / "alias" / "a.txt", folder.parent / "alias") == "a"


def test_nothing_outside_of_the_workspace_is_read(folder: Path) -> None:
    secret = folder.parent / "secret.txt"
    (folder / "link.txt").symlink_to(secret)
    (folder / "up").symlink_to(folder.parent)
    sibling = folder.parent / "work-2"
    sibling.mkdir()
    (sibling / "a.txt").write_text("a")
    for path in (
        secret,
        folder / "link.txt",
        folder / "up" / "secret.txt",
        sibling / "a.txt",
        Path("/etc/passwd"),
    ):
        with pytest.raises(InvalidParams, match="outside of the workspace"):
            read(path, folder)
    with pytest.raises(InvalidParams, match="outside of the workspace"):
        read_from_disk(f"{folder.as_uri()}/../secret.txt", [folder])
    with pytest.raises(InvalidParams, match="outside of the workspace"):
        read_from_disk(f"{folder.as_uri()}/%2e%2e/secret.txt", [folder])
    with pytest.raises(InvalidParams, match="outside of the workspace"):
        read_from_disk(secret.as_uri(), [])


def test_what_is_no_text_file_is_refused(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "binary").write_bytes(b"a\0b")
    (folder / "loop").symlink_to(folder / "loop")
    (folder / "dir").mkdir()
    os.mkfifo(folder / "pipe")
    (folder / "large").write_bytes(b"x" * 11)
    monkeypatch.setattr(documents, "MAX_FILE_BYTES", 10)
    for name, sentence in (
        ("missing", "neither open nor on disk"),
        ("loop", "neither open nor on disk"),
        ("dir", "can't be read"),
        ("pipe", "not a regular file"),
        ("binary", "not a text file"),
        ("large", "larger than"),
    ):
        with pytest.raises(InvalidParams, match=sentence):
            read(folder / name, folder)
    for uri in (
        "untitled:Untitled-1",
        "file:///a%00b",
        "http://example.org/a",
        "nonsense",
        "file://",
    ):
        with pytest.raises(InvalidParams):
            read_from_disk(uri, [folder])
