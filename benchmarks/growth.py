"""How cost and delay grow with the length of an answer (`crowd.py` has the number of turns)."""

from collections.abc import Iterator, Sequence

from benchmarks.contenders import NEW, OURS, SAMPLE, Contender
from benchmarks.editor import burst
from benchmarks.editor_server import editor_server
from benchmarks.figures import Figure, percentile
from benchmarks.machine import memory, wait_until_idle
from benchmarks.model_server import Script
from benchmarks.pieces import behind_ms, first_seen
from benchmarks.scripted import ScriptedServer
from benchmarks.terminal import run

LENGTHS = (1_000, 10_000, 100_000)
POSITIONS = (100, 1_000, 4_000)
"""Where in one long answer the delay is looked at: in the pieces up to here, from the place before."""
_PACE_MS = 5.0
_MILLION = Script(thinking=500_000, answer=500_000, pace_ms=0)


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


def delays(
    server: ScriptedServer, contenders: Sequence[Contender], *, rounds: int
) -> Iterator[Figure]:
    """How far behind the wire the pieces of one long answer are on screen, by their place in it."""
    half = POSITIONS[-1] // 2
    script = Script(thinking=half, answer=half, pace_ms=_PACE_MS)
    for _ in range(rounds):
        for contender in contenders:
            if contender.key in (SAMPLE, NEW):  # these show an answer when it is whole
                continue
            server.play(script)
            watched = run(contender.ask("hi"), env=contender.env, folder=contender.folder)
            behind = behind_ms(server.turns(), first_seen(watched.chunks))
            for start, end in zip((0, *POSITIONS), POSITIONS, strict=False):
                for share, name in ((0.5, "p50"), (0.99, "p99")):
                    row = f"growth-delay-{name}-{end}"
                    yield Figure(row, contender.key, percentile(behind[start:end], share))


def million(server: ScriptedServer, contenders: Sequence[Contender]) -> Iterator[Figure]:
    """What the memory of an editor's server has grown by after an answer of a million deltas."""
    (ours,) = (contender for contender in contenders if contender.key == OURS)
    with editor_server(ours) as editor:
        editor.initialize()
        editor.prepare(1)
        burst(server, editor, Script(thinking=1, answer=1, pace_ms=0))
        wait_until_idle(editor.pid)
        before = memory(editor.pid, "VmRSS")
        burst(server, editor, _MILLION)
        wait_until_idle(editor.pid)
        grown = memory(editor.pid, "VmRSS") - before
    number = server.turns()[0].number
    text_bytes = sum(len(f"t{number}.{index} ") for index in range(_MILLION.pieces))
    yield Figure("million-memory", OURS, grown / 2**20)
    yield Figure("million-text", OURS, text_bytes / 2**20)
