"""Turns that act: their items, the questions to the user, and taking back what they changed."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from codex_ls import protocol
from tests.lsp.e2e.conftest import Start, write_config
from tests.support.answers import Answer
from tests.support.lsp_client import LspClient, Message
from tests.support.model_server import ModelServer
from tests.support.protocol_messages import check_shape
from tests.support.streams import chat_stream

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the sandbox of this test is Linux'"
)

APPROVE = {"experimental": {"codex": {"protocolVersion": 1, "approve": True}}}


def call(name: str, **arguments: Any) -> Answer:
    function = {"name": name, "arguments": json.dumps(arguments)}
    return chat_stream(
        tool_calls=[{"index": 0, "id": "c", "type": "function", "function": function}],
        finish_reason="tool_calls",
    )


DONE = chat_stream(content=["Done."])


@pytest.fixture
def root(tmp_path: Path) -> Path:
    root = tmp_path / "w"
    root.mkdir()
    (root / "a.txt").write_text("one\n")
    return root


@pytest.fixture
def configured(home: Path, model: ModelServer) -> None:
    write_config(home, model, more='sandbox_mode = "workspace-write"')


async def begin(client: LspClient, root: Path, **options: Any) -> None:
    folders = [{"uri": root.as_uri(), "name": "w"}]
    await client.initialize(workspaceFolders=folders, **options)


async def act(client: LspClient, **params: Any) -> Any:
    asked = {"prompt": "do it", "mode": "agent", "workDoneToken": "t", **params}
    return await (await client.send("codex/exec", asked)).result()


def results(model: ModelServer) -> list[str]:
    messages = model.turns[-1].json["messages"]
    return [message["content"] for message in messages if message["role"] == "tool"]


@pytest.mark.core
async def test_a_task_is_done_told_and_taken_back(
    configured: None, start: Start, model: ModelServer, root: Path
) -> None:
    model.enqueue(
        call("read_file", path="a.txt"),
        call("edit_file", path="a.txt", old="one", new="two"),
        call("shell", command="cat a.txt; exit 3"),
        DONE,
    )
    async with start() as client:
        await begin(client, root)
        result = await act(client)
        events = client.events("t")
        assert (result["status"], result["content"]) == ("completed", "Done.")
        items = [event for event in events if event["type"] == "item"]
        ended = [event["item"] for event in items if event["stage"] == "completed"]
        for item in ended:
            check_shape(item, protocol.TurnItem)
        assert ended == [
            {
                "id": "call_1",
                "type": "tool_call",
                "status": "completed",
                "tool": "read_file",
                "arguments": '{"path": "a.txt"}',
                "result": "one",
            },
            {
                "id": "call_2",
                "type": "file_change",
                "status": "completed",
                "changes": [
                    {
                        "uri": (root / "a.txt").as_uri(),
                        "kind": "update",
                        "diff": "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two",
                    }
                ],
            },
            {
                "id": "call_3",
                "type": "command_execution",
                "status": "failed",
                "command": "cat a.txt; exit 3",
                "cwd": str(root),
                "aggregatedOutput": "two\n",
                "exitCode": 3,
            },
        ]
        outputs = [event for event in items if event["stage"] == "output"]
        assert [(event["itemId"], event["text"]) for event in outputs] == [("call_3", "two\n")]
        turn = {"turnId": result["turnId"]}
        changes = await (await client.send("codex/changes", turn)).result()
        check_shape(changes, protocol.ChangesResult)
        assert changes == {
            "files": [
                {
                    "uri": (root / "a.txt").as_uri(),
                    "kind": "update",
                    "diff": "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two",
                    "before": "one\n",
                    "changedSince": False,
                }
            ]
        }
        undone = await (await client.send("codex/undo", turn)).result()
        check_shape(undone, protocol.UndoResult)
        assert undone == {"restored": [(root / "a.txt").as_uri()], "changedSince": []}
        assert (root / "a.txt").read_text() == "one\n"
        error = await (await client.send("codex/undo", {"turnId": "../x"})).error()
        assert error["code"] == -32602
        assert await client.leave() == 0


async def test_files_of_a_task_are_kept_or_taken_back_one_by_one(
    configured: None, start: Start, model: ModelServer, root: Path
) -> None:
    (root / "b.txt").write_text("two\n")
    model.enqueue(
        call("edit_file", path="a.txt", old="one", new="1"),
        call("edit_file", path="b.txt", old="two", new="2"),
        call("write_file", path="c.bin", content="new"),
        call("edit_file", path="a.txt", old="1", new="11"),
        DONE,
    )
    uris = {name: (root / name).as_uri() for name in ("a.txt", "b.txt", "c.bin")}
    async with start() as client:
        await begin(client, root)
        turn = {"turnId": (await act(client))["turnId"]}

        async def changed() -> dict[str, tuple[Any, ...]]:
            found = await (await client.send("codex/changes", turn)).result()
            check_shape(found, protocol.ChangesResult)
            return {
                file["uri"]: (file["kind"], file.get("before"), file["changedSince"])
                for file in found["files"]
            }

        async def undone(*names: str) -> Any:
            params = {**turn, "uris": [uris.get(name, name) for name in names]}
            return await (await client.send("codex/undo", params)).result()

        assert await changed() == {
            uris["a.txt"]: ("update", "one\n", False),
            uris["b.txt"]: ("update", "two\n", False),
            uris["c.bin"]: ("add", None, False),
        }
        assert await undone("a.txt") == {"restored": [uris["a.txt"]], "changedSince": []}
        assert (root / "a.txt").read_text() == "one\n"
        assert (root / "b.txt").read_text() == "2\n"
        params = {**turn, "uris": [uris["a.txt"]]}
        error = await (await client.send("codex/undo", params)).error()
        assert (error["code"], error["message"].split(".")[0]) == (
            -32602,
            f"There is nothing to undo in these files for the turn {turn['turnId']}",
        )
        await client.open(root / "b.txt", "unsaved\n", language="text")
        assert await changed() == {
            uris["b.txt"]: ("update", "two\n", True),
            uris["c.bin"]: ("add", None, False),
        }
        assert await undone("b.txt") == {"restored": [], "changedSince": [uris["b.txt"]]}
        assert (root / "b.txt").read_text() == "2\n"
        assert await undone() == {"restored": [uris["c.bin"]], "changedSince": [uris["b.txt"]]}
        assert not (root / "c.bin").exists()
        await client.notify("textDocument/didClose", {"textDocument": {"uri": uris["b.txt"]}})
        assert await undone() == {"restored": [uris["b.txt"]], "changedSince": []}
        for method in ("codex/undo", "codex/changes"):
            error = await (await client.send(method, turn)).error()
            assert error["code"] == -32602
        assert await client.leave() == 0


async def test_a_question_has_no_tools_whatever_the_configuration_says(
    configured: None, start: Start, model: ModelServer, root: Path
) -> None:
    model.always(DONE)
    async with start() as client:
        await begin(client, root)
        await (await client.send("codex/exec", {"prompt": "why?"})).result()
        await act(client)
        assert await client.leave() == 0
    assert ["tools" in turn.json for turn in model.turns] == [False, True]


async def test_the_user_is_asked_with_what_is_to_be_decided(
    start: Start, home: Path, model: ModelServer, root: Path
) -> None:
    write_config(home, model, more='sandbox_mode = "read-only"')
    asked: list[Any] = []
    decisions = iter(["decline", "accept", "acceptForSession", "nonsense"])

    def answer(params: Any) -> Any:
        check_shape(params, protocol.ApproveParams)
        asked.append(params)
        return {"decision": next(decisions)}

    command = {"command": "echo \x1b[2K > ../new", "justification": "I must"}
    model.enqueue(
        call("shell", **command),
        call("edit_file", path="a.txt", old="one", new="two"),
        call("shell", command="echo x > ../other", justification="again"),
        call("shell", command="echo x > ../other", justification="again"),
        call("shell", command="echo x > ../third", justification="again"),
        DONE,
    )
    async with start() as client:
        client.answers["codex/approve"] = answer
        await begin(client, root, capabilities=APPROVE)
        result = await act(client)
        ids = {"threadId": result["threadId"], "turnId": result["turnId"]}
        assert await client.leave() == 0
    all_decisions = ["accept", "acceptForSession", "decline", "cancel"]
    assert asked[0] == {
        **ids,
        "itemId": "call_1",
        "kind": "escalate",
        "reason": "I must",
        "command": "echo \\x1b[2K > ../new",
        "cwd": str(root),
        "decisions": all_decisions,
    }
    diff = "--- a/a.txt\n+++ b/a.txt\n@@ -1 +1 @@\n-one\n+two"
    assert asked[1] == {
        **ids,
        "itemId": "call_2",
        "kind": "edit",
        "cwd": str(root),
        "changes": [{"uri": (root / "a.txt").as_uri(), "kind": "update", "diff": diff}],
        "decisions": all_decisions,
    }
    assert [params["itemId"] for params in asked] == ["call_1", "call_2", "call_3", "call_5"]
    assert not (root.parent / "new").exists()
    assert (root.parent / "other").exists()
    assert not (root.parent / "third").exists()
    assert (root / "a.txt").read_text() == "two\n"
    assert results(model)[0] == "declined: the user does not want this command"


async def test_cancel_ends_the_turn(
    start: Start, home: Path, model: ModelServer, root: Path
) -> None:
    write_config(home, model, more='sandbox_mode = "read-only"')
    model.enqueue(call("write_file", path="b", content="x"), DONE)
    async with start() as client:
        client.answers["codex/approve"] = lambda _: {"decision": "cancel"}
        await begin(client, root, capabilities=APPROVE)
        assert (await act(client))["status"] == "cancelled"
        assert await client.leave() == 0
    assert not (root / "b").exists()
    assert len(model.turns) == 1


@pytest.mark.parametrize("is_trusted", [True, False])
async def test_who_can_not_be_asked_declines_and_a_stranger_is_read_only(
    configured: None, start: Start, model: ModelServer, root: Path, is_trusted: bool
) -> None:
    (root / "AGENTS.md").write_text("Be bold.")
    model.enqueue(call("write_file", path="b", content="x"), call("shell", command="ls"), DONE)
    async with start() as client:
        await begin(client, root, options={"trusted": is_trusted})
        await act(client)
        assert await client.leave() == 0
    assert (root / "b").exists() is is_trusted
    told = model.turns[-1].json["messages"][0]["content"]
    assert ("Be bold." in told) is is_trusted
    if not is_trusted:
        assert results(model)[0] == "declined: the user does not want this change"
        assert results(model)[1].startswith("exit code 0")


async def test_what_is_not_saved_is_read_and_not_overwritten(
    configured: None, start: Start, model: ModelServer, root: Path
) -> None:
    model.enqueue(
        call("read_file", path="a.txt"),
        call("edit_file", path="a.txt", old="mine", new="two"),
        DONE,
    )
    async with start() as client:
        await begin(client, root)
        await client.open(root / "a.txt", "mine\n")
        await act(client)
        assert await client.leave() == 0
    assert results(model) == [
        "mine",
        "error: a.txt has unsaved changes in the editor: ask the user to save it",
    ]
    assert (root / "a.txt").read_text() == "one\n"


async def test_a_task_needs_a_folder(configured: None, start: Start, model: ModelServer) -> None:
    async with start() as client:
        await client.initialize()
        asked = {"prompt": "x", "mode": "agent"}
        error = await (await client.send("codex/exec", asked)).error()
        assert error["message"].startswith("A task needs a workspace folder. Open a folder")
        asked = {"prompt": "x", "mode": "both"}
        error = await (await client.send("codex/exec", asked)).error()
        assert error["code"] == -32602
        assert await client.leave() == 0


async def test_stop_in_mid_command_ends_the_turn_and_keeps_it_whole(
    configured: None, start: Start, model: ModelServer, root: Path
) -> None:
    model.enqueue(call("shell", command="echo begun; sleep 600"), DONE, DONE)
    async with start() as client:
        await begin(client, root)
        asked = {"prompt": "do", "mode": "agent", "workDoneToken": "t"}
        running = await client.send("codex/exec", asked)
        await client.seen(lambda m: "begun" in json.dumps(m))
        await running.cancel()
        result = await running.result()
        assert result["status"] == "cancelled"
        items = [event["item"] for event in client.events("t") if event.get("stage") == "completed"]
        assert [item["status"] for item in items] == ["failed"]
        await act(client, threadId=result["threadId"], workDoneToken="u")
        assert await client.leave() == 0
    assert results(model)[0] == "cancelled"


async def test_an_editor_without_a_plugin_is_asked_in_plain_lsp(
    start: Start, home: Path, model: ModelServer, root: Path
) -> None:
    write_config(home, model, more='sandbox_mode = "read-only"')
    shown: list[Message] = []

    def choose(params: Any) -> Any:
        shown.append(params)
        return {"title": "Yes"}

    model.enqueue(call("edit_file", path="a.txt", old="one", new="two"), DONE)
    async with start() as client:
        client.answers["window/showMessageRequest"] = choose
        await begin(client, root, capabilities={"window": {"showMessage": {}}})
        command = {"command": "codex.do", "arguments": ["make it two"]}
        result = await (await client.send("workspace/executeCommand", command)).result()
        assert result["status"] == "completed"
        assert await client.leave() == 0
    assert (root / "a.txt").read_text() == "two\n"
    (question,) = shown
    assert question["message"].startswith("The model wants to change:\n--- a/a.txt\n")
    titles = [action["title"] for action in question["actions"]]
    assert titles == ["Yes", "Yes, from now on", "No", "Stop"]
