"""docs/terminal.md shows what really happens: every command on it is run, at a terminal."""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import ROOT, Command, told
from tests.cli.test_exec import SAMPLE
from tests.support.model_server import ModelServer, Request
from tests.support.streams import Answer, chat_stream

pytest.importorskip("termios", reason="no pseudo-terminals on this system")

PAGE = (ROOT / "docs" / "terminal.md").read_text(encoding="utf-8")
_THREAD_ID = re.compile(r'(?<="thread_id":")[0-9a-f-]{36}')


def runs() -> Iterator[tuple[str, str]]:
    """Each command on the page with the text that stands below it."""
    for block in re.findall(r"^```console\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL):
        for run in re.split(r"^\$ ", block, flags=re.MULTILINE)[1:]:
            command, _, output = run.partition("\n")
            yield command, output


def answer_of_the_page(request: Request) -> Answer | None:
    question = request.json["messages"][-1]["content"] if request.is_turn else ""
    if "1001" in question:
        return chat_stream(
            reasoning=["1001 = 7 * 143, ", "and 143 = 11 * 13."],
            content=["No: 1001 = 7 × 11 × 13."],
            usage=(12, 24),
        )
    if "No space left" in question:
        return chat_stream(content=["The disk is full."])
    return None


@pytest.mark.parametrize(("line", "output"), list(runs()))
def test_a_command_of_the_page(
    server: ModelServer, command: Command, line: str, output: str
) -> None:
    server.on(answer_of_the_page)
    command.write_config("")
    own = 'profile = "local-oss"\n' + _local_first(SAMPLE)  # here Codex refuses nothing of it
    (command.home / "codex-ls.toml").write_text(own, encoding="utf-8")
    (command.home / "error.log").write_text("write: No space left on device\n")
    (command.home / "bin").mkdir()
    program = command.home / "bin" / "codex-ls"
    program.write_text(
        '#!/bin/sh\ncommand=$1; shift\n[ "$command" = profiles ] && exec '
        f'"$PYTHON" -m codex_ls profiles\nexec "$PYTHON" -m codex_ls "$command"'
        f' -c model_providers.local-oss.base_url={server.base_url} "$@"\n'
    )
    program.chmod(0o755)
    shown = _as_on_page(_at_terminal(command, line), command.home)
    assert shown == _as_on_page(output, Path("/home/me/.codex"))


def _at_terminal(command: Command, line: str) -> str:
    env = {"NO_COLOR": "1", "TERM": "dumb", "PYTHON": sys.executable}
    path = f"{command.home / 'bin'}:{command.environment()['PATH']}"
    script = "import os, sys; os.execvp('sh', ['sh', '-c', sys.argv[1]])"
    with command.start_at_terminal(line, python=("-c", script), env=env, PATH=path) as terminal:
        return terminal.finish().out


def _local_first(sample: str) -> str:
    """The sample with its profiles in the order of the page."""
    head, cloud, local = re.split(r"^(?=\[profiles)", sample, flags=re.MULTILINE)
    return head + local + cloud


def _as_on_page(text: str, home: Path) -> str:
    return _THREAD_ID.sub("ID", told(text)).replace(str(home), "HOME")
