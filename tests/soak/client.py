"""A client that can bear a thousand messages a second: it keeps nothing that has been handled."""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any, Self

from tests.support.lsp_client import Message, frame

OnValue = Callable[[Message], None]


class LoadClient:
    """A language server process and the only client of it."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.stray: list[Message] = []
        """What belongs to no request: must stay empty."""
        self._ids = itertools.count(1)
        self._replies: dict[int, asyncio.Future[Message]] = {}
        self._listeners: dict[str, OnValue] = {}

    @classmethod
    @contextlib.asynccontextmanager
    async def spawned(cls, *, env: Mapping[str, str]) -> AsyncIterator[Self]:
        """A server that said hello, and is gone afterwards."""
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "codex_ls", "serve"),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": os.getcwd(), **env},  # noqa: PTH109
        )
        client = cls(process)
        reading = asyncio.create_task(client._read())
        try:
            hello: Message = {"processId": os.getpid(), "rootUri": None, "capabilities": {}}
            await client.request("initialize", hello)
            await client.notify("initialized", {})
            yield client
        finally:
            if process.returncode is None:
                os.kill(process.pid, signal.SIGKILL)
            await asyncio.gather(reading, return_exceptions=True)
            await process.wait()

    async def request(
        self, method: str, params: Message | None = None, *, on_value: OnValue | None = None
    ) -> Message:
        """The reply; `on_value` gets every progress value of the params' `workDoneToken` before it."""
        call = self.begin(method, params, on_value=on_value)
        await self._drain()
        return await call[1]

    def begin(
        self, method: str, params: Message | None = None, *, on_value: OnValue | None = None
    ) -> tuple[int, "asyncio.Future[Message]"]:
        """Send a request; its id, and the reply to come."""
        message_id = next(self._ids)
        future: asyncio.Future[Message] = asyncio.get_running_loop().create_future()
        self._replies[message_id] = future
        token = (params or {}).get("workDoneToken")
        if on_value is not None and isinstance(token, str):
            self._listeners[token] = on_value
            future.add_done_callback(lambda _: self._listeners.pop(token))
        message = {"jsonrpc": "2.0", "id": message_id, "method": method, "params": params or {}}
        self._write(message)
        return message_id, future

    async def notify(self, method: str, params: Message) -> None:
        """Send a notification."""
        self.tell(method, params)
        await self._drain()

    def tell(self, method: str, params: Message) -> None:
        """The same where nothing may be waited for."""
        self._write({"jsonrpc": "2.0", "method": method, "params": params})

    async def leave(self) -> int:
        """Say goodbye; the exit code."""
        await self.request("shutdown")
        await self.notify("exit", {})
        async with asyncio.timeout(10):
            return await self.process.wait()

    def _write(self, message: Message) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(frame(message))

    async def _drain(self) -> None:
        assert self.process.stdin is not None
        with contextlib.suppress(ConnectionError):
            await self.process.stdin.drain()

    async def _read(self) -> None:
        reader = self.process.stdout
        assert reader is not None
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                header = await reader.readuntil(b"\r\n\r\n")
                length = int(header.partition(b": ")[2].partition(b"\r\n")[0])
                self._take(json.loads(await reader.readexactly(length)))
        for future in self._replies.values():
            if not future.done():
                future.set_exception(ConnectionError("the server left"))

    def _take(self, message: Message) -> None:
        params: Any = message.get("params")
        if "method" not in message and message.get("id") in self._replies:
            self._replies.pop(message["id"]).set_result(message)
        elif message.get("method") == "$/progress" and params["token"] in self._listeners:
            self._listeners[params["token"]](params["value"])
        else:
            self.stray.append(message)
