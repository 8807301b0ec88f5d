"""A real Neovim, driven over its own API and read from its own screen.

One invariant: a test waits for what can be seen (or for a gate of the model server), never for a time.
The waiting happens inside Neovim, whose event loop goes on meanwhile.
"""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pynvim

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "editors" / "nvim"
SERVE = (sys.executable, "-m", "codex_ls", "serve")
WAIT_MS = 20_000
START_SECONDS = 20.0
STOP_SECONDS = 10.0

_INIT = """
vim.o.swapfile = false
-- As with a plugin that shows messages elsewhere: Neovim's own message about a client that quit is
-- longer than a row, and would wait for a key.
_G.told = {}
vim.notify = function(message)
  table.insert(_G.told, message)
end
"""

_WAIT = """
local timeout, body, argument = ...
local condition = loadstring(body)
local value
local ok = vim.wait(timeout, function()
  vim.cmd.redraw()
  value = condition(argument)
  return value
end, 5)
return ok and value or nil
"""

_SCREEN = """
local rows = {}
for row = 1, vim.o.lines do
  local cells = {}
  for column = 1, vim.o.columns do
    cells[column] = vim.fn.screenstring(row, column)
  end
  rows[row] = (table.concat(cells):gsub("%s+$", ""))
end
return rows
"""

_CELLS = """
vim.cmd("redraw!")
local cells = {}
for row = 0, vim.o.lines - 1 do
  for column = 0, vim.o.columns - 1 do
    local cell = vim.api.nvim__inspect_cell(1, row, column)
    cells[#cells + 1] = { cell[1] or "", cell[2] or vim.empty_dict() }
  end
end
return cells
"""


def find_nvim() -> str | None:
    """Return the Neovim to test with: the one the environment names, or the interpreter's, or PATH's."""
    named = os.environ.get("CODEX_TEST_NVIM")
    beside = Path(sys.executable).with_name("nvim")
    return named or (str(beside) if beside.exists() else shutil.which("nvim"))


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the screen; colours are 24-bit numbers where they are set."""

    text: str
    attributes: Mapping[str, Any]


class Editor:
    """Neovim with the plugin and nothing else, in a home folder of its own."""

    def __init__(
        self,
        home: Path,
        *,
        env: Mapping[str, str],
        init: str = "",
        columns: int = 100,
        lines: int = 30,
        cmd: Sequence[str] = SERVE,
    ) -> None:
        nvim = find_nvim()
        assert nvim is not None
        self.home = home
        self.cmd = list(cmd)
        self._size = (columns, lines)
        init_file = home / "init.lua"
        command = ", ".join(f"[[{word}]]" for word in cmd)
        init_file.write_text(
            f"vim.opt.runtimepath:prepend([[{PLUGIN}]])\n"
            f"vim.g.codex_ls = {{ cmd = {{ {command} }} }}\n" + _INIT + init
        )
        # A short path: a socket's may have 107 bytes, and a test's folder has a long name.
        self._socket = Path(tempfile.mkdtemp(prefix="nvim-")) / "s"
        self._argv = [nvim, "--headless", "--listen", str(self._socket), "-u", str(init_file)]
        self._env = self._environment(env)
        self._process: subprocess.Popen[bytes] | None = None
        self.nvim: Any = None

    def _environment(self, env: Mapping[str, str]) -> dict[str, str]:
        folders = {f"XDG_{name}_HOME": name for name in ("CONFIG", "DATA", "STATE", "CACHE")}
        for folder in folders.values():
            (self.home / folder).mkdir(exist_ok=True)
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.home),
            "LANG": "C.UTF-8",
            "PYTHONPATH": str(ROOT),
            **{name: str(self.home / folder) for name, folder in folders.items()},
            **env,
        }

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [*self._argv, "-i", "NONE"],
            env=self._env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        self.nvim = self._attach()
        self.nvim.ui_attach(*self._size, rgb=True)
        return self

    def _attach(self) -> Any:
        assert self._process is not None
        deadline = time.monotonic() + START_SECONDS
        while True:
            # The socket is there a moment before Neovim listens on it.
            with contextlib.suppress(OSError):
                return pynvim.attach("socket", path=str(self._socket))
            if self._process.poll() is not None or time.monotonic() > deadline:
                self._process.kill()
                raise AssertionError(f"Neovim does not listen ({self._process.wait()})")
            time.sleep(0.01)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._process is not None
        deprecated = [] if error else self._deprecated()
        with contextlib.suppress(OSError, EOFError):
            self.nvim.command("qall!", async_=True)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        for _ in range(5):
            # pynvim closes its loop before the end of the connection has closed the socket.
            with contextlib.suppress(RuntimeError):
                self.nvim.loop.run_until_complete(asyncio.sleep(0))
        self.nvim.close()
        shutil.rmtree(self._socket.parent, ignore_errors=True)
        assert deprecated == []

    def _deprecated(self) -> list[str]:
        """Return what Neovim has said of functions that it will drop."""
        if self.nvim.api.get_mode()["blocking"]:
            # A message longer than a row, as Neovim itself shows those of a server, waits for a key.
            self.keys("<CR>")
        return [message for message in self.messages() if "deprecated" in message]

    # ---- acting ----

    def lua(self, body: str, *arguments: Any) -> Any:
        """Run Lua; the arguments are its `...`."""
        return self.nvim.exec_lua(body, *arguments)

    def command(self, line: str) -> None:
        """Run one Ex command."""
        self.nvim.command(line)

    def keys(self, keys: str) -> None:
        """Type."""
        self.nvim.input(keys)

    def open(self, path: Path, text: str) -> None:
        """Write a file and edit it."""
        path.write_text(text)
        self.command(f"edit {path}")

    # ---- seeing ----

    def screen(self) -> list[str]:
        """Return the rows of the screen as they are drawn now."""
        self.command("redraw")
        rows: list[str] = self.lua(_SCREEN)
        return rows

    def picture(self) -> list[list[Cell]]:
        """Return the screen with its colours, row by row, drawn anew."""
        # The first look makes Neovim number its attributes anew, and the next drawing uses the numbers.
        self.lua(_CELLS)
        columns = self._size[0]
        cells = [Cell(text, attributes) for text, attributes in self.lua(_CELLS)]
        return [cells[start : start + columns] for start in range(0, len(cells), columns)]

    def buffer(self) -> list[str]:
        """Return the lines of the current buffer."""
        lines: list[str] = self.nvim.current.buffer[:]
        return lines

    def told(self) -> list[str]:
        """Return what the user was notified of so far."""
        told: list[str] = self.lua("return _G.told")
        return told

    def messages(self) -> list[str]:
        """Return the same, and before it what Neovim itself said."""
        own: str = self.nvim.command_output("messages")
        return [*own.splitlines(), *self.told()]

    def wait(self, condition: str, argument: Any = None, *, timeout_ms: int = WAIT_MS) -> Any:
        """Return what the Lua condition returns, as soon as that is neither false nor nil."""
        value = self.lua(_WAIT, timeout_ms, condition, argument)
        if value is None:
            screen = "\n".join(self.screen())
            messages = "\n".join(self.messages())
            raise AssertionError(f"never: {condition} ({argument!r})\n{screen}\n{messages}")
        return value

    def wait_for_text(self, text: str, *, timeout_ms: int = WAIT_MS) -> list[str]:
        """Return the screen as soon as this text stands on it."""
        self.wait(
            f"local screen = (function(...) {_SCREEN} end)()\n"
            "return table.concat(screen, '\\n'):find(..., 1, true) ~= nil",
            text,
            timeout_ms=timeout_ms,
        )
        return self.screen()

    def wait_for_no_text(self, text: str) -> list[str]:
        """Return the screen as soon as this text stands on it no more."""
        self.wait(
            f"local screen = (function(...) {_SCREEN} end)()\n"
            "return table.concat(screen, '\\n'):find(..., 1, true) == nil",
            text,
        )
        return self.screen()

    def wait_for_end(self, count: int = 1) -> None:
        """Return when no turn runs any more, and so many were asked in all."""
        self.wait(
            "local turns = require('codex_ls.turns')\n"
            "return #turns.running() == 0 and #turns.all() >= ...",
            count,
        )
