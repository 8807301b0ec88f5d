"""Cancelling: how long after the word the connection to the model server is closed."""

import os
import pty
import select
import signal
import subprocess
import time
from collections.abc import Iterator, Sequence

from benchmarks.contenders import HTTPX, SAMPLE, SOCKET, Contender
from benchmarks.editor_server import editor_server
from benchmarks.figures import Figure, percentile
from benchmarks.model_server import Script, Turn
from benchmarks.pieces import WORD
from benchmarks.scripted import ScriptedServer

SCRIPT = Script(thinking=3, answer=3, pace_ms=5, hold=True)


def measure(
    server: ScriptedServer, contenders: Sequence[Contender], *, rounds: int, cancels: int
) -> Iterator[Figure]:
    """In mid-stream, from an editor so often in one session, and with Ctrl-C from a shell."""
    for contender in contenders:
        if contender.editor is not None:
            waits = list(_from_editor(server, contender, cancels))
            yield Figure("cancel-p50", contender.key, percentile(waits, 0.5))
            yield Figure("cancel-p99", contender.key, percentile(waits, 0.99))
    for _ in range(rounds):
        for contender in contenders:
            if contender.key not in (SAMPLE, SOCKET, HTTPX):
                yield Figure("shell-cancel", contender.key, _from_shell(server, contender))


def _closed(turns: list[Turn]) -> bool:
    return bool(turns) and turns[0].closed_at is not None


def _from_editor(server: ScriptedServer, contender: Contender, cancels: int) -> Iterator[float]:
    with editor_server(contender) as editor:
        editor.initialize()
        editor.prepare(1)
        for _ in range(cancels):
            server.play(SCRIPT)
            editor.forget()
            editor.ask()
            editor.wait_for(WORD)
            cancelled_at = editor.cancel()
            editor.wait_for_ends()
            (turn,) = server.wait(_closed)
            assert turn.closed_at is not None
            yield (turn.closed_at - cancelled_at) * 1000
            editor.settle(0.02)


def _from_shell(server: ScriptedServer, contender: Contender) -> float:
    server.play(SCRIPT)
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        contender.ask("hi"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        env=contender.env,
        cwd=contender.folder,
        start_new_session=True,
    )
    os.close(theirs)
    try:
        server.wait(lambda turns: bool(turns) and len(turns[0].sent_at) == SCRIPT.pieces)
        # Whoever is cancelled has shown what there was, or would show it at the end.
        while select.select([ours], [], [], 0.1)[0]:
            os.read(ours, 65536)
        at = time.monotonic()
        process.send_signal(signal.SIGINT)
        (turn,) = server.wait(_closed)
        assert turn.closed_at is not None
        return (turn.closed_at - at) * 1000
    finally:
        os.close(ours)
        process.kill()
        process.wait()
