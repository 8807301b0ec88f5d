"""The listener on loopback: who may speak there, and that its clients know nothing of each other."""

import asyncio
import contextlib
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from codex_ls.errors import InvalidParams
from codex_ls.lsp.transport import run_tcp
from tests.lsp.e2e.test_exec import EXEC
from tests.support import transports
from tests.support.lsp_client import LspClient
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream
from tests.support.transports import Listener


def listening(home: Path, **env: str) -> AbstractAsyncContextManager[Listener]:
    """A TCP listener."""
    return transports.listening("tcp", {"CODEX_HOME": str(home), **env})


async def test_clients_show_the_token_and_are_apart(
    home: Path, model: ModelServer, tmp_path: Path
) -> None:
    model.always(chat_stream(content=["ok"]))
    async with (
        listening(home) as listener,
        LspClient.connected("127.0.0.1", listener.port) as one,
        LspClient.connected("127.0.0.1", listener.port) as two,
        LspClient.connected("127.0.0.1", listener.port) as stranger,
    ):
        early = await stranger.send(EXEC, {"prompt": "x"})
        assert (await early.error())["code"] == -32002
        options = {"codex": {"token": "wrong"}}
        hello = await stranger.send(
            "initialize", {"capabilities": {}, "initializationOptions": options}
        )
        assert (await hello.error())["code"] == -32600
        await asyncio.wait_for(stranger.ended.wait(), 5)
        for client in (one, two):
            await client.initialize(options={"token": listener.token}, processId=None)
        uri = await one.open(tmp_path / "a.py", "x\n")
        result = await (await one.send(EXEC, {"prompt": "x"})).result()
        assert result["content"] == "ok"
        selection = {"start": {"line": 0, "character": 0}, "end": {"line": 0, "character": 1}}
        document = {"textDocument": {"uri": uri}, "range": selection}
        call = await two.send(EXEC, {"prompt": "x", **document})
        assert (await call.error())["code"] == -32602


async def test_a_client_that_hangs_up_ends_its_turns_and_the_listener_stays(
    home: Path, model: ModelServer
) -> None:
    gate = Gate()
    model.enqueue(chat_stream(content=["a", gate, "b"]), chat_stream(content=["ok"]))
    async with listening(home, CODEX_LS_TOKEN="geheim") as listener:
        async with LspClient.connected("127.0.0.1", listener.port) as client:
            await client.initialize(options={"token": "geheim"}, processId=None)
            await client.send(EXEC, {"prompt": "x"})
            await gate.reached.wait()
        await model.turns[0].hung_up.wait()
        async with LspClient.connected("127.0.0.1", listener.port) as client:
            await client.initialize(options={"token": "geheim"}, processId=None)
            assert (await (await client.send(EXEC, {"prompt": "x"})).result())["content"] == "ok"
            await (await client.send("shutdown")).result()
            await client.notify("exit")
            await asyncio.wait_for(client.ended.wait(), 5)


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\nOrigin: http://evil.example\r\n\r\n",
        b"POST / HTTP/1.1\r\nContent-Length: 90\r\n\r\nContent-Length: 58\r\n\r\n{}",
        b"\x16\x03\x01\x02\x00",
        b"C" + b"X",
    ],
)
async def test_what_does_not_speak_the_protocol_is_hung_up_on(
    home: Path, request_bytes: bytes
) -> None:
    async with listening(home) as listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(request_bytes)
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()


async def test_a_stranger_is_not_listened_to_for_long(home: Path) -> None:
    async with listening(home) as listener:
        reader, writer = await asyncio.open_connection("127.0.0.1", listener.port)
        writer.write(b"Content-Length: 99000000\r\n\r\n" + b" " * (2 << 20))
        with contextlib.suppress(ConnectionError):
            assert await asyncio.wait_for(reader.read(), 10) == b""
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "example.org", "::", ""])
def test_only_loopback_is_listened_on(host: str) -> None:
    with pytest.raises(InvalidParams, match="not a loopback address"):
        run_tcp(host, 0)


async def test_a_port_that_is_taken_is_one_clear_error(home: Path, model: ModelServer) -> None:
    async with LspClient.spawned(
        env={"CODEX_HOME": str(home)},
        args=("serve", "--tcp", f"127.0.0.1:{model.port}"),
        stderr=asyncio.subprocess.PIPE,
    ) as server:
        assert await server.exit_code() == 2
        assert server.process is not None
        assert server.process.stderr is not None
        told = (await server.process.stderr.read()).decode()
        assert "can't be listened on: Address already in use." in told
        assert "Traceback" not in told
