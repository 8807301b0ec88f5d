"""The exact list of destinations of each command, in a repository and an environment that are hostile.

Two watches look at the same run. Packets: in a network namespace of its own, where every address of the
world is local and every packet is seen. Attempts: an audit hook in every Python that is started, which works
everywhere. Without the right to make a namespace only the second one looks, and a skipped test says so.
"""

import asyncio
import json
import os
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from codex_ls.providers.servers.discover import KNOWN_PORTS
from tests.netns.hostile import CANARY
from tests.netns.packets import why_not

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="processes are watched as on POSIX"),
    pytest.mark.timeout(240),
]

SANDBOX = {"/usr/bin/bwrap", sys.executable}
USUAL_PORTS = {(host, port) for host in ("127.0.0.1", "::1") for port in KNOWN_PORTS}


@dataclass(frozen=True, slots=True)
class Seen:
    """What a case did. `packets` is None where there was no namespace."""

    packets: set[tuple[str, str, int]] | None
    attempts: set[tuple[str, str, Any]]
    model: tuple[str, int]
    asked: list[str]
    owned: bool
    told: Any

    @property
    def connects(self) -> set[tuple[str, int]]:
        """Every address that a program tried to reach."""
        return {(host, port) for kind, host, port in self.attempts if kind == "connect"}

    @property
    def names(self) -> set[str]:
        """Every name that was looked up."""
        return {host for kind, host, _ in self.attempts if kind == "name"}

    @property
    def programs(self) -> set[str]:
        """Every program that was started."""
        return {name for kind, name, _ in self.attempts if kind == "program"}

    def check(self, *expected: tuple[str, int]) -> None:
        """These destinations and no other; no name looked up, no program started, no trap sprung."""
        assert self.connects == set(expected)
        if self.packets is not None:
            assert self.packets == {("tcp", host, port) for host, port in expected}
        assert self.names <= {"127.0.0.1", "::1", "localhost"}
        assert self.programs == set()
        assert not self.owned
        assert CANARY not in json.dumps(self.told)


@cache
def why_no_namespace() -> str:
    return why_not()


async def play(case: str, folder: Path) -> Seen:
    """Play a case of `cases` in a world of its own."""
    enclosed = not why_no_namespace()
    process = await asyncio.create_subprocess_exec(
        *(("unshare", "-rn") if enclosed else ()),
        *(sys.executable, "-m", "tests.netns.world", case, str(folder)),
        stdout=asyncio.subprocess.PIPE,
        env={**os.environ, **({"NETNS_ENCLOSED": "1"} if enclosed else {})},
    )
    out, _ = await process.communicate()
    assert process.returncode == 0
    seen = json.loads(out)
    return Seen(
        packets=None if seen["packets"] is None else {tuple(entry) for entry in seen["packets"]},
        attempts={tuple(entry) for entry in seen["attempts"]},
        model=("127.0.0.1", seen["model_port"]),
        asked=seen["asked"],
        owned=seen["owned"],
        told=seen["told"],
    )


def test_packets_are_watched_here() -> None:
    if reason := why_no_namespace():
        pytest.skip(f"no network namespace, so that only attempts are watched: {reason}")


async def test_the_watch_sees_a_connection_to_elsewhere(tmp_path: Path) -> None:
    seen = await play("far", tmp_path)
    assert ("203.0.113.9", 443) in seen.connects
    assert seen.packets in (None, {("tcp", "203.0.113.9", 443)})


async def test_the_watch_sees_a_name_that_is_looked_up(tmp_path: Path) -> None:
    seen = await play("named", tmp_path)
    assert "api.far.example" in seen.names
    if seen.packets is not None:
        assert {(protocol, port) for protocol, _, port in seen.packets} >= {("udp", 53)}


@pytest.mark.parametrize("case", ["ask", "go_on"])
async def test_a_question_goes_to_its_model_server_and_nowhere_else(
    case: str, tmp_path: Path
) -> None:
    seen = await play(case, tmp_path)
    assert [code for code, _ in seen.told] == [0] * len(seen.told)
    assert "Look:" in seen.told[0][1]
    assert "\x1b]" not in seen.told[0][1]
    seen.check(seen.model)


async def test_no_command_of_a_model_leaves_the_machine(tmp_path: Path) -> None:
    seen = await play("act", tmp_path)
    code, _, results = seen.told
    assert code == 0
    assert len(results) == 5
    assert all("status " in result for result in results), results
    assert not any("status 0" in result for result in results[:2]), results
    if seen.packets is not None:
        assert seen.packets == {("tcp", *seen.model)}
    assert not seen.owned
    assert CANARY not in json.dumps(seen.told)


async def test_an_editor_with_a_hostile_workspace_reaches_the_model_server_alone(
    tmp_path: Path,
) -> None:
    seen = await play("serve", tmp_path)
    assert seen.told == "completed"
    seen.check(seen.model)


async def test_a_server_that_is_asked_nothing_reaches_nothing(tmp_path: Path) -> None:
    seen = await play("serve_and_do_nothing", tmp_path)
    assert seen.told == 0
    seen.check()


async def test_a_redirect_is_not_followed(tmp_path: Path) -> None:
    seen = await play("redirected", tmp_path)
    assert seen.told[0] == 1
    seen.check(seen.model)


async def test_a_range_in_no_proxy_lets_requests_past_the_proxy(tmp_path: Path) -> None:
    if reason := why_no_namespace():
        pytest.skip(f"10.9.8.7 may be somebody's: no network namespace ({reason})")
    seen = await play("past_the_proxy", tmp_path)
    (failed, said), (_, examined) = seen.told
    assert failed == 1
    assert "Connection refused: nothing listens at http://10.9.8.7:1234" in said
    assert "proxy" not in said.lower()
    assert "NO_PROXY exempts 10.9.8.7 (10.0.0.0/8)" in examined
    assert ("10.9.8.7", 1234) in seen.connects
    assert seen.packets is not None
    assert ("tcp", "127.0.0.1", 9) not in seen.packets
    assert CANARY not in json.dumps(seen.told)


async def test_under_the_lock_nothing_leaves_not_even_a_name(tmp_path: Path) -> None:
    seen = await play("far_under_the_lock", tmp_path)
    assert [code for code, _ in seen.told] == [1, 1]
    assert all("only this machine is allowed" in out for _, out in seen.told)
    seen.check()


async def test_discover_looks_at_this_machine_alone(tmp_path: Path) -> None:
    seen = await play("look_around", tmp_path)
    assert seen.told[0] in (0, 1)
    seen.check(*USUAL_PORTS)


@pytest.mark.skipif(sys.platform == "darwin", reason="looks at the machine's own address there")
async def test_the_doctor_examines_the_model_server_alone(tmp_path: Path) -> None:
    seen = await play("examine", tmp_path)
    assert seen.told[0] == 0, seen.told[1]
    host, port = seen.model
    # Whether the server listens to others too is seen at another loopback address, and this machine's
    # own address is found by a datagram socket that sends nothing.
    assert seen.connects == {(host, port), ("127.0.0.2", port), ("192.0.2.1", 9)}
    if seen.packets is not None:
        assert seen.packets == {("tcp", host, port), ("tcp", "127.0.0.2", port)}
    assert seen.names <= {"127.0.0.1", "localhost"}
    assert seen.programs <= SANDBOX  # which is tried for real, without a network
    assert not seen.owned


async def test_the_doctor_of_a_dead_server_looks_at_this_machine_alone(tmp_path: Path) -> None:
    seen = await play("examine_nothing", tmp_path)
    assert seen.told[0] == 1
    tried = USUAL_PORTS | {("127.0.0.1", 9), ("::1", 9)}
    assert seen.connects >= USUAL_PORTS
    # The same port is tried at this machine's own address, which a datagram socket finds: that is the
    # one to 192.0.2.1, and it sends nothing.
    beside = seen.connects - tried - {("192.0.2.1", 9)}
    assert len(beside) <= 1
    assert {port for _, port in beside} <= {9}
    if seen.packets is not None:
        allowed = {("tcp", host, port) for host, port in tried | seen.connects}
        assert seen.packets <= allowed
    assert seen.programs <= SANDBOX  # which is tried for real, without a network
    assert not seen.owned


@pytest.mark.model
async def test_the_built_in_model_is_reached_on_loopback_alone(
    tmp_path: Path, fetched_models: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CODEX_LS_MODELS", str(fetched_models))
    seen = await play("built_in", tmp_path)
    assert seen.told[0] == 0, seen.told[1]
    assert {host for host, _ in seen.connects} == {"127.0.0.1"}
    if seen.packets is not None:
        assert {(kind, host) for kind, host, _ in seen.packets} == {("tcp", "127.0.0.1")}
    assert seen.names <= {"127.0.0.1", "localhost"}
    assert len(seen.programs) == 1  # the engine itself
