"""Files that go along with a question: `context` of `codex/exec`."""

from pathlib import Path
from typing import Any

import pytest

from tests.lsp.e2e.conftest import Start
from tests.support.lsp_client import LspClient
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream

EXEC = "codex/exec"


def lines(first: int, last: int) -> dict[str, Any]:
    return {"start": {"line": first, "character": 0}, "end": {"line": last, "character": 0}}


def asked(model: ModelServer) -> str:
    text: str = model.turns[-1].json["messages"][-1]["content"]
    return text


@pytest.mark.core
async def test_open_documents_and_files_of_the_workspace_go_along_in_order(
    start: Start, model: ModelServer, tmp_path: Path
) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    (one / "src").mkdir(parents=True)
    two.mkdir()
    (one / "src" / "a.py").write_text("saved = 1\n")
    (one / "same.py").write_text("first = 1\n")
    (two / "same.py").write_text("second = 1\n")
    (two / "long.txt").write_bytes("\ufeffone\r\ntwo\r\nthree\r\n".encode())
    (two / "empty.py").touch()
    model.always(chat_stream(content=["ok"]))
    async with start() as client:
        await client.initialize(folders=[one, two])
        await client.open(one / "src" / "a.py", "unsaved = '😀'\n")
        beside = await client.open(two / "here.py", "x = 1\n")
        loose = await client.open(tmp_path / "loose.lua", "return 1\n", language="lua")
        question = {
            "prompt": "why?",
            "textDocument": {"uri": beside},
            "context": [
                {"path": "src/a.py"},
                {"path": "same.py"},
                {"path": "src/../same.py"},
                {"uri": (one / "same.py").as_uri()},
                {"path": "long.txt", "range": lines(1, 2)},
                {"path": "empty.py"},
                {"uri": loose},
            ],
        }
        result = await (await client.send(EXEC, question)).result()
        assert result["notices"] == []
        assert asked(model) == (
            "From src/a.py, line 1:\n```python\n1 unsaved = '😀'\n```\n\n"
            "From same.py, line 1:\n```python\n1 second = 1\n```\n\n"
            "From same.py, line 1:\n```python\n1 first = 1\n```\n\n"
            "From long.txt, line 2:\n```\n2 two\n```\n\n"
            "empty.py is empty.\n\n"
            "From loose.lua, line 1:\n```lua\n1 return 1\n```\n\n"
            "From here.py, line 1:\n```python\n1 x = 1\n```\n\n"
            "why?"
        )


@pytest.mark.core
async def test_what_can_not_go_along_is_one_sentence_and_nothing_is_sent(
    start: Start, model: ModelServer, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    outside = tmp_path / "secret.txt"
    outside.write_text("secret\n")
    (work / "link.txt").symlink_to(outside)
    (work / "linked").symlink_to(tmp_path)
    (work / "binary.bin").write_bytes(b"\x7fELF\0\0")
    (work / "large.txt").write_text("x" * 262_145)
    (work / "half.txt").write_text("x" * 131_072)
    (work / "other.txt").write_text("y" * 131_073)
    (work / "short.py").write_text("x = 1\n")
    (work / "folder").mkdir()
    too_large = (
        "is too large to attach: the limit is 262,144 characters for all files together."
        " Name fewer files, or a range of lines."
    )
    give_path = "Give its path relative to the workspace folder."
    give_uri = "Give the uri of a file instead."
    cases: list[tuple[list[Any], str]] = [
        ([{"path": "gone.py"}], f"There is no file gone.py in the workspace. {give_path}"),
        ([{"path": "../secret.txt"}], "secret.txt is not open, and is outside of the workspace."),
        ([{"path": "link.txt"}], "link.txt is not open, and is outside of the workspace."),
        (
            [{"path": "linked/secret.txt"}],
            "secret.txt is not open, and is outside of the workspace.",
        ),
        (
            [{"uri": outside.as_uri()}],
            "secret.txt is not open, and is outside of the workspace.",
        ),
        ([{"uri": "untitled:one"}], "untitled:one is neither open nor a file."),
        (
            [{"path": "/secret.txt"}],
            f"The path /secret.txt is not relative to a workspace folder. {give_uri}",
        ),
        ([{"path": ""}], "A path of the context is empty. Give the path or the uri of a file."),
        ([{"path": "a\0b"}], f"There is no file a\ufffdb in the workspace. {give_path}"),
        ([{"path": "folder"}], "folder can't be read: Is a directory."),
        ([{"path": "binary.bin"}], "binary.bin is not a text file."),
        ([{"path": "large.txt"}], f"large.txt {too_large}"),
        ([{"path": "half.txt"}, {"path": "other.txt"}], f"other.txt {too_large}"),
        (
            [{"path": "short.py", "range": lines(400, 410)}],
            "short.py has 2 lines, and no line 401."
            " Save or reload the file, and choose the range again.",
        ),
        ([{}], "Invalid params: context.0.uri or path is required, not both"),
        (
            [{"path": "short.py", "uri": "file:///a"}],
            "Invalid params: context.0.uri or path is required, not both",
        ),
        ([{"path": 5}], "Invalid params: context.0.path must be text"),
        ([{"path": "short.py"}] * 33, "Invalid params: context must have at most 32 items"),
    ]
    async with start() as client:
        await client.initialize(folders=[work])
        for context, sentence in cases:
            params = {"prompt": "why?", "workDoneToken": "w", "context": context}
            error = await (await client.send(EXEC, params)).error()
            assert (error["code"], error["message"]) == (-32602, sentence)
        assert client.values("w") == []
        assert model.requests == []


async def test_without_a_workspace_no_path_is_found(client: LspClient, model: ModelServer) -> None:
    call = await client.send(EXEC, {"prompt": "why?", "context": [{"path": "a.py"}]})
    message = (await call.error())["message"]
    assert message.startswith("There is no file a.py in the workspace.")
    assert model.requests == []


async def test_code_that_is_to_be_written_again_has_files_without_numbers_beside_it(
    start: Start, model: ModelServer, tmp_path: Path
) -> None:
    (tmp_path / "style.py").write_text("good = 1\n")
    model.always(chat_stream(content=["ok"]))
    async with start() as client:
        await client.initialize(folders=[tmp_path])
        uri = await client.open(tmp_path / "a.py", "x=1\n")
        question = {
            "prompt": "as there",
            "intent": "edit",
            "textDocument": {"uri": uri},
            "context": [{"path": "style.py"}],
        }
        await (await client.send(EXEC, question)).result()
        assert asked(model).startswith(
            "From style.py, line 1:\n```python\ngood = 1\n```\n\n"
            "From a.py, line 1:\n```python\nx=1\n```\n\nas there\nAnswer with all of line 1"
        )
