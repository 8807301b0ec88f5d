"""`codex-ls acp` with the SDK's client: what is said comes as it comes, and Stop frees the model."""

import base64
from pathlib import Path
from typing import Any

import pytest
from acp.exceptions import RequestError
from acp.helpers import (
    embedded_text_resource,
    image_block,
    resource_block,
    resource_link_block,
    text_block,
)

from tests.acp.acp_client import editor, told
from tests.cli.command import Command
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream


async def test_the_first_chunk_arrives_while_the_server_holds_the_next(
    server: ModelServer, command: Command, folder: Path
) -> None:
    thinking, answering = Gate(), Gate()
    server.enqueue(
        chat_stream(reasoning=["hm", thinking, " so"], content=["4", answering, "2"], usage=(10, 5))
    )
    async with editor(command, folder) as it:
        turn = it.asking(await it.new(), "6 times 7?")
        await it.client.until(lambda: it.client.thought == "hm")
        assert not turn.done()
        thinking.open()
        await it.client.until(lambda: it.client.answered == "4")
        assert not turn.done()
        answering.open()
        done = await turn
        assert done.stop_reason == "end_turn"
        assert done.usage is not None
        assert (done.usage.input_tokens, done.usage.output_tokens) == (10, 5)
        assert (it.client.thought, it.client.answered) == ("hm so", "42")
        kinds = [update.session_update for _, update in it.client.updates]
        assert kinds == ["agent_thought_chunk"] * 2 + ["agent_message_chunk"] * 2


async def test_hidden_thinking_is_not_sent(
    server: ModelServer, command: Command, folder: Path
) -> None:
    command.configure(server.base_url, "hide_agent_reasoning = true")
    server.enqueue(chat_stream(reasoning=["hm"], content=["42"]))
    async with editor(command, folder) as it:
        await it.ask(await it.new(), "hi")
        assert (it.client.thought, it.client.answered) == ("", "42")


async def test_cancelling_frees_the_model_and_the_session(
    server: ModelServer, command: Command, folder: Path
) -> None:
    gate = Gate()
    server.enqueue(chat_stream(content=["one", gate]), chat_stream(content=[" two"]))
    async with editor(command, folder) as it:
        session = await it.new()
        turn = it.asking(session, "count")
        await it.client.until(lambda: it.client.answered == "one")
        await it.agent.cancel(session_id=session)
        assert (await turn).stop_reason == "cancelled"
        await (await server.turn(0)).hung_up.wait()
        assert (await it.ask(session, "go on")).stop_reason == "end_turn"
        said = [message["content"] for message in server.turns[1].json["messages"][1:]]
        assert said == ["count", "one", "go on"]


async def test_two_sessions_run_at_once(
    server: ModelServer, command: Command, folder: Path
) -> None:
    gate = Gate()
    server.enqueue(chat_stream(content=["first", gate, "."]), chat_stream(content=["second"]))
    async with editor(command, folder) as it:
        one, two = await it.new(), await it.new()
        slow = it.asking(one, "a")
        await gate.reached.wait()
        assert (await it.ask(two, "b")).stop_reason == "end_turn"
        assert not slow.done()
        gate.open()
        assert (await slow).stop_reason == "end_turn"
        assert it.client.text("agent_message_chunk", one) == "first."
        assert it.client.text("agent_message_chunk", two) == "second"


async def test_a_second_prompt_while_one_runs_is_refused_and_the_first_goes_on(
    server: ModelServer, command: Command, folder: Path
) -> None:
    gate = Gate()
    server.enqueue(chat_stream(content=["4", gate, "2"]))
    async with editor(command, folder) as it:
        session = await it.new()
        turn = it.asking(session, "a")
        await gate.reached.wait()
        with pytest.raises(RequestError) as refused:
            await it.ask(session, "b")
        assert told(refused.value)[:2] == (-32602, "invalidParams")
        with pytest.raises(RequestError, match="A turn is running"):
            await it.agent.load_session(cwd=str(folder), session_id=session, mcp_servers=[])
        gate.open()
        assert (await turn).stop_reason == "end_turn"
        assert it.client.answered == "42"
        assert len(server.turns) == 1


@pytest.mark.parametrize(
    ("reason", "expected"),
    [("length", "max_tokens"), ("content_filter", "refusal"), ("stop", "end_turn")],
)
async def test_the_reason_of_the_end(
    server: ModelServer, command: Command, folder: Path, reason: str, expected: str
) -> None:
    server.enqueue(chat_stream(content=["4"], finish_reason=reason))
    async with editor(command, folder) as it:
        assert (await it.ask(await it.new(), "hi")).stop_reason == expected
        assert it.client.answered.startswith("4")


async def test_a_failure_is_an_error_with_the_next_step(
    server: ModelServer, command: Command, folder: Path
) -> None:
    command.configure("http://127.0.0.1:9/v1")
    async with editor(command, folder) as it:
        session = await it.new()
        with pytest.raises(RequestError) as failed:
            await it.ask(session, "hi")
        code, kind, hint = told(failed.value)
        assert (code, kind) == (-32603, "unreachable")
        assert hint
        assert hint in str(failed.value)
        command.configure(server.base_url)  # read again with every prompt
        server.enqueue(chat_stream(content=["42"]))
        assert (await it.ask(session, "hi")).stop_reason == "end_turn"


async def test_links_texts_and_pictures_reach_the_model(
    server: ModelServer, command: Command, folder: Path
) -> None:
    server.always(chat_stream(content=["ok"]))
    picture = base64.b64encode(b"\x89PNG").decode()
    async with editor(command, folder) as it:
        session = await it.new()
        await it.agent.prompt(
            session_id=session,
            prompt=[
                text_block("Compare "),
                resource_link_block("a.txt", (folder / "a.txt").as_uri()),
                text_block(" with the rest."),
                resource_block(embedded_text_resource((folder / "b.txt").as_uri(), "not saved")),
                image_block(picture, "image/png"),
            ],
        )
        text, image = server.turns[0].json["messages"][-1]["content"]
        assert text["text"] == (
            f'Compare `a.txt` with the rest.\n\n<file path="{folder}/a.txt">\none\n</file>\n\n'
            f'<file path="{folder}/b.txt">\nnot saved\n</file>'
        )
        assert image["image_url"]["url"] == f"data:image/png;base64,{picture}"


@pytest.mark.parametrize("name", ["../outside.txt", "gone.txt"])
async def test_a_link_to_a_file_that_may_not_be_read_is_an_error(
    server: ModelServer, command: Command, folder: Path, name: str
) -> None:
    (folder.parent / "outside.txt").write_text("secret")
    async with editor(command, folder) as it:
        session = await it.new()
        link: list[Any] = [resource_link_block("x", f"file://{folder}/{name}")]
        with pytest.raises(RequestError, match="The linked file can't be read"):
            await it.agent.prompt(session_id=session, prompt=link)
        assert server.turns == []


async def test_mcp_servers_are_refused_with_one_line(
    server: ModelServer, command: Command, folder: Path
) -> None:
    from acp.schema import McpServerStdio

    server.always(chat_stream(content=["42"]))
    marker = folder / "started"
    mcp = McpServerStdio(name="files", command="/usr/bin/touch", args=[str(marker)], env=[])
    async with editor(command, folder) as it:
        made = await it.agent.new_session(cwd=str(folder), mcp_servers=[mcp])
        await it.ask(made.session_id, "hi")
        told = "\n\n> note: MCP servers of the client are not used: files.\n\n"
        assert it.client.answered == f"{told}42"
        await it.ask(made.session_id, "hi")
        assert it.client.answered == f"{told}4242"
        assert not marker.exists()


async def test_how_full_the_window_is(server: ModelServer, command: Command, folder: Path) -> None:
    command.configure(server.base_url, "model_context_window = 8192")
    server.enqueue(chat_stream(content=["42"], usage=(100, 20)))
    async with editor(command, folder) as it:
        await it.ask(await it.new(), "hi")
        assert [(u.used, u.size) for u in it.client.of("usage_update")] == [(120, 8192)]
