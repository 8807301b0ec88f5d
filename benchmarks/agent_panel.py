"""The agent panel: the Agent Client Protocol, from the start of the agent to a turn at reading pace."""

from collections.abc import Iterator, Sequence

from benchmarks.contenders import Contender
from benchmarks.editor_server import AgentServer
from benchmarks.figures import Figure, percentile
from benchmarks.machine import memory, wait_until_idle
from benchmarks.model_server import Script
from benchmarks.pieces import behind_ms, first_seen
from benchmarks.scripted import ScriptedServer

_SHORT = Script(thinking=2, answer=2, pace_ms=1)
_LATER_TURNS = 10


def measure(
    server: ScriptedServer, contenders: Sequence[Contender], *, rounds: int
) -> Iterator[Figure]:
    """Each round starts every agent once; the first round warms up."""
    agents = [contender for contender in contenders if contender.agent is not None]
    for number in range(rounds + 1):
        for contender in agents:
            figures = list(_session(server, contender))
            if number:
                yield from figures


def _session(server: ScriptedServer, contender: Contender) -> Iterator[Figure]:
    key = contender.key
    with AgentServer(contender) as agent:
        yield Figure("acp-start", key, (agent.initialize() - agent.started_at) * 1000)
        agent.prepare(1)
        agent.settle()
        wait_until_idle(agent.pid)
        yield Figure("acp-memory", key, memory(agent.pid, "VmRSS") / 2**20)
        first, *later = [_to_wire_ms(server, agent) for _ in range(1 + _LATER_TURNS)]
        yield Figure("acp-wire-first", key, first)
        yield Figure("acp-wire-later", key, percentile(later, 0.5))

        server.play(Script())
        agent.forget()
        agent.ask()
        agent.wait_for_ends()
        behind = behind_ms(server.turns(), first_seen(agent.chunks))
        yield Figure("acp-first-chunk", key, behind[0])
        yield Figure("acp-lag-p50", key, percentile(behind, 0.5))
        yield Figure("acp-lag-p99", key, percentile(behind, 0.99))


def _to_wire_ms(server: ScriptedServer, agent: AgentServer) -> float:
    server.play(_SHORT)
    agent.forget()
    asked_at = agent.ask()
    agent.wait_for_ends()
    agent.settle()
    return (server.turns()[0].request_at - asked_at) * 1000
