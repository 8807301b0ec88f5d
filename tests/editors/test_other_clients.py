"""Editors that can't be run here: what each announces, replayed, and what its user then gets.

`clients/*.json` has the params of `initialize` as the editor's public source makes them (which file, at
which commit, stands in each), how it answers what it is asked, and how its user stops something.
"""

import json
from pathlib import Path
from typing import Any, Literal, NotRequired, TypedDict
from urllib.parse import unquote, urlsplit

import pytest

from tests.editors.conftest import CODE
from tests.support.lsp_client import LspClient, Message
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream

CLIENTS = sorted((Path(__file__).parent / "clients").glob("*.json"))
FIXED = "def double(x):\n    # Why not 2 * x?\n    return 2 * x"
WHOLE_FUNCTION: Message = {
    "start": {"line": 0, "character": 0},
    "end": {"line": 3, "character": 0},
}
PROBLEM: Message = {
    "range": {"start": {"line": 2, "character": 4}, "end": {"line": 2, "character": 16}},
    "message": "use multiplication",
    "severity": 2,
}


class Replay(TypedDict):
    """One client."""

    client: str
    source: dict[str, str]
    initialize: Message
    context: Message
    answers: dict[str, Any]
    shows: Literal["document", "message"]
    edits: Literal["changes", "versions", "annotations"]
    stops: Literal["command", "progress"]
    note: NotRequired[str]


@pytest.fixture(params=CLIENTS, ids=lambda path: path.stem)
def replay(request: pytest.FixtureRequest, project: Path) -> Replay:
    text = request.param.read_text(encoding="utf-8")
    text = text.replace("$URI", project.as_uri()).replace("$ROOT", str(project))
    replay: Replay = json.loads(text)
    return replay


class Replayed:
    """A client that sends and answers what the real one does."""

    def __init__(self, client: LspClient, replay: Replay, uri: str) -> None:
        self.client = client
        self.asked: list[tuple[str, Message]] = []
        self._replay = replay
        self._uri = uri
        for method, result in replay["answers"].items():
            client.answers[method] = self._answer(method, result)

    def _answer(self, method: str, result: Any) -> Any:
        def answer(params: Any) -> Any:
            self.asked.append((method, params))
            return result

        return answer

    async def connect(self) -> None:
        call = await self.client.send("initialize", self._replay["initialize"])
        await call.result()
        await self.client.notify("initialized", {})
        await self.open(self._uri, "python", CODE)

    async def open(self, uri: str, language: str, text: str) -> None:
        document = {"uri": uri, "languageId": language, "version": 1, "text": text}
        await self.client.notify("textDocument/didOpen", {"textDocument": document})

    async def actions(self, *diagnostics: Message, uri: str | None = None) -> dict[str, Message]:
        """The code actions of the function, or of the same lines of another document, by title."""
        params = {
            "textDocument": {"uri": uri or self._uri},
            "range": WHOLE_FUNCTION,
            "context": {"diagnostics": list(diagnostics), **self._replay["context"]},
        }
        found = await (await self.client.send("textDocument/codeAction", params)).result()
        return {action["title"]: action["command"] for action in found}

    async def choose(self, command: Message) -> Any:
        params = {"command": command["command"], "arguments": command.get("arguments", [])}
        return await self.client.send("workspace/executeCommand", params)

    def params_of(self, method: str) -> list[Message]:
        """What was asked of the client by one method."""
        return [params for asked, params in self.asked if asked == method]

    def told(self) -> list[str]:
        return [
            message["params"]["message"]
            for message in self.client.messages
            if message.get("method") == "window/showMessage"
        ]

    def progress(self) -> list[Message]:
        return [
            message["params"]["value"]
            for message in self.client.messages
            if message.get("method") == "$/progress"
        ]


def read(result: Message) -> tuple[Path, str]:
    """Return where the answer of a command lies, and its text."""
    path = Path(unquote(urlsplit(result["uri"]).path))
    return path, path.read_text(encoding="utf-8")


@pytest.fixture
async def editor(replay: Replay, project: Path, codex_home: Path, model_server: ModelServer) -> Any:
    env = {"CODEX_HOME": str(codex_home), "HOME": str(project.parent)}
    async with LspClient.spawned(env=env) as client:
        replayed = Replayed(client, replay, (project / "sample.py").as_uri())
        await replayed.connect()
        yield replayed


async def test_a_question_in_the_selection_is_asked_and_the_answer_shown(
    editor: Replayed, replay: Replay, model_server: ModelServer
) -> None:
    gate = Gate()
    model_server.enqueue(chat_stream(reasoning=["Let me see."], content=["It ", gate, "could be."]))
    actions = await editor.actions()
    assert list(actions) == ["Codex: Ask about this: Why not 2 * x?", "Codex: Explain"]
    call = await editor.choose(actions["Codex: Ask about this: Why not 2 * x?"])
    await gate.reached.wait()
    assert list(await editor.actions())[-1] == "Codex: Stop"
    gate.open()
    result = await call.result()
    assert result["status"] == "completed"

    answer, text = read(result)
    assert "It could be." in text
    if replay["shows"] == "document":
        shown = [params["uri"] for params in editor.params_of("window/showDocument")]
        assert (shown, editor.told()) == ([result["uri"]], [])
    else:
        assert editor.told() == [f"local-oss, test-model: the answer is in {answer}"]
    kinds = [value["kind"] for value in editor.progress()]
    assert (kinds[0], kinds[-1], set(kinds[1:-1])) == ("begin", "end", {"report"})
    assert editor.progress()[0]["title"] == "Codex (local-oss, test-model)"


async def test_a_problem_is_fixed_in_the_way_the_editor_knows(
    editor: Replayed, replay: Replay, model_server: ModelServer
) -> None:
    model_server.enqueue(chat_stream(content=[f"```python\n{FIXED}\n```\nShorter."]))
    actions = await editor.actions(PROBLEM)
    result = await (await editor.choose(actions["Codex: Fix this problem"])).result()
    assert (result["status"], result["applied"]) == ("completed", True)
    assert "use multiplication" in str(model_server.turns[0].json["messages"])

    (params,) = editor.params_of("workspace/applyEdit")
    edit = params["edit"]
    uri = next(iter(edit["changes"])) if "changes" in edit else None
    if replay["edits"] == "changes":
        assert list(edit) == ["changes"]
        edits = edit["changes"][uri]
    else:
        (document,) = edit["documentChanges"]
        assert document["textDocument"]["version"] == 1
        edits = document["edits"]
    assert ("changeAnnotations" in edit) is (replay["edits"] == "annotations")
    assert [each["newText"] for each in edits] == ["    return 2 * x\n"]
    assert editor.params_of("window/showDocument") == []


async def test_what_is_stopped_stops_the_model_and_keeps_the_text(
    editor: Replayed, replay: Replay, model_server: ModelServer
) -> None:
    gate = Gate()
    model_server.enqueue(chat_stream(content=["Half of", gate, " it"]))
    call = await editor.choose((await editor.actions())["Codex: Explain"])
    await editor.client.seen(lambda m: m.get("method") == "$/progress" and "Half of" in str(m))
    if replay["stops"] == "progress":
        (created,) = editor.params_of("window/workDoneProgress/create")
        await editor.client.notify("window/workDoneProgress/cancel", {"token": created["token"]})
    else:
        stop = {"command": "codex.stop", "arguments": []}
        await (await editor.client.send("workspace/executeCommand", stop)).result()
    turn = await model_server.turn(0)
    await turn.hung_up.wait()
    result = await call.result()
    assert result["status"] == "cancelled"
    answer, text = read(result)
    assert "Half of" in text
    assert editor.told() == [f"local-oss, test-model: stopped. What had come is in {answer}"]


async def test_model_and_effort_are_chosen_in_an_answer(
    editor: Replayed, model_server: ModelServer
) -> None:
    model_server.always(chat_stream(content=["ok"]))
    result = await (await editor.choose((await editor.actions())["Codex: Explain"])).result()
    _, text = read(result)
    await editor.open(result["uri"], "markdown", text)
    actions = await editor.actions(uri=result["uri"])
    selecting = [f"Codex: Select the {what}" for what in ("profile", "model", "effort")]
    assert list(actions)[-3:] == selecting
    editor.client.answers["window/showMessageRequest"] = lambda params: params["actions"][-1]
    for title in selecting[1:]:
        chosen = await (await editor.choose(actions[title])).result()
        assert chosen["status"] == "completed"
    await (await editor.choose((await editor.actions())["Codex: Explain"])).result()
    request = model_server.turns[1].json
    assert (request["model"], request["reasoning_effort"]) == ("test-model", "high")


def test_every_client_names_where_its_params_were_read(replay: Replay) -> None:
    assert set(replay["source"]) == {"repository", "path", "commit", "left_out"}
    assert len(replay["source"]["commit"]) == 40
