"""How the process ends: at once, whatever is still going on inside it."""

import sys

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


def test_what_was_written_is_there_when_the_process_ends(command: Command) -> None:
    assert command.run("--version", python=("-m", "codex_ls")).out.startswith("codex-ls ")
    script = "import sys; from codex_ls.cli import main; sys.stdout.write('before '); main()"
    done = command.run("profiles", "--json", python=("-c", script))
    assert done.out.startswith("{")
    assert done.out.endswith("before ")
