"""An `Outbox` that keeps what is written, for tests that need no process."""

import asyncio
import json
from typing import Any


class Recorder:
    """Takes every frame, and parses it."""

    def __init__(self) -> None:
        self.messages: list[Any] = []
        self.notes: list[Any] = []
        self.congested = False
        self.made_room = asyncio.Event()
        self.waiting = asyncio.Event()

    def write(self, frame: bytes) -> None:
        """Keep one message."""
        header, body = frame.split(b"\r\n\r\n", 1)
        assert header == b"Content-Length: %d" % len(body)
        self.messages.append(json.loads(body))

    async def room(self) -> None:
        """Wait until the test makes room."""
        self.waiting.set()
        await self.made_room.wait()
        self.congested = False

    async def close(self, *, timeout_s: float) -> None:
        """Nothing to do."""

    def take(self) -> list[Any]:
        """The messages so far; they are forgotten."""
        messages, self.messages = self.messages, []
        return messages
