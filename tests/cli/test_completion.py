"""Completion in the real shells: what a person sees after the Tab key."""

import os
import shlex
import sys

import pytest

from tests.cli.command import ROOT, Command
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream

pytest.importorskip("termios", reason="no pseudo-terminals on this system")

SHELLS = {
    "bash": ("bash", "--norc", "--noprofile", "-i"),
    "zsh": ("zsh", "-f", "-i"),
    "fish": ("fish", "--no-config", "-i"),
}
SET_UP = {
    "bash": "PS1='ready> '; source <(codex-ls completion bash)",
    "zsh": "PS1='ready> '; autoload -U compinit; compinit -u; source <(codex-ls completion zsh)",
    "fish": "function fish_prompt; echo 'ready> '; end; codex-ls completion fish | source",
}

SUM = {"bash": "$((1+1))", "zsh": "$((1+1))", "fish": "(math 1+1)"}
"""So that what is typed is not what is waited for."""


@pytest.fixture
def configured(command: Command, server: ModelServer) -> Command:
    """A profile and a prompt to complete, and `codex-ls` on the PATH."""
    command.configure(server.base_url)
    (command.home / "local-oss.config.toml").write_text('model = "test-model"\n')
    (command.home / "prompts").mkdir()
    (command.home / "prompts" / "review.md").write_text(
        "---\ndescription: Look at it: all of it\n---\nReview.\n"
    )
    program = command.home / "bin" / "codex-ls"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\nexec {shlex.quote(sys.executable)} -m codex_ls "$@"\n')
    program.chmod(0o755)
    return command


def environment(command: Command) -> dict[str, str]:
    path = f"{command.home / 'bin'}{os.pathsep}{os.environ['PATH']}"
    return {
        "PATH": path,
        "PYTHONPATH": str(ROOT),
        "TERM": "xterm",
        "XDG_DATA_HOME": str(command.home),
    }


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("typed", "completed"),
    [
        ("codex-ls prof", "codex-ls profile"),
        ("codex-ls exec -p loc", "codex-ls exec -p local-oss"),
        ("codex-ls profile use loc", "codex-ls profile use local-oss"),
        ("codex-ls exec --out", "codex-ls exec --output-"),
        ("codex-ls exec /rev", "codex-ls exec /review"),
        ("codex-ls exec -f notes.t", "codex-ls exec -f notes.txt"),
    ],
)
def test_the_tab_key_completes(configured: Command, shell: str, typed: str, completed: str) -> None:
    (configured.home / "notes.txt").write_text("x")
    arguments = list(SHELLS[shell])
    into_shell = f"import os; os.execvp({arguments[0]!r}, {arguments!r})"
    env = environment(configured)
    with configured.start_at_terminal(python=("-c", into_shell), env=env) as terminal:
        terminal.type(f"{SET_UP[shell]}; echo set-{SUM[shell]}-up\n")
        terminal.until("set-2-up")
        terminal.until("ready> ")
        terminal.type(f"{typed}\t")
        terminal.until(completed[len(typed) :])
    assert completed.startswith(typed)


def candidates(command: Command, *words: str) -> list[str]:
    done = command.run("completion", "--words", *words)
    assert (done.exit_code, done.err) == (0, "")
    return [line.partition("\t")[0] for line in done.out.splitlines()]


def test_conversations_are_offered_with_their_titles(
    server: ModelServer, configured: Command
) -> None:
    server.always(chat_stream(content=["Four."]))
    configured.run("exec", "2 + 2?")
    done = configured.run("completion", "--words", "resume", "")
    short_id = configured.run("threads").out.split()[0]
    assert done.out == f"{short_id}\t2 + 2?\n"
    assert candidates(configured, "threads", "delete", "") == [short_id]
    assert candidates(configured, "exec", "fork", "") == [short_id]


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (("exec", "--effort", "m"), ["minimal", "medium"]),
        (("exec", "--effort=h"), ["--effort=high"]),
        (("exec", "hi", ""), []),
        (("completion", "z"), ["zsh"]),
        (("key", "s"), ["set"]),
        (("key", "set", "fa"), ["fake"]),
        (("nonsense", ""), []),
        (("exec", "re"), ["resume"]),
    ],
)
def test_what_can_stand_there(
    configured: Command, words: tuple[str, ...], found: list[str]
) -> None:
    assert candidates(configured, *words) == found


def test_a_broken_configuration_completes_options_still(command: Command) -> None:
    command.write_config("model = \n")
    assert candidates(command, "exec", "-p", "") == []
    assert "--profile" in candidates(command, "exec", "--pro")


def test_another_shell_is_an_error(command: Command) -> None:
    done = command.run("completion", "tcsh")
    assert done.exit_code == 2
    assert "invalid choice: 'tcsh'" in done.err
