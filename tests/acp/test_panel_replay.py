"""What agent panels sent in their own editors, sent again: for where the plugins are not.

CodeCompanion's messages are from tests/nvim/test_codecompanion.py, agent-shell's from
tests/editors/test_agent_shell.py.
"""

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest

from tests.acp.acp_client import START_SECONDS
from tests.acp.test_bad_input import started
from tests.acp.test_permissions import call
from tests.cli.command import Command
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream

RECORDINGS = Path(__file__).parents[1] / "fixtures" / "acp"


class Replay:
    """The recorded messages, each sent when the panel would: a response when it was asked for."""

    def __init__(self, process: asyncio.subprocess.Process, panel: str, folder: Path) -> None:
        text = (RECORDINGS / f"{panel}.jsonl").read_text().replace("{folder}", str(folder))
        messages = [json.loads(line) for line in text.splitlines()]
        self.requests = [message for message in messages if "method" in message]
        self.responses = {message["id"]: message for message in messages if "result" in message}
        self.updates: list[dict[str, Any]] = []
        self.asked: list[str] = []
        self._process = process
        self._session = ""

    async def run(self) -> list[dict[str, Any]]:
        """Send everything; return the result of each request."""
        return [await self._request(request) for request in self.requests]

    async def _request(self, request: dict[str, Any]) -> dict[str, Any]:
        self._send(request)
        async with asyncio.timeout(START_SECONDS):
            while True:
                assert self._process.stdout is not None
                message = json.loads(await self._process.stdout.readline())
                if message.get("method") == "session/update":
                    self.updates.append(message["params"]["update"])
                elif "method" in message:
                    self.asked.append(message["method"])
                    self._send(self.responses[message["id"]])
                else:
                    assert message["id"] == request["id"]
                    result: dict[str, Any] = message["result"]
                    self._session = result.get("sessionId", self._session)
                    return result

    def _send(self, message: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        text = json.dumps(message).replace("{session}", self._session)
        self._process.stdin.write(text.encode() + b"\n")


@pytest.mark.parametrize(
    ("panel", "name", "old", "new"),
    [
        ("codecompanion", "dedupe.py", "seen: list[str] = []", "seen: set[str] = set()"),
        ("agent-shell", "sample.py", "return x + x", "return 2 * x"),
    ],
)
async def test_an_edit_that_was_allowed_is_made(
    server: ModelServer,
    command: Command,
    folder: Path,
    panel: str,
    name: str,
    old: str,
    new: str,
) -> None:
    command.configure(
        server.base_url, 'sandbox_mode = "workspace-write"\napproval_policy = "untrusted"'
    )
    replay = Replay(process := await started(command), panel, folder)
    (answer,) = (each for each in replay.responses.values() if "content" in each["result"])
    (folder / name).write_text(answer["result"]["content"])
    edit = call("edit_file", path=name, old=old, new=new)
    server.enqueue(edit, chat_stream(content=["Done."], usage=(20, 9)))
    *_, done = await replay.run()
    assert done["stopReason"] == "end_turn"
    assert replay.asked == ["fs/read_text_file", "session/request_permission"]
    assert new in (folder / name).read_text()
    kinds = [update["sessionUpdate"] for update in replay.updates]
    assert kinds == [
        "available_commands_update",
        "tool_call",
        "tool_call_update",
        "agent_message_chunk",
    ]
    assert process.stdin is not None
    process.stdin.close()
    assert await process.wait() == 0
