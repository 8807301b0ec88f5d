"""`codex/edit`: what an answer changes, from the question to the edit."""

from pathlib import Path
from typing import Any

import pytest

from codex_ls import protocol
from tests.lsp.e2e.conftest import Start
from tests.support.lsp_client import LspClient, Message
from tests.support.model_server import ModelServer
from tests.support.protocol_messages import check_shape
from tests.support.streams import chat_stream

SOURCE = "def area(r):\n    return 3 * r\n"
BODY = {"start": {"line": 1, "character": 4}, "end": {"line": 1, "character": 16}}
LINES = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 16}}
FIXED = "```python\ndef area(r):\n    return 3 * r * r\n```\nOne factor was missing."
EDIT = {
    "range": {"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 0}},
    "newText": "    return 3 * r * r\n",
}


async def exec_(client: LspClient, **params: Any) -> Message:
    result: Message = await (await client.send("codex/exec", params)).result()
    check_shape(result, protocol.ExecResult)
    return result


async def edit(client: LspClient, **params: Any) -> Message:
    result: Message = await (await client.send("codex/edit", params)).result()
    check_shape(result, protocol.EditResult)
    if "refusal" in result:
        assert result["edits"] == []
        check_shape(result["refusal"], protocol.EditRefusal)
    return result


@pytest.mark.core
async def test_the_answer_of_a_fix_becomes_an_edit_of_this_version(
    client: LspClient, model: ModelServer, tmp_path: Path
) -> None:
    model.enqueue(chat_stream(content=[FIXED]))
    uri = await client.open(tmp_path / "a.py", SOURCE)
    document = {"textDocument": {"uri": uri}}
    result = await exec_(client, prompt="", intent="fix", range=BODY, **document)
    assert result["range"] == LINES
    found = await edit(client, turnId=result["turnId"], range=result["range"], **document)
    assert found == {"edits": [EDIT], "version": 1}
    asked = model.turns[0].json["messages"][-1]["content"]
    assert f"```python\n{SOURCE}```" in asked


async def test_a_changed_document_is_left_alone_unless_the_place_is_the_same(
    client: LspClient, model: ModelServer, tmp_path: Path
) -> None:
    model.enqueue(chat_stream(content=[FIXED]))
    uri = await client.open(tmp_path / "a.py", SOURCE)
    document = {"textDocument": {"uri": uri}}
    asked = await exec_(client, prompt="", intent="fix", range=BODY, **document)
    turn = {"turnId": asked["turnId"], **document}

    async def change(version: int, text: str) -> None:
        changed = {"textDocument": {"uri": uri, "version": version}}
        await client.notify(
            "textDocument/didChange", {**changed, "contentChanges": [{"text": text}]}
        )

    await change(2, "import math\n" + SOURCE)
    moved = {"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 16}}
    (found,) = (await edit(client, **turn, range=moved))["edits"]
    assert found["range"]["start"] == {"line": 2, "character": 0}
    refused = await edit(client, **turn, range=LINES)
    assert refused["refusal"]["kind"] == "documentChanged"
    await change(3, SOURCE.replace("3", "4"))
    refused = await edit(client, **turn, range=LINES)
    assert refused == {
        "edits": [],
        "version": 3,
        "refusal": {
            "kind": "documentChanged",
            "message": "The code has changed since the question.",
        },
    }
    assert (await edit(client, **turn, range=LINES, placement="insert"))["edits"] != []


async def test_an_answer_of_an_earlier_session_is_read_from_its_thread(
    start: Start, model: ModelServer, tmp_path: Path
) -> None:
    path = tmp_path / "work" / "a.py"
    path.parent.mkdir()
    path.write_text(SOURCE)
    document = {"textDocument": {"uri": path.as_uri()}}
    model.enqueue(chat_stream(content=[FIXED]))
    async with start() as client:
        await client.initialize(folders=[path.parent])
        asked = await exec_(client, prompt="", intent="fix", range=BODY, **document)
    async with start() as client:
        await client.initialize(folders=[path.parent])
        turn = {"turnId": asked["turnId"], **document}
        call = await client.send("codex/edit", {**turn, "range": LINES})
        assert (await call.error())["data"]["kind"] == "unknownThread"
        turn["threadId"] = asked["threadId"]
        unknown = await edit(client, **turn, range=LINES)
        assert unknown["refusal"]["kind"] == "documentChanged"
        original = SOURCE.rstrip("\n")
        assert await edit(client, **turn, range=LINES, original=original) == {"edits": [EDIT]}
        other = await edit(client, **turn, range=LINES, original=original + "x")
        assert other["refusal"]["kind"] == "documentChanged"


async def test_what_is_not_open_and_outside_of_the_workspace_is_not_read(
    start: Start, model: ModelServer, tmp_path: Path
) -> None:
    (tmp_path / "work").mkdir()
    secret = tmp_path / "secret.py"
    secret.write_text(SOURCE)
    model.enqueue(chat_stream(content=[FIXED]))
    async with start() as client:
        await client.initialize(folders=[tmp_path / "work"])
        asked = await exec_(client, prompt="x")
        params = {"turnId": asked["turnId"], "textDocument": {"uri": secret.as_uri()}}
        call = await client.send("codex/edit", {**params, "range": LINES, "original": SOURCE})
        error = await call.error()
    assert (error["code"], "outside of the workspace" in error["message"]) == (-32602, True)


async def test_of_several_blocks_one_is_chosen(
    client: LspClient, model: ModelServer, tmp_path: Path
) -> None:
    answer = f"{FIXED}\n\nTry it:\n```sh\npython a.py\n```\n"
    model.enqueue(chat_stream(content=[answer]))
    uri = await client.open(tmp_path / "a.py", SOURCE)
    document = {"textDocument": {"uri": uri}}
    asked = await exec_(client, prompt="Fix it.", intent="edit", range=LINES, **document)
    turn = {"turnId": asked["turnId"], "range": LINES, **document}
    refusal = (await edit(client, **turn))["refusal"]
    for block in refusal["blocks"]:
        check_shape(block, protocol.CodeBlock)
    assert (refusal["kind"], refusal["blocks"]) == (
        "severalBlocks",
        [
            {"index": 0, "language": "python", "lines": 2, "preview": "def area(r):"},
            {"index": 1, "language": "sh", "lines": 1, "preview": "python a.py"},
        ],
    )
    assert (await edit(client, **turn, block=0))["edits"] == [EDIT]


async def test_what_is_refused_can_be_asked_again_for(
    client: LspClient, model: ModelServer, tmp_path: Path
) -> None:
    model.enqueue(
        chat_stream(content=["```\n# ... existing code ...\n```"]), chat_stream(content=[FIXED])
    )
    uri = await client.open(tmp_path / "a.py", SOURCE)
    document = {"textDocument": {"uri": uri}, "range": LINES}
    asked = await exec_(client, prompt="Fix it.", intent="edit", **document)
    refusal = (await edit(client, turnId=asked["turnId"], **document))["refusal"]
    assert refusal["kind"] == "omittedCode"
    assert refusal["message"] == "The answer cannot be applied: it leaves out some of the code."
    again = await exec_(
        client,
        prompt=refusal["askAgain"],
        intent="edit",
        threadId=asked["threadId"],
        **document,
    )
    assert (await edit(client, turnId=again["turnId"], **document))["edits"] == [EDIT]


async def test_an_empty_document_is_written_into(
    client: LspClient, model: ModelServer, tmp_path: Path
) -> None:
    model.enqueue(chat_stream(content=[FIXED]))
    uri = await client.open(tmp_path / "a.py", "")
    document = {"textDocument": {"uri": uri}}
    asked = await exec_(client, prompt="Write area().", intent="edit", **document)
    start = {"line": 0, "character": 0}
    assert asked["range"] == {"start": start, "end": start}
    found = await edit(client, turnId=asked["turnId"], range=asked["range"], **document)
    assert [change["newText"] for change in found["edits"]] == [
        SOURCE.replace("r\n", "r * r\n").rstrip()
    ]


async def test_the_code_blocks_of_an_answer_are_listed(
    client: LspClient, model: ModelServer, start: Start
) -> None:
    model.enqueue(
        chat_stream(content=[f"{FIXED}\n\n```\n\n  a\n\nb\n\n```\n"]),
        chat_stream(content=["No."]),
    )
    result = await exec_(client, prompt="hi")
    listed = {
        "blocks": [
            {
                "index": 0,
                "language": "python",
                "lines": 2,
                "preview": "def area(r):",
                "text": "def area(r):\n    return 3 * r * r",
            },
            {"index": 1, "language": "", "lines": 5, "preview": "a", "text": "  a\n\nb"},
        ]
    }
    asked = {"turnId": result["turnId"]}
    found = await (await client.send("codex/codeBlocks", asked)).result()
    check_shape(found, protocol.CodeBlocksResult)
    assert found == listed
    none = await exec_(client, prompt="hi")
    empty = await (await client.send("codex/codeBlocks", {"turnId": none["turnId"]})).result()
    assert empty == {"blocks": []}
    error = await (await client.send("codex/codeBlocks", {"turnId": "gone"})).error()
    assert error["data"]["kind"] == "unknownThread"
    # A server that was started later reads the answer from its thread.
    asked["threadId"] = result["threadId"]
    async with start() as later:
        await later.initialize()
        assert await (await later.send("codex/codeBlocks", asked)).result() == listed
