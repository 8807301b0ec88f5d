"""The requests beside `codex/exec`."""

from pathlib import Path

import pytest

from codex_ls import protocol
from codex_ls.errors import UnknownThread
from codex_ls.turn.thread_store import ThreadStore
from tests.lsp.e2e.conftest import Start
from tests.support.lsp_client import LspClient
from tests.support.model_server import ModelServer
from tests.support.protocol_messages import check_shape
from tests.support.streams import Gate, chat_stream, error_answer


async def test_everything_that_is_announced_is_answered(client: LspClient) -> None:
    for method in protocol.REQUESTS:
        call = await client.send(
            method, {"workDoneToken": [], "prompt": 5, "profile": 5, "name": 5}
        )
        reply = await call.reply()
        assert "result" in reply or reply["error"]["code"] == -32602, (method, reply)


async def test_kept_threads_are_listed_and_read(client: LspClient, model: ModelServer) -> None:
    assert await (await client.send("codex/threads", {})).result() == {"threads": []}
    model.enqueue(
        chat_stream(reasoning=["hm"], content=["first"], usage=(3, 4)),
        chat_stream(content=["second"]),
        chat_stream(content=["other"]),
    )
    first = await (await client.send("codex/exec", {"prompt": "one"})).result()
    again = {"prompt": "two", "threadId": first["threadId"]}
    await (await client.send("codex/exec", again)).result()
    other = await (await client.send("codex/exec", {"prompt": "three\nlines"})).result()
    listed = (await (await client.send("codex/threads")).result())["threads"]
    for entry in listed:
        check_shape(entry, protocol.ThreadSummary)
    assert [(entry["threadId"], entry["title"], entry["turns"]) for entry in listed] == [
        (other["threadId"], "three", 1),
        (first["threadId"], "one", 2),
    ]
    kept = await (await client.send("codex/thread", {"threadId": first["threadId"]})).result()
    check_shape(kept, protocol.ThreadResult)
    for turn in kept["turns"]:
        check_shape(turn, protocol.ThreadTurn)
    assert [(turn["prompt"], turn["reasoning"], turn["content"]) for turn in kept["turns"]] == [
        ("one", "hm", "first"),
        ("two", "", "second"),
    ]
    for thread_id in ("gone", "../../config", ""):
        error = await (await client.send("codex/thread", {"threadId": thread_id})).error()
        assert (error["code"], error["data"]["kind"]) == (-32803, "unknownThread")


async def test_a_conversation_is_kept_as_one_of_the_folder_it_began_in(
    client: LspClient, home: Path, model: ModelServer, tmp_path: Path
) -> None:
    model.always(chat_stream(content=["ok"]))
    folder = tmp_path / "project"
    change = {"added": [{"uri": folder.as_uri(), "name": "project"}], "removed": []}
    await client.notify("workspace/didChangeWorkspaceFolders", {"event": change})
    result = await (await client.send("codex/exec", {"prompt": "hi"})).result()
    store = ThreadStore(home / "codex-ls" / "threads")
    assert store.latest(folder=str(folder)) == result["threadId"]
    with pytest.raises(UnknownThread):
        store.latest(folder=str(tmp_path))


async def test_the_doctor_tells_each_check_as_it_is_done(
    client: LspClient, model: ModelServer
) -> None:
    model.always(chat_stream(reasoning=["hm"], content=["ok"]))
    call = await client.send("codex/doctor", {"workDoneToken": "d"})
    result = await call.result(seconds=30)
    for check in result["checks"]:
        check_shape(check, protocol.DoctorCheck)
    assert [check["id"] for check in result["checks"]][:3] == ["config", "profile", "key"]
    begin, *reports, end = client.values("d")
    assert (begin["kind"], end["kind"]) == ("begin", "end")
    assert len(reports) == len(result["checks"])
    assert "Configuration" in reports[0]["message"]


async def test_a_cancelled_doctor_answers_with_what_it_knows(
    client: LspClient, model: ModelServer
) -> None:
    gate = Gate()
    model.always(chat_stream(content=[gate, "ok"]))
    call = await client.send("codex/doctor", {"workDoneToken": "d"})
    await gate.reached.wait()
    await client.notify("window/workDoneProgress/cancel", {"token": "d"})
    checks = (await call.result())["checks"]
    assert 0 < len(checks) < 15
    await model.turns[0].hung_up.wait()
    assert client.values("d")[-1]["kind"] == "end"


async def test_the_models_of_a_server_are_listed(client: LspClient, model: ModelServer) -> None:
    result = await (await client.send("codex/models", {})).result()
    assert [entry["name"] for entry in result["models"]] == ["test-model"]
    built_in = await (await client.send("codex/models", {"profile": "embedded"})).result()
    for entry in (*result["models"], *built_in["models"]):
        check_shape(entry, protocol.ServedModel)
    assert {entry["loaded"] for entry in built_in["models"]} == {False}
    model.route("GET", "/v1/models", error_answer(401, "no"))
    error = await (await client.send("codex/models", {"profile": "other"})).error()
    assert (error["code"], error["data"]["kind"]) == (-32803, "unauthorized")
    error = await (await client.send("codex/models", {"profile": "gone"})).error()
    assert error["data"]["kind"] == "unknownProfile"


async def test_models_are_those_of_the_server_that_the_settings_choose(
    start: Start, model: ModelServer, home: Path
) -> None:
    with (home / "config.toml").open("a") as config:
        config.write(
            '[model_providers.far]\nbase_url = "http://far.invalid/v1"\nwire_api = "chat"\n'
            '[profiles.far]\nmodel = "m"\nmodel_provider = "far"\n'
        )
    settings = {"profile": "embedded", "localOnly": True}
    async with start() as client:
        await client.initialize(initializationOptions={"codex": settings})
        result = await (await client.send("codex/models", {})).result()
        assert "test-model" not in [entry["name"] for entry in result["models"]]
        document = {"textDocument": {"uri": "file:///nowhere/a.py"}, "profile": "local"}
        result = await (await client.send("codex/models", document)).result()
        assert [entry["name"] for entry in result["models"]] == ["test-model"]
        error = await (await client.send("codex/models", {"profile": "far"})).error()
        assert error["data"]["kind"] == "localOnly"


async def test_a_model_that_is_there_needs_no_pull_and_an_unknown_one_is_an_error(
    client: LspClient,
) -> None:
    call = await client.send("codex/modelPull", {"name": "gone", "workDoneToken": "m"})
    error = await call.error()
    assert (error["code"], error["data"]["kind"]) == (-32803, "notFound")
    assert [value["kind"] for value in client.values("m")] == ["begin", "end"]


async def test_a_codex_home_that_is_not_there_is_an_error(start: Start, tmp_path: Path) -> None:
    missing = tmp_path / "typo"
    async with start(CODEX_HOME=str(missing)) as client:
        await client.initialize()
        error = await (await client.send("codex/exec", {"prompt": "hi"})).error()
        assert (error["code"], error["data"]["kind"]) == (-32803, "configInvalid")
        assert error["message"] == f"CODEX_HOME is {missing}, which does not exist."
        listed = await (await client.send("codex/profiles", {})).result()
        assert listed["profiles"] == []
        assert [problem["message"] for problem in listed["problems"]] == [error["message"]]
        checks = (await (await client.send("codex/doctor", {})).result())["checks"]
        assert (checks[0]["id"], checks[0]["status"]) == ("config", "failed")
        missing.mkdir()
        listed = await (await client.send("codex/profiles", {})).result()
        assert [profile["name"] for profile in listed["profiles"]] == ["embedded"]
    assert list(missing.iterdir()) == []
