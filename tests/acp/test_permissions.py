"""Tools in a session: calls with kind, place and diff; permissions granted, declined, never answered."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.acp.acp_client import RecordingClient, editor
from tests.cli.command import Command
from tests.support.answers import Answer
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is Linux'")

DONE = chat_stream(content=["Done."], usage=(20, 2))
TOOLS = ("--sandbox", "workspace-write")
ASKS = (*TOOLS, "--ask-for-approval", "untrusted")


def call(name: str, **arguments: Any) -> Answer:
    function = {"name": name, "arguments": json.dumps(arguments)}
    return chat_stream(
        tool_calls=[{"index": 0, "id": "c", "type": "function", "function": function}],
        finish_reason="tool_calls",
        usage=(10, 5),
    )


EDIT = call("edit_file", path="a.txt", old="one", new="two")


def calls(client: RecordingClient) -> list[tuple[str, str, str, str]]:
    """Every first and last update of a call: id, title, kind, status."""
    return [
        (update.tool_call_id.partition("/")[2], update.title, update.kind, update.status)
        for _, update in client.updates
        if update.session_update in ("tool_call", "tool_call_update") and update.title
    ]


async def test_without_a_sandbox_mode_the_model_only_answers(
    server: ModelServer, command: Command, folder: Path
) -> None:
    server.always(DONE)
    async with editor(command, folder) as it:
        await it.ask(await it.new(), "hi")
        assert "tools" not in server.turns[0].json
    command.configure(server.base_url, 'sandbox_mode = "workspace-write"')
    async with editor(command, folder) as it:
        await it.ask(await it.new(), "hi")
        assert len(server.turns[1].json["tools"]) == 6
    async with editor(command, folder, "--no-tools") as it:
        await it.ask(await it.new(), "hi")
        assert "tools" not in server.turns[2].json


async def test_calls_have_kind_place_diff_and_output(
    server: ModelServer, command: Command, folder: Path
) -> None:
    server.enqueue(
        call("read_file", path="a.txt"), EDIT, call("shell", command="cat a.txt; exit 3"), DONE
    )
    async with editor(command, folder, *TOOLS) as it:
        assert (await it.ask(await it.new(), "do it")).stop_reason == "end_turn"
        assert calls(it.client) == [
            ("call_1", "read_file a.txt", "read", "in_progress"),
            ("call_1", "read_file a.txt", "read", "completed"),
            ("call_2", "Edit a.txt", "edit", "in_progress"),
            ("call_2", "Edit a.txt", "edit", "completed"),
            ("call_3", "cat a.txt; exit 3", "execute", "in_progress"),
            ("call_3", "cat a.txt; exit 3", "execute", "failed"),
        ]
        read, edit, command_ended = (
            [u for u in it.client.of("tool_call_update") if u.tool_call_id.endswith(name)][-1]
            for name in ("call_1", "call_2", "call_3")
        )
        assert [place.path for place in read.locations] == [str(folder / "a.txt")]
        (diff,) = edit.content
        assert (diff.path, diff.old_text, diff.new_text) == (
            str(folder / "a.txt"),
            "one\n",
            "two\n",
        )
        assert [(place.path, place.line) for place in edit.locations] == [
            (str(folder / "a.txt"), 1)
        ]
        assert command_ended.content[0].content.text == "```\ntwo\nexit code 3\n```"
        assert it.client.answered == "Done."
        assert it.client.asked == []
    assert (folder / "a.txt").read_text() == "two\n"


async def test_ids_of_calls_differ_between_turns(
    server: ModelServer, command: Command, folder: Path
) -> None:
    server.enqueue(call("read_file", path="a.txt"), DONE, call("read_file", path="a.txt"), DONE)
    async with editor(command, folder, *TOOLS) as it:
        session = await it.new()
        await it.ask(session, "a")
        await it.ask(session, "b")
        ids = [update.tool_call_id for update in it.client.of("tool_call")]
        assert len(ids) == len(set(ids)) == 2


async def test_a_plan_is_a_plan(server: ModelServer, command: Command, folder: Path) -> None:
    plan = [{"step": "look", "status": "completed"}, {"step": "edit", "status": "pending"}]
    server.enqueue(call("update_plan", plan=plan), DONE)
    async with editor(command, folder, *TOOLS) as it:
        await it.ask(await it.new(), "do it")
        (update,) = it.client.of("plan")
        assert [(e.content, e.status) for e in update.entries] == [
            ("look", "completed"),
            ("edit", "pending"),
        ]


async def test_an_edit_is_shown_asked_for_and_made(
    server: ModelServer, command: Command, folder: Path
) -> None:
    server.enqueue(EDIT, DONE)
    async with editor(command, folder, *ASKS) as it:
        at_the_question: list[str] = []

        async def allow() -> str:
            at_the_question.append((folder / "a.txt").read_text())
            return "allow_once"

        it.client.answer = allow
        await it.ask(await it.new(), "do it")
        ((asked, options),) = it.client.asked
        assert asked.content is not None
        assert asked.content[0].model_dump()["new_text"] == "two\n"
        assert asked.tool_call_id == it.client.of("tool_call")[0].tool_call_id
        assert [option.kind for option in options] == ["allow_once", "allow_always", "reject_once"]
        assert at_the_question == ["one\n"]
    assert (folder / "a.txt").read_text() == "two\n"


async def test_allowed_always_is_not_asked_again_in_the_session(
    server: ModelServer, command: Command, folder: Path
) -> None:
    again = call("edit_file", path="a.txt", old="two", new="three")
    server.enqueue(EDIT, DONE, again, DONE)
    async with editor(command, folder, *ASKS) as it:

        async def allow() -> str:
            return "allow_always"

        it.client.answer = allow
        session = await it.new()
        await it.ask(session, "a")
        await it.ask(session, "b")
        assert len(it.client.asked) == 1
    assert (folder / "a.txt").read_text() == "three\n"


@pytest.mark.parametrize("answer", ["reject_once", "no such option"])
async def test_a_declined_edit_is_not_made_and_the_model_goes_on(
    server: ModelServer, command: Command, folder: Path, answer: str
) -> None:
    server.enqueue(EDIT, DONE)
    async with editor(command, folder, *ASKS) as it:

        async def decline() -> str:
            return answer

        it.client.answer = decline
        assert (await it.ask(await it.new(), "do it")).stop_reason == "end_turn"
        assert calls(it.client)[-1] == ("call_1", "Edit a.txt", "edit", "failed")
        assert server.turns[1].json["messages"][-1]["content"].startswith("declined")
    assert (folder / "a.txt").read_text() == "one\n"


async def test_a_cancelled_permission_ends_the_turn(
    server: ModelServer, command: Command, folder: Path
) -> None:
    server.enqueue(EDIT)
    async with editor(command, folder, *ASKS) as it:

        async def cancel() -> None:
            return None

        it.client.answer = cancel
        assert (await it.ask(await it.new(), "do it")).stop_reason == "cancelled"
    assert (folder / "a.txt").read_text() == "one\n"


async def test_stop_works_while_a_permission_is_never_answered(
    server: ModelServer, command: Command, folder: Path
) -> None:
    server.enqueue(EDIT, DONE)
    async with editor(command, folder, *ASKS) as it:
        never = asyncio.Event()

        async def silence() -> str:
            await never.wait()
            return "allow_once"

        it.client.answer = silence
        session = await it.new()
        turn = it.asking(session, "do it")
        await it.client.until(lambda: it.client.asked)
        await it.agent.cancel(session_id=session)
        assert (await turn).stop_reason == "cancelled"
        never.set()  # the late permission grants nothing
        assert (await it.ask(session, "hi")).stop_reason == "end_turn"
    assert (folder / "a.txt").read_text() == "one\n"
