"""Files with unsaved changes: read as the editor shows them, and never written over."""

import asyncio
import sys
from pathlib import Path
from typing import Any, cast

import pytest
from acp.exceptions import RequestError
from acp.helpers import resource_link_block, text_block
from acp.interfaces import Client

from codex_ls.acp.client_files import ClientFiles
from tests.acp.acp_client import Editor, editor
from tests.acp.test_permissions import DONE, EDIT, call
from tests.cli.command import Command
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream

TOOLS = ("--sandbox", "workspace-write")
needs_sandbox = pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is Linux'")


async def ask_with_link(it: Editor, session: str, path: Path) -> None:
    """Prompt with a link."""
    blocks: list[Any] = [text_block("Explain "), resource_link_block(path.name, path.as_uri())]
    await it.agent.prompt(session_id=session, prompt=blocks)


async def test_a_linked_file_is_sent_as_the_editor_shows_it(
    server: ModelServer, command: Command, folder: Path
) -> None:
    server.always(chat_stream(content=["ok"]))
    async with editor(command, folder, reads_files=True) as it:
        it.client.buffers[str(folder / "a.txt")] = "not saved\n"
        session = await it.new()
        await ask_with_link(it, session, folder / "a.txt")
        sent = server.turns[0].json["messages"][-1]["content"]
        assert sent.endswith(f'<file path="{folder}/a.txt">\nnot saved\n</file>')
        assert it.client.read == [str(folder / "a.txt")]


async def test_a_client_that_does_not_offer_it_is_not_asked(
    server: ModelServer, command: Command, folder: Path
) -> None:
    server.always(chat_stream(content=["ok"]))
    async with editor(command, folder) as it:
        it.client.buffers[str(folder / "a.txt")] = "not saved\n"
        await ask_with_link(it, await it.new(), folder / "a.txt")
        assert it.client.read == []
        assert "one\n</file>" in server.turns[0].json["messages"][-1]["content"]


@needs_sandbox
async def test_outside_of_the_workspace_the_client_is_not_asked(
    server: ModelServer, command: Command, folder: Path
) -> None:
    other = folder.parent / "other"
    other.mkdir()
    (other / "b.txt").write_text("saved\n")
    (folder / "link.txt").symlink_to(other / "b.txt")
    server.enqueue(
        call("read_file", path=str(other / "b.txt")), call("read_file", path="link.txt"), DONE
    )
    async with editor(command, folder, *TOOLS, "--add-dir", str(other), reads_files=True) as it:
        it.client.buffers[str(other / "b.txt")] = "not saved\n"
        await it.ask(await it.new(), "look")
        assert it.client.read == []
        results = [m["content"] for m in server.turns[2].json["messages"] if m["role"] == "tool"]
        assert results == ["saved", "saved"]


@needs_sandbox
async def test_tools_read_unsaved_text_and_do_not_write_over_it(
    server: ModelServer, command: Command, folder: Path
) -> None:
    patch = "*** Begin Patch\n*** Update File: a.txt\n@@\n-one\n+two\n*** End Patch\n"
    server.enqueue(
        call("read_file", path="a.txt"),
        EDIT,
        call("write_file", path="a.txt", content="two\n"),
        call("shell", command=f"apply_patch <<'EOF'\n{patch}EOF"),
        DONE,
    )
    async with editor(command, folder, *TOOLS, reads_files=True) as it:
        it.client.buffers[str(folder / "a.txt")] = "one\nnot saved\n"
        await it.ask(await it.new(), "do it")
        results = [m["content"] for m in server.turns[4].json["messages"] if m["role"] == "tool"]
        assert results[0] == "one\nnot saved"
        refused = "error: a.txt has unsaved changes in the editor: ask the user to save it"
        assert results[1:] == [refused] * 3
    assert (folder / "a.txt").read_text() == "one\n"


@needs_sandbox
@pytest.mark.parametrize(
    ("saved", "shown"),
    [
        (b"one\r\n", "one\n"),
        (b"\xef\xbb\xbfone\n", "one\n"),
        (b"one", "one\n"),
        (None, ""),
    ],
    ids=["line ends", "byte order mark", "last line end", "a new file"],
)
async def test_what_an_editor_changes_by_itself_is_no_unsaved_change(
    server: ModelServer, command: Command, folder: Path, saved: bytes | None, shown: str
) -> None:
    path = folder / "b.txt"
    if saved is not None:
        path.write_bytes(saved)
    server.enqueue(call("write_file", path="b.txt", content="two\n"), DONE)
    async with editor(command, folder, *TOOLS, reads_files=True) as it:
        it.client.buffers[str(path)] = shown
        await it.ask(await it.new(), "do it")
        assert it.client.read == [str(path)]
    assert path.read_bytes() == b"two\n"


async def test_stop_works_while_the_client_does_not_answer(
    server: ModelServer, command: Command, folder: Path
) -> None:
    server.always(chat_stream(content=["ok"]))
    async with editor(command, folder, reads_files=True) as it:
        never = asyncio.Event()

        async def silence() -> None:
            await never.wait()

        it.client.reading = silence
        session = await it.new()
        blocks: list[Any] = [resource_link_block("a.txt", (folder / "a.txt").as_uri())]
        turn = asyncio.ensure_future(it.agent.prompt(session_id=session, prompt=blocks))
        await it.client.until(lambda: it.client.read)
        await it.agent.cancel(session_id=session)
        assert (await turn).stop_reason == "cancelled"
        never.set()


async def test_a_client_that_fails_to_read_costs_nothing(
    server: ModelServer, command: Command, folder: Path
) -> None:
    server.always(chat_stream(content=["ok"]))
    async with editor(command, folder, reads_files=True) as it:

        async def fail() -> None:
            raise RequestError.internal_error({"details": "no"})

        it.client.reading = fail
        await ask_with_link(it, await it.new(), folder / "a.txt")
        assert "one\n</file>" in server.turns[0].json["messages"][-1]["content"]


async def test_a_client_that_never_answers_is_asked_once(folder: Path) -> None:
    asked: list[str] = []

    class SilentClient:
        async def read_text_file(self, session_id: str, path: str) -> Any:
            asked.append(path)
            await asyncio.Event().wait()

    files = ClientFiles(
        cast("Client", SilentClient()), "s", folder, asyncio.Event(), answer_timeout_s=0.01
    )
    for _ in range(2):
        assert await asyncio.to_thread(files.unsaved, folder / "a.txt") is None
    assert asked == [str(folder / "a.txt")]
