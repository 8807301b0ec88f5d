"""The local-only lock, on real sockets: only this machine is ever asked, however its address is spelled.

Every connection that is tried is watched where it is opened; one to another machine fails the test.
"""

import asyncio
import socket
from asyncio.selector_events import BaseSelectorEventLoop
from collections.abc import Iterator
from typing import Any

import pytest

from codex_ls.config.profile import ModelSettings, Provider
from codex_ls.errors import LocalOnly
from codex_ls.events import TurnFinished
from codex_ls.turn.session import Session, TurnRequest
from tests.support.byte_server import serving
from tests.support.model_server import ModelServer
from tests.support.streams import Answer, chat_stream, error_answer

ELSEWHERE = "192.0.2.7"


@pytest.fixture(autouse=True)
def asked(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Every address that a socket was opened to; another machine's is refused."""
    asked: list[Any] = []
    connect = BaseSelectorEventLoop.sock_connect

    async def watched(loop: Any, sock: socket.socket, address: Any) -> None:
        asked.append(address)
        assert address[0] in ("127.0.0.1", "::1", "127.8.8.8", "::ffff:127.0.0.1"), address
        await connect(loop, sock, address)

    monkeypatch.setattr(BaseSelectorEventLoop, "sock_connect", watched)
    yield asked
    assert all(address[0] != ELSEWHERE for address in asked)


@pytest.fixture
def no_proxy_is_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://{ELSEWHERE}:1")


def locked(base_url: str, **provider: Any) -> ModelSettings:
    made = Provider("p", "P", base_url, request_max_retries=0, **provider)
    return ModelSettings("m", made, local_only=True)


async def ask(settings: ModelSettings, **env: str) -> TurnFinished:
    async with Session(env=env) as session:
        *_, last = [event async for event in session.start(TurnRequest("x"), settings)]
    assert isinstance(last, TurnFinished)
    return last


REFUSED = [
    *("192.0.2.7", "example.com", "0.0.0.0", "[::]", "0", "127.1", "127.0.1", "2130706433"),
    *("0x7f000001", "0x7f.0.0.1", "0177.0.0.1", "017700000001", "127.0.0.1.example.com"),
    *("localhost.example.com", "localhost-x", "xlocalhost", "169.254.169.254", "10.0.0.1"),
    *("[::ffff:192.0.2.7]", "[::ffff:c000:207]", "[64:ff9b::7f00:1]", "[64:ff9b::192.0.2.7]"),
    *("[2002:7f00:1::]", "[::7f00:1]", "[fe80::1]", "[fd00::1]", "[::2]", "[2001:db8::1]"),
    *("ⓛocalhost", "localhost\u3002example.com", "１２７.0.0.1", "127。0。0。1"),
]


@pytest.mark.parametrize("host", REFUSED)
async def test_whatever_is_not_plainly_this_machine_is_refused(host: str, asked: list[Any]) -> None:
    with pytest.raises(LocalOnly):
        await ask(locked(f"http://{host}:9/v1"))
    assert asked == []


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "LOCALHOST", "localhost.", "127.8.8.8"])
@pytest.mark.usefixtures("no_proxy_is_asked")
async def test_this_machine_is_asked_by_its_number_and_no_proxy(
    host: str, asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolve(name: str, port: int, **_: object) -> list[Any]:
        number = name if name[0].isdigit() else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    async with ModelServer(chat_stream(content=["yes"])) as server:
        told = await ask(locked(f"http://{host}:{server.port}/v1"))
        if host == "127.8.8.8":
            assert told.error is not None  # asked there, and nobody listens
            assert asked == [("127.8.8.8", server.port)]
            return
        assert told.content == "yes"
        assert server.turns[0].headers["host"] == f"{host}:{server.port}"
    assert {address[0] for address in asked} == {"127.0.0.1"}


@pytest.mark.parametrize(
    "numbers",
    [
        [ELSEWHERE],
        ["127.0.0.1", ELSEWHERE],
        [ELSEWHERE, "127.0.0.1"],
        ["::1", "2001:db8::1"],
        ["::ffff:192.0.2.7"],
        ["64:ff9b::7f00:1"],
        ["0.0.0.0"],
        ["fe80::1%eth0"],
        [],
    ],
)
async def test_a_local_name_that_leads_elsewhere_is_refused(
    numbers: list[str], asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolve(_: str, port: int, **__: object) -> list[Any]:
        return [
            (socket.AF_INET6, 1, 6, "", (n, port, 0, 0))
            if ":" in n
            else (socket.AF_INET, 1, 6, "", (n, port))
            for n in numbers
        ]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    told = await ask(locked("http://evil.localhost:9/v1"))
    assert told.error is not None
    assert told.error.kind == "localOnly"
    assert asked == []


async def test_a_name_that_changes_its_mind_is_asked_at_the_number_that_was_checked(
    asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    looked_up: list[str] = []

    async def resolve(name: str, port: int, **_: object) -> list[Any]:
        looked_up.append(name)
        first = name not in looked_up[:-1] or name == "127.0.0.1"
        number = "127.0.0.1" if first else ELSEWHERE
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (number, port))]

    monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
    async with ModelServer(chat_stream(content=["yes"])) as server:
        told = await ask(locked(f"http://rebind.localhost:{server.port}/v1"))
    assert told.content == "yes"
    assert {address[0] for address in asked} == {"127.0.0.1"}


async def test_localhost_is_found_where_only_its_other_number_listens(
    asked: list[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def resolve(name: str, port: int, **_: object) -> list[Any]:
        four: Any = (socket.AF_INET, socket.SOCK_STREAM, 6, "", ("127.0.0.1", port))
        six: Any = (socket.AF_INET6, socket.SOCK_STREAM, 6, "", ("::1", port, 0, 0))
        return {"localhost": [six, four], "127.0.0.1": [four], "::1": [six]}[name]

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n")

    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    async with serving(refuse, "::1") as url:
        monkeypatch.setattr(asyncio.get_running_loop(), "getaddrinfo", resolve)
        port = url.removesuffix("/v1/chat").rpartition(":")[2]
        told = await ask(locked(f"http://localhost:{port}/v1"))
    assert told.error is not None
    assert told.error.kind == "unauthorized"
    assert [address[0] for address in asked] == ["127.0.0.1", "::1"]


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
async def test_a_redirect_is_not_followed_with_or_without_a_key(
    status: int, asked: list[Any]
) -> None:
    async with ModelServer(chat_stream(content=["never"])) as other:
        moved = {"Location": f"{other.base_url}/chat/completions"}
        away = {"Location": f"http://{ELSEWHERE}/v1/chat/completions"}
        async with ModelServer(
            Answer(status=status, headers=moved), Answer(status=status, headers=away)
        ) as server:
            for _ in (moved, away):
                told = await ask(locked(server.base_url, env_key="P_KEY"), P_KEY="sk-secret-1234")
                assert told.error is not None
                assert told.error.kind == "badRequest"
            assert len(server.turns) == 2
        assert other.requests == []
    assert {address[0] for address in asked} == {"127.0.0.1"}


async def test_a_key_of_one_origin_is_not_sent_to_another_port_of_it() -> None:
    answer = error_answer(401, "no")
    async with ModelServer(answer) as one, ModelServer(answer) as other:
        asked_for: list[str] = []

        async def storage(_: str, origin: str, __: str) -> str | None:
            asked_for.append(origin)
            return {one.origin: "sk-of-the-one"}.get(origin)

        for server in (one, other):
            provider = Provider("p", "P", server.base_url, env_key="P_KEY", env_key_required=False)
            async with Session(env={}, ask_secret=storage) as session:
                async for _ in session.start(TurnRequest("x"), ModelSettings("m", provider)):
                    pass
        assert asked_for == [one.origin, other.origin]
        assert one.turns[0].headers["authorization"] == "Bearer sk-of-the-one"
        assert "authorization" not in other.turns[0].headers
