"""A server without a process: what it is told, and what it says."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

from pygls.lsp.server import LanguageServer

from codex_ls.lsp.server import CodexServer
from codex_ls.lsp.user_config import UserConfig

INITIALIZE: dict[str, Any] = {
    "id": 0,
    "method": "initialize",
    "params": {"processId": None, "rootUri": None, "capabilities": {}},
}


class Recorder:
    """An outbox that keeps what is written."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.congested = False
        self.made_room = asyncio.Event()
        self.waiting = asyncio.Event()

    def write(self, data: bytes) -> None:
        """Keep one message."""
        self.messages.append(json.loads(data))

    async def room(self) -> None:
        """Wait until the test makes room."""
        self.waiting.set()
        await self.made_room.wait()
        self.congested = False

    async def close(self, *, timeout_s: float = 0.0) -> None:
        """Nothing to do."""

    def take(self) -> list[Any]:
        """The messages so far; they are forgotten."""
        messages, self.messages = self.messages, []
        return messages


def server_for(
    outbox: Recorder,
    home: Path,
    *,
    token: str | None = None,
    register: Callable[[LanguageServer], None] = lambda _server: None,
) -> CodexServer:
    """A server whose messages are kept; `register` adds to what it answers."""
    env = {"CODEX_HOME": str(home)}
    config = UserConfig(env=env)
    server = CodexServer(outbox, user_config=config, env=env, token=token, has_headers=False)
    register(server)
    return server


async def settled() -> None:
    """Let everything run that can."""
    for _ in range(30):
        await asyncio.sleep(0)
