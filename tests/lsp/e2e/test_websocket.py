"""The WebSocket listener: who may connect, what a message is, and how a connection ends."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.frames import Frame, Opcode

from codex_ls.errors import InvalidParams
from codex_ls.lsp.websocket import run_ws
from tests.lsp.e2e.test_exec import EXEC
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream
from tests.support.transports import Listener, connected, listening

PAGE = "http://localhost:5173"
HELLO: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "initialize"}


@pytest.fixture
async def listener(home: Path) -> AsyncIterator[Listener]:
    async with listening("ws", {"CODEX_HOME": str(home)}, "--allow-origin", PAGE) as listener:
        yield listener


def hello(token: str | None) -> str:
    options = {} if token is None else {"codex": {"token": token}}
    return json.dumps({**HELLO, "params": {"capabilities": {}, "initializationOptions": options}})


async def close_code(socket: ClientConnection) -> int | None:
    """The code with which the server closes."""
    with contextlib.suppress(ConnectionClosed):
        while True:
            await asyncio.wait_for(socket.recv(), 10)
    return socket.close_code


HANDSHAKES: list[tuple[dict[str, str | None], int]] = [
    ({}, 101),
    ({"Origin": PAGE}, 101),
    ({"Origin": "http://evil.example"}, 403),
    ({"Origin": "http://localhost:5174"}, 403),
    ({"Origin": "https://localhost:5173"}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": f"{PAGE}.evil.example"}, 403),
    ({"Host": "localhost:{port}"}, 101),
    ({"Host": "[::1]:9000"}, 101),
    ({"Host": "LOCALHOST"}, 101),
    ({"Host": "evil.example:{port}"}, 403),
    ({"Host": "localhost.evil.example"}, 403),
    ({"Host": "127.0.0.1.evil.example"}, 403),
    ({"Host": ""}, 403),
    ({"Host": None}, 403),
    ({"Host": "evil.example", "Origin": PAGE}, 403),
    ({"Upgrade": None}, 426),
    ({"Sec-WebSocket-Version": "8"}, 400),
    ({"Sec-WebSocket-Key": "short"}, 400),
]


async def handshake(listener: Listener, headers: dict[str, str | None]) -> str:
    """The head of the answer to an opening handshake with these headers changed."""
    sent = {
        "Host": f"127.0.0.1:{listener.port}",
        "Connection": "Upgrade",
        "Upgrade": "websocket",
        "Sec-WebSocket-Version": "13",
        "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Extensions": "permessage-deflate",
        **headers,
    }
    lines = [
        f"{name}: {value.format(port=listener.port)}"
        for name, value in sent.items()
        if value is not None
    ]
    reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
    writer.write("\r\n".join(["GET / HTTP/1.1", *lines, "", ""]).encode())
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 10)).decode()
    if not head.startswith("HTTP/1.1 101 "):
        await asyncio.wait_for(reader.read(), 10)  # to the end
    writer.close()
    await writer.wait_closed()
    return head


async def test_only_programs_of_this_machine_and_allowed_pages_get_in(listener: Listener) -> None:
    heads = [await handshake(listener, headers) for headers, _ in HANDSHAKES]
    statuses = [int(head.split()[1]) for head in heads]
    assert [
        (headers, status) for (headers, _), status in zip(HANDSHAKES, statuses, strict=True)
    ] == (HANDSHAKES)
    assert "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=" in heads[0]  # RFC 6455, 1.3
    assert "Extensions" not in heads[0]


async def test_what_is_no_handshake_is_hung_up_on(listener: Listener) -> None:
    for request in (b"\x16\x03\x01\x02\x00\r\n\r\n", b"Content-Length: 2\r\n\r\n{}"):
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(request)
        assert b" 101 " not in await asyncio.wait_for(reader.read(), 10)
        writer.close()
        await writer.wait_closed()


async def test_an_unwanted_page_is_told_so_by_the_library_too(listener: Listener) -> None:
    with pytest.raises(InvalidStatus) as refused:
        async with connect(listener.url, origin="http://evil.example"):  # type: ignore[arg-type]
            pass
    assert refused.value.response.status_code == 403


async def test_an_allowed_page_still_has_to_show_the_token(listener: Listener) -> None:
    for token in (None, "wrong"):
        async with connect(listener.url, origin=PAGE) as socket:  # type: ignore[arg-type]
            await socket.send(json.dumps({"jsonrpc": "2.0", "id": 0, "method": EXEC}))
            early = json.loads(await socket.recv())
            await socket.send(hello(token))
            refused = json.loads(await socket.recv())
            assert (early["error"]["code"], refused["error"]["code"]) == (-32002, -32600)
            assert await close_code(socket) == 1000
    async with connect(listener.url, origin=PAGE) as socket:  # type: ignore[arg-type]
        await socket.send(hello(listener.token))
        assert "result" in json.loads(await socket.recv())


async def test_two_clients_are_apart_and_one_that_leaves_ends_its_turns_alone(
    listener: Listener, model: ModelServer
) -> None:
    gates = [Gate("stays"), Gate("leaves")]
    model.enqueue(*(chat_stream(content=["a", gate, "b"]) for gate in gates))
    async with connected("ws", listener) as stays:
        await stays.initialize()
        async with connected("ws", listener) as leaves:
            await leaves.initialize()
            call = await stays.send(EXEC, {"prompt": "x", "workDoneToken": "w"})
            await gates[0].reached.wait()
            await leaves.send(EXEC, {"prompt": "x", "workDoneToken": "w"})
            await gates[1].reached.wait()
        await model.turns[1].hung_up.wait()
        gates[0].open()
        assert (await call.result())["content"] == "ab"
        assert stays.text("w", "content") == "ab"


async def test_a_client_that_vanishes_without_goodbye_ends_its_turns(
    listener: Listener, model: ModelServer
) -> None:
    gate = Gate()
    model.enqueue(chat_stream(content=["a", gate, "b"]))
    async with connect(listener.url) as socket:
        await socket.send(hello(listener.token))
        await socket.recv()
        await socket.send(
            json.dumps({"jsonrpc": "2.0", "id": 2, "method": EXEC, "params": {"prompt": "x"}})
        )
        await gate.reached.wait()
        socket.transport.abort()
        await model.turns[0].hung_up.wait()


async def test_a_message_in_pieces_is_one_message_and_a_ping_between_is_answered(
    listener: Listener,
) -> None:
    async with connect(listener.url) as socket:
        text = hello(listener.token)

        async def pieces() -> AsyncIterator[str]:
            yield text[:10]
            yield ""
            pong = await socket.ping(b"in between")
            await asyncio.wait_for(pong, 10)
            yield text[10:]

        await socket.send(pieces())
        reply = json.loads(await socket.recv())
        assert reply["result"]["serverInfo"]["name"] == "codex-ls"
        await socket.send("{not json")
        assert json.loads(await socket.recv())["error"]["code"] == -32700
        await socket.send("\ufeff{}")
        assert json.loads(await socket.recv())["error"]["code"] == -32700
        await socket.close()
        assert socket.close_code == 1000


BROKEN_RULES: list[tuple[list[Frame], int]] = [
    ([Frame(Opcode.BINARY, b"{}")], 1003),
    ([Frame(Opcode.TEXT, b"\xff\xfe")], 1007),
    ([Frame(Opcode.TEXT, b"{", fin=False), Frame(Opcode.TEXT, b"}")], 1002),
    ([Frame(Opcode.CONT, b"{}")], 1002),
    ([Frame(Opcode.TEXT, b"x" * (1 << 20))] * 2, 1009),
    ([Frame(Opcode.BINARY, b"{}"), Frame(Opcode.TEXT, b"{}")], 1003),
]


async def test_what_breaks_the_rules_is_closed_with_its_code(listener: Listener) -> None:
    for frames, code in BROKEN_RULES:
        async with connect(listener.url) as socket:
            for frame in frames:
                socket.transport.write(frame.serialize(mask=True))
            assert await close_code(socket) == code, frames


async def test_a_message_may_be_large_but_not_without_end(
    listener: Listener, tmp_path: Path
) -> None:
    async with connected("ws", listener) as client:
        await client.initialize()
        await client.open(tmp_path / "large.txt", "x" * (20 << 20))
        assert "result" in await (await client.send("codex/profiles")).reply(seconds=30)
    async with connect(listener.url) as socket:
        await socket.send(hello(listener.token))
        await socket.recv()
        head = b"\x81\xff" + (33 << 20).to_bytes(8) + b"mask"  # a text of 33 MiB will follow
        socket.transport.write(head)
        assert await close_code(socket) == 1009


async def test_the_listener_says_goodbye_when_it_is_stopped(home: Path) -> None:
    async with (
        listening("ws", {"CODEX_HOME": str(home)}) as listener,
        connect(listener.url) as socket,
    ):
        await socket.send(hello(listener.token))
        await socket.recv()
        listener.process.terminate()
        assert await close_code(socket) == 1000
        assert await asyncio.wait_for(listener.process.wait(), 10) == 0


@pytest.mark.parametrize(
    "origin", ["null", "*", "http://*.example", "localhost", "http://", "file:///x", "http://a/b"]
)
def test_what_is_no_origin_of_a_page_can_not_be_allowed(origin: str) -> None:
    with pytest.raises(InvalidParams, match="is not the origin of a page"):
        run_ws("127.0.0.1", 0, allowed_origins=[origin])


@pytest.mark.parametrize("host", ["0.0.0.0", "example.org", "::"])
def test_only_loopback_is_listened_on(host: str) -> None:
    with pytest.raises(InvalidParams, match="not a loopback address"):
        run_ws(host, 0, allowed_origins=())
