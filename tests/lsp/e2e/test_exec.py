import asyncio
import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from codex_ls.protocol import ProgressValue
from tests.lsp.e2e.conftest import Start, write_config
from tests.support.lsp_client import LspClient, Message, is_event
from tests.support.model_server import ModelServer
from tests.support.protocol_messages import check_shape
from tests.support.streams import Cut, Gate, chat_stream, error_answer

EXEC = "codex/exec"


def check_stream(client: LspClient, token: object, reply: Message) -> list[Message]:
    """Every rule that holds for any turn; return its typed events."""
    values = client.values(token)
    events = [value["codex"] for value in values if "codex" in value]
    assert [event["seq"] for event in events] == list(range(len(events)))
    assert len({event["turnId"] for event in events}) == 1
    assert [event["type"] for event in events].count("done") == 1
    assert (events[0]["type"], events[-1]["type"]) == ("begin", "done")
    for value in values:
        check_shape(value, ProgressValue)
    assert "null" not in json.dumps([values, reply.get("result", {})])
    positions = {id(message): at for at, message in enumerate(client.messages)}
    last = max(
        at
        for at, message in enumerate(client.messages)
        if message.get("method") == "$/progress" and message["params"]["token"] == token
    )
    assert last < positions[id(reply)]
    return events


def texts(events: list[Message]) -> dict[str, str]:
    """Rule 1: what a client has that only adds up what it gets."""
    found = {"reasoning": "", "content": ""}
    for event in events:
        if event["type"] == "reclassify":
            found["reasoning"] += found["content"]
            found["content"] = ""
        elif event["type"] in found:
            found[event["type"]] += event["text"]
    return found


@pytest.mark.core
async def test_the_first_piece_of_each_kind_comes_while_the_next_is_held_back(
    client: LspClient, model: ModelServer
) -> None:
    thought, said = Gate("thought"), Gate("said")
    model.enqueue(
        chat_stream(reasoning=["The", thought, " user"], content=["4", said, "2"], usage=(12, 3))
    )
    call = await client.send(EXEC, {"prompt": "hi", "workDoneToken": "w"})
    await thought.reached.wait()
    await client.seen(lambda m: is_event(m, "reasoning"))
    assert client.text("w", "reasoning") == "The"
    thought.open()
    await said.reached.wait()
    await client.seen(lambda m: is_event(m, "content"))
    assert client.text("w", "content") == "4"
    said.open()
    reply = await call.reply()
    events = check_stream(client, "w", reply)
    assert texts(events) == {"reasoning": "The user", "content": "42"}
    result = reply["result"]
    timing = result.pop("timing")
    assert timing["requestMs"] <= timing["firstReasoningMs"] <= timing["firstContentMs"]
    assert timing["firstContentMs"] <= timing["totalMs"]
    assert isinstance(timing["estimated"], bool)
    assert result == {
        "threadId": events[0]["threadId"],
        "turnId": events[0]["turnId"],
        "status": "completed",
        "content": "42",
        "reasoning": "The user",
        "finishReason": "stop",
        "model": "m1",
        "profile": "local",
        "provider": "fake",
        "usage": {"inputTokens": 12, "outputTokens": 3},
        "notices": [],
    }


@pytest.mark.core
async def test_with_two_tokens_one_has_the_events_and_one_the_words(
    client: LspClient, model: ModelServer
) -> None:
    gate = Gate()
    model.enqueue(chat_stream(reasoning=["hm"], content=["a", gate, "b"]))
    call = await client.send(EXEC, {"prompt": "hi", "workDoneToken": 7, "partialResultToken": "7"})
    await client.seen(
        lambda m: m.get("params", {}).get("value", {}).get("message", "").startswith("Answering")
    )
    gate.open()
    reply = await call.reply()
    events = check_stream(client, "7", reply)
    assert texts(events) == {"reasoning": "hm", "content": "ab"}
    assert all("message" not in value for value in client.values("7"))
    assert {value["kind"] for value in client.values("7")} == {"report"}
    begin, *reports, end = client.values(7)
    assert (begin["kind"], end["kind"]) == ("begin", "end")
    assert (begin["codex"], end["codex"]) == (events[0], events[-1])
    assert all(report.keys() == {"kind", "message"} for report in reports)


async def test_a_thread_goes_on_and_an_unknown_one_is_an_error(
    client: LspClient, model: ModelServer
) -> None:
    model.enqueue(chat_stream(content=["Ada"]), chat_stream(content=["Ada again"]))
    first = await (await client.send(EXEC, {"prompt": "my name is Ada"})).result()
    call = await client.send(EXEC, {"prompt": "my name?", "threadId": first["threadId"]})
    assert (await call.result())["threadId"] == first["threadId"]
    roles = [message["role"] for message in model.turns[1].json["messages"]]
    assert roles == ["system", "user", "assistant", "user"]
    error = await (await client.send(EXEC, {"prompt": "x", "threadId": "gone"})).error()
    assert (error["code"], error["data"]["kind"]) == (-32803, "unknownThread")


@pytest.mark.core
async def test_the_document_and_the_folder_settings_are_used(
    start: Start, model: ModelServer, tmp_path: Path
) -> None:
    folders = [tmp_path / "one", tmp_path / "two"]
    for folder in folders:
        folder.mkdir()
    (folders[1] / "b.py").write_text("on_disk = 1\n")
    profiles = {folders[1].as_uri(): "other"}
    model.always(chat_stream(content=["ok"]))
    async with start() as client:
        client.answers["workspace/configuration"] = lambda params: [
            {"profile": profiles.get(item.get("scopeUri"))} for item in params["items"]
        ]
        client.answers["client/registerCapability"] = lambda _params: None
        await client.initialize(
            folders=folders,
            capabilities={
                "workspace": {
                    "configuration": True,
                    "didChangeConfiguration": {"dynamicRegistration": True},
                },
                "general": {"positionEncodings": ["utf-16"]},
            },
        )
        uri = await client.open(folders[0] / "a.py", "x = 1\nanswer = '😀' + y\n")
        selection = {"start": {"line": 1, "character": 16}, "end": {"line": 1, "character": 17}}
        call = await client.send(
            EXEC, {"prompt": "what is it?", "textDocument": {"uri": uri}, "range": selection}
        )
        assert (await call.result())["model"] == "m1"
        asked = model.turns[0].json["messages"][-1]["content"]
        assert "From a.py, lines 1 to 2:\n```python\n1 x = 1\n2 answer = '😀' + y\n```" in asked
        assert "Selected there, in line 2: `y`" in asked
        closed = {"textDocument": {"uri": (folders[1] / "b.py").as_uri()}}
        call = await client.send(EXEC, {"prompt": "and this?", **closed})
        assert (await call.result())["model"] == "m2"
        assert "on_disk = 1" in model.turns[1].json["messages"][-1]["content"]
        profiles[folders[1].as_uri()] = "local"
        await client.notify("workspace/didChangeConfiguration", {"settings": None})
        call = await client.send(EXEC, {"prompt": "and now?", **closed})
        assert (await call.result())["model"] == "m1"
        registered = [m for m in client.messages if m.get("method") == "client/registerCapability"]
        assert [r["method"] for r in registered[0]["params"]["registrations"]] == [
            "workspace/didChangeConfiguration"
        ]


async def test_an_edited_config_takes_effect_with_the_next_question(
    client: LspClient, model: ModelServer, home: Path
) -> None:
    model.always(chat_stream(content=["ok"]))
    assert (await (await client.send(EXEC, {"prompt": "x"})).result())["model"] == "m1"
    write_config(home, model, profile="other")
    assert (await (await client.send(EXEC, {"prompt": "x"})).result())["model"] == "m2"
    (home / "config.toml").write_text("model = [\n")
    error = await (await client.send(EXEC, {"prompt": "x", "workDoneToken": "w"})).error()
    assert (error["code"], error["data"]["kind"]) == (-32803, "configInvalid")
    assert client.values("w") == []
    profiles = await (await client.send("codex/profiles", {})).result()
    assert profiles["configPath"] == str(home / "config.toml")
    assert profiles["profiles"] == []
    assert [problem["kind"] for problem in profiles["problems"]] == ["configInvalid"]
    assert len(model.turns) == 2


async def test_profiles_are_listed_without_keys_and_nulls(start: Start, home: Path) -> None:
    async with start(LOCKED_KEY="sk-canary") as client:
        await client.initialize(options={"profile": "other"})
        reply = await (await client.send("codex/profiles", {})).reply()
        result = reply["result"]
        assert (result["active"], result["source"]) == ("other", "settings")
        names = {profile["name"]: profile for profile in result["profiles"]}
        assert names.keys() == {"local", "other", "locked", "embedded"}
        assert names["local"].keys() == {
            "name", "model", "provider", "wireApi", "origin", "isLocal", "problems",
        }  # fmt: skip
        assert names["local"]["origin"].startswith("http://127.0.0.1:")
        assert names["local"]["isLocal"] is True
        assert "null" not in json.dumps(reply)
        assert "sk-canary" not in json.dumps(reply)
        await client.notify(
            "workspace/didChangeConfiguration", {"settings": {"codex": {"profile": "gone"}}}
        )
        result = await (await client.send("codex/profiles")).result()
        assert (result["active"], result["source"]) == ("gone", "settings")
        assert [problem["kind"] for problem in result["problems"]] == ["unknownProfile"]
        error = await (await client.send("codex/profiles", {"textDocument": 5})).error()
        assert error["code"] == -32602


BAD_PARAMS: list[Any] = [
    None,
    [],
    {},
    {"prompt": "  "},
    {"prompt": 5},
    {"prompt": "x", "effort": "ultra"},
    {"prompt": "x", "model": " "},
    {"prompt": "x", "profile": 7},
    {"prompt": "x", "range": {"start": {"line": 0, "character": 0}}},
    {"prompt": "x", "workDoneToken": 1.5},
    {
        "prompt": "x",
        "textDocument": {"uri": "file:///a"},
        "range": {"start": {"line": -1, "character": 0}, "end": {"line": 0, "character": 0}},
    },
    {
        "prompt": "x",
        "textDocument": {"uri": "file:///a"},
        "range": {"start": {"line": float("nan"), "character": 0}, "end": None},
    },
]


async def test_bad_params_are_answered_and_nothing_is_asked(
    client: LspClient, model: ModelServer
) -> None:
    calls = [await client.send(EXEC, params) for params in BAD_PARAMS]
    assert [(await call.error())["code"] for call in calls] == [-32602] * len(BAD_PARAMS)
    body = (
        b'{"jsonrpc":"2.0","id":"huge","method":"codex/exec","params":{"prompt":"x",'
        b'"textDocument":{"uri":"file:///a"},"range":{"start":{"line":%s,"character":0},'
        b'"end":{"line":1,"character":0}}}}' % (b"9" * 5000)
    )
    await client.send_bytes(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    reply = await client.seen(lambda m: m.get("id") == "huge")
    assert reply.message["error"]["code"] == -32602
    assert model.requests == []
    assert not [m for m in client.messages if m.get("method") == "$/progress"]


async def test_errors_are_typed_and_say_who_and_what(
    client: LspClient, model: ModelServer, home: Path
) -> None:
    async def failed(**params: Any) -> Message:
        call = await client.send(EXEC, {"prompt": "x", "workDoneToken": "w", **params})
        error = await call.error()
        assert error["code"] == -32803
        assert isinstance(error["message"], str)
        data: Message = error["data"]
        return data

    model.enqueue(error_answer(401, "bad key"))
    refused = await failed()
    hint = refused.pop("hint")
    assert isinstance(hint, str)
    assert refused.pop("nextStep") == {"action": "setApiKey", "argument": "fake", "hint": hint}
    assert refused == {
        "kind": "unauthorized",
        "retryable": False,
        "provider": "fake",
        "profile": "local",
        "httpStatus": 401,
    }
    assert (await failed(profile="gone"))["kind"] == "unknownProfile"
    missing = await failed(profile="locked")
    assert (missing["kind"], missing["provider"]) == ("missingCredential", "locked")
    (home / "config.toml").write_text("[profiles.a]\nmodel = 'm'\nmodel_provider = 'lmstudio'\n")
    assert (await failed())["kind"] == "noProfile"


@pytest.mark.core
async def test_a_failure_after_text_keeps_the_text(client: LspClient, model: ModelServer) -> None:
    model.enqueue(chat_stream(reasoning=["half a thought", Cut.RESET]))
    call = await client.send(EXEC, {"prompt": "x", "workDoneToken": "w"})
    reply = await call.reply()
    events = check_stream(client, "w", reply)
    result = reply["result"]
    assert (result["status"], result["finishReason"]) == ("truncated", "other")
    assert result["reasoning"] == "half a thought"
    assert [notice["kind"] for notice in result["notices"]] == ["streamBroken"]
    assert events[-1]["status"] == "truncated"


async def test_a_failure_without_text_says_done_and_then_fails(
    client: LspClient, model: ModelServer
) -> None:
    model.enqueue(error_answer(400, "no such field"))
    call = await client.send(EXEC, {"prompt": "x", "partialResultToken": "p"})
    reply = await call.reply()
    events = check_stream(client, "p", reply)
    assert events[-1]["status"] == "failed"
    error = reply["error"]
    assert events[-1]["error"] == {"message": error["message"], **error["data"]}


@pytest.mark.core
async def test_a_key_is_asked_for_once_and_again_when_it_is_refused(
    start: Start, model: ModelServer
) -> None:
    asked: list[Any] = []

    def answer(params: Any) -> Any:
        asked.append(params)
        return {"value": f"sk-canary-{len(asked)}"}

    model.enqueue(*[chat_stream(content=["ok"])] * 2, error_answer(401, "expired"))
    model.always(chat_stream(content=["ok"]))
    async with start() as client:
        client.answers["codex/secret"] = answer
        await client.initialize(
            capabilities={"experimental": {"codex": {"protocolVersion": 1, "secret": True}}}
        )

        async def ask() -> Message:
            return await (await client.send(EXEC, {"prompt": "x", "profile": "locked"})).reply()

        assert [("result" in await ask()) for _ in range(2)] == [True, True]
        assert asked == [{"provider": "locked", "origin": model.origin, "envKey": "LOCKED_KEY"}]
        assert (await ask())["error"]["data"]["kind"] == "unauthorized"
        assert "result" in await ask()
        keys = [turn.headers["authorization"] for turn in model.turns]
        assert keys == ["Bearer sk-canary-1"] * 3 + ["Bearer sk-canary-2"]
        assert "sk-canary" not in json.dumps(client.messages)


async def test_a_client_without_secrets_is_told_that_the_key_is_missing(
    client: LspClient, model: ModelServer
) -> None:
    error = await (await client.send(EXEC, {"prompt": "x", "profile": "locked"})).error()
    assert error["data"]["kind"] == "missingCredential"
    assert "LOCKED_KEY" in error["message"]
    assert model.requests == []


@pytest.mark.core
async def test_twenty_turns_at_once_are_all_told_whole(
    client: LspClient, model: ModelServer
) -> None:
    gates = [Gate(str(number)) for number in range(20)]
    words = {f"question {n}": [f"w{n}-{i} " for i in range(50)] for n in range(20)}

    def answer(request: Any) -> Any:
        if not request.is_turn:
            return None
        prompt = request.json["messages"][-1]["content"]
        number = int(prompt.split()[-1])
        first, *rest = words[prompt]
        return chat_stream(reasoning=["hm"], content=[first, gates[number], *rest])

    model.on(answer)
    calls = [
        await client.send(EXEC, {"prompt": prompt, "workDoneToken": prompt}) for prompt in words
    ]
    await asyncio.gather(*(gate.reached.wait() for gate in gates))
    for prompt, (first, *_) in words.items():
        await client.seen(partial(is_event, kind="content", token=prompt))
        assert client.text(prompt, "content") == first
    for gate in gates:
        gate.open()
    for prompt, call in zip(words, calls, strict=True):
        reply = await call.reply()
        events = check_stream(client, prompt, reply)
        assert texts(events) == {"reasoning": "hm", "content": "".join(words[prompt])}
        assert reply["result"]["content"] == "".join(words[prompt])


async def test_the_client_shows_progress_of_the_servers_own_token(
    start: Start, model: ModelServer
) -> None:
    model.always(chat_stream(content=["ok"]))
    async with start() as client:
        client.answers["window/workDoneProgress/create"] = lambda _params: None
        await client.initialize(capabilities={"window": {"workDoneProgress": True}})
        reply = await (await client.send(EXEC, {"prompt": "x"})).reply()
        (create,) = [m for m in client.messages if m.get("method", "").endswith("create")]
        check_stream(client, create["params"]["token"], reply)


@pytest.mark.core
async def test_thousands_of_edits_hold_up_no_stream_and_are_all_in_the_next_question(
    start: Start, model: ModelServer, tmp_path: Path
) -> None:
    gate = Gate()
    model.enqueue(chat_stream(content=["a", gate, "b"]), chat_stream(content=["ok"]))
    async with start() as client:
        await client.initialize()
        path = tmp_path / "a.txt"
        uri = await client.open(path, "line of text\n" * 20_000, language="plaintext")
        running = await client.send(EXEC, {"prompt": "x", "workDoneToken": "w"})
        await gate.reached.wait()
        changes = [
            {
                "range": {
                    "start": {"line": line, "character": 0},
                    "end": {"line": line, "character": 4},
                },
                "text": "two\nlines",
            }
            for line in range(19_999, 14_999, -1)
        ]
        document = {"textDocument": {"uri": uri, "version": 2}, "contentChanges": changes}
        await client.notify("textDocument/didChange", document)
        last = {"start": {"line": 24_999, "character": 0}, "end": {"line": 24_999, "character": 1}}
        asked = await client.send(
            EXEC, {"prompt": "y", "textDocument": {"uri": uri}, "range": last}
        )
        gate.open()
        assert (await running.result())["content"] == "ab"
        assert (await asked.result())["content"] == "ok"
        sent = model.turns[1].json["messages"][-1]["content"]
        assert "\n24999 two\n25000 lines of text\n" in sent
        assert "Selected there, in line 25000: `l`" in sent


async def test_a_question_is_asked_again_in_the_place_of_a_failed_answer(
    client: LspClient, model: ModelServer
) -> None:
    model.enqueue(
        chat_stream(content=["Tw", Cut.RESET]),
        chat_stream(content=["Two."]),
    )
    cut = await (await client.send(EXEC, {"prompt": "1 + 1?"})).result()
    assert (cut["status"], cut["content"]) == ("truncated", "Tw")
    place = {"threadId": cut["threadId"], "replaces": cut["turnId"]}
    again = await (await client.send(EXEC, {"prompt": "1 + 1?", **place})).result()
    assert (again["threadId"], again["content"]) == (cut["threadId"], "Two.")
    said = [message["content"] for message in model.turns[1].json["messages"][1:]]
    assert said == ["1 + 1?"]
    kept = await (await client.send("codex/thread", {"threadId": cut["threadId"]})).result()
    assert [turn["turnId"] for turn in kept["turns"]] == [again["turnId"]]
    error = await (await client.send(EXEC, {"prompt": "1 + 1?", **place})).error()
    assert error["data"]["kind"] == "unknownThread"
    assert error["data"]["hint"] == "Ask without replaces: the question is then added at the end."
    assert len(model.turns) == 2


async def test_an_answer_that_was_cut_off_is_continued(
    client: LspClient, model: ModelServer, tmp_path: Path
) -> None:
    model.enqueue(
        chat_stream(content=["One, two,"], finish_reason="length"),
        chat_stream(content=[" three."]),
    )
    uri = await client.open(tmp_path / "a.py", "secret = 1\n")
    cut = await (await client.send(EXEC, {"prompt": "Count!"})).result()
    assert cut["status"] == "truncated"
    params = {"intent": "continue", "threadId": cut["threadId"], "textDocument": {"uri": uri}}
    rest = await (await client.send(EXEC, params)).result()
    assert (rest["content"], rest["status"]) == (" three.", "completed")
    *before, last = [message["content"] for message in model.turns[1].json["messages"][1:]]
    assert before == ["Count!", "One, two,"]
    assert last.startswith("Your last answer was cut off")
    assert "secret" not in last
