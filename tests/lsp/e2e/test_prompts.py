"""The user's own prompts in the language server, and conversations of a folder."""

from pathlib import Path

import pytest

from codex_ls import protocol
from tests.support.lsp_client import LspClient
from tests.support.model_server import ModelServer
from tests.support.protocol_messages import check_shape
from tests.support.streams import chat_stream


@pytest.fixture(autouse=True)
def prompts(home: Path, model: ModelServer) -> None:
    model.always(chat_stream(content=["ok"]))
    folder = home / "prompts"
    folder.mkdir()
    (folder / "review.md").write_text(
        "---\ndescription: Review it\nargument-hint: FILE\nmodel: big\neffort: low\n---\nReview $1.\n"
    )
    (folder / "typed.md").write_text("---\nintent: edit\n---\nAdd types. $ARGUMENTS\n")


async def test_prompts_are_listed(client: LspClient) -> None:
    found = await (await client.send("codex/prompts", {})).result()
    check_shape(found, protocol.PromptsResult)
    assert found == {
        "prompts": [
            {"name": "review", "description": "Review it", "argumentHint": "FILE"},
            {"name": "typed", "intent": "edit"},
        ]
    }


async def test_a_prompt_is_asked_by_its_name(client: LspClient, model: ModelServer) -> None:
    await (await client.send("codex/exec", {"prompt": "/review src"})).result()
    body = model.turns[0].json
    assert body["messages"][-1]["content"] == "Review src."
    assert (body["model"], body["reasoning_effort"]) == ("big", "low")
    asked = {"prompt": "/review src", "model": "other", "effort": "high"}
    await (await client.send("codex/exec", asked)).result()
    body = model.turns[1].json
    assert (body["model"], body["reasoning_effort"]) == ("other", "high")


async def test_its_intent_says_what_is_done_with_the_answer(
    client: LspClient, model: ModelServer, tmp_path: Path
) -> None:
    uri = await client.open(tmp_path / "a.py", "def f(x):\n    return x\n")
    place = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 12}}
    asked = {"prompt": "/typed now", "textDocument": {"uri": uri}, "range": place}
    await (await client.send("codex/exec", asked)).result()
    words = model.turns[0].json["messages"][-1]["content"]
    assert "Add types. now\nAnswer with all of lines 1 to 2, changed as asked" in words


@pytest.mark.parametrize(
    ("prompt", "message"),
    [
        ("/reveiw src", "There is no prompt /reveiw."),
        ("/typed", "The prompt /typed is about code, and no document was sent."),
    ],
)
async def test_a_wrong_command_is_an_error(
    client: LspClient, model: ModelServer, prompt: str, message: str
) -> None:
    error = await (await client.send("codex/exec", {"prompt": prompt})).error()
    assert error["code"] == -32602
    assert error["message"].startswith(f"{message} ")
    assert model.turns == []


@pytest.mark.parametrize("prompt", [" /review it", "/usr/bin: what is it?", "what is /review"])
async def test_other_words_are_a_question(
    client: LspClient, model: ModelServer, prompt: str
) -> None:
    await (await client.send("codex/exec", {"prompt": prompt})).result()
    assert model.turns[0].json["messages"][-1]["content"] == prompt


async def test_conversations_of_a_folder_come_first_and_words_find_them(
    client: LspClient, tmp_path: Path
) -> None:
    folder = tmp_path / "project"
    added = {"uri": folder.as_uri(), "name": "project"}

    async def exchange_folders(**event: object) -> None:
        change = {"event": {"added": [], "removed": [], **event}}
        await client.notify("workspace/didChangeWorkspaceFolders", change)

    async def listed(**params: object) -> list[tuple[str, bool | None]]:
        found = (await (await client.send("codex/threads", params)).result())["threads"]
        return [(entry["title"], entry.get("here")) for entry in found]

    await exchange_folders(added=[added])
    await (await client.send("codex/exec", {"prompt": "of the project"})).result()
    await exchange_folders(removed=[added])
    await (await client.send("codex/exec", {"prompt": "elsewhere"})).result()
    await exchange_folders(added=[added])
    document = {"uri": (folder / "a.py").as_uri()}
    assert await listed(textDocument=document) == [("of the project", True), ("elsewhere", None)]
    assert await listed(search="PROJECT the") == [("of the project", True)]
    assert await listed(search="nothing of that") == []
