"""The SDK's own client around a real `codex-ls acp`, which records what it is sent."""

import asyncio
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, cast

from acp.client.connection import ClientSideConnection
from acp.exceptions import RequestError
from acp.helpers import text_block
from acp.interfaces import Client
from acp.schema import (
    AllowedOutcome,
    AvailableCommand,
    AvailableCommandsUpdate,
    ClientCapabilities,
    DeniedOutcome,
    FileSystemCapabilities,
    NewSessionResponse,
    PermissionOption,
    PromptResponse,
    ReadTextFileResponse,
    RequestPermissionResponse,
    TextContentBlock,
    ToolCallUpdate,
)
from acp.stdio import spawn_agent_process

from tests.cli.command import Command
from tests.support import canary
from tests.support.signals import WAIT_SECONDS

START_SECONDS = 60.0


def told(error: RequestError) -> tuple[int, str, str]:
    """The code, our kind and the hint of an error."""
    data: Any = error.data
    return error.code, data["kind"], data["hint"] or ""


class RecordingClient:
    """Answers permissions with `answer`, and keeps every update in order.

    `buffers` are the files that are open in it: their text by path.
    """

    def __init__(self) -> None:
        self.updates: list[tuple[str, Any]] = []
        self.commands: dict[str, list[AvailableCommand]] = {}
        """The commands that each session has announced last; they are not among the updates."""
        self.buffers: dict[str, str] = {}
        self.read: list[str] = []
        """The files that the agent has asked for."""
        self.reading: Callable[[], Awaitable[None]] = self._at_once
        self.asked: list[tuple[ToolCallUpdate, list[PermissionOption]]] = []
        self.answer: Callable[[], Awaitable[str | None]] = self._declined
        self._changed = asyncio.Event()

    async def session_update(self, session_id: str, update: Any, **_: Any) -> None:
        canary.check("an update", update.model_dump_json())
        if isinstance(update, AvailableCommandsUpdate):
            self.commands[session_id] = update.available_commands
        else:
            self.updates.append((session_id, update))
        self._changed.set()

    async def read_text_file(self, session_id: str, path: str, **_: Any) -> ReadTextFileResponse:
        self.read.append(path)
        self._changed.set()
        await self.reading()
        if path in self.buffers:
            return ReadTextFileResponse(content=self.buffers[path])
        try:
            return ReadTextFileResponse(content=await asyncio.to_thread(Path(path).read_text))
        except OSError:
            raise RequestError.resource_not_found(path) from None

    async def request_permission(
        self, session_id: str, tool_call: ToolCallUpdate, options: list[PermissionOption], **_: Any
    ) -> RequestPermissionResponse:
        self.asked.append((tool_call, options))
        self._changed.set()
        chosen = await self.answer()
        if chosen is None:
            return RequestPermissionResponse(outcome=DeniedOutcome(outcome="cancelled"))
        return RequestPermissionResponse(
            outcome=AllowedOutcome(outcome="selected", option_id=chosen)
        )

    async def until(self, condition: Callable[[], Any]) -> None:
        """Wait until the condition holds; it is looked at with every message."""
        async with asyncio.timeout(WAIT_SECONDS):
            while not condition():
                self._changed.clear()
                await self._changed.wait()

    def of(self, kind: str, session_id: str | None = None) -> list[Any]:
        """The updates of a kind."""
        return [
            update
            for session, update in self.updates
            if update.session_update == kind and session_id in (None, session)
        ]

    def text(self, kind: str, session_id: str | None = None) -> str:
        """The text of all chunks of a kind."""
        return "".join(update.content.text for update in self.of(kind, session_id))

    @property
    def answered(self) -> str:
        return self.text("agent_message_chunk")

    @property
    def thought(self) -> str:
        return self.text("agent_thought_chunk")

    async def _declined(self) -> str:
        return "reject_once"

    async def _at_once(self) -> None:
        return None


class Editor:
    """A client with its agent's process and its connection."""

    def __init__(
        self, client: RecordingClient, agent: ClientSideConnection, process: Any, folder: Path
    ) -> None:
        self.client = client
        self.agent = agent
        self.process = process
        self.folder = folder

    async def new(self) -> str:
        """A new session in the folder."""
        made: NewSessionResponse = await self.agent.new_session(
            cwd=str(self.folder), mcp_servers=[]
        )
        return made.session_id

    async def ask(self, session_id: str, *words: str) -> PromptResponse:
        """Prompt, and wait for the end of the turn."""
        blocks: list[Any] = [text_block(word) for word in words]
        assert all(isinstance(block, TextContentBlock) for block in blocks)
        return await self.agent.prompt(session_id=session_id, prompt=blocks)

    def asking(self, session_id: str, *words: str) -> asyncio.Task[PromptResponse]:
        """Prompt without waiting."""
        return asyncio.ensure_future(self.ask(session_id, *words))


@asynccontextmanager
async def editor(
    command: Command, folder: Path, *arguments: str, reads_files: bool = False
) -> AsyncIterator[Editor]:
    """An editor that has started its agent and said who it is."""
    client = RecordingClient()
    async with spawn_agent_process(
        cast("Client", client),
        sys.executable,
        "-m",
        "codex_ls",
        "acp",
        *arguments,
        env=command.environment(),
        cwd=command.home,
        transport_kwargs={"stderr": None},
        use_unstable_protocol=True,
    ) as (agent, process):
        async with asyncio.timeout(START_SECONDS):
            files = FileSystemCapabilities(read_text_file=reads_files)
            await agent.initialize(
                protocol_version=1, client_capabilities=ClientCapabilities(fs=files)
            )
        yield Editor(client, agent, process, folder)
