"""`codex-ls` as people and programs run it: a process of its own, under pipes or at a terminal."""

import os
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from tests.support import canary

ROOT = Path(__file__).parents[2]
SECONDS = 60.0
"""How long anything here may take before the test fails; a healthy run needs a fraction of one."""

_FIGURES = re.compile(
    r"^((First word|Thinking|Answer) (after )?)?[0-9.]+ s(, .*)? total(, .*)?$", re.MULTILINE
)

_PASTE_MODE = re.compile(r"\x1b\[\?2004(h|l\r?)")
"""readline has the terminal mark pastes while it reads; nothing of that is seen."""

# A terminal becomes the controlling one of its session's leader: Ctrl-C then is a signal, as it is
# for a person. (A `preexec_fn` would fork a process that has threads.)
_AT_A_TERMINAL = (
    "import fcntl, os, sys, termios; os.setsid(); fcntl.ioctl(0, termios.TIOCSCTTY, 0);"
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])"
)


@dataclass(frozen=True, slots=True)
class Result:
    """What a finished command left: its exit code and what stands on both streams."""

    exit_code: int
    out: str
    err: str


@dataclass(frozen=True, slots=True)
class Command:
    """The command line, with a configuration folder of its own."""

    home: Path
    env: Mapping[str, str] = field(default_factory=dict)

    def configure(self, base_url: str, more: str = "") -> None:
        """Let the model `test-model` at that address be the one that is asked."""
        self.write_config(
            'model = "test-model"\nmodel_provider = "fake"\n'
            f'{more}\n[model_providers.fake]\nname = "Fake"\nbase_url = "{base_url}"\n'
            f"{canary.CONFIG}request_max_retries = 0\n"
        )

    def write_config(self, text: str) -> None:
        (self.home / "config.toml").write_text(text, encoding="utf-8")

    def run(
        self,
        *arguments: str,
        stdin: bytes | None = None,
        python: tuple[str, ...] = ("-m", "codex_ls"),
        stdout: Any = subprocess.PIPE,
        **env: str,
    ) -> Result:
        """Run it to its end; without `stdin` there is no input at all."""
        done = subprocess.run(
            [sys.executable, *python, *arguments],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            stdout=stdout,
            stderr=subprocess.PIPE,
            cwd=self.home,
            env=self.environment(**env),
            timeout=SECONDS,
            check=False,
        )
        self._check(done.stdout or b"", done.stderr)
        return Result(done.returncode, (done.stdout or b"").decode(), told(done.stderr.decode()))

    def start(
        self,
        *arguments: str,
        stdin: Any = subprocess.DEVNULL,
        python: tuple[str, ...] = ("-m", "codex_ls"),
        **env: str,
    ) -> "Running":
        """Start it under pipes; use it with `with`."""
        return Running(
            subprocess.Popen(
                [sys.executable, *python, *arguments],
                stdin=stdin,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                cwd=self.home,
                env=self.environment(**env),
            )
        )

    def start_at_terminal(
        self,
        *arguments: str,
        stdout: Any = None,
        python: tuple[str, ...] = ("-m", "codex_ls"),
        env: Mapping[str, str] | None = None,
        **more_env: str,
    ) -> "Terminal":
        """Start it at a terminal of its own; with `stdout`, standard output goes there instead."""
        master, slave = os.openpty()
        process = subprocess.Popen(
            [sys.executable, "-c", _AT_A_TERMINAL, *python, *arguments],
            stdin=slave,
            stdout=slave if stdout is None else stdout,
            stderr=slave,
            cwd=self.home,
            env=self.environment(**{"TERM": "xterm-256color", **(env or {}), **more_env}),
        )
        os.close(slave)
        return Terminal(process, master)

    def _check(self, *outputs: bytes) -> None:
        """Nothing that was written, on the screen or in the folder, holds the planted key."""
        for output in outputs:
            canary.check("the output of a command", output)
        canary.check_folder(self.home)

    def environment(self, **more: str) -> dict[str, str]:
        """What a login gives and not more, so that nothing of this machine changes a result."""
        kept = {k: os.environ[k] for k in ("PATH", "SYSTEMROOT") if k in os.environ}
        return {
            **kept,
            "HOME": str(self.home),
            "CODEX_HOME": str(self.home),
            "PYTHONPATH": str(ROOT),
            "LANG": "C.UTF-8",
            **canary.ENV,
            **self.env,
            **more,
        }


class Running:
    """A process under pipes. Leaving the `with` block ends it if it still runs."""

    def __init__(self, process: "subprocess.Popen[bytes]") -> None:
        assert process.stdout is not None
        assert process.stderr is not None
        self.process = process
        self.out = process.stdout
        self.err = process.stderr
        self._seen: dict[int, bytes] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        for stream in (self.process.stdin, self.out, self.err):
            if stream is not None:
                stream.close()

    def out_until(self, text: str) -> str:
        """Everything on standard output so far, as soon as it holds `text`."""
        return self._until(self.out.fileno(), text)

    def err_until(self, text: str) -> str:
        """Everything on standard error so far, as soon as it holds `text`."""
        return self._until(self.err.fileno(), text)

    def interrupt(self, number: signal.Signals = signal.SIGINT) -> None:
        self.process.send_signal(number)

    def finish(self) -> Result:
        """Wait for the end, and give everything that was written."""
        out, err = (
            b"" if stream.closed else self._seen.get(stream.fileno(), b"") + stream.read()
            for stream in (self.out, self.err)
        )
        canary.check("the output of a command", out + err)
        return Result(self.process.wait(SECONDS), out.decode(), told(err.decode()))

    def _until(self, descriptor: int, text: str) -> str:
        seen = self._seen.get(descriptor, b"")
        seen = read_until(descriptor, text.encode(), seen)
        self._seen[descriptor] = seen
        return seen.decode()


class Terminal:
    """A process at a terminal: what a person sees, and what a person types."""

    def __init__(self, process: "subprocess.Popen[bytes]", master: int) -> None:
        self.process = process
        self._master = master
        self._seen = b""

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        os.close(self._master)

    def until(self, text: str) -> str:
        """The screen's whole text so far, as soon as it holds `text`; line ends are ``\\n``."""
        deadline = time.monotonic() + SECONDS
        while text not in self.text:
            wait_s = max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select([self._master], [], [], wait_s)
            piece = _read(self._master) if ready else b""
            if not piece:
                raise AssertionError(f"{text!r} did not come, but {self.text!r}")
            self._seen += piece
        return self.text

    def until_all(self, wanted: "re.Pattern[str]", *, times: int) -> list[str]:
        """The first `times` different texts that `wanted` finds on the screen, once they stand there."""
        deadline = time.monotonic() + SECONDS
        while len(found := list(dict.fromkeys(wanted.findall(self.text)))) < times:
            wait_s = max(0.0, deadline - time.monotonic())
            ready, _, _ = select.select([self._master], [], [], wait_s)
            piece = _read(self._master) if ready else b""
            if not piece:
                raise AssertionError(f"{wanted} came only as {found} in {self.text!r}")
            self._seen += piece
        return found[:times]

    def type(self, text: str) -> None:
        os.write(self._master, text.encode())

    def press_until_it_ends(self, key: str) -> None:
        """Press a key again and again, as a person does.

        Python's line editor sleeps through a signal that comes right before it waits for a key.
        """
        for _ in range(int(SECONDS)):
            self.type(key)
            with suppress(subprocess.TimeoutExpired):
                self.process.wait(1.0)
                return
        raise AssertionError(f"{key!r} did not end it")

    def finish(self) -> Result:
        """Wait for the end; both streams are the one screen."""
        while piece := _read(self._master):
            self._seen += piece
        canary.check("a terminal", self._seen)
        return Result(self.process.wait(SECONDS), told(self.text), "")

    @property
    def text(self) -> str:
        return _PASTE_MODE.sub("", self._seen.decode(errors="replace")).replace("\r\n", "\n")


def read_until(descriptor: int, wanted: bytes, seen: bytes = b"") -> bytes:
    """`seen` and what follows it, until it holds `wanted`."""
    deadline = time.monotonic() + SECONDS
    while wanted not in seen:
        ready, _, _ = select.select([descriptor], [], [], max(0.0, deadline - time.monotonic()))
        piece = _read(descriptor) if ready else b""
        if not piece:
            raise AssertionError(f"{wanted!r} did not come, but {seen!r}")
        seen += piece
    return seen


def told(text: str) -> str:
    """`text` with its line of figures replaced by the word FIGURES: they differ from run to run."""
    return _FIGURES.sub("FIGURES", text)


def _read(descriptor: int) -> bytes:
    try:
        return os.read(descriptor, 65536)
    except OSError:  # Linux: the terminal's other side is closed
        return b""
