import asyncio
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from codex_ls.config.model_settings import ModelSettings
from codex_ls.errors import CodexError, MissingCredential, StreamBroken, Unreachable
from codex_ls.events import (
    ContentDelta,
    Event,
    Notice,
    PhaseChanged,
    ReasoningDelta,
    Timing,
    TurnFinished,
    TurnStarted,
)
from codex_ls.lsp import progress
from codex_ls.lsp import progress as progress_module
from codex_ls.lsp.progress import CreatedProgress
from codex_ls.providers.client import HttpClient
from codex_ls.turn.prompt_context import TurnContext
from codex_ls.turn.session import TurnRequest
from tests.lsp.wire import Recorder, server_for, settled

CONFIG = """
profile = "first"
[profiles.first]
model = "m1"
model_provider = "lmstudio"
[profiles.second]
model = "m2"
model_provider = "lmstudio"
show_raw_agent_reasoning = false
"""
STARTED = TurnStarted("u1", "h1", "m1", "lmstudio", "first")
TIMING = Timing(total_ms=5)
ANSWERED = TurnFinished("completed", "stop", "hm", "4", TIMING)
WHOLE: list[Event] = [STARTED, ReasoningDelta("hm"), ContentDelta("4"), ANSWERED]


class ScriptedTurn:
    """Yields events; an exception in their place is raised; `hold` waits for the cancel."""

    hold = object()

    def __init__(self, script: list[Any]) -> None:
        self.cancelled = asyncio.Event()
        self.closed = False
        self._events = self._play(script)

    async def _play(self, script: list[Any]) -> AsyncIterator[Event]:
        for step in script:
            if isinstance(step, Exception):
                raise step
            if step is self.hold:
                await self.cancelled.wait()
                yield TurnFinished("cancelled", "cancelled", "", "so far", TIMING)
                return
            yield step

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._events

    def cancel(self) -> None:
        self.cancelled.set()

    async def aclose(self) -> None:
        self.closed = True


class ScriptedSession:
    """Hands out turns, and remembers what was asked."""

    def __init__(self) -> None:
        self.script: list[Any] = WHOLE
        self.asked: list[tuple[TurnRequest, ModelSettings, float | None]] = []
        self.turns: list[ScriptedTurn] = []
        self.started = asyncio.Event()
        self.http = HttpClient()
        self.env: dict[str, str] = {}

    async def __aenter__(self) -> "ScriptedSession":
        return self

    async def __aexit__(self, *exc_info: object) -> None:
        pass

    def start(
        self, request: TurnRequest, settings: ModelSettings, *, received_at: float | None = None
    ) -> ScriptedTurn:
        self.asked.append((request, settings, received_at))
        self.turns.append(ScriptedTurn(self.script))
        self.started.set()
        return self.turns[-1]


class Bench:
    """A server without a process: what is sent to it, and what it says."""

    def __init__(self, home: Path) -> None:
        self.outbox = Recorder()
        self.session = ScriptedSession()
        self.session.env = {"CODEX_HOME": str(home)}
        self.tasks: list[asyncio.Task[None]] = []
        self.server = server_for(self.outbox, home)
        self.server.session = self.session  # type: ignore[assignment]

    def initialize(
        self, *, folders: tuple[Path, ...] = (), options: Any = None, **capabilities: Any
    ) -> None:
        params = {
            "capabilities": capabilities,
            "workspaceFolders": [{"uri": path.as_uri(), "name": "w"} for path in folders],
            "initializationOptions": {"codex": options},
        }
        self.receive(id="init", method="initialize", params=params)
        self.outbox.take()

    def receive(self, **message: Any) -> None:
        self.server.protocol.handle_message(message)

    def ask(self, *, id: int = 1, **params: Any) -> None:
        self.receive(id=id, method="codex/exec", params={"prompt": "hi", **params})

    async def settle(self) -> list[Any]:
        """Let everything run that can; return what was sent."""
        await settled()
        return self.outbox.take()

    async def reply(self, *, id: int = 1) -> dict[str, Any]:
        """The reply, when it is there; earlier messages are kept."""
        async with asyncio.timeout(5):
            while True:
                for message in self.outbox.messages:
                    if message.get("id") == id and "method" not in message:
                        return message  # type: ignore[no-any-return]
                await asyncio.sleep(0.001)


@pytest.fixture
def home(tmp_path: Path) -> Path:
    home = tmp_path / "home"
    home.mkdir()
    (home / "config.toml").write_text(CONFIG)
    return home


@pytest.fixture
async def bench(home: Path) -> AsyncIterator[Bench]:
    bench = Bench(home)
    async with bench.server:
        yield bench


def types_of(messages: list[Any], token: object) -> list[str]:
    return [
        message["params"]["value"]["codex"]["type"]
        for message in messages
        if message.get("method") == "$/progress"
        and message["params"]["token"] == token
        and "codex" in message["params"]["value"]
    ]


RESULT = {
    "threadId": "h1",
    "turnId": "u1",
    "status": "completed",
    "content": "4",
    "reasoning": "hm",
    "finishReason": "stop",
    "model": "m1",
    "profile": "first",
    "provider": "lmstudio",
    "timing": {"requestMs": 0, "totalMs": 5, "estimated": True},
    "notices": [],
}


async def test_a_turn_is_told_and_then_answered(bench: Bench) -> None:
    bench.initialize()
    before = time.perf_counter()
    bench.ask(workDoneToken="w", effort="low", threadId="h1", model="other")
    messages = await bench.settle()
    assert types_of(messages, "w") == ["begin", "reasoning", "content", "done"]
    assert messages[-1] == {"jsonrpc": "2.0", "id": 1, "result": RESULT}
    ((request, settings, received_at),) = bench.session.asked
    assert request == TurnRequest("hi", thread_id="h1")
    assert (settings.model, settings.effort, settings.profile) == ("other", "low", "first")
    assert received_at is not None
    assert before <= received_at <= time.perf_counter()
    assert bench.session.turns[0].closed


@pytest.mark.parametrize("is_plugin", [False, True])
async def test_a_profile_that_changed_settings_name_is_refused_at_once(
    bench: Bench, *, is_plugin: bool
) -> None:
    """A plugin shows it by itself, from what `codex/profiles` says."""
    bench.initialize(experimental={"codex": {"protocolVersion": 1}} if is_plugin else {})

    def choose(name: str) -> None:
        settings = {"settings": {"codex": {"profile": name}}}
        bench.receive(method="workspace/didChangeConfiguration", params=settings)

    choose("secnd")
    shown = [m["params"] for m in await bench.settle() if m.get("method") == "window/showMessage"]
    if is_plugin:
        assert shown == []
        return
    ((level, message),) = [(one["type"], one["message"]) for one in shown]
    assert level == 1
    assert message.startswith("Codex: There is no profile `secnd`. Did you mean `second`?")
    choose("second")
    assert [m for m in await bench.settle() if m.get("method") == "window/showMessage"] == []


async def test_what_the_shell_warns_about_goes_with_each_turn(bench: Bench, home: Path) -> None:
    (home / "config.toml").write_text(f"modle = 1{CONFIG}")
    message = "config.toml:1:1: there is no setting `modle`, so it does nothing."
    hint = f"{home / 'config.toml'}, line 1, column 1: did you mean `model`?"
    step = {"action": "openConfig", "hint": hint}
    notice = {"kind": "configInvalid", "message": message, "hint": hint, "nextStep": step}
    bench.initialize()
    for number in (1, 2):
        bench.ask(id=number, workDoneToken="w")
        messages = await bench.settle()
        assert types_of(messages, "w") == ["begin", "notice", "reasoning", "content", "done"]
        assert messages[-1]["result"] == {**RESULT, "notices": [notice]}


@pytest.mark.parametrize("prompt", [" ", "\u200b\u2060"])
async def test_bad_params_are_answered_at_once_and_without_progress(
    bench: Bench, prompt: str
) -> None:
    bench.initialize(workspace={"configuration": True})
    bench.ask(prompt=prompt, workDoneToken="w")
    (message,) = [m for m in await bench.settle() if m.get("id") == 1]
    assert message["error"] == {
        "code": -32602,
        "message": "Invalid params: prompt must not be blank",
    }


@pytest.mark.parametrize(
    ("error", "data"),
    [
        (
            MissingCredential("No key.", hint="Set it."),
            {
                "kind": "missingCredential",
                "hint": "Set it.",
                "nextStep": {"action": "setApiKey", "argument": "lmstudio", "hint": "Set it."},
                "retryable": False,
            },
        ),
        (
            Unreachable("Nothing there."),
            {"kind": "unreachable", "nextStep": {"action": "checkSetup"}, "retryable": True},
        ),
    ],
)
async def test_an_error_before_the_turn_begins_sends_no_progress(
    bench: Bench, error: CodexError, data: dict[str, Any]
) -> None:
    bench.initialize()
    bench.session.script = [error]
    bench.ask(workDoneToken="w", partialResultToken="p")
    assert await bench.settle() == [
        {
            "jsonrpc": "2.0",
            "id": 1,
            "error": {
                "code": -32803,
                "message": error.message,
                "data": {**data, "provider": "lmstudio", "profile": "first"},
            },
        }
    ]


async def test_an_unknown_profile_is_named_in_the_error(bench: Bench) -> None:
    bench.initialize()
    bench.ask(profile="gone", workDoneToken="w")
    (message,) = await bench.settle()
    assert message["error"]["data"]["kind"] == "unknownProfile"
    assert message["error"]["data"]["profile"] == "gone"
    assert "first" in message["error"]["data"]["hint"]
    assert bench.session.asked == []


async def test_a_turn_that_fails_without_text_is_an_error_after_its_done(bench: Bench) -> None:
    bench.initialize()
    error = StreamBroken("It broke.", hint="Again.", http_status=200)
    bench.session.script = [STARTED, TurnFinished("failed", "other", "", "", TIMING, error=error)]
    bench.ask(partialResultToken="p")
    messages = await bench.settle()
    assert types_of(messages, "p") == ["begin", "done"]
    assert messages[-1]["error"] == {
        "code": -32803,
        "message": "It broke.",
        "data": {
            "kind": "streamBroken",
            "hint": "Again.",
            "retryable": True,
            "provider": "lmstudio",
            "profile": "first",
            "httpStatus": 200,
        },
    }


async def test_a_bug_in_a_turn_still_gives_a_done_and_a_reply(bench: Bench) -> None:
    bench.initialize()
    bench.session.script = [STARTED, ContentDelta("a"), ZeroDivisionError("oops")]
    bench.ask(workDoneToken="w")
    messages = await bench.settle()
    assert types_of(messages, "w") == ["begin", "content", "done"]
    assert messages[-1]["error"]["code"] == -32603
    assert "oops" not in messages[-1]["error"]["message"]


# ---- cancelling --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "cancel",
    [
        {"method": "$/cancelRequest", "params": {"id": 1}},
        {"method": "window/workDoneProgress/cancel", "params": {"token": "w"}},
        {"method": "window/workDoneProgress/cancel", "params": {"token": "p"}},
    ],
)
async def test_a_cancelled_turn_is_answered_with_what_came(
    bench: Bench, cancel: dict[str, Any]
) -> None:
    bench.initialize()
    bench.session.script = [STARTED, ContentDelta("so far"), ScriptedTurn.hold]
    bench.ask(workDoneToken="w", partialResultToken="p")
    assert types_of(await bench.settle(), "p") == ["begin", "content"]
    for _ in range(2):
        bench.receive(**cancel)
    messages = await bench.settle()
    assert types_of(messages, "p") == ["done"]
    result = messages[-1]["result"]
    assert (result["status"], result["content"]) == ("cancelled", "so far")
    bench.receive(**cancel)
    assert await bench.settle() == []


async def test_a_cancel_that_comes_before_the_turn_begins_still_gets_a_result(
    bench: Bench,
) -> None:
    bench.initialize(workspace={"configuration": True})
    bench.session.script = [STARTED, ScriptedTurn.hold]
    bench.ask(workDoneToken="w")
    assert [m["method"] for m in await bench.settle()] == ["workspace/configuration"]
    bench.receive(method="$/cancelRequest", params={"id": 1})
    messages = await bench.settle()
    assert types_of(messages, "w") == ["begin", "done"]
    assert messages[-1]["result"]["status"] == "cancelled"


async def test_a_cancel_right_behind_its_request_is_seen(bench: Bench) -> None:
    bench.initialize()
    bench.session.script = [STARTED, ScriptedTurn.hold]
    bench.ask()
    await asyncio.sleep(0)  # as `MessageReader` lets it begin
    bench.receive(method="$/cancelRequest", params={"id": 1})
    messages = await bench.settle()
    assert messages[-1]["result"]["status"] == "cancelled"


async def test_a_client_that_takes_nothing_pauses_its_turn_and_can_still_cancel_it(
    bench: Bench,
) -> None:
    bench.initialize()
    bench.session.script = [STARTED, *[ContentDelta("x")] * 100, ScriptedTurn.hold]
    bench.outbox.congested = True
    bench.ask(workDoneToken="w")
    assert types_of(await bench.settle(), "w") == ["begin"]
    bench.receive(method="$/cancelRequest", params={"id": 1})
    reply = await bench.reply()
    assert reply["result"]["status"] == "cancelled"


# ---- tokens ------------------------------------------------------------------------------------


async def test_without_a_token_a_client_that_shows_progress_gets_one(bench: Bench) -> None:
    bench.initialize(window={"workDoneProgress": True})
    bench.ask()
    (create,) = await bench.settle()
    assert create["method"] == "window/workDoneProgress/create"
    token = create["params"]["token"]
    bench.receive(id=create["id"], result=None)
    messages = await bench.settle()
    assert types_of(messages, token) == ["begin", "reasoning", "content", "done"]
    assert [m["params"]["value"]["kind"] for m in messages[:-1]] == [
        "begin",
        "report",
        "report",
        "end",
    ]
    assert messages[-1]["result"] == RESULT


async def test_a_token_that_the_server_made_cancels_too(bench: Bench) -> None:
    bench.initialize(window={"workDoneProgress": True})
    bench.session.script = [STARTED, ScriptedTurn.hold]
    bench.ask()
    (create,) = await bench.settle()
    bench.receive(id=create["id"], result=None)
    await bench.settle()
    bench.receive(method="window/workDoneProgress/cancel", params=create["params"])
    assert (await bench.reply())["result"]["status"] == "cancelled"


async def test_the_turn_begins_before_the_client_has_answered_for_its_token(bench: Bench) -> None:
    bench.initialize(window={"workDoneProgress": True})
    bench.session.script = [STARTED, ContentDelta("so far"), ScriptedTurn.hold]
    bench.ask()
    (create,) = await bench.settle()
    assert bench.session.started.is_set()
    bench.receive(id=create["id"], result=None)
    token = create["params"]["token"]
    assert types_of(await bench.settle(), token) == ["begin", "content"]
    bench.receive(method="$/cancelRequest", params={"id": 1})
    await bench.reply()
    messages = await bench.settle()
    assert types_of(messages, token) == ["done"]
    assert "result" in messages[-1]


@pytest.mark.parametrize("answer", ["error", "silence", "late"])
async def test_a_token_that_the_client_does_not_take_is_not_used(
    bench: Bench, answer: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(progress_module, "GRACE_S", 0.2)
    bench.initialize(window={"workDoneProgress": True})
    bench.ask()
    (create,) = await bench.settle()
    assert bench.session.started.is_set()
    if answer == "error":
        bench.receive(id=create["id"], error={"code": -32601, "message": "no"})
    assert (await bench.reply())["result"] == RESULT
    if answer == "late":
        bench.receive(id=create["id"], result=None)
    assert [message.get("method") for message in await bench.settle()] == [None]
    assert not [record for record in caplog.records if record.exc_info]


async def test_a_client_that_never_answers_is_not_waited_for_again(bench: Bench) -> None:
    bench.initialize(window={"workDoneProgress": True})
    bench.ask()
    await bench.reply()
    bench.outbox.take()
    bench.ask(id=2)
    assert (await bench.settle())[-1]["result"] == RESULT


async def test_what_a_client_never_took_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "CREATE_TIMEOUT_S", 0.01)
    sent: list[int] = []
    created = CreatedProgress("t", ask=asyncio.get_running_loop().create_future, send=sent.append)
    created.send(1)
    await created.settle()
    created.send(2)
    assert (sent, created.was_in_vain) == ([], True)


async def test_without_a_token_and_without_progress_there_is_the_result_alone(
    bench: Bench,
) -> None:
    bench.initialize()
    bench.ask(workDoneToken=None, partialResultToken=None)
    assert await bench.settle() == [{"jsonrpc": "2.0", "id": 1, "result": RESULT}]


# ---- intents, and who is expected to answer ----------------------------------------------------


async def test_a_fix_tells_its_lines_and_is_asked_by_itself(bench: Bench, tmp_path: Path) -> None:
    bench.initialize(folders=(tmp_path,))
    path = tmp_path / "a.py"
    bench.receive(**opened(path, "def f():\n    return 😀 + 1\n"))
    bench.ask(
        prompt="",
        intent="fix",
        textDocument={"uri": path.as_uri()},
        range=chosen(1, 4, 4),
        workDoneToken="w",
    )
    await bench.reply()
    messages = bench.outbox.take()
    lines = {"start": {"line": 0, "character": 0}, "end": {"line": 1, "character": 17}}
    begin = messages[0]["params"]["value"]["codex"]
    assert (begin["range"], begin["isLocal"]) == (lines, True)
    assert messages[-1]["result"] == {**RESULT, "range": lines}
    asked = bench.session.asked[0][0]
    assert asked.prompt == "Fix what is wrong in this code, and change nothing else."
    assert asked.context is not None
    assert (asked.context.is_numbered, asked.context.form is None) == (False, False)


async def test_too_much_to_change_is_refused_without_progress(bench: Bench, tmp_path: Path) -> None:
    bench.initialize(folders=(tmp_path,), window={"workDoneProgress": True})
    path = tmp_path / "a.py"
    bench.receive(**opened(path, "x\n" * 500))
    bench.ask(intent="edit", textDocument={"uri": path.as_uri()})
    error = (await bench.reply())["error"]
    assert (error["code"], "500 lines are too many" in error["message"]) == (-32602, True)
    assert len(bench.outbox.take()) == 1
    assert bench.session.asked == []


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ({"profile": "first"}, None),
        ({"profile": "first", "origin": "http://localhost:1234"}, None),
        (
            {"profile": "second"},
            "This question would now go to the profile `first` (http://localhost:1234), not to the profile"
            " `second` as shown.",
        ),
        (
            {"profile": ""},
            "This question would now go to the profile `first` (http://localhost:1234), not to the top of"
            " config.toml as shown.",
        ),
        (
            {"profile": "first", "origin": "https://api.openai.com:443"},
            "The profile `first` now points to http://localhost:1234, not to https://api.openai.com:443 as"
            " shown.",
        ),
        (
            {"profile": "first", "origin": ""},
            "The profile `first` now points to http://localhost:1234, not to the built-in model as shown.",
        ),
    ],
)
async def test_another_profile_than_the_one_shown_is_not_asked(
    bench: Bench, expected: dict[str, str], message: str | None
) -> None:
    bench.initialize(window={"workDoneProgress": True})
    bench.ask(expected=expected, workDoneToken="w")
    reply = await bench.reply()
    if message is None:
        assert reply["result"] == RESULT
        return
    assert reply["error"] == {
        "code": -32803,
        "message": message,
        "data": {
            "kind": "profileChanged",
            "hint": "Nothing was sent. Ask again to use it, or select another profile.",
            "retryable": False,
            "provider": "lmstudio",
            "profile": "first",
        },
    }
    assert bench.session.asked == []
    assert len(bench.outbox.take()) == 1


# ---- documents ---------------------------------------------------------------------------------


def opened(path: Path, text: str) -> dict[str, Any]:
    document = {"uri": path.as_uri(), "languageId": "python", "version": 1, "text": text}
    return {"method": "textDocument/didOpen", "params": {"textDocument": document}}


def chosen(line: int, start: int, end: int) -> dict[str, Any]:
    return {
        "start": {"line": line, "character": start},
        "end": {"line": line, "character": end},
    }


@pytest.mark.parametrize(
    ("encoding", "start", "end"), [("utf-8", 7, 10), ("utf-16", 5, 8), ("utf-32", 4, 7)]
)
async def test_the_selection_is_cut_in_the_negotiated_encoding(
    bench: Bench, tmp_path: Path, encoding: str, start: int, end: int
) -> None:
    bench.initialize(folders=(tmp_path,), general={"positionEncodings": [encoding]})
    path = tmp_path / "a.py"
    bench.receive(**opened(path, "\n\n# 😀 abc\n"))
    bench.ask(textDocument={"uri": path.as_uri()}, range=chosen(2, start, end))
    await bench.settle()
    assert bench.session.asked[0][0].context == TurnContext(
        "a.py", "python", "# 😀 abc\n", 3, 3, selected=(3, 3), selection="abc"
    )


async def test_an_edit_behind_the_question_is_not_in_it(bench: Bench, tmp_path: Path) -> None:
    bench.initialize(folders=(tmp_path,))
    path = tmp_path / "a.py"
    bench.receive(**opened(path, "before\n"))
    bench.ask(textDocument={"uri": path.as_uri()})
    await asyncio.sleep(0)
    bench.receive(
        method="textDocument/didChange",
        params={
            "textDocument": {"uri": path.as_uri(), "version": 2},
            "contentChanges": [{"text": "after\n"}],
        },
    )
    await bench.settle()
    context = bench.session.asked[0][0].context
    assert context is not None
    assert context.text == "before\n"


async def test_a_document_that_is_not_open_is_read_from_disk(bench: Bench, tmp_path: Path) -> None:
    bench.initialize(folders=(tmp_path,))
    (tmp_path / "b.rs").write_text("fn b() {}\n")
    bench.ask(textDocument={"uri": (tmp_path / "b.rs").as_uri()})
    assert (await bench.reply())["result"]["notices"] == []
    assert bench.session.asked[0][0].context == TurnContext("b.rs", "rust", "fn b() {}\n", 1, 1)


async def test_a_document_that_cannot_be_read_is_named_and_that_is_said(
    bench: Bench, tmp_path: Path
) -> None:
    work = tmp_path / "work"
    work.mkdir()
    (tmp_path / "secret").write_text("secret")
    bench.initialize(folders=(work,))
    bench.ask(textDocument={"uri": (tmp_path / "secret").as_uri()}, workDoneToken="w")
    (notice,) = (await bench.reply())["result"]["notices"]
    assert notice["kind"] == "contextTruncated"
    assert "outside of the workspace" in notice["message"]
    assert types_of(bench.outbox.take(), "w")[:2] == ["begin", "notice"]
    assert bench.session.asked[0][0].context == TurnContext("secret", None, "", 1, 1)


async def test_a_selection_of_what_cannot_be_read_is_refused(bench: Bench, tmp_path: Path) -> None:
    bench.initialize(folders=(tmp_path,))
    bench.ask(textDocument={"uri": (tmp_path / "gone").as_uri()}, range=chosen(0, 0, 1))
    assert (await bench.reply())["error"]["code"] == -32602
    assert bench.session.asked == []


async def test_diagnostics_go_along_without_a_document_too(bench: Bench) -> None:
    bench.initialize()
    bench.ask(diagnostics=[{"range": chosen(0, 0, 1), "message": "bad"}])
    await bench.settle()
    context = bench.session.asked[0][0].context
    assert context is not None
    assert [found.message for found in context.diagnostics] == ["bad"]


async def test_trouble_with_a_notification_is_logged_and_not_shown(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    bench.initialize()
    bench.receive(
        method="textDocument/didChange",
        params={
            "textDocument": {"uri": "file:///never/opened", "version": 2},
            "contentChanges": [{"text": "after\n"}],
        },
    )
    assert await bench.settle() == []
    assert "KeyError" in caplog.text


# ---- settings ----------------------------------------------------------------------------------


def answering(bench: Bench, answer: Callable[[dict[str, Any]], Any]) -> None:
    """Answer every `workspace/configuration` that was asked."""
    for message in bench.outbox.messages:
        if message.get("method") == "workspace/configuration":
            values = [answer(item) for item in message["params"]["items"]]
            bench.receive(id=message["id"], result=values)


async def test_the_folder_of_the_document_chooses_the_profile(bench: Bench, tmp_path: Path) -> None:
    folders = tuple(tmp_path / name for name in ("a", "b"))
    bench.initialize(folders=folders, workspace={"configuration": True})
    bench.receive(method="initialized", params={})
    for _ in range(5):
        await asyncio.sleep(0)
    answering(
        bench,
        lambda item: {"profile": "second"} if item.get("scopeUri", "").endswith("/b") else None,
    )
    for number, path in enumerate((folders[1] / "x.py", folders[0] / "x.py", None)):
        document = {"textDocument": {"uri": path.as_uri()}} if path else {}
        bench.ask(id=number, **document)
        await bench.reply(id=number)
    assert [asked[1].profile for asked in bench.session.asked] == ["second", "first", "first"]


async def test_pushed_settings_hold_from_the_next_question_on(bench: Bench) -> None:
    bench.initialize(options={"profile": "second"})
    bench.ask(id=1)
    await bench.reply(id=1)
    pushed = {"settings": {"codex": {"profile": "first", "base_url": "http://evil"}}}
    bench.receive(method="workspace/didChangeConfiguration", params=pushed)
    for number in (2, 3):
        bench.ask(id=number)
    replies = [(await bench.reply(id=number))["result"] for number in (2, 3)]
    assert [asked[1].profile for asked in bench.session.asked] == ["second", "first", "first"]
    assert [[n["kind"] for n in reply["notices"]] for reply in replies] == [
        ["untrustedWorkspace"],
        [],
    ]


async def test_in_restricted_mode_the_workspace_chooses_nothing(bench: Bench) -> None:
    bench.initialize(options={"trusted": False, "profile": "second"})
    bench.ask(id=1, workDoneToken="w")
    assert (await bench.reply(id=1))["error"]["data"]["kind"] == "untrustedWorkspace"
    bench.ask(id=2, profile="second")
    assert "result" in await bench.reply(id=2)
    bench.receive(method="codex/didChangeTrust", params={"trusted": True})
    bench.ask(id=3)
    assert "result" in await bench.reply(id=3)
    bench.receive(method="codex/didChangeTrust", params={"trusted": "yes"})
    bench.receive(method="codex/didChangeTrust", params={"trusted": False})
    bench.ask(id=4)
    assert "error" in await bench.reply(id=4)


@pytest.mark.parametrize(
    ("profile", "show", "events"),
    [
        ("first", None, ["begin", "reasoning", "reasoning", "content", "done"]),
        ("first", "full", ["begin", "reasoning", "reasoning", "content", "done"]),
        ("first", "summary", ["begin", "reasoning", "content", "done"]),
        ("first", "hidden", ["begin", "content", "done"]),
        ("second", "full", ["begin", "reasoning", "content", "done"]),
    ],
)
async def test_what_is_shown_of_thinking_is_a_setting_and_the_result_has_all(
    bench: Bench, profile: str, show: str | None, events: list[str]
) -> None:
    bench.initialize(options={"thinking": {"show": show}})
    bench.session.script = [
        STARTED,
        ReasoningDelta("h"),
        ReasoningDelta("m", "summary"),
        ContentDelta("4"),
        ANSWERED,
    ]
    bench.ask(workDoneToken="w", profile=profile)
    messages = await bench.settle()
    assert types_of(messages, "w") == events
    assert messages[-1]["result"]["reasoning"] == "hm"


async def test_notices_of_the_turn_come_behind_ours(bench: Bench) -> None:
    bench.initialize(options={"command": "x"})
    told = Notice("emptyAnswer", "Nothing came.", "Ask again.")
    bench.session.script = [
        STARTED,
        PhaseChanged("connecting"),
        TurnFinished("completed", "stop", "", "", TIMING, notices=(told,)),
    ]
    bench.ask(workDoneToken="w")
    messages = await bench.settle()
    assert types_of(messages, "w") == ["begin", "notice", "phase", "done"]
    ours, theirs = messages[-1]["result"]["notices"]
    assert ours["kind"] == "untrustedWorkspace"
    assert theirs == {"kind": "emptyAnswer", "message": "Nothing came.", "hint": "Ask again."}
