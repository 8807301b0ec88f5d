"""Whom a listener lets in, how long strangers may stay, and how many there may be."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from codex_ls.lsp import transport
from codex_ls.lsp.outbox import StreamOutbox
from codex_ls.lsp.transport import Listener, read_stream
from codex_ls.lsp.user_config import UserConfig
from tests.lsp.wire import INITIALIZE
from tests.support.lsp_client import LspClient, frame

Link = tuple[asyncio.StreamReader, asyncio.StreamWriter]


@contextlib.asynccontextmanager
async def listening(home: Path) -> AsyncIterator[int]:
    """A listener whose token is `geheim`; its port."""
    listener = Listener(token="geheim", user_config=UserConfig(env={"CODEX_HOME": str(home)}))

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        leave = asyncio.Event()
        outbox = StreamOutbox(writer, on_broken=leave.set)
        await listener.serve(outbox, lambda ls: read_stream(ls, reader), leave=leave)
        writer.close()

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()
        listener.stop.set()
        await asyncio.gather(*listener.serving)
        await server.wait_closed()


async def connect(port: int) -> Link:
    return await asyncio.open_connection("127.0.0.1", port)


async def is_hung_up_on(link: Link) -> bool:
    with contextlib.suppress(ConnectionError):
        assert await asyncio.wait_for(link[0].read(), 10) == b""
    link[1].close()
    with contextlib.suppress(ConnectionError):
        await link[1].wait_closed()
    return True


async def test_a_stranger_who_says_nothing_is_hung_up_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "HELLO_TIMEOUT_S", 0.01)
    async with listening(tmp_path) as port:
        assert await is_hung_up_on(await connect(port))


async def test_a_hello_that_trickles_in_is_not_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(transport, "HELLO_TIMEOUT_S", 0.2)
    async with listening(tmp_path) as port:
        link = await connect(port)
        for byte in frame(INITIALIZE)[:-1]:
            link[1].write(bytes([byte]))
        await link[1].drain()
        assert await is_hung_up_on(link)


@pytest.mark.parametrize("limit", ["MAX_CLIENTS", "MAX_CONNECTIONS"])
async def test_more_clients_than_there_are_places_for_are_hung_up_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str
) -> None:
    monkeypatch.setattr(transport, limit, 1)
    async with listening(tmp_path) as port, LspClient.connected("127.0.0.1", port) as client:
        await client.initialize(options={"token": "geheim"}, processId=None)
        assert await is_hung_up_on(await connect(port))
        assert "result" in await (await client.send("codex/profiles")).reply()


async def test_a_client_may_send_as_much_as_it_likes(tmp_path: Path) -> None:
    async with listening(tmp_path) as port, LspClient.connected("127.0.0.1", port) as client:
        await client.initialize(options={"token": "geheim"}, processId=None)
        await client.open(tmp_path / "large.txt", "x" * (4 << 20))
        assert "result" in await (await client.send("codex/profiles")).reply()


async def test_a_connection_that_fails_is_closed_and_harms_no_other(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_args: object, **_kwargs: object) -> None:
        raise RuntimeError("as it happens")

    async with listening(tmp_path) as port:
        with monkeypatch.context() as broken:
            broken.setattr(transport, "run_async", fail)
            assert await is_hung_up_on(await connect(port))
        async with LspClient.connected("127.0.0.1", port) as client:
            await client.initialize(options={"token": "geheim"}, processId=None)
            assert "result" in await (await client.send("codex/profiles")).reply()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == [
        "A connection broke"
    ]
