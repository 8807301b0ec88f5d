"""Fixtures: a terminal, a project in it, and the editors that are here."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.nvim.conftest import HAVE_NVIM, codex_home, model_server, path, start

if TYPE_CHECKING:
    from tests.nvim.editor import Editor

__all__ = ["codex_home", "model_server", "path", "start"]

CODE = """\
def double(x):
    # Why not 2 * x?
    return x + x


print(double("ab"))
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A folder under version control, with one small Python file."""
    folder = tmp_path / "project"
    (folder / ".git").mkdir(parents=True)
    (folder / "sample.py").write_text(CODE)
    return folder


@pytest.fixture
def screen(start: Callable[..., "Editor"]) -> "Editor":
    """A terminal of 100 columns and 30 rows."""
    if not HAVE_NVIM and not os.environ.get("CI"):
        pytest.skip("no Neovim or pynvim here, whose terminal is used")
    return start()


def needed(program: str | None, name: str) -> str:
    """Return the program; where there is none, skip and say how to get it.

    In CI that is a failure, unless CI has tried to fetch it and says why there is none.
    """
    if program is not None:
        return program
    how = f"no {name} here: tests/editors/fetch.sh ~/.cache/codex-ls-tests/editors"
    reason = os.environ.get("CODEX_LS_NO_EDITORS")
    if os.environ.get("CI") and not reason:
        pytest.fail(how)
    pytest.skip(f"no {name} here: {reason}" if reason else how)
