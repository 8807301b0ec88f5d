"""Many turns at once in one server: is anybody kept waiting?"""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

from benchmarks.contenders import OURS, Contender
from benchmarks.editor_server import EditorServer, editor_server
from benchmarks.figures import Figure, percentile
from benchmarks.machine import cpu_s, wait_until_idle
from benchmarks.model_server import Script, Turn
from benchmarks.pieces import Piece, behind_ms, first_seen
from benchmarks.scripted import ScriptedServer

DELTAS_PER_S = 50
SCRIPT = Script(thinking=50, answer=75, pace_ms=1000 / DELTAS_PER_S)
"""Two and a half seconds of pieces: 100 turns, each begun 10 ms after the last, overlap for 1.5 s."""
CROWDS = (1, 10, 100)
TURNS = CROWDS[-1]
APART_S = 0.01
"""Between two turns' beginnings."""


def measure(
    server: ScriptedServer, contenders: Sequence[Contender], *, rounds: int
) -> Iterator[Figure]:
    """1, 10 and 100 turns at 50 deltas a second each; and 100 in two processes."""
    for _ in range(rounds):
        for contender in contenders:
            if contender.editor is not None:
                yield from _grown(server, contender)
                at_once = gather(server, contender, turns=TURNS, apart_s=0)
                first_ms = percentile(at_once.first_ms, 0.99)
                yield Figure("crowd-first-p99-at-once", contender.key, first_ms)
            if contender.key == OURS:
                two = gather(server, contender, turns=TURNS, processes=2)
                yield Figure("two-lag-p99", contender.key, percentile(two.behind_ms, 0.99))
                yield Figure("two-cpu", contender.key, two.cpu_percent)


def _grown(server: ScriptedServer, contender: Contender) -> Iterator[Figure]:
    for turns in CROWDS:
        crowd = gather(server, contender, turns=turns)
        middle, high = (percentile(crowd.behind_ms, share) for share in (0.5, 0.99))
        yield Figure(f"growth-lag-p50-{turns}", contender.key, middle)
        yield Figure(f"growth-lag-p99-{turns}", contender.key, high)
        yield Figure(f"growth-cpu-{turns}", contender.key, crowd.cpu_us_per_delta)
    yield Figure("crowd-first-p99", contender.key, percentile(crowd.first_ms, 0.99))
    yield Figure("crowd-lag-p99", contender.key, high)
    yield Figure("crowd-slowest", contender.key, crowd.slowest_percent)
    yield Figure("crowd-cpu", contender.key, crowd.cpu_percent)


class Crowd:
    """What so many turns at once saw."""

    def __init__(self, turns: list[Turn], seen: dict[Piece, float], *, used_s: float) -> None:
        first, last = defaultdict[int, float](float), defaultdict[int, float](float)
        for (number, index), at in seen.items():
            if index == 0:
                first[number] = at
            last[number] = max(last[number], at)
        self.first_ms = [(first[turn.number] - turn.sent_at[0]) * 1000 for turn in turns]
        self.behind_ms = behind_ms(turns, seen)
        # A turn that gets its last word when the server sent it took exactly the time it had to.
        shares = (
            (last[turn.number] - turn.sent_at[0]) / (turn.sent_at[-1] - turn.sent_at[0])
            for turn in turns
        )
        self.slowest_percent = max(shares) * 100
        wall_s = max(last.values()) - min(turn.sent_at[0] for turn in turns)
        self.cpu_percent = used_s / wall_s * 100
        self.cpu_us_per_delta = used_s / len(seen) * 1e6


def gather(
    server: ScriptedServer,
    contender: Contender,
    *,
    turns: int,
    apart_s: float = APART_S,
    processes: int = 1,
) -> Crowd:
    """So many turns, each in a conversation of its own, begun so far apart (0: in one go).

    With more than one process each of them has its share of the turns.
    """
    share = turns // processes

    def ask_all(editor: EditorServer) -> None:
        for number in range(share):
            editor.ask(number)
            editor.read_for(apart_s * processes)
        editor.wait_for_ends(share)

    with ExitStack() as stack, ThreadPoolExecutor(processes) as threads:
        editors = [stack.enter_context(editor_server(contender)) for _ in range(processes)]
        for editor in editors:
            editor.initialize()
            editor.prepare(share)
            editor.settle()
            wait_until_idle(editor.pid)
            editor.forget()
        server.play(SCRIPT)
        before_s = sum(cpu_s(editor.pid) for editor in editors)
        list(threads.map(ask_all, editors))
        used_s = sum(cpu_s(editor.pid) for editor in editors) - before_s
        seen: dict[Piece, float] = {}
        for editor in editors:
            seen |= first_seen(editor.chunks)
        return Crowd(server.turns(), seen, used_s=used_s)
