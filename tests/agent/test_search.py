"""The search with ripgrep and without it: one answer."""

import os
import re
import shutil
import stat
import sys
from pathlib import Path

import pytest

from codex_ls.agent.listing import matching_lines, trusted_ripgrep
from tests.agent.boxes import Box

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="links and names of POSIX")

FILES = {
    "a.py": b"needle = 1\nno\n",
    "b/c.py": b"  x needle\r\nNEEDLE\r\n",
    "b/C.txt": "nädle\nneedle?\n".encode(),
    "b.py": b"needle\n",
    "B/d.py": b"needle\x0cneedle\n\nneedle",
    ".hidden/e.py": b"needle\n",
    ".ignore": b"b.py\n",
    ".rgignore": b"a.py\n",
    ".gitignore": b"*.log\nbuild/\n!kept.log\n",
    "f.log": b"needle\n",
    "kept.log": b"needle\n",
    "build/g.py": b"needle\n",
    "sub/.gitignore": b"local.py\n/top.py\n",
    "sub/local.py": b"needle\n",
    "sub/deep/local.py": b"needle\n",
    "sub/top.py": b"needle\n",
    "sub/deep/top.py": b"needle\n",
    "node_modules/h.js": b"needle\n",
    "sub/.git/config": b"needle\n",
    "sub/other/.git": b"gitdir: needle\n",
    "binary": b"needle\0needle\n",
    "late-binary": b"x\n" * 5000 + b"\0needle\n",
    "utf16": "needle\n".encode("utf-16"),
    "latin1": b"n\xe9edle needle\n",
    "large": b"needle\n" + b"x" * (4 * 1024 * 1024),
    "keys/secret": b"needle\n",
    "-dash": b"needle\n",
    "new\nline": b"needle\n",
}
PATTERNS = (
    "needle", "^needle$", r"^\s*x needle$", r"\bneedle\b", "(?i)nEEdle", "needle$", "n.dle", "nädle",
    "(?=nee)needle", r"(e)\1dle", "needle|NEEDLE", r"\Aneedle", "[n]eedle\\?", "x{3}", "", "-v", "nothing at all",
    r"(?P<word>needle)", r"needle\Z", "need\\\nle",
)  # fmt: skip


@pytest.fixture
def ripgrep() -> str:
    program = os.environ.get("CODEX_TEST_RG") or shutil.which("rg")
    if program is None:
        assert not os.environ.get("CI"), "ripgrep is not installed"
        pytest.skip("ripgrep is not installed")
    return program


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "w"
    for name, data in FILES.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    (tmp_path / "outside").write_bytes(b"needle\n")
    (root / "link").symlink_to(tmp_path / "outside")
    (root / "folder-link").symlink_to(tmp_path)
    return root


@pytest.mark.parametrize("pattern", PATTERNS)
def test_the_same_lines_are_found(root: Path, ripgrep: str, pattern: str) -> None:
    compiled, hidden = re.compile(pattern), [root / "keys"]
    for glob in ("", "*.py", "b/*", "**/*.py", "./sub/**"):
        for folder in (root, root / "sub"):
            built_in = list(matching_lines(folder, compiled, glob=glob, hidden=hidden))
            with_ripgrep = list(
                matching_lines(folder, compiled, glob=glob, hidden=hidden, ripgrep=ripgrep)
            )
            assert with_ripgrep == built_in, (glob, folder)


def test_files_that_may_not_be_seen_are_not(root: Path, ripgrep: str) -> None:
    found = list(
        matching_lines(root, re.compile("needle"), hidden=[root / "keys"], ripgrep=ripgrep)
    )
    names = {line.split(":", 1)[0] for line in found}
    assert {"a.py", "b.py", ".hidden/e.py", "kept.log", "late-binary", "latin1"} <= names
    assert names.isdisjoint({"keys/secret", "f.log", "build/g.py", "binary", "link", "large"})


async def test_the_tool_asks_ripgrep_where_it_is_on_the_path(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says which files are read at all: one that names no file leaves nothing to find."""
    folder = tmp_path / "bin"
    script(folder / "rg", "exit 1")
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")
    assert (await Box(root).call("search", pattern="needle")).text == "(nothing found)"
    script(folder / "rg", "exit 2")  # it does not know the pattern
    assert "a.py:1: needle = 1" in (await Box(root).call("search", pattern="needle")).text


def test_a_program_in_the_workspace_is_not_run(root: Path, tmp_path: Path) -> None:
    for folder in (root / "bin", tmp_path / "bin"):
        script(folder / "rg", "exit 0")
    (tmp_path / "links").mkdir()
    (tmp_path / "links" / "rg").symlink_to(root / "bin" / "rg")
    path = f".:bin::{root}/bin:{tmp_path}/w/../w/bin:{tmp_path}/links:{tmp_path}/bin"
    assert trusted_ripgrep(path, [root]) == tmp_path / "bin" / "rg"
    assert trusted_ripgrep(path, [root, tmp_path]) is None
    (tmp_path / "bin" / "rg").chmod(stat.S_IRUSR)
    assert trusted_ripgrep(path, [root]) is None or os.geteuid() == 0


def script(path: Path, text: str) -> None:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)
