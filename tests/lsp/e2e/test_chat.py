"""`codex/chat`: the client's messages and tools to the model, text and calls back, over a real server."""

from pathlib import Path
from typing import Any

import pytest

from tests.lsp.e2e.conftest import Start, write_config
from tests.support.lsp_client import LspClient, is_event
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_chunk, chat_stream, error_answer, sse_answer

CHAT = "codex/chat"
SCHEMA = {"type": "object", "properties": {"path": {"type": "string", "default": None}}}
TOOL = {"name": "read", "description": "Reads a file.", "parameters": SCHEMA}
ASKED: dict[str, Any] = {
    "messages": [
        {"role": "system", "content": "Be brief."},
        {"role": "user", "content": "What is in a.txt?"},
    ],
    "tools": [TOOL],
    "workDoneToken": "w",
}


def entry(arguments: str, call_id: str | None = "abc") -> dict[str, Any]:
    named = {"id": call_id, "type": "function"} if call_id else {}
    name = {"name": "read"} if call_id else {}
    return {"index": 0, **named, "function": {**name, "arguments": arguments}}


async def chat(client: LspClient, **params: Any) -> Any:
    return await (await client.send(CHAT, {**ASKED, **params})).result()


@pytest.mark.core
async def test_a_call_goes_to_the_client_and_its_result_to_the_model(
    client: LspClient, model: ModelServer
) -> None:
    model.enqueue(
        chat_stream(
            reasoning=["Which file?"],
            content=["Let me look."],
            tool_calls=[entry('{"path"'), entry(': "a.txt"}', None)],
            finish_reason="tool_calls",
            usage=(120, 9),
        ),
        chat_stream(content=["It says hello."]),
    )
    result = await chat(client)
    call = {"id": "abc", "name": "read", "arguments": '{"path": "a.txt"}'}
    assert (result["status"], result["finishReason"]) == ("completed", "toolCalls")
    assert (result["content"], result["reasoning"]) == ("Let me look.", "Which file?")
    assert (result["toolCalls"], result["notices"]) == ([call], [])
    assert result["usage"]["inputTokens"] == 120
    pieces = [event for event in client.events("w") if event["type"] == "toolCall"]
    assert [piece["index"] for piece in pieces] == [0, 0]
    assert (pieces[0]["id"], pieces[0]["name"]) == ("abc", "read")
    assert "".join(piece["arguments"] for piece in pieces) == '{"path": "a.txt"}'
    sent = model.turns[0].json
    assert sent["messages"] == ASKED["messages"]
    assert sent["tools"] == [{"type": "function", "function": TOOL}]
    assert "tool_choice" not in sent

    then = [
        *ASKED["messages"],
        {"role": "assistant", "content": "Let me look.", "toolCalls": result["toolCalls"]},
        {"role": "tool", "toolCallId": "abc", "content": "hello"},
    ]
    result = await chat(client, messages=then, toolChoice="required")
    assert (result["content"], result["toolCalls"]) == ("It says hello.", [])
    sent = model.turns[1].json
    assert sent["messages"][2:] == [
        {
            "role": "assistant",
            "content": "Let me look.",
            "tool_calls": [
                {
                    "id": "abc",
                    "type": "function",
                    "function": {"name": "read", "arguments": '{"path": "a.txt"}'},
                }
            ],
        },
        {"role": "tool", "tool_call_id": "abc", "content": "hello"},
    ]
    assert sent["tool_choice"] == "required"
    threads = await (await client.send("codex/threads")).result()
    assert threads["threads"] == []


async def test_the_pieces_of_a_call_arrive_while_it_is_written(
    client: LspClient, model: ModelServer
) -> None:
    gate = Gate("half a call")
    model.enqueue(
        sse_answer(
            chat_chunk({"tool_calls": [entry('{"path"')]}),
            gate,
            chat_chunk({"tool_calls": [entry(': "a"}', None)]}),
            chat_chunk({}, finish_reason="tool_calls"),
        )
    )
    call = await client.send(CHAT, ASKED)
    await client.seen(lambda message: is_event(message, "toolCall"))
    phases = [event["phase"] for event in client.events("w") if event["type"] == "phase"]
    assert phases[-1] == "answering"
    gate.open()
    assert (await call.result())["toolCalls"][0]["arguments"] == '{"path": "a"}'


@pytest.mark.core
async def test_cancel_closes_the_connection_and_leaves_half_a_call_out(
    client: LspClient, model: ModelServer
) -> None:
    gate = Gate("half a call")
    model.enqueue(
        sse_answer(
            chat_chunk({"content": "Let me look."}),
            chat_chunk({"tool_calls": [entry('{"path"')]}),
            gate,
        )
    )
    call = await client.send(CHAT, ASKED)
    await client.seen(lambda message: is_event(message, "toolCall"))
    await call.cancel()
    result = await call.result()
    assert (result["status"], result["finishReason"]) == ("cancelled", "cancelled")
    assert (result["content"], result["toolCalls"]) == ("Let me look.", [])
    assert client.events("w")[-1]["status"] == "cancelled"
    await (await model.turn(0)).hung_up.wait()


async def test_a_call_that_is_cut_off_is_a_notice_and_no_call(
    client: LspClient, model: ModelServer
) -> None:
    model.enqueue(chat_stream(tool_calls=[entry('{"path"')], finish_reason="length"))
    result = await chat(client)
    assert (result["status"], result["toolCalls"]) == ("truncated", [])
    [notice] = result["notices"]
    assert notice["kind"] == "toolCallIgnored"
    assert notice["message"] == "The model called read with broken arguments."


async def test_a_call_without_tools_is_a_notice(client: LspClient, model: ModelServer) -> None:
    model.enqueue(chat_stream(tool_calls=[entry("{}")], finish_reason="tool_calls"))
    result = await chat(client, tools=[])
    assert result["toolCalls"] == []
    assert [notice["kind"] for notice in result["notices"]] == ["toolCallIgnored"]
    assert "toolCall" not in {event["type"] for event in client.events("w")}
    assert "tools" not in model.turns[0].json


async def test_a_question_gets_no_pieces_of_calls(client: LspClient, model: ModelServer) -> None:
    model.enqueue(chat_stream(content=["x"], tool_calls=[entry("{}")]))
    asked = {"prompt": "x", "workDoneToken": "w"}
    await (await client.send("codex/exec", asked)).result()
    assert "toolCall" not in {event["type"] for event in client.events("w")}


async def test_reasoning_is_sent_back_to_a_server_that_expects_it(
    home: Path, start: Start, model: ModelServer
) -> None:
    more = (
        f'[model_providers.deepseek]\nname = "D"\nbase_url = "{model.base_url}"\n'
        '[profiles.deep]\nmodel = "d"\nmodel_provider = "deepseek"\n'
    )
    write_config(home, model)
    config = home / "config.toml"
    config.write_text(config.read_text() + more)
    model.enqueue(
        chat_stream(reasoning=["Which?"], tool_calls=[entry("{}")], finish_reason="tool_calls"),
        chat_stream(content=["ok"]),
    )
    async with start() as client:
        await client.initialize()
        result = await chat(client, profile="deep")
        called = {"role": "assistant", "toolCalls": result["toolCalls"]}
        then = [*ASKED["messages"], called, {"role": "tool", "toolCallId": "abc", "content": "x"}]
        await chat(client, profile="deep", messages=then)
        assert await client.leave() == 0
    assert model.turns[1].json["messages"][2]["reasoning_content"] == "Which?"


async def test_what_fails_is_an_error_with_its_kind(client: LspClient, model: ModelServer) -> None:
    model.enqueue(error_answer(401, "no"))
    error = await (await client.send(CHAT, ASKED)).error()
    assert (error["code"], error["data"]["kind"]) == (-32803, "unauthorized")
    error = await (await client.send(CHAT, {**ASKED, "profile": "nobody"})).error()
    assert (error["code"], error["data"]["kind"]) == (-32803, "unknownProfile")
    other = {"profile": "other", "origin": "http://127.0.0.1:1"}
    error = await (await client.send(CHAT, {**ASKED, "expected": other})).error()
    assert (error["code"], error["data"]["kind"]) == (-32803, "profileChanged")


@pytest.mark.parametrize(
    ("params", "sentence"),
    [
        ({"messages": []}, "messages must end with one of the user or a tool"),
        (
            {"messages": [{"role": "assistant", "content": "x"}]},
            "messages must end with one of the user or a tool",
        ),
        ({"messages": [{"role": "me"}]}, "messages.0.role must be one of"),
        ({"messages": [{"role": "tool"}]}, "messages.0.toolCallId belongs to the role tool"),
        (
            {
                "messages": [
                    {"role": "user", "toolCalls": [{"id": "", "name": "", "arguments": ""}]}
                ]
            },
            "messages.0.toolCalls needs the role assistant",
        ),
        ({"tools": [], "toolChoice": "required"}, "toolChoice needs tools"),
        ({"tools": [{"name": "a", "parameters": []}]}, "tools.0.parameters must be an object"),
    ],
)
async def test_wrong_params_are_refused_by_name(
    client: LspClient, model: ModelServer, params: dict[str, Any], sentence: str
) -> None:
    error = await (await client.send(CHAT, {**ASKED, **params})).error()
    assert error["code"] == -32602
    assert sentence in error["message"]
    assert model.turns == []


async def test_the_window_of_a_profile_is_its_own_models(
    home: Path, start: Start, model: ModelServer
) -> None:
    write_config(home, model, more="model_context_window = 5000")
    async with start() as client:
        await client.initialize()
        profiles = await (await client.send("codex/profiles")).result()
        windows = {one["name"]: one.get("contextWindow") for one in profiles["profiles"]}
        assert windows["local"] == 5000
        found = await (await client.send("codex/models", {"profile": "local"})).result()
        assert found["contextWindow"] == 5000
        assert await client.leave() == 0
