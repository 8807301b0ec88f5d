"""How the cost grows with the length of an answer (`crowd.py` has the number of turns)."""

from collections.abc import Iterator, Sequence

from benchmarks.contenders import SAMPLE, Contender
from benchmarks.editor import burst
from benchmarks.editor_server import editor_server
from benchmarks.figures import Figure
from benchmarks.model_server import Script
from benchmarks.scripted import ScriptedServer
from benchmarks.terminal import run

LENGTHS = (1_000, 10_000, 100_000)


def lengths(
    server: ScriptedServer, contenders: Sequence[Contender], *, rounds: int
) -> Iterator[Figure]:
    """CPU per delta of an answer of so many, sent at once: in a shell, and in an editor's server."""
    scripts = [Script(thinking=n // 2, answer=n // 2, pace_ms=0) for n in LENGTHS]
    for _ in range(rounds):
        for script in scripts:
            for contender in contenders:
                if contender.key == SAMPLE:
                    continue
                server.play(script)
                watched = run(contender.ask("hi"), env=contender.env, folder=contender.folder)
                row = f"growth-shell-{script.pieces}"
                yield Figure(row, contender.key, watched.cpu_s / script.pieces * 1e6)
        for contender in contenders:
            if contender.editor is None:
                continue
            with editor_server(contender) as editor:
                editor.initialize()
                editor.prepare(1)
                burst(server, editor, Script(thinking=1, answer=1, pace_ms=0))
                for script in scripts:
                    _, used_s = burst(server, editor, script)
                    row = f"growth-editor-{script.pieces}"
                    yield Figure(row, contender.key, used_s / script.pieces * 1e6)
