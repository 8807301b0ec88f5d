"""Files that a model reaches, and those that it does not."""

import os
import sys
from pathlib import Path

import pytest

from codex_ls.agent.workspace import Change, ToolError, Workspace
from codex_ls.sandbox.policy import policy_for

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and modes of POSIX")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "home" / "w"
    (root / ".git" / "hooks").mkdir(parents=True)
    (tmp_path / "home" / ".ssh").mkdir()
    (tmp_path / "home" / ".ssh" / "id").write_text("key")
    (tmp_path / "secret").write_text("outside")
    (root / "a.txt").write_text("one\n")
    return root


@pytest.fixture
def files(root: Path) -> Workspace:
    table = {"exclude_slash_tmp": True}
    return Workspace(
        policy_for("workspace-write", root, table=table, env={"HOME": str(root.parent)})
    )


@pytest.mark.parametrize(
    "path",
    ["../../secret", "/etc/passwd", "..", "a/../../../secret", "link", "folder/secret", "", "a\0b",
     "loop", "~/x/../../../../../../etc/passwd", "./../w2/x"],
)  # fmt: skip
def test_what_is_outside_is_neither_read_nor_written(
    files: Workspace, root: Path, path: str
) -> None:
    (root / "link").symlink_to(root.parent.parent / "secret")
    (root / "folder").symlink_to(root.parent.parent)
    (root / "loop").symlink_to("../loop")
    with pytest.raises(ToolError, match=r"outside of the workspace|is empty|NUL"):
        files.read(files.readable(path))
    with pytest.raises(ToolError):
        files.apply(Change(files.writable(path), None, b"x"))
    assert (root.parent.parent / "secret").read_text() == "outside"


@pytest.mark.parametrize(
    "path", [".git/config", ".git/hooks/pre-commit", ".GIT/x", ".codex/config.toml", "sub/.git/x", ".agents/x", ".git"]
)  # fmt: skip
def test_what_runs_or_steers_others_is_not_written(files: Workspace, path: str) -> None:
    with pytest.raises(ToolError, match="is protected"):
        files.writable(path)


def test_keys_are_not_read_even_inside_of_the_workspace(root: Path) -> None:
    home = root.parent
    files = Workspace(policy_for("workspace-write", home, table={}, env={"HOME": str(home)}))
    (root / "link").symlink_to("../.ssh/id")
    for path in (".ssh/id", "w/link"):
        with pytest.raises(ToolError, match="holds keys"):
            files.readable(path)


def test_a_link_inside_is_followed_and_stays_a_link(files: Workspace, root: Path) -> None:
    (root / "link").symlink_to("a.txt")
    files.apply(Change(files.writable("link"), b"one\n", b"two\n"))
    assert (root / "a.txt").read_text() == "two\n"
    assert (root / "link").is_symlink()


def test_a_folder_that_becomes_a_link_meanwhile_leads_nowhere(files: Workspace, root: Path) -> None:
    (root / "sub").mkdir()
    path = files.writable("sub/new")
    (root / "sub").rmdir()
    (root / "sub").symlink_to(root.parent.parent)
    with pytest.raises(ToolError):
        files.apply(Change(path, None, b"x"))
    assert not (root.parent.parent / "new").exists()
    with pytest.raises(ToolError):
        files.read(root / "sub" / "secret")


def test_a_hard_link_is_replaced_and_what_it_leads_to_kept(files: Workspace, root: Path) -> None:
    outside = root.parent.parent / "secret"
    os.link(outside, root / "hard")
    files.apply(Change(files.writable("hard"), b"outside", b"x"))
    assert outside.read_text() == "outside"


def test_a_write_keeps_the_mode_and_leaves_nothing_else(files: Workspace, root: Path) -> None:
    (root / "a.txt").chmod(0o755)
    files.apply(Change(files.writable("a.txt"), b"one\n", b"two\n"))
    assert (root / "a.txt").stat().st_mode & 0o777 == 0o755
    assert sorted(path.name for path in root.iterdir()) == [".git", "a.txt"]


def test_folders_are_made(files: Workspace, root: Path) -> None:
    files.apply(Change(files.writable("x/y/z"), None, b"1"))
    assert (root / "x/y/z").read_text() == "1"


def test_what_changed_meanwhile_is_not_overwritten(files: Workspace, root: Path) -> None:
    change = Change(files.writable("a.txt"), b"one\n", b"two\n")
    (root / "a.txt").write_text("mine\n")
    with pytest.raises(ToolError, match="changed meanwhile"):
        files.apply(change)
    assert (root / "a.txt").read_text() == "mine\n"


def test_what_changed_since_it_was_read_has_to_be_read_again(files: Workspace, root: Path) -> None:
    path = files.readable("a.txt")
    files.read_text(path)
    (root / "a.txt").write_text("mine\n")
    with pytest.raises(ToolError, match="read it again"):
        files.check_unchanged(path, files.read(path))


def test_what_is_no_text_file_is_said_so(files: Workspace, root: Path) -> None:
    (root / "binary").write_bytes(b"a\0b")
    (root / "latin").write_bytes(b"\xe9")
    os.mkfifo(root / "pipe")
    with (root / "huge").open("wb") as file:
        file.truncate(1 << 30)
    for name, words in [
        ("binary", "is a binary file"),
        ("latin", "is not UTF-8"),
        ("pipe", "is not a regular file"),
        ("huge", "too many to read"),
        (".", "is a folder"),
        ("missing", "does not exist"),
    ]:
        with pytest.raises(ToolError, match=words):
            files.read_text(files.readable(name))


def test_a_file_without_rights_is_an_error_in_words(files: Workspace, root: Path) -> None:
    if os.geteuid() == 0:
        (root / "dir").mkdir()
        with pytest.raises(ToolError, match="is a folder"):
            files.apply(Change(files.writable("dir"), None, b"x"))
        return
    (root / "a.txt").chmod(0)
    with pytest.raises(ToolError, match="permission denied"):
        files.read_text(files.readable("a.txt"))
