from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ls.lsp.folders import Folders


def folder(uri: str) -> dict[str, str]:
    return {"uri": uri, "name": uri.rpartition("/")[2]}


def test_folders_stand_in_the_order_in_which_they_were_told() -> None:
    folders = Folders({"workspaceFolders": [folder("file:///w/b"), folder("file:///w/a%20c")]})
    assert list(folders.paths.items()) == [
        ("file:///w/b", Path("/w/b")),
        ("file:///w/a%20c", Path("/w/a c")),
    ]


def test_folders_come_and_go() -> None:
    folders = Folders({"workspaceFolders": [folder("file:///w/a%20b")], "rootUri": "file:///root"})
    event = {"added": [folder("file:///w/c")], "removed": [folder("file:///w/a b")]}
    folders.change({"event": event})
    assert list(folders.paths) == ["file:///w/c"]
    folders.change({"event": {"added": [], "removed": [folder("file:///w/c")]}})
    assert list(folders.paths) == ["file:///root"]


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
def test_the_root_counts_where_no_folders_are_named(params: dict[str, Any]) -> None:
    assert Folders(params).paths == {"file:///w": Path("/w")}


def test_an_empty_root_is_none() -> None:
    assert Folders({"rootPath": "", "rootUri": None}).paths == {}
    assert Folders({"rootUri": ""}).paths == {}


def test_what_is_not_on_this_disk_is_no_folder() -> None:
    uris = ["untitled:a", "vscode-remote://ssh/w", "http://[", "file:///w"]
    folders = Folders({"workspaceFolders": [folder(uri) for uri in uris]})
    assert list(folders.paths) == ["file:///w"]


ODD = st.none() | st.text() | st.integers() | st.lists(st.none() | st.text())
ENTRIES = st.lists(ODD | st.fixed_dictionaries({"uri": ODD | st.text()})) | ODD


@given(ENTRIES, ODD, ODD, ENTRIES)
def test_anything_else_reads_as_absent(first: Any, root: Any, path: Any, second: Any) -> None:
    folders = Folders({"workspaceFolders": first, "rootUri": root, "rootPath": path})
    folders.change({"event": {"added": second, "removed": first}})
    folders.change(second)
    assert all(isinstance(path, Path) for path in folders.paths.values())
