"""A terminal for an editor that draws on one: Neovim's own, which is there for its tests already.

One invariant: a test waits for what stands on the screen (or for a gate of the model server), never for
a time.
"""

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.nvim.editor import ROOT, Editor
from tests.nvim.grid import Cell
from tests.nvim.picture import svg

FETCHED = (
    Path(os.environ.get("CODEX_LS_TEST_CACHE") or Path.home() / ".cache" / "codex-ls-tests")
    / "editors"
    / "bin"
)
"""Where `tests/editors/fetch.sh` lays editors that the system does not have."""

IMAGES = ROOT / "docs" / "images"
FRONT, BACK = "#c5c8c6", "#1d1f21"

_RUN = """
local argv, cwd, env = ...
vim.o.laststatus, vim.o.showmode, vim.o.ruler, vim.o.cmdheight = 0, false, false, 0
vim.o.termguicolors = true
local job = vim.fn.jobstart(argv, { term = true, cwd = cwd, env = env })
vim.cmd.startinsert()
return vim.fn.jobpid(job)
"""

_DARK = f"""
vim.api.nvim_set_hl(0, "Normal", {{ fg = "{FRONT}", bg = "{BACK}" }})
for number, colour in ipairs({{
  "#1d1f21", "#cc6666", "#b5bd68", "#f0c674", "#81a2be", "#b294bb", "#8abeb7", "#c5c8c6",
  "#969896", "#cc6666", "#b5bd68", "#f0c674", "#81a2be", "#b294bb", "#8abeb7", "#ffffff",
}}) do
  vim.g["terminal_color_" .. number - 1] = colour
end
"""


def find_program(name: str, *, variable: str) -> str | None:
    """Return the program to test with: the one the environment names, a fetched one, or PATH's."""
    named = os.environ.get(variable)
    fetched = FETCHED / name
    return named or (str(fetched) if fetched.exists() else shutil.which(name))


class Terminal:
    """A program on a terminal."""

    def __init__(
        self,
        editor: Editor,
        argv: Sequence[str],
        *,
        cwd: Path,
        env: Mapping[str, str] | None = None,
    ) -> None:
        self._editor = editor
        editor.lua(_DARK)
        environment = {"COLORTERM": "truecolor", **(env or {})}
        self.pid: int = editor.lua(_RUN, list(argv), str(cwd), environment)

    def type(self, keys: str) -> None:
        """Press keys, in Neovim's notation."""
        self._editor.keys(keys)

    def screen(self) -> list[str]:
        """Return the rows of the screen."""
        return self._editor.screen()

    def picture(self) -> list[list[Cell]]:
        """Return the screen with its colours."""
        return self._editor.picture()

    def wait_for(self, text: str) -> list[str]:
        """Return the screen as soon as this text stands on it."""
        return self._editor.wait_for_text(text)

    def wait_for_row(self, start: str) -> list[str]:
        """Return the screen as soon as one of its rows begins with this."""
        return self._editor.wait_for_rows(lambda rows: any(row.startswith(start) for row in rows))

    def shows(self, text: str, *, within_ms: int) -> bool:
        """Whether this text comes to stand on the screen."""
        try:
            self._editor.wait_for_text(text, timeout_ms=within_ms)
        except AssertionError:
            return False
        return True

    def wait_until_gone(self, text: str) -> list[str]:
        """Return the screen as soon as this text stands on it no more."""
        return self._editor.wait_for_no_text(text)


def _joined(row: Sequence[Cell]) -> list[Cell]:
    """Return a row in which a blank cell looks as the one before it, if that makes no difference."""
    cells: list[Cell] = []
    for cell in row:
        before = cells[-1].attributes if cells else {}
        is_same = before.get("background") == cell.attributes.get("background")
        if cell.text.strip() or not is_same or cell.attributes.get("reverse"):
            cells.append(cell)
        else:
            cells.append(Cell(cell.text, before))
    return cells


def take_picture(terminal: Terminal, name: str, title: str, *expected: str) -> None:
    """Draw the screen once all of this stands on it; write it if `CODEX_WRITE_PICTURES` is set."""
    for text in expected:
        terminal.wait_for(text)
    picture = svg([_joined(row) for row in terminal.picture()], normal=(FRONT, BACK), title=title)
    assert [text for text in expected if text not in picture] == []
    path = IMAGES / f"{name}.svg"
    if os.environ.get("CODEX_WRITE_PICTURES"):
        path.write_text(picture)
    assert path.exists(), "take the pictures anew: CODEX_WRITE_PICTURES=1 pytest tests/editors"
