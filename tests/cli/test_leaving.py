"""How the process ends: at once, whatever is still going on inside it."""

import sys
from pathlib import Path

import pytest

from tests.cli.command import Command, Result

# A resolver that never answers: what a machine without a network does to a name for half a minute.
_NAMES_TAKE_FOR_EVER = """\
import socket, sys, threading
def getaddrinfo(*_args, **_named):
    sys.stderr.write("resolving\\n")
    threading.Event().wait()
socket.getaddrinfo = getaddrinfo
from codex_ls.cli import main
main()
"""


@pytest.mark.skipif(sys.platform == "win32", reason="signals can't be sent to a process there")
def test_interrupted_while_a_name_is_looked_up(command: Command) -> None:
    command.configure("http://model.test/v1")
    with command.start("exec", "hi", python=("-c", _NAMES_TAKE_FOR_EVER)) as running:
        running.err_until("resolving\n")
        running.interrupt()
        assert running.finish() == Result(130, "", "resolving\ninterrupted\n")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_what_can_not_be_written_at_the_end_is_a_failure(command: Command) -> None:
    script = "import sys; from codex_ls.cli import main; sys.stdout.write('buffered'); main()"
    with open("/dev/full", "w", encoding="utf-8") as full:  # noqa: PTH123
        done = command.run("profiles", "--help", python=("-c", script), stdout=full)
    assert (done.exit_code, done.out) == (1, "")
    assert done.err.startswith("error: The output can't be written: No space left on device.\n")


def test_what_was_written_is_there_when_the_process_ends(command: Command) -> None:
    assert command.run("--version", python=("-m", "codex_ls")).out.startswith("codex-ls ")
    script = "import sys; from codex_ls.cli import main; sys.stdout.write('before '); main()"
    done = command.run("profiles", "--json", python=("-c", script))
    assert done.out.startswith("{")
    assert done.out.endswith("before ")
