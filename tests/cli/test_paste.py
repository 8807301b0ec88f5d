"""Pasted text at a real terminal, in a real shell: one question, and nothing of it for the shell."""

import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.cli.command import SECONDS, Command
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream, error_answer

SHELLS = {
    "bash": ("bash", "--norc", "--noprofile"),
    "zsh": ("zsh", "-f"),
    "fish": ("fish", "--no-config"),
}
PASTES = {"bracketed": ("-p",), "plain": ()}
"""tmux marks a paste (`-p`) where the program has asked the terminal to."""

pytestmark = pytest.mark.skipif(
    os.name != "posix" or (shutil.which("tmux") is None and not os.environ.get("CI")),
    reason="tmux is not installed",
)


class Pane:
    """A shell in a terminal of tmux, and what its screen shows."""

    def __init__(self, folder: Path, shell: tuple[str, ...], env: dict[str, str]) -> None:
        # The path of a Unix socket has room for about 100 characters.
        self._socket = Path(f"/tmp/codex-ls-{os.getpid()}-{time.monotonic_ns()}")
        self._tmux = ("tmux", "-S", str(self._socket), "-f", "/dev/null")
        self._run("new-session", "-d", "-x", "80", "-y", "24", *shell, env=env, cwd=folder)

    def close(self) -> None:
        self._run("kill-server")
        self._socket.unlink(missing_ok=True)

    @property
    def screen(self) -> str:
        return self._run("capture-pane", "-p", "-J", "-S", "-200")

    def type(self, text: str) -> None:
        self._run("send-keys", "-l", text)

    def press(self, key: str) -> None:
        self._run("send-keys", key)

    def paste(self, text: str, *options: str) -> None:
        subprocess.run([*self._tmux, "load-buffer", "-"], input=text.encode(), check=True)
        self._run("paste-buffer", *options)

    def until(self, text: str) -> None:
        """Wait until a line of the screen begins with a text."""
        self._until(lambda: any(line.startswith(text) for line in self.screen.splitlines()), text)

    def until_shown(self, text: str) -> None:
        """Wait until a text is on the screen."""
        self._until(lambda: text in self.screen, text)

    def _until(self, holds: Callable[[], bool], text: str) -> None:
        deadline = time.monotonic() + SECONDS
        while not holds():
            assert time.monotonic() < deadline, f"{text!r} is not on the screen:\n{self.screen}"
            time.sleep(0.02)

    def _run(
        self, *command: str, env: dict[str, str] | None = None, cwd: Path | None = None
    ) -> str:
        return subprocess.run(
            [*self._tmux, *command], env=env, cwd=cwd, check=True, capture_output=True, text=True
        ).stdout


@pytest.fixture(params=SHELLS)
def pane(request: pytest.FixtureRequest, command: Command) -> Iterator[Pane]:
    shell = SHELLS[request.param]
    if shutil.which(shell[0]) is None and not os.environ.get("CI"):
        pytest.skip(f"{shell[0]} is not installed")
    starter = command.home / "ask"
    starter.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m codex_ls "$@"\n')
    starter.chmod(0o755)
    env = command.environment(TERM="xterm-256color", NO_COLOR="1", PS1="$ ", SHELL="/bin/sh")
    pane = Pane(command.home, shell, env)
    yield pane
    pane.close()


def start(pane: Pane, arguments: str, prompt: str) -> None:
    pane.type(f"./ask {arguments}; echo EN''D")
    pane.press("Enter")
    pane.until(prompt)


def assert_shell_got_nothing(pane: Pane, home: Path) -> None:
    """The next command line is empty, and no line of the paste has been run."""
    pane.until("END")
    pane.type("echo AGA''IN")
    pane.press("Enter")
    pane.until("AGAIN")
    assert not (home / "pasted").exists(), pane.screen
    assert pane.screen.split("END", 1)[1].count("touch") == 0, pane.screen


TEXT = "first line\ntouch pasted\n\n\tlast line ü"


def asked(server: ModelServer, number: int = 0) -> str:
    prompt = server.turns[number].json["messages"][-1]["content"]
    assert isinstance(prompt, str)
    return prompt


@pytest.mark.parametrize("options", PASTES.values(), ids=PASTES)
def test_a_paste_is_one_question(
    pane: Pane, server: ModelServer, command: Command, options: tuple[str, ...]
) -> None:
    server.always(chat_stream(content=["Yes."]))
    start(pane, "exec", "Ask:")
    pane.paste(TEXT, *options)
    pane.until_shown("last line ü")
    pane.press("Enter")
    assert_shell_got_nothing(pane, command.home)
    assert asked(server).replace("\t", "") == TEXT.replace("\t", "")
    assert "\t" in asked(server) or not options  # without marks a tab is a key


@pytest.mark.parametrize("options", PASTES.values(), ids=PASTES)
def test_a_paste_in_a_chat_is_one_question(
    pane: Pane, server: ModelServer, command: Command, options: tuple[str, ...]
) -> None:
    server.always(chat_stream(content=["Yes."]))
    start(pane, "chat", "> ")
    pane.paste("one\ntouch pasted\nthree\nfour\n/quit", *options)
    pane.press("Enter")
    pane.until("Yes.")
    pane.type("/quit")
    pane.press("Enter")
    assert_shell_got_nothing(pane, command.home)
    assert [asked(server, number) for number in range(len(server.turns))] == [
        "one\ntouch pasted\nthree\nfour\n/quit"
    ]


@pytest.mark.parametrize("end", ["answered", "failed", "interrupted"])
def test_what_is_typed_during_an_answer_is_not_left_to_the_shell(
    pane: Pane, server: ModelServer, command: Command, end: str
) -> None:
    gate = Gate()
    server.always(
        error_answer(400, "no") if end == "failed" else chat_stream(content=["Yes.", gate, " No."])
    )
    start(pane, "exec", "Ask:")
    pane.type("hi")
    if end == "failed":
        pane.paste("\ntouch pasted\ntouch pasted\n")
    else:
        pane.press("Enter")
        gate.reached.wait_blocking()
        pane.paste("touch pasted\n" * 100)
        if end == "interrupted":
            pane.press("C-c")
        else:
            gate.open()
    assert_shell_got_nothing(pane, command.home)
    if end == "interrupted":
        server.turn_blocking().hung_up.wait_blocking()


def test_type_ahead_is_the_shells_if_nothing_was_asked(
    pane: Pane, server: ModelServer, command: Command
) -> None:
    gate = Gate()
    server.always(chat_stream(content=["Yes.", gate]))
    start(pane, "exec hi", "Yes.")
    pane.type("touch typed")
    pane.press("Enter")
    gate.open()
    pane.until("END")
    pane.type("echo AGA''IN")
    pane.press("Enter")
    pane.until("AGAIN")
    assert (command.home / "typed").exists()


def test_the_question_can_be_pasted_where_the_answer_goes_to_a_file(
    pane: Pane, server: ModelServer, command: Command
) -> None:
    server.always(chat_stream(content=["Yes."]))
    start(pane, "exec > answer", "Ask:")
    pane.paste(TEXT, "-p")
    pane.press("Enter")
    assert_shell_got_nothing(pane, command.home)
    assert asked(server) == TEXT
    assert (command.home / "answer").read_text() == "Yes.\n"
