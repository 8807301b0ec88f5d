"""An editor without a plugin: code actions, commands, documents, edits."""

import asyncio
import stat
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest

from codex_ls import protocol
from tests.lsp.e2e.conftest import Start
from tests.support.answers import models_answer
from tests.support.lsp_client import NO_ANSWER, LspClient, Message
from tests.support.model_server import ModelServer
from tests.support.protocol_messages import check_shape
from tests.support.streams import Gate, chat_stream, error_answer

EXECUTE = "workspace/executeCommand"
EXEC = "codex/exec"
FULL: Message = {
    "textDocument": {
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}
    },
    "window": {"workDoneProgress": True, "showDocument": {"support": True}},
    "workspace": {
        "applyEdit": True,
        "workspaceEdit": {
            "documentChanges": True,
            "changeAnnotationSupport": {"groupsOnLabel": True},
        },
    },
}
SOURCE = "def area(r):\n    return 3 * r\n"
FIXED = "def area(r):\n    return 3 * r * r\n"
PROBLEM = {
    "range": {"start": {"line": 1, "character": 11}, "end": {"line": 1, "character": 16}},
    "message": "not an area",
    "severity": 2,
    "source": "geometry",
}


def span(first: int, start: int, last: int, end: int) -> Message:
    return {
        "start": {"line": first, "character": start},
        "end": {"line": last, "character": end},
    }


class Editor:
    """Answers what the server asks, and keeps what it was shown."""

    def __init__(self, client: LspClient) -> None:
        self.client = client
        self.shown: list[Path] = []
        self.edits: list[Message] = []
        self.accepts = True
        client.answers["window/workDoneProgress/create"] = lambda _params: None
        client.answers["window/showDocument"] = self._show
        client.answers["workspace/applyEdit"] = self._edit

    def _show(self, params: Any) -> Message:
        assert (params["external"], params["takeFocus"]) == (False, False)
        self.shown.append(path_of(params["uri"]))
        return {"success": True}

    def _edit(self, params: Any) -> Message:
        self.edits.append(params)
        return {"applied": self.accepts}

    def progress(self) -> list[Message]:
        """Every progress value, whatever its token."""
        return [
            message["params"]["value"]
            for message in self.client.messages
            if message.get("method") == "$/progress"
        ]

    def told(self) -> list[Message]:
        """Every message to the user."""
        return [
            message["params"]
            for message in self.client.messages
            if message.get("method") == "window/showMessage"
        ]

    async def run(self, command: str, argument: Any = None, **more: Any) -> Message:
        arguments = {} if argument is None else {"arguments": [argument]}
        call = await self.client.send(EXECUTE, {"command": command, **arguments, **more})
        result: Message = await call.result()
        check_shape(result, protocol.CommandResult)
        return result


def path_of(uri: str) -> Path:
    return Path(unquote(urlsplit(uri).path))


async def editor_of(client: LspClient, capabilities: Message | None = None) -> Editor:
    editor = Editor(client)
    await client.initialize(capabilities=FULL if capabilities is None else capabilities)
    return editor


async def test_an_action_at_a_selection_is_asked_and_its_answer_shown(
    start: Start, model: ModelServer, home: Path, tmp_path: Path
) -> None:
    gate = Gate()
    model.enqueue(
        chat_stream(
            reasoning=["It is\na circle"], content=["Rough ", "pi.", gate, "\n![x](http://e/x)"]
        )
    )
    async with start() as client:
        editor = await editor_of(client)
        uri = await client.open(tmp_path / "circle.py", SOURCE)
        document = {"textDocument": {"uri": uri}, "range": span(0, 0, 2, 0)}
        call = await client.send(
            "textDocument/codeAction", {**document, "context": {"diagnostics": []}}
        )
        actions = {action["title"]: action for action in await call.result()}
        assert list(actions) == ["Codex: Ask about this", "Codex: Explain"]
        assert all("kind" not in action for action in actions.values())
        command = actions["Codex: Explain"]["command"]
        running = await client.send(
            EXECUTE, {"command": command["command"], "arguments": command["arguments"]}
        )
        await gate.reached.wait()
        await client.seen(
            lambda m: "Rough pi." in str(m.get("params", {}).get("value", {}).get("message"))
        )
        assert editor.shown == []
        gate.open()
        result = await running.result()
    check_shape(result, protocol.CommandResult)
    begin, *reports, end = editor.progress()
    assert begin == {
        "kind": "begin",
        "title": "Codex (local, m1)",
        "cancellable": True,
        "message": "Connecting",
    }
    assert {report["kind"] for report in reports} == {"report"}
    assert end["kind"] == "end"
    assert end["message"].startswith("Answered in ")
    (shown,) = editor.shown
    assert result["uri"] == shown.as_uri()
    assert shown.parent == home / "codex-ls" / "answers"
    assert stat.S_IMODE(shown.stat().st_mode) == 0o600
    assert stat.S_IMODE(shown.parent.stat().st_mode) == 0o700
    text = shown.read_text()
    assert text.startswith("# Explain: circle.py, lines 1 to 2\n\n**local** (m1). Answered in ")
    assert (
        "\n\nRough pi.\n!\\[x](http://e/x)\n\n## Thinking\n\n```text\nIt is\na circle\n```\n"
        in text
    )
    assert f"Thread `{result['threadId']}`, profile `local`." in text
    assert editor.told() == []
    prompt = model.turns[0].json["messages"][-1]["content"]
    assert "1 def area(r):\n2     return 3 * r\n" in prompt
    assert "Explain what this does" in prompt


async def test_a_command_may_name_a_model_and_an_effort(start: Start, model: ModelServer) -> None:
    model.enqueue(chat_stream(content=["ok"]))
    async with start() as client:
        editor = await editor_of(client)
        await editor.run("codex.ask", {"prompt": "Why?", "model": "m9", "effort": "low"})
    asked = model.turns[0].json
    assert (asked["model"], asked["reasoning_effort"]) == ("m9", "low")


@pytest.mark.core
async def test_a_fix_is_proposed_with_an_annotation_and_the_version(
    start: Start, model: ModelServer, tmp_path: Path
) -> None:
    model.enqueue(chat_stream(content=[f"```python\n{FIXED}```\n", "One factor was missing."]))
    async with start() as client:
        editor = await editor_of(client)
        uri = await client.open(tmp_path / "circle.py", SOURCE)
        call = await client.send(
            "textDocument/codeAction",
            {
                "textDocument": {"uri": uri},
                "range": PROBLEM["range"],
                "context": {"diagnostics": [PROBLEM], "only": ["quickfix"]},
            },
        )
        (action,) = await call.result()
        assert (action["title"], action["kind"]) == ("Codex: Fix this problem", "quickfix")
        assert action["diagnostics"] == [PROBLEM]
        result = await editor.run("codex.fix", action["command"]["arguments"][0])
    assert (result["status"], result["applied"]) == ("completed", True)
    title = "Codex: Fix: circle.py, lines 1 to 2"
    edit = {
        "range": span(1, 0, 2, 0),
        "newText": "    return 3 * r * r\n",
        "annotationId": "codex",
    }
    assert editor.edits == [
        {
            "label": title,
            "edit": {
                "documentChanges": [{"textDocument": {"uri": uri, "version": 1}, "edits": [edit]}],
                "changeAnnotations": {
                    "codex": {
                        "label": title,
                        "needsConfirmation": True,
                        "description": "local, m1",
                    }
                },
            },
        }
    ]
    assert editor.shown == []
    (told,) = editor.told()
    path = path_of(result["uri"])
    assert told == {
        "type": 3,
        "message": f"local, m1: circle.py was changed, lines 1 to 2. The answer is in {path}",
    }
    assert "One factor was missing." in path.read_text()
    prompt = model.turns[0].json["messages"][-1]["content"]
    assert "line 2, warning (geometry): not an area" in prompt
    assert "Answer with all of lines 1 to 2" in prompt


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("Multiply once more.", "it has no block of code"),
        ("```\na\n```\nor\n```\nb\n```", "it has 2 blocks of code"),
        ("```python\ndef area(r):", "its block of code has no end"),
        (f"```\n{SOURCE}```", "its code is what is there already"),
    ],
)
async def test_an_answer_that_is_not_clear_changes_nothing_and_is_shown(
    start: Start, model: ModelServer, tmp_path: Path, answer: str, why: str
) -> None:
    model.enqueue(chat_stream(content=[answer]))
    async with start() as client:
        editor = await editor_of(client)
        uri = await client.open(tmp_path / "circle.py", SOURCE)
        result = await editor.run("codex.fix", {"textDocument": {"uri": uri}})
    assert (result["status"], result["applied"]) == ("completed", False)
    assert editor.edits == []
    assert [path.as_uri() for path in editor.shown] == [result["uri"]]
    message = f"local, m1: nothing was changed: of the answer, {why}."
    assert editor.told() == [{"type": 2, "message": message}]
    assert f"nothing was changed: of the answer, {why}." in editor.shown[0].read_text()


async def test_a_document_that_was_changed_meanwhile_is_left_alone(
    start: Start, model: ModelServer, tmp_path: Path
) -> None:
    gate = Gate()
    model.enqueue(chat_stream(content=[gate, f"```\n{FIXED}```"]))
    async with start() as client:
        editor = await editor_of(client)
        uri = await client.open(tmp_path / "circle.py", SOURCE)
        call = await client.send(
            EXECUTE, {"command": "codex.fix", "arguments": [{"textDocument": {"uri": uri}}]}
        )
        await gate.reached.wait()
        change = {"range": span(0, 0, 0, 0), "text": "# new\n"}
        await client.notify(
            "textDocument/didChange",
            {"textDocument": {"uri": uri, "version": 2}, "contentChanges": [change]},
        )
        await (await client.send("codex/profiles")).result()  # behind the change
        gate.open()
        result = await call.result()
    assert result["applied"] is False
    assert editor.edits == []
    assert [message["message"] for message in editor.told()] == [
        "local, m1: nothing was changed: circle.py has been changed since."
    ]
    assert FIXED in editor.shown[0].read_text()


async def test_an_own_prompt_is_a_code_action_and_its_change_an_edit(
    start: Start, home: Path, model: ModelServer, tmp_path: Path
) -> None:
    (home / "prompts").mkdir()
    (home / "prompts" / "area.md").write_text("---\nintent: edit\n---\nMake it an area.\n")
    (home / "prompts" / "why.md").write_text("Why is that so?\n")
    model.enqueue(
        chat_stream(content=["```python\n    return 3 * r * r\n```\n"]),
        chat_stream(content=["Because."]),
    )
    async with start() as client:
        editor = await editor_of(client)
        uri = await client.open(tmp_path / "circle.py", SOURCE)
        call = await client.send(
            "textDocument/codeAction",
            {
                "textDocument": {"uri": uri},
                "range": span(1, 0, 2, 0),
                "context": {"diagnostics": []},
            },
        )
        actions = {action["title"]: action["command"] for action in await call.result()}
        edit, why = actions["Codex: /area"], actions["Codex: /why"]
        result = await editor.run(edit["command"], edit["arguments"][0])
        assert (result["status"], result["applied"]) == ("completed", True)
        answered = await editor.run(why["command"], why["arguments"][0])
        assert "applied" not in answered
    words = [turn.json["messages"][-1]["content"] for turn in model.turns]
    assert "Make it an area.\nAnswer with all of line 2, changed as asked" in words[0]
    assert words[1].endswith("Why is that so?")
    (proposed,) = editor.edits
    change = {
        "range": span(1, 0, 2, 0),
        "newText": "    return 3 * r * r\n",
        "annotationId": "codex",
    }
    assert proposed["edit"]["documentChanges"][0]["edits"] == [change]
    assert "Because." in editor.shown[0].read_text()


async def test_a_fix_that_is_not_accepted_is_still_readable(
    start: Start, model: ModelServer, tmp_path: Path
) -> None:
    model.always(chat_stream(content=[f"```\n{FIXED}```"]))
    async with start() as client:
        editor = await editor_of(client)
        editor.accepts = False
        uri = await client.open(tmp_path / "circle.py", SOURCE)
        assert (await editor.run("codex.fix", {"textDocument": {"uri": uri}}))["applied"] is False
        assert len(editor.shown) == 1
        assert editor.told()[0]["message"].endswith("nothing was changed: it was not accepted.")


async def test_a_client_that_announces_nothing_is_served(
    start: Start, model: ModelServer, tmp_path: Path
) -> None:
    model.always(chat_stream(reasoning=["hm"], content=["It is a circle."]))
    (tmp_path / "w").mkdir()
    (tmp_path / "w" / "circle.py").write_text(SOURCE)
    uri = (tmp_path / "w" / "circle.py").as_uri()
    async with start() as client:
        editor = Editor(client)
        await client.initialize(capabilities={}, folders=[tmp_path / "w"])
        call = await client.send(
            "textDocument/codeAction",
            {
                "textDocument": {"uri": uri},
                "range": span(0, 0, 1, 0),
                "context": {"diagnostics": []},
            },
        )
        commands = await call.result()
        assert [command["command"] for command in commands] == ["codex.ask", "codex.explain"]
        result = await editor.run("codex.explain", commands[1]["arguments"][0])
        told = [f"local, m1: the answer is in {path_of(result['uri'])}"]
        assert [message["message"] for message in editor.told()] == told
        assert "It is a circle." in path_of(result["uri"]).read_text()
        await editor.run("codex.explain", commands[1]["arguments"][0], workDoneToken="w")
        assert [value["kind"] for value in client.values("w")][:: len(client.values("w")) - 1] == [
            "begin",
            "end",
        ]
        fixed = await editor.run("codex.fix", {"textDocument": {"uri": uri}})
        assert fixed["applied"] is False
    assert (editor.shown, editor.edits) == ([], [])


@pytest.mark.core
@pytest.mark.parametrize("way", ["request", "token", "codex.stop"])
async def test_a_cancel_stops_the_model_and_keeps_what_had_come(
    start: Start, model: ModelServer, tmp_path: Path, way: str
) -> None:
    gate = Gate()
    model.enqueue(chat_stream(content=["so far", gate, "never"]))
    async with start() as client:
        editor = await editor_of(client)
        call = await client.send(EXECUTE, {"command": "codex.ask", "arguments": ["why?"]})
        turn = await model.turn(0)
        await gate.reached.wait()
        await client.seen(
            lambda m: "so far" in str(m.get("params", {}).get("value", {}).get("message"))
        )
        match way:
            case "request":
                await call.cancel()
            case "token":
                (token,) = {
                    message["params"]["token"]
                    for message in client.messages
                    if message.get("method") == "$/progress"
                }
                await client.notify("window/workDoneProgress/cancel", {"token": token})
            case _:
                place = {"textDocument": {"uri": "file:///x"}, "range": span(0, 0, 0, 0)}
                listed = await client.send("textDocument/codeAction", place)
                stop = [a for a in await listed.result() if a["title"] == "Codex: Stop"]
                assert await editor.run(stop[0]["command"]["command"]) == {"status": "completed"}
        result = await call.result()
        await turn.hung_up.wait()
    assert result["status"] == "cancelled"
    assert editor.progress()[-1]["kind"] == "end"
    assert editor.progress()[-1]["message"].startswith("Stopped after")
    path = path_of(result["uri"])
    assert "so far" in path.read_text()
    assert editor.shown == []
    assert editor.told() == [
        {"type": 3, "message": f"local, m1: stopped. What had come is in {path}"}
    ]


async def test_a_failure_is_a_message_with_its_hint(start: Start, model: ModelServer) -> None:
    model.always(error_answer(401, "bad key"))
    async with start() as client:
        editor = await editor_of(client)
        result = await editor.run("codex.ask", "why?")
        assert (result["status"], result["error"]["kind"]) == ("failed", "unauthorized")
        (told,) = editor.told()
        assert told["type"] == 1
        assert told["message"] == (
            f"local, m1: {result['error']['message']} {result['error']['hint']}"
        )
        assert [value["kind"] for value in editor.progress()][-1] == "end"
        unknown = await editor.run("codex.ask", {"prompt": "x", "profile": "gone"})
        assert unknown["error"]["kind"] == "unknownProfile"
        for command, argument in (
            ("codex.gone", {}),
            ("codex.ask", {}),
            ("codex.ask", {"prompt": 5}),
            ("codex.ask", {"range": span(0, 0, 0, 0)}),
            ("codex.explain", {}),
            ("codex.fix", {"textDocument": {"uri": "file:///nowhere"}}),
        ):
            before = len(editor.told())
            call = await client.send(EXECUTE, {"command": command, "arguments": [argument]})
            assert (await call.error())["code"] == -32602
            assert len(editor.told()) == before + 1


async def test_what_is_written_below_an_answer_goes_on_with_it(
    start: Start, model: ModelServer
) -> None:
    model.enqueue(*(chat_stream(content=[word]) for word in ("Ada.", "Lovelace.", "ok")))
    async with start() as client:
        editor = await editor_of(client)
        first = await editor.run("codex.ask", {"prompt": "Who?", "profile": "other"})
        text = editor.shown[0].read_text() + "\nAnd her last name?\n"
        line = text.count("\n") - 1
        uri = await client.open(editor.shown[0], text, language="markdown")
        place = {"textDocument": {"uri": uri}, "range": span(line, 0, line + 1, 0)}
        listed = await client.send(
            "textDocument/codeAction", {**place, "context": {"diagnostics": []}}
        )
        ask = (await listed.result())[0]
        assert ask["title"] == "Codex: Ask about this: And her last name?"
        second = await editor.run("codex.ask", ask["command"]["arguments"][0])
        third = await editor.run("codex.ask", {"prompt": "x", "threadId": second["threadId"]})
    assert second["threadId"] == first["threadId"] == third["threadId"]
    asked = model.turns[1].json
    assert (asked["model"], [m["content"] for m in asked["messages"][1:]]) == (
        "m2",
        ["Who?", "Ada.", "And her last name?"],
    )


async def test_who_keeps_no_history_finds_no_answer_afterwards(
    start: Start, model: ModelServer, home: Path
) -> None:
    (home / "config.toml").write_text(
        (home / "config.toml").read_text() + '\n[history]\npersistence = "none"\n'
    )
    model.always(chat_stream(content=["Only now."]))
    async with start() as client:
        editor = await editor_of(client)
        await editor.run("codex.ask", "why?")
        (shown,) = editor.shown
        assert "Only now." in shown.read_text()
        assert stat.S_IMODE(shown.parent.stat().st_mode) == 0o700
        assert await client.leave() == 0
    assert not shown.parent.exists()
    assert not (home / "codex-ls" / "answers").exists()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "utf-32"])
async def test_positions_are_in_the_negotiated_encoding(
    start: Start, model: ModelServer, tmp_path: Path, encoding: str
) -> None:
    source = "a = '\U0001f600' # why?\nb = '\U0001f600é'"
    model.enqueue(chat_stream(content=["ok"]), chat_stream(content=["```\na = 1\nb = 2\n```"]))
    units = {"utf-8": (4, 2), "utf-16": (2, 1), "utf-32": (1, 1)}[encoding]
    async with start() as client:
        capabilities = {**FULL, "general": {"positionEncodings": [encoding]}}
        editor = await editor_of(client, capabilities)
        uri = await client.open(tmp_path / "a.py", source)
        comment = 5 + units[0] + 2
        selection = span(0, comment, 0, comment + 6)
        await editor.run("codex.ask", {"textDocument": {"uri": uri}, "range": selection})
        prompt = model.turns[0].json["messages"][-1]["content"]
        assert prompt.endswith("\n\nwhy?")
        await editor.run("codex.fix", {"textDocument": {"uri": uri}})
    (edit,) = editor.edits[0]["edit"]["documentChanges"][0]["edits"]
    end = 5 + units[0] + units[1] + 1
    assert (edit["range"], edit["newText"]) == (span(0, 0, 1, end), "a = 1\nb = 2")


async def test_emacs_does_not_stand_still_until_the_answer(
    start: Start, model: ModelServer
) -> None:
    gate, last = Gate(), Gate()
    model.enqueue(
        chat_stream(content=["a", gate, "b"]),
        chat_stream(content=["x", Gate(), "y"]),
        chat_stream(content=["x", last, "y"]),
    )
    async with start() as client:
        editor = Editor(client)
        await client.initialize(capabilities=FULL, clientInfo={"name": "Eglot", "version": "1.17"})
        assert await editor.run("codex.ask", "why?") == {"status": "started"}
        await gate.reached.wait()
        gate.open()
        await client.seen(lambda m: m.get("method") == "window/showDocument")
        assert await editor.run("codex.ask", "again?") == {"status": "started"}
        held = await model.turn(1)
        assert await editor.run("codex.stop") == {"status": "completed"}
        await held.hung_up.wait()
        assert await editor.run("codex.ask", "and?") == {"status": "started"}
        await last.reached.wait()
        assert await client.leave() == 0
        await model.turns[2].hung_up.wait()


async def test_a_profile_is_chosen_for_the_session(start: Start, model: ModelServer) -> None:
    model.always(chat_stream(content=["ok"]))
    async with start() as client:
        editor = await editor_of(client)
        chosen = {"title": "other (m2)"}
        asked: list[Any] = []

        def choose(params: Any) -> Any:
            asked.append(params)
            return chosen

        client.answers["window/showMessageRequest"] = choose
        result = await editor.run("codex.selectProfile")
        assert result == {"status": "completed", "profile": "other"}
        assert chosen in asked[0]["actions"]
        assert "other (m2) answers from now on" in editor.told()[-1]["message"]
        await editor.run("codex.ask", "why?")
        assert model.turns[0].json["model"] == "m2"
        assert (await editor.run("codex.selectProfile", "local"))["profile"] == "local"
        await editor.run("codex.ask", "why?")
        assert model.turns[1].json["model"] == "m1"
        failed = await editor.run("codex.selectProfile", {"profile": "gone"})
        assert failed["error"]["kind"] == "unknownProfile"
        client.answers["window/showMessageRequest"] = lambda _params: None
        assert await editor.run("codex.selectProfile") == {"status": "cancelled"}


@pytest.mark.parametrize("name", ["gone", "", " ", "Local", "local ", "local/../other", "profile"])
async def test_a_profile_that_does_not_exist_is_refused_when_it_is_chosen(
    start: Start, model: ModelServer, home: Path, name: str
) -> None:
    """And the one that was chosen before stays, until it is gone: then nobody answers in its place."""
    model.always(chat_stream(content=["ok"]))
    async with start() as client:
        editor = await editor_of(client)
        await editor.run("codex.selectProfile", "other")
        refused = await editor.run("codex.selectProfile", name)
        assert (refused["status"], refused["error"]["kind"]) == ("failed", "unknownProfile")
        for method in (EXEC, "codex/models"):
            call = await client.send(method, {"prompt": "why?", "profile": name})
            assert (await call.error())["data"]["kind"] == "unknownProfile"
        asked = await editor.run("codex.ask", {"prompt": "why?", "profile": name})
        assert asked["error"]["kind"] == "unknownProfile"
        assert model.turns == []
        await editor.run("codex.ask", "why?")
        assert [turn.json["model"] for turn in model.turns] == ["m2"]
        config = home / "config.toml"
        config.write_text(config.read_text().replace("[profiles.other]", "[profiles.another]"))
        gone = await editor.run("codex.ask", "why?")
        assert gone["error"]["kind"] == "unknownProfile"
        assert len(model.turns) == 1


async def test_model_and_effort_are_chosen_for_the_session(
    start: Start, model: ModelServer
) -> None:
    model.always(chat_stream(content=["ok"]))
    model.route("GET", "/v1/models", models_answer("m1", "m7"))
    async with start() as client:
        editor = await editor_of(client)

        def asked_with() -> tuple[str, str | None]:
            request = model.turns[-1].json
            return request["model"], request.get("reasoning_effort")

        offered: list[list[str]] = []

        def choose(params: Any) -> Any:
            offered.append([action["title"] for action in params["actions"]])
            return params["actions"][-1]

        client.answers["window/showMessageRequest"] = choose
        assert await editor.run("codex.selectModel") == {"status": "completed", "model": "m7"}
        assert "m7 (local) answers from now on" in editor.told()[-1]["message"]
        assert await editor.run("codex.selectEffort") == {"status": "completed", "effort": "high"}
        assert "effort high" in editor.told()[-1]["message"]
        assert offered == [
            ["As local says", "m1", "m7"],
            ["As the profile says", "none", "minimal", "low", "medium", "high"],
        ]
        await editor.run("codex.ask", "why?")
        assert asked_with() == ("m7", "high")
        # What is said with the question wins, and another profile has its own model.
        await editor.run("codex.ask", {"prompt": "why?", "model": "m8", "effort": "low"})
        assert asked_with() == ("m8", "low")
        await editor.run("codex.ask", {"prompt": "why?", "profile": "other"})
        assert asked_with() == ("m2", "high")
        await editor.run("codex.ask", {"prompt": "why?", "profile": "local"})
        assert asked_with() == ("m7", "high")

        assert (await editor.run("codex.selectModel", ""))["model"] == "m1"
        assert await editor.run("codex.selectEffort", "default") == {"status": "completed"}
        await editor.run("codex.ask", "why?")
        assert asked_with() == ("m1", None)

        await editor.run("codex.selectModel", {"model": "m9"})
        await editor.run("codex.selectProfile", "local")
        await editor.run("codex.ask", "why?")
        assert asked_with() == ("m1", None)
        client.answers["window/showMessageRequest"] = lambda _params: None
        assert await editor.run("codex.selectModel") == {"status": "cancelled"}
        assert await editor.run("codex.selectEffort") == {"status": "cancelled"}


async def test_a_model_stays_with_its_profile_when_the_settings_name_another(
    start: Start, model: ModelServer
) -> None:
    model.always(chat_stream(content=["ok"]))
    async with start() as client:
        editor = await editor_of(client)

        async def asked_under(settings: dict[str, Any]) -> str:
            await client.notify("workspace/didChangeConfiguration", {"settings": settings})
            await editor.run("codex.ask", "why?")
            name: str = model.turns[-1].json["model"]
            return name

        await editor.run("codex.selectModel", "m7")
        assert await asked_under({"codex": {}}) == "m7"
        assert await asked_under({"codex": {"profile": "other"}}) == "m2"
        assert await asked_under({"codex": {"profile": "local"}}) == "m7"
        # A profile that was chosen is stronger than the settings, and may be the model's own.
        await editor.run("codex.selectProfile", "other")
        await editor.run("codex.selectModel", "m8")
        assert await asked_under({"codex": {"profile": "local"}}) == "m8"


async def test_a_model_is_chosen_for_the_profile_of_a_documents_folder(
    start: Start, model: ModelServer, tmp_path: Path
) -> None:
    model.always(chat_stream(content=["ok"]))
    folders = [tmp_path / "first", tmp_path / "second"]
    profiles = dict(zip([folder.as_uri() for folder in folders], ["local", "other"], strict=True))
    async with start() as client:
        editor = Editor(client)
        client.answers["workspace/configuration"] = lambda params: [
            {"profile": profiles.get(item.get("scopeUri"))} for item in params["items"]
        ]
        await client.initialize(
            capabilities={
                **FULL,
                "workspace": {
                    **FULL["workspace"],
                    "configuration": True,
                    "workspaceFolders": True,
                },
            },
            workspaceFolders=[{"uri": uri, "name": name} for uri, name in profiles.items()],
        )
        documents = [{"uri": await client.open(folder / "a.py", SOURCE)} for folder in folders]
        chosen = {"model": "m7", "textDocument": documents[1]}
        assert (await editor.run("codex.selectModel", chosen))["model"] == "m7"
        assert "m7 (other) answers from now on" in editor.told()[-1]["message"]
        for document in documents:
            await editor.run("codex.ask", {"prompt": "why?", "textDocument": document})
        assert [turn.json["model"] for turn in model.turns] == ["m1", "m7"]


async def test_an_editor_that_can_show_no_choice_is_told_what_there_is(start: Start) -> None:
    async with start() as client:
        editor = await editor_of(client)
        # It has no answer for window/showMessageRequest: "method not found".
        assert await editor.run("codex.selectEffort") == {"status": "cancelled"}
        assert editor.told()[-1]["message"] == (
            "Codex: Which reasoning effort in this session? This editor can't show the choice:"
            " As the profile says, none, minimal, low, medium, high."
        )


async def test_an_effort_that_does_not_exist_is_refused(start: Start, model: ModelServer) -> None:
    async with start() as client:
        editor = await editor_of(client)
        call = await client.send(
            EXECUTE, {"command": "codex.selectEffort", "arguments": ["highest"]}
        )
        error = await call.error()
        assert error["code"] == -32602
        assert "none, minimal, low, medium, high" in editor.told()[-1]["message"]
        model.route("GET", "/v1/models", error_answer(401, "no"))
        failed = await editor.run("codex.selectModel")
        assert failed["error"]["kind"] == "unauthorized"


async def test_the_doctor_shows_what_it_finds(start: Start, model: ModelServer) -> None:
    model.always(chat_stream(content=["ok"]))
    async with start() as client:
        editor = await editor_of(client)
        result = await editor.run("codex.doctor")
        assert result["status"] == "completed"
        text = editor.shown[0].read_text()
        assert text.startswith("# Codex: the setup, checked\n\n- ✓ **Configuration**: ")


async def test_a_client_that_never_answers_leaves_the_answer_and_the_server_free(
    start: Start, model: ModelServer, tmp_path: Path
) -> None:
    model.always(chat_stream(content=[f"```\n{FIXED}```"]))
    async with start() as client:
        editor = await editor_of(client)
        client.answers["workspace/applyEdit"] = lambda _params: NO_ANSWER
        client.answers["window/showDocument"] = lambda _params: NO_ANSWER
        uri = await client.open(tmp_path / "circle.py", SOURCE)
        call = await client.send(
            EXECUTE, {"command": "codex.fix", "arguments": [{"textDocument": {"uri": uri}}]}
        )
        await client.seen(lambda m: m.get("method") == "workspace/applyEdit")
        await call.cancel()
        result = await call.result()
        assert result["applied"] is False
        assert FIXED in path_of(result["uri"]).read_text()
        await asyncio.sleep(0)
        assert editor.told()[-1]["message"].endswith("nothing was changed: it was cancelled.")
