"""Which files of this machine a URI names."""

from pathlib import Path, PureWindowsPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ls.lsp import documents
from codex_ls.lsp.documents import local_path


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///home/me/a", "/home/me/a"),
        ("file://localhost/home/me/a", "/home/me/a"),
        ("file://LOCALHOST/home/me/a", "/home/me/a"),
        ("FILE:///home/me/a", "/home/me/a"),
        ("file:/home/me/a", "/home/me/a"),
        ("file:////home/me/a", "/home/me/a"),
        ("file:///home/me/a%20b%25%E4%BD%A0", "/home/me/a b%你"),
        ("file:///home/me/你 b", "/home/me/你 b"),
        ("file:///home/a+b;c@d", "/home/a+b;c@d"),
        ("file:///c%3A/Users/me", "/c:/Users/me"),
        ("file:///C:/Users/me", "/C:/Users/me"),
        ("file:///w/%FF", "/w/\udcff"),
        ("file:///", "/"),
        ("file://wsl%24/Ubuntu/home/me", None),
        ("file://wsl.localhost/Ubuntu/home/me", None),
        ("file://etc/passwd", None),
        ("file://127.0.0.1/w", None),
        ("file://me@localhost/w", None),
        ("file://localhost:80/w", None),
        ("file:relative", None),
        ("file:", None),
        ("file://", None),
        ("file://localhost", None),
        ("file:///a%00b", None),
        ("", None),
        ("/home/me", None),
        ("http://[", None),
        ("untitled:a", None),
        ("git:/w", None),
        ("vsls:/", None),
        ("vscode-remote://ssh-remote%2Bbox/home/me/a", None),
        ("vscode-notebook-cell:/w/a.ipynb#1", None),
    ],
)
def test_a_uri_names_a_file_of_this_machine_or_none(uri: str, path: str | None) -> None:
    assert local_path(uri) == (None if path is None else Path(path))


@pytest.mark.parametrize(
    ("uri", "path"),
    [
        ("file:///c%3A/Users/me/a%20b", "c:/Users/me/a b"),
        ("file:///C:/Users/me", "C:/Users/me"),
        ("file://localhost/c:/Users/me", "c:/Users/me"),
        ("file://wsl%24/Ubuntu/home/me", "//wsl%24/Ubuntu/home/me"),
        ("file://server/share/a", "//server/share/a"),
        ("file:////server/share/a", "//server/share/a"),
        ("file:///Users/me", "/Users/me"),
    ],
)
def test_on_windows_there_are_drives_and_shares(
    uri: str, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(documents, "_IS_WINDOWS", True)
    monkeypatch.setattr(documents, "Path", PureWindowsPath)
    if "%24" in path:
        path = path.replace("%24", "$")
    found: object = local_path(uri)
    assert found == PureWindowsPath(path)


@given(st.text() | st.text().map(lambda text: f"file://{text}"))
def test_whatever_it_is_it_is_no_relative_path(uri: str) -> None:
    path = local_path(uri)
    assert path is None or (path.is_absolute() and not str(path).startswith("//"))


@given(st.text(st.characters(exclude_characters="\0/", codec="utf-8"), min_size=1))
def test_what_a_path_is_called_is_found_again(name: str) -> None:
    path = Path("/w") / name
    if path.name == name:
        assert local_path(path.as_uri()) == path
