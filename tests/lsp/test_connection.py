"""In which rounds of the event loop a client's messages are handled."""

import asyncio
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

from codex_ls.lsp.connection import MAX_IN_A_ROW, Connection
from codex_ls.lsp.inbox import Arrival
from codex_ls.lsp.user_config import UserConfig


class Wastepaper:
    """An outbox that nobody empties."""

    congested = False

    def write(self, frame: bytes) -> None:
        pass

    async def room(self) -> None:
        pass

    async def close(self, *, timeout_s: float) -> None:
        pass


async def test_many_edits_take_few_rounds_of_the_loop(tmp_path: Path) -> None:
    env = {"CODEX_HOME": str(tmp_path)}
    config = UserConfig(env=env, overrides=(), local_only=False)
    connection = Connection(Wastepaper(), user_config=config, env=env)
    rounds, edits = 0, 64 * MAX_IN_A_ROW

    async def count() -> None:
        nonlocal rounds
        while True:
            rounds += 1
            await asyncio.sleep(0)

    async def inbox() -> AsyncIterator[Arrival]:
        nonlocal rounds
        hello = {"id": 1, "method": "initialize", "params": {"capabilities": {}}}
        yield Arrival(hello, time.perf_counter())
        rounds = 0
        change = {"textDocument": {"uri": "file:///a", "version": 1}, "contentChanges": []}
        for _ in range(edits):
            message: Any = {"method": "textDocument/didChange", "params": change}
            yield Arrival(message, time.perf_counter())
        yield Arrival({"method": "exit"}, time.perf_counter())

    counting = asyncio.create_task(count())
    assert await connection.serve(inbox(), stop=asyncio.Event()) == 1
    counting.cancel()
    assert edits / MAX_IN_A_ROW <= rounds < 2 * edits / MAX_IN_A_ROW
