"""Who the listener lets in, how long strangers may stay, and how many of them."""

import asyncio
import contextlib
import gc
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import websockets

from codex_ls.lsp import listening, websocket
from codex_ls.lsp.channels import Channel, TcpChannel
from codex_ls.lsp.inbox import Arrival
from codex_ls.lsp.listening import OpenChannel, _Listener
from codex_ls.lsp.user_config import UserConfig
from codex_ls.lsp.websocket import WebSocketChannel
from tests.support.lsp_client import LspClient, frame
from tests.support.websocket_link import WebSocketLink

UPGRADE = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
UNMASKED = b"\x81\x02{}"
GOODBYE = b"\x88\x80\x00\x00\x00\x00"

Link = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def over_tcp(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, on_broken: Callable[[], None]
) -> Channel:
    return TcpChannel(reader, writer, on_broken=on_broken)


@contextlib.asynccontextmanager
async def listener(home: Path, open_channel: OpenChannel = over_tcp) -> AsyncIterator[int]:
    """A listener whose token is `geheim`; its port."""
    config = UserConfig(env={"CODEX_HOME": str(home)})
    listener = _Listener(token="geheim", user_config=config, open_channel=open_channel)
    server = await asyncio.start_server(listener.accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        listener.stop.set()
        await asyncio.gather(*listener.serving)
        await server.wait_closed()


async def connect(port: int, count: int) -> list[Link]:
    return [await asyncio.open_connection("127.0.0.1", port) for _ in range(count)]


async def close(*links: Link) -> None:
    for _, writer in links:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def is_hung_up_on(link: Link) -> bool:
    with contextlib.suppress(ConnectionError):
        return await asyncio.wait_for(link[0].read(), 10) == b""
    return True


async def test_a_stranger_who_says_nothing_is_hung_up_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "HELLO_TIMEOUT_S", 0.01)
    async with listener(tmp_path) as port:
        links = await connect(port, 2)
        for link in links:
            assert await is_hung_up_on(link)
        await close(*links)


async def test_a_hello_that_trickles_in_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "HELLO_TIMEOUT_S", 0.2)
    async with listener(tmp_path) as port:
        (link,) = await connect(port, 1)
        hello = frame({"jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {}})
        for byte in hello[:-1]:
            link[1].write(bytes([byte]))
        await link[1].drain()
        assert await is_hung_up_on(link)
        await close(link)


async def test_one_stranger_too_many_takes_the_place_of_the_oldest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "MAX_STRANGERS", 4)
    async with listener(tmp_path) as port:
        squatters = await connect(port, 4)
        async with LspClient.connected("127.0.0.1", port) as client:
            await client.initialize(options={"token": "geheim"}, processId=None)
            assert await is_hung_up_on(squatters[0])
            # A client is no stranger: its place is free again.
            more = await connect(port, 1)
            assert "result" in await (await client.send("codex/profiles")).reply()
            assert not any(reader.at_eof() for reader, _ in (*squatters[1:], *more))
        await close(*squatters, *more)


async def test_more_clients_than_there_are_places_for_are_hung_up_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "MAX_CLIENTS", 1)
    async with listener(tmp_path) as port, LspClient.connected("127.0.0.1", port) as client:
        await client.initialize(options={"token": "geheim"}, processId=None)
        (late,) = await connect(port, 1)
        assert await is_hung_up_on(late)
        await close(late)
        assert "result" in await (await client.send("codex/profiles")).reply()


@pytest.mark.parametrize("header", ["Content-Length: 200000000\r\n\r\n", "Content-"])
async def test_a_stranger_is_not_read_without_end(tmp_path: Path, header: str) -> None:
    async with listener(tmp_path) as port:
        (link,) = await connect(port, 1)
        link[1].write(header.encode() + b"x" * (4 << 20))
        assert await is_hung_up_on(link)
        await close(link)


async def test_a_client_may_send_as_much_as_it_likes(tmp_path: Path) -> None:
    async with listener(tmp_path) as port, LspClient.connected("127.0.0.1", port) as client:
        await client.initialize(options={"token": "geheim"}, processId=None)
        await client.open(tmp_path / "large.txt", "x" * (4 << 20))
        assert "result" in await (await client.send("codex/profiles")).reply()


@pytest.mark.parametrize("behind", [UNMASKED, GOODBYE], ids=["unmasked", "goodbye"])
async def test_a_handshake_with_its_end_behind_it_leaves_no_socket(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    behind: bytes,
) -> None:
    monkeypatch.setattr(websocket, "LINGER_S", 0.01)
    accepted: list[asyncio.StreamWriter] = []

    def open_channel(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, on_broken: Callable[[], None]
    ) -> Channel:
        accepted.append(writer)
        return WebSocketChannel(reader, writer, on_broken=on_broken, origins=[], host="127.0.0.1")

    async with listener(tmp_path, open_channel) as port:
        links = await connect(port, 5)
        for _, writer in links:
            writer.write(UPGRADE + behind)
        for link in links:
            assert await is_hung_up_on(link)
        for writer in accepted:
            await asyncio.wait_for(writer.wait_closed(), 10)
        async with (
            websockets.connect(f"ws://127.0.0.1:{port}") as socket,
            LspClient.over(WebSocketLink(socket)) as client,
        ):
            await client.initialize(options={"token": "geheim"}, processId=None)
            assert "result" in await (await client.send("codex/profiles")).reply()
        await close(*links)
    gc.collect()  # a task whose exception nobody took would tell of it now
    assert len(accepted) == 6
    assert [record.getMessage() for record in caplog.records if record.levelname != "INFO"] == []


async def test_a_connection_that_fails_is_closed_and_harms_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    class Failing(TcpChannel):
        async def arrivals(self, *, is_known: Callable[[], bool]) -> AsyncIterator[Arrival]:
            async for _ in super().arrivals(is_known=is_known):
                raise RuntimeError("as it happens")
            yield Arrival(None, 0)

    kinds = [Failing, TcpChannel]

    def open_channel(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, on_broken: Callable[[], None]
    ) -> Channel:
        return kinds.pop(0)(reader, writer, on_broken=on_broken)

    async with listener(tmp_path, open_channel) as port:
        (link,) = await connect(port, 1)
        link[1].write(frame({"jsonrpc": "2.0", "method": "exit"}))
        assert await is_hung_up_on(link)
        async with LspClient.connected("127.0.0.1", port) as client:
            await client.initialize(options={"token": "geheim"}, processId=None)
            assert "result" in await (await client.send("codex/profiles")).reply()
        await close(link)
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "A connection broke"
    ]
