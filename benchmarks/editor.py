"""The editor: from the start of its server to a turn of 20,000 deltas."""

from collections.abc import Iterator, Sequence

from benchmarks.contenders import Contender
from benchmarks.editor_server import EditorServer, editor_server
from benchmarks.figures import Figure, percentile
from benchmarks.machine import cpu_s, memory, wait_until_idle
from benchmarks.model_server import Script
from benchmarks.pieces import behind_ms, first_seen
from benchmarks.scripted import ScriptedServer

BURST = Script(thinking=10_000, answer=10_000, pace_ms=0)
_SHORT = Script(thinking=2, answer=2, pace_ms=1)
_LATER_TURNS = 10


def measure(
    server: ScriptedServer, contenders: Sequence[Contender], *, rounds: int
) -> Iterator[Figure]:
    """Each round starts every server three times: twice to be asked at once, once for all the rest."""
    editors = [contender for contender in contenders if contender.editor is not None]
    for number in range(rounds + 1):
        for contender in editors:
            figures = [
                *_asked_at_once(server, contender),
                *_asked_about_a_document(server, contender),
                *_session(server, contender),
            ]
            if number:  # the first round warms up
                yield from figures


def _asked_at_once(server: ScriptedServer, contender: Contender) -> Iterator[Figure]:
    """An editor that greets and asks as early as the protocol lets it."""
    server.play(_SHORT)
    with editor_server(contender) as editor:
        answered_at = editor.initialize()
        yield Figure("editor-start", contender.key, (answered_at - editor.started_at) * 1000)
        editor.prepare(1)
        editor.forget()
        editor.ask()
        editor.wait_for_ends()
        at = server.turns()[0].request_at
        yield Figure("editor-start-wire", contender.key, (at - editor.started_at) * 1000)


def _asked_about_a_document(server: ScriptedServer, contender: Contender) -> Iterator[Figure]:
    """The same, with an open document that the question is about."""
    server.play(_SHORT)
    path = contender.folder / "example.py"
    text = "def double(number):\n    return number + number\n" * 50
    path.write_text(text)
    with editor_server(contender) as editor:
        editor.initialize()
        editor.prepare(1)
        editor.forget()
        editor.ask_about(path, text)
        editor.wait_for_ends()
        at = server.turns()[0].request_at
        yield Figure("editor-start-document", contender.key, (at - editor.started_at) * 1000)


def _session(server: ScriptedServer, contender: Contender) -> Iterator[Figure]:
    """An editor that has been open for a while."""
    key = contender.key
    with editor_server(contender) as editor:
        editor.initialize()
        editor.prepare(1)
        editor.settle()
        wait_until_idle(editor.pid)
        yield Figure("memory-idle", key, memory(editor.pid, "VmRSS") / 2**20)
        first, *later = [_to_wire_ms(server, editor) for _ in range(1 + _LATER_TURNS)]
        yield Figure("editor-wire-first", key, first)
        yield Figure("editor-wire-later", key, percentile(later, 0.5))

        server.play(Script())
        editor.forget()
        editor.ask()
        editor.wait_for_ends()
        behind = behind_ms(server.turns(), first_seen(editor.chunks))
        yield Figure("editor-lag-p50", key, percentile(behind, 0.5))
        yield Figure("editor-lag-p99", key, percentile(behind, 0.99))
        editor.settle()

        wall_s, used_s = burst(server, editor, BURST)
        yield Figure("burst-rate", key, BURST.pieces / wall_s)
        yield Figure("burst-cpu", key, used_s)
        wait_until_idle(editor.pid)
        yield Figure("memory-after", key, memory(editor.pid, "VmRSS") / 2**20)


def _to_wire_ms(server: ScriptedServer, editor: EditorServer) -> float:
    """How long one question took to the model server."""
    server.play(_SHORT)
    editor.forget()
    asked_at = editor.ask()
    editor.wait_for_ends()
    editor.settle()
    return (server.turns()[0].request_at - asked_at) * 1000


def burst(server: ScriptedServer, editor: EditorServer, script: Script) -> tuple[float, float]:
    """Seconds from the first byte sent to the last piece seen, and of processor time, for one turn."""
    server.play(script)
    editor.forget()
    before_s = cpu_s(editor.pid)
    editor.ask()
    editor.wait_for_ends()
    editor.settle()
    used_s = cpu_s(editor.pid) - before_s
    seen = first_seen(editor.chunks)
    if len(seen) != script.pieces:
        raise RuntimeError(f"{script.pieces - len(seen)} of {script.pieces} pieces were lost")
    editor.forget()
    return max(seen.values()) - server.turns()[0].sent_at[0], used_s
