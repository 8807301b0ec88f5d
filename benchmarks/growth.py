"""How the cost grows: with the length of one answer, and with the number of turns at once."""

from collections.abc import Iterator, Sequence

from benchmarks.contenders import NEW, OURS, SAMPLE, Contender
from benchmarks.crowd import gather
from benchmarks.editor import burst
from benchmarks.editor_server import editor_server
from benchmarks.figures import Figure, percentile
from benchmarks.model_server import Script
from benchmarks.scripted import ScriptedServer
from benchmarks.terminal import run

LENGTHS = (1_000, 10_000, 100_000)
CROWDS = (1, 10, 100)


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


def crowds(
    server: ScriptedServer, contenders: Sequence[Contender], *, rounds: int
) -> Iterator[Figure]:
    """Delay and CPU per delta with so many turns at once, at 50 deltas a second each."""
    for _ in range(rounds):
        for turns in CROWDS:
            for contender in contenders:
                if contender.key not in (OURS, NEW):
                    continue
                crowd = gather(server, contender, turns=turns)
                middle, high = (percentile(crowd.behind_ms, share) for share in (0.5, 0.99))
                yield Figure(f"growth-lag-p50-{turns}", contender.key, middle)
                yield Figure(f"growth-lag-p99-{turns}", contender.key, high)
                yield Figure(f"growth-cpu-{turns}", contender.key, crowd.cpu_us_per_delta)
