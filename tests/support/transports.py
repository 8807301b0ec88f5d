"""A server process behind any of its transports, for one end-to-end suite over all of them."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from tests.support.lsp_client import LspClient

Transport = Literal["stdio", "tcp", "ws"]
TRANSPORTS: tuple[Transport, ...] = get_args(Transport)


@dataclass(frozen=True, slots=True)
class Listener:
    """A server that listens, as it tells itself on standard error."""

    address: str
    port: int
    token: str
    process: asyncio.subprocess.Process

    @property
    def url(self) -> str:
        return f"ws://127.0.0.1:{self.port}"


@contextlib.asynccontextmanager
async def listening(
    transport: Transport, env: Mapping[str, str], *args: str
) -> AsyncIterator[Listener]:
    """A listener on a free port, which must end politely when it is told to."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "codex_ls",
        "serve",
        f"--{transport}",
        "127.0.0.1:0",
        *args,
        stdin=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
        env={"PATH": os.environ["PATH"], "PYTHONPATH": os.getcwd(), **env},  # noqa: PTH109
    )
    assert process.stderr is not None
    try:
        first = (await process.stderr.readline()).decode()
        assert first.startswith("codex-ls: Listening on "), first
        token = env.get("CODEX_LS_TOKEN", "")
        if not token:
            second = (await process.stderr.readline()).decode()
            assert second.startswith("codex-ls: Token: "), second
            token = second.split()[2]
        address = first.split()[-1]
        yield Listener(address, int(address.rpartition(":")[2]), token, process)
        if process.returncode is None:
            process.terminate()
            assert await asyncio.wait_for(process.wait(), 10) == 0
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                os.kill(process.pid, signal.SIGKILL)
        await process.wait()
        process._transport.close()  # type: ignore[attr-defined]


@contextlib.asynccontextmanager
async def connected(transport: Transport, listener: Listener) -> AsyncIterator[LspClient]:
    """A client of a listener; it shows the token when it says hello."""
    async with contextlib.AsyncExitStack() as stack:
        if transport == "tcp":
            client = await stack.enter_async_context(
                LspClient.connected("127.0.0.1", listener.port)
            )
        else:
            from websockets.asyncio.client import connect  # most tests need no WebSocket

            from tests.support.websocket_link import WebSocketLink

            socket = await stack.enter_async_context(connect(listener.url, max_size=None))
            client = await stack.enter_async_context(LspClient.over(WebSocketLink(socket)))
        client.token = listener.token
        client.process = client.listener = listener.process
        yield client


@contextlib.asynccontextmanager
async def served(
    transport: Transport, env: Mapping[str, str], *args: str
) -> AsyncIterator[LspClient]:
    """A client of a server of its own."""
    if transport == "stdio":
        async with LspClient.spawned(env=env, args=("serve", *args)) as client:
            yield client
        return
    async with (
        listening(transport, env, *args) as listener,
        connected(transport, listener) as client,
    ):
        yield client
