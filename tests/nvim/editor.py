"""A real Neovim, driven over its own API and read from the screen that it draws by itself.

Two invariants: a test waits for what can be seen (or for a gate of the model server), never for a time; and
nothing here makes Neovim draw. What the plugin leaves undrawn, a user does not see, and neither does a test.
"""

import asyncio
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import pynvim

from tests.nvim.grid import Cell, Grid

ROOT = Path(__file__).resolve().parents[2]
PLUGIN = ROOT / "editors" / "nvim"
SERVE = (sys.executable, "-m", "codex_ls", "serve")
WAIT_MS = 20_000
POLL_SECONDS = 0.005
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


def find_nvim() -> str | None:
    """Return the Neovim to test with: the one the environment names, or the interpreter's, or PATH's."""
    named = os.environ.get("CODEX_TEST_NVIM")
    beside = Path(sys.executable).with_name("nvim")
    return named or (str(beside) if beside.exists() else shutil.which("nvim"))


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
        self.grid = Grid(self._socket, *self._size)
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
        self.grid.close()
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
        """Return the rows of the screen, once Neovim has done what it was asked before."""
        self.lua("return 0")
        return self.grid.rows()

    def picture(self) -> list[list[Cell]]:
        """Return the screen with its colours, row by row."""
        return self.grid.cells()

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
        deadline = time.monotonic() + timeout_ms / 1000
        while (value := self.lua(condition, argument)) in (None, False):
            if time.monotonic() > deadline:
                raise AssertionError(f"never: {condition} ({argument!r})\n{self._said()}")
            time.sleep(POLL_SECONDS)
        return value

    def wait_for_rows(
        self, holds: Callable[[list[str]], bool], *, timeout_ms: int = WAIT_MS
    ) -> list[str]:
        """Return the screen as soon as something holds of it."""
        if not self.grid.wait(holds, timeout_ms / 1000):
            raise AssertionError(f"never on the screen:\n{self._said()}")
        return self.grid.rows()

    def _said(self) -> str:
        """Return what was to be seen, for a test that waited in vain."""
        return "\n".join([*self.grid.rows(), *self.messages()])

    def wait_for_text(self, text: str, *, timeout_ms: int = WAIT_MS) -> list[str]:
        """Return the screen as soon as this text stands on it."""
        if not self.grid.wait(lambda rows: text in "\n".join(rows), timeout_ms / 1000):
            raise AssertionError(f"never on the screen: {text!r}\n{self._said()}")
        return self.grid.rows()

    def grid_until(self, text: str, *, timeout_ms: int = WAIT_MS) -> list[str]:
        """Return the screen as soon as this text stands on it, while Neovim waits for a key."""
        if not self.grid.wait(lambda rows: text in "\n".join(rows), timeout_ms / 1000):
            raise AssertionError("\n".join(self.grid.rows()))
        return self.grid.rows()

    def wait_for_no_text(self, text: str) -> list[str]:
        """Return the screen as soon as this text stands on it no more."""
        if not self.grid.wait(lambda rows: text not in "\n".join(rows), WAIT_MS / 1000):
            raise AssertionError(f"still on the screen: {text!r}\n{self._said()}")
        return self.grid.rows()

    def wait_for_end(self, count: int = 1) -> None:
        """Return when no turn runs any more, and so many were asked in all."""
        self.wait(
            "local turns = require('codex_ls.turns')\n"
            "return #turns.running() == 0 and #turns.all() >= ...",
            count,
        )
