"""The shell: one question on a terminal, from the start of the process to its end.

One run gives all of its rows. The rounds are interleaved: each contender once, then each again; so
whatever else the machine does meets all of them.
"""

from collections.abc import Iterator, Sequence

from benchmarks.contenders import HTTPX, OLD, SAMPLE, SOCKET, Contender
from benchmarks.figures import Figure, percentile
from benchmarks.model_server import Script, Turn
from benchmarks.pieces import behind_ms, first_seen
from benchmarks.scripted import ScriptedServer
from benchmarks.terminal import Run, run

WARM_UP = Script(thinking=1, answer=1, pace_ms=1)


def measure(
    server: ScriptedServer, contenders: Sequence[Contender], *, rounds: int
) -> Iterator[Figure]:
    """100 pieces at 50 a second, half of them thinking."""
    server.play(WARM_UP)
    for contender in contenders:
        run(contender.ask("hi"), env=contender.env, folder=contender.folder)
    for _ in range(rounds):
        for contender in contenders:
            server.play(Script())
            watched = run(contender.ask("hi"), env=contender.env, folder=contender.folder)
            turns = server.turns()
            if watched.exit_code or len(turns) != 1:
                said = watched.output[-500:].decode(errors="replace")
                raise RuntimeError(f"{contender.key} ended with {watched.exit_code}: {said}")
            yield from _figures(contender, watched, turns[0])


def _figures(contender: Contender, watched: Run, turn: Turn) -> Iterator[Figure]:
    seen = first_seen(watched.chunks)
    first_ms = (min(seen.values()) - turn.sent_at[0]) * 1000
    if contender.key == SAMPLE:
        yield Figure("shell-first-text-sample", OLD, first_ms)
        return
    wire_ms = (turn.request_at - watched.started_at) * 1000
    behind = behind_ms([turn], seen)
    yield Figure("shell-wire", contender.key, wire_ms)
    yield Figure("shell-first-text", contender.key, first_ms)
    yield Figure("shell-lag-p50", contender.key, percentile(behind, 0.5))
    yield Figure("shell-lag-p99", contender.key, percentile(behind, 0.99))
    yield Figure("shell-cpu", contender.key, watched.cpu_s * 1000)
    yield Figure("shell-memory", contender.key, watched.peak_bytes / 2**20)
    if contender.key not in (HTTPX, SOCKET):
        yield Figure("prompt-bytes", contender.key, turn.body_bytes)
