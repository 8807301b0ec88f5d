"""Slash commands: announced behind the response, carried out without a model, or one's own prompts."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from acp.exceptions import RequestError
from acp.helpers import resource_link_block, text_block

from tests.acp.acp_client import editor, told
from tests.acp.test_bad_input import line, started
from tests.acp.test_permissions import DONE, EDIT, TOOLS
from tests.cli.command import Command
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream

BUILT_IN = ["undo", "diff", "profile", "model", "effort"]


def write_prompt(command: Command, name: str, text: str) -> None:
    (command.home / "prompts").mkdir(exist_ok=True)
    (command.home / "prompts" / f"{name}.md").write_text(text)


async def test_commands_are_announced_behind_the_response(command: Command, folder: Path) -> None:
    write_prompt(command, "tests", "---\ndescription: Write tests\n---\nWrite tests for $1.")
    write_prompt(command, "undo", "never asked")
    process = await started(command)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(line("session/new", 2, cwd=str(folder), mcpServers=[]))
    response = json.loads(await process.stdout.readline())
    update = json.loads(await process.stdout.readline())["params"]
    assert update["sessionId"] == response["result"]["sessionId"]
    commands = update["update"]["availableCommands"]
    assert [each["name"] for each in commands] == [*BUILT_IN, "tests"]
    assert commands[-1] == {
        "name": "tests",
        "description": "Write tests",
        "input": {"hint": "arguments"},
    }
    assert "input" not in commands[0]
    process.stdin.close()
    assert await process.wait() == 0


async def test_they_are_announced_for_loaded_and_resumed_sessions_and_when_they_change(
    server: ModelServer, command: Command, folder: Path
) -> None:
    server.always(chat_stream(content=["42"]))
    async with editor(command, folder) as it:
        session = await it.new()
        await it.ask(session, "hi")
        for opened in (it.agent.load_session, it.agent.resume_session):
            await it.client.until(lambda: it.client.commands)
            it.client.commands.clear()
            await opened(cwd=str(folder), session_id=session, mcp_servers=[])
            await it.client.until(lambda: session in it.client.commands)
        write_prompt(command, "tests", "Write tests.")
        await it.ask(session, "hi")
        assert [known.name for known in it.client.commands[session]] == [*BUILT_IN, "tests"]


async def test_an_own_prompt_is_asked_with_its_arguments_model_and_files(
    server: ModelServer, command: Command, folder: Path
) -> None:
    write_prompt(command, "tests", "---\nmodel: big-model\neffort: high\n---\nWrite $1 tests.")
    server.always(chat_stream(content=["ok"]))
    async with editor(command, folder) as it:
        session = await it.new()
        blocks: list[Any] = [
            text_block("/tests three "),
            resource_link_block("a.txt", (folder / "a.txt").as_uri()),
        ]
        await it.agent.prompt(session_id=session, prompt=blocks)
        sent = server.turns[0].json
        assert sent["messages"][-1]["content"] == (
            f'Write three tests.\n\n<file path="{folder}/a.txt">\none\n</file>'
        )
        assert (sent["model"], sent["reasoning_effort"]) == ("big-model", "high")
        await it.ask(session, "hi")
        assert server.turns[1].json["model"] == "test-model"


async def test_selecting_changes_the_options_of_the_session(
    server: ModelServer, command: Command, folder: Path
) -> None:
    (command.home / "big.config.toml").write_text('model = "big-model"\nmodel_provider = "fake"\n')
    server.always(chat_stream(content=["42"]))
    async with editor(command, folder) as it:
        session = await it.new()
        assert (await it.ask(session, "/model")).stop_reason == "end_turn"
        assert it.client.answered == "Model: `test-model`\n\n- `big-model`"
        assert it.client.of("config_option_update") == []
        await it.ask(session, "/profile big")
        await it.ask(session, "/effort low")
        (_, changed) = it.client.of("config_option_update")
        assert [o.current_value for o in changed.config_options] == ["big", "big-model", "low"]
        assert server.turns == []
        await it.ask(session, "hi")
        assert server.turns[0].json["model"] == "big-model"
        assert server.turns[0].json["reasoning_effort"] == "low"
        with pytest.raises(RequestError, match="There is no effort enormous"):
            await it.ask(session, "/effort enormous")


@pytest.mark.skipif(sys.platform != "linux", reason="bubblewrap is Linux'")
async def test_undo_restores_the_files_and_asks_no_model(
    server: ModelServer, command: Command, folder: Path
) -> None:
    server.enqueue(EDIT, DONE)
    async with editor(command, folder, *TOOLS) as it:
        session = await it.new()
        await it.ask(session, "do it")
        assert (folder / "a.txt").read_text() == "two\n"
        it.client.updates.clear()
        await it.ask(session, "/diff")
        assert it.client.answered == (
            "```diff\n--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two\n```"
        )
        it.client.updates.clear()
        await it.ask(session, "/undo")
        assert it.client.answered == "```\nrestored a.txt\n```"
        assert (folder / "a.txt").read_text() == "one\n"
        with pytest.raises(RequestError, match="No model has changed anything"):
            await it.ask(session, "/undo")
        assert len(server.turns) == 2


async def test_an_unknown_command_is_an_error_and_a_path_is_a_question(
    server: ModelServer, command: Command, folder: Path
) -> None:
    server.always(chat_stream(content=["42"]))
    async with editor(command, folder) as it:
        session = await it.new()
        with pytest.raises(RequestError, match="There is no command /und") as refused:
            await it.ask(session, "/und")
        assert told(refused.value)[2] == (
            "Did you mean /undo? With a space in front it is a question."
        )
        await it.ask(session, "/usr/bin has what?")
        await it.ask(session, " /und")
        assert len(server.turns) == 2
