"""What our hooks into pygls' protocol promise: every request is answered once, whatever comes."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from codex_ls import protocol
from codex_ls.errors import InvalidParams, UnknownThread
from codex_ls.lsp.server import CodexServer
from tests.lsp.wire import INITIALIZE, Recorder, server_for, settled


def add_features(server: LanguageServer) -> None:
    @server.feature("test/echo")
    async def echo(params: Any) -> Any:
        return params

    @server.feature("test/hold")
    async def hold(_params: Any) -> Any:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            return "cancelled"

    @server.feature("test/held")
    async def held(_params: Any) -> None:
        await asyncio.Event().wait()

    @server.feature("test/break")
    async def broken(params: Any) -> None:
        match params:
            case "codex":
                raise UnknownThread("no", hint="Look.")
            case "params":
                raise InvalidParams("no", hint="Look.")
            case _:
                raise ValueError("sk-secret")

    @server.feature("test/note")
    def note(params: Any) -> None:
        NOTES.append(params)

    @server.command("test.hold")
    async def hold_command(*arguments: Any) -> Any:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            return ["cancelled", *arguments]


NOTES: list[Any] = []


@pytest.fixture
async def outbox() -> Recorder:
    return Recorder()


@pytest.fixture
async def server(outbox: Recorder, tmp_path: Path) -> AsyncIterator[CodexServer]:
    NOTES.clear()
    async with server_for(outbox, tmp_path, register=add_features) as server:
        yield server


@pytest.fixture
async def greeted(server: CodexServer, outbox: Recorder) -> CodexServer:
    receive(server, INITIALIZE)
    assert outbox.take()[0]["result"]["serverInfo"]["name"] == "codex-ls"
    return server


def receive(server: CodexServer, message: Any) -> None:
    server.protocol.handle_message(dict(message) if isinstance(message, dict) else message)


def code(message: dict[str, Any]) -> tuple[Any, int]:
    return message["id"], message["error"]["code"]


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        ([], (None, -32600)),
        (None, (None, -32600)),
        ("x", (None, -32600)),
        ({}, (None, -32600)),
        ({"id": 1}, (1, -32600)),
        ({"id": None, "method": "test/echo"}, (None, -32600)),
        ({"id": 1.5, "method": "test/echo"}, (None, -32600)),
        ({"id": True, "method": "test/echo"}, (None, -32600)),
        ({"id": [], "method": "test/echo"}, (None, -32600)),
        ({"id": 1, "method": 5}, (1, -32600)),
        ({"id": 1, "method": "test/unknown"}, (1, -32601)),
        ({"id": "x", "method": "textDocument/hover", "params": {}}, ("x", -32601)),
        ({"id": 1, "method": "$/unknown"}, (1, -32601)),
        ({"id": 1, "method": "workspace/executeCommand"}, (1, -32602)),
        ({"id": 1, "method": "workspace/executeCommand", "params": {"arguments": []}}, (1, -32602)),
        ({"id": 1, "method": "initialize", "params": {"capabilities": {}}}, (1, -32600)),
    ],
)
async def test_whatever_comes_as_a_request_is_answered(
    greeted: CodexServer, outbox: Recorder, message: Any, reply: tuple[Any, int]
) -> None:
    receive(greeted, message)
    await settled()
    assert [code(answer) for answer in outbox.take()] == [reply]


@pytest.mark.parametrize(
    "message",
    [
        {"method": "$/unknown", "params": 5},
        {"method": "test/unknown"},
        {"method": "$/cancelRequest"},
        {"method": "$/cancelRequest", "params": {"id": 99}},
        {"method": "$/cancelRequest", "params": {"id": {}}},
        {"method": "$/cancelRequest", "params": [1]},
        {"method": "window/workDoneProgress/cancel", "params": {"token": []}},
        {"method": "textDocument/didOpen"},
        {"method": "textDocument/didOpen", "params": {"textDocument": 5}},
        {"method": "textDocument/didChange", "params": {"textDocument": {"uri": "file:///a"}}},
        {"method": "workspace/didChangeWorkspaceFolders", "params": {"event": None}},
        {"id": "codex-99", "result": None},
        {"id": 7, "result": None},
        {"id": None, "error": {"code": 1, "message": "x"}},
        {"id": "x", "error": "nonsense"},
        {"id": {}, "result": 1},
    ],
)
async def test_notifications_and_stray_replies_are_never_answered(
    greeted: CodexServer, outbox: Recorder, message: Any, caplog: pytest.LogCaptureFixture
) -> None:
    receive(greeted, message)
    await settled()
    assert outbox.take() == []
    ours = [record for record in caplog.records if record.name.startswith("codex_ls")]
    assert not [record for record in ours if record.exc_info]


async def test_before_initialize_requests_are_refused_and_notifications_dropped(
    server: CodexServer, outbox: Recorder
) -> None:
    receive(server, {"id": 1, "method": "test/echo"})
    receive(server, {"id": 2, "method": "shutdown"})
    receive(server, {"method": "textDocument/didOpen"})
    receive(server, {"id": 3, "method": "initialize", "params": {"capabilities": 5}})
    receive(server, {**INITIALIZE, "id": 4})
    assert [code(answer) for answer in outbox.messages[:3]] == [
        (1, -32002),
        (2, -32002),
        (3, -32602),
    ]
    assert outbox.messages[3]["result"]["capabilities"]
    assert server.protocol.exit_code is None


async def test_an_exit_without_shutdown_is_a_failure(server: CodexServer) -> None:
    receive(server, {"method": "exit"})
    assert server.protocol.exit_code == 1
    assert server.stop_event.is_set()


async def test_after_shutdown_turns_end_and_requests_are_refused(
    greeted: CodexServer, outbox: Recorder
) -> None:
    receive(greeted, {"id": 1, "method": "test/hold"})
    await asyncio.sleep(0)
    receive(greeted, {"id": 2, "method": "shutdown"})
    receive(greeted, {"id": 3, "method": "test/echo"})
    await settled()
    assert outbox.take() == [
        {"jsonrpc": "2.0", "id": 2, "result": None},
        {
            "jsonrpc": "2.0",
            "id": 3,
            "error": {"code": -32600, "message": "The server is shutting down"},
        },
        {"jsonrpc": "2.0", "id": 1, "result": "cancelled"},
    ]
    receive(greeted, {"method": "exit"})
    assert greeted.protocol.exit_code == 0


async def test_params_reach_their_feature_as_they_were_sent(
    greeted: CodexServer, outbox: Recorder
) -> None:
    params = {
        "class": 1,
        "_x": {"a-b": [None]},
        "type_name": "y",
        "nested": {"jsonrpc": "2.0", "id": 9, "method": "exit"},
        "text": '{"jsonrpc": "2.0"}',
    }
    for message_id in (1, "1"):
        receive(greeted, {"id": message_id, "method": "test/echo", "params": params})
    receive(greeted, {"id": 2, "method": "test/echo"})
    receive(greeted, {"method": "test/note", "params": params})
    receive(greeted, {"method": "test/note"})
    await settled()
    assert outbox.take() == [
        {"jsonrpc": "2.0", "id": 1, "result": params},
        {"jsonrpc": "2.0", "id": "1", "result": params},
        {"jsonrpc": "2.0", "id": 2, "result": None},
    ]
    assert [params, None] == NOTES
    assert greeted.protocol.exit_code is None


async def test_what_is_no_json_is_answered_and_a_huge_number_is_a_number(
    greeted: CodexServer, outbox: Recorder
) -> None:
    for text in (b"{", b"\xff\xfe", "[" * 300_000, "\ufeff{}"):
        greeted.protocol.handle_text(text)
    greeted.protocol.handle_text('{"id": 1, "method": "test/echo", "params": %s}' % ("9" * 5000))
    await settled()
    assert [code(answer) for answer in outbox.messages[:4]] == [(None, -32700)] * 4
    assert outbox.messages[4]["result"] == float("inf")


async def test_an_id_that_is_still_running_is_refused_and_the_first_is_answered(
    greeted: CodexServer, outbox: Recorder
) -> None:
    receive(greeted, {"id": 1, "method": "test/hold"})
    await asyncio.sleep(0)
    receive(greeted, {"id": 1, "method": "test/hold"})
    await settled()
    assert [code(answer) for answer in outbox.take()] == [(1, -32600)]
    for _ in range(3):  # a second cancel would break off what answers
        receive(greeted, {"method": "$/cancelRequest", "params": {"id": 1}})
        await asyncio.sleep(0)
    await settled()
    assert outbox.take() == [{"jsonrpc": "2.0", "id": 1, "result": "cancelled"}]
    receive(greeted, {"id": 1, "method": "test/echo"})
    await settled()
    assert outbox.take() == [{"jsonrpc": "2.0", "id": 1, "result": None}]


async def test_a_cancelled_request_that_has_nothing_to_say_is_answered(
    greeted: CodexServer, outbox: Recorder
) -> None:
    receive(greeted, {"id": 1, "method": "test/held"})
    await asyncio.sleep(0)
    receive(greeted, {"method": "$/cancelRequest", "params": {"id": 1}})
    await settled()
    assert [code(answer) for answer in outbox.take()] == [(1, -32800)]


async def test_a_cancel_reaches_a_command(greeted: CodexServer, outbox: Recorder) -> None:
    params = {"command": "test.hold", "arguments": [{"a": None}, 1]}
    receive(greeted, {"id": 1, "method": "workspace/executeCommand", "params": params})
    await asyncio.sleep(0)
    receive(greeted, {"method": "$/cancelRequest", "params": {"id": 1}})
    await settled()
    assert outbox.take() == [{"jsonrpc": "2.0", "id": 1, "result": ["cancelled", {"a": None}, 1]}]


async def test_errors_of_handlers_are_replies_without_a_traceback(
    greeted: CodexServer, outbox: Recorder
) -> None:
    for message_id, params in enumerate(("codex", "params", "bug")):
        receive(greeted, {"id": message_id, "method": "test/break", "params": params})
    await settled()
    data = {"kind": "unknownThread", "hint": "Look.", "retryable": False}
    assert [message["error"] for message in outbox.take()] == [
        {"code": -32803, "message": "no", "data": data},
        {"code": -32602, "message": "no Look."},
        {
            "code": -32603,
            "message": "Internal error (ValueError); the server's log has the details",
        },
    ]


async def test_a_question_to_the_client_gets_its_plain_answer(
    greeted: CodexServer, outbox: Recorder
) -> None:
    asking = asyncio.ensure_future(greeted.ask("codex/secret", {"provider": "p"}))
    await settled()
    (sent,) = outbox.take()
    assert sent == {
        "jsonrpc": "2.0",
        "id": sent["id"],
        "method": "codex/secret",
        "params": {"provider": "p"},
    }
    receive(greeted, {"id": sent["id"], "result": [{"a": None}]})
    assert await asking == [{"a": None}]


async def test_an_answer_that_nobody_waits_for_is_dropped(
    greeted: CodexServer, outbox: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    asking = asyncio.ensure_future(greeted.ask("codex/secret", {}))
    await settled()
    asking.cancel()
    await settled()
    receive(greeted, {"id": outbox.take()[0]["id"], "result": 1})
    await settled()
    assert [record for record in caplog.records if record.exc_info] == []
    assert outbox.take() == []
    assert greeted.protocol._request_futures == {}
    assert greeted.protocol._result_types == {}


async def test_a_refusal_of_the_client_is_an_error_and_so_is_an_answer_that_does_not_fit(
    greeted: CodexServer, outbox: Recorder
) -> None:
    params = types.ShowDocumentParams(uri="file:///a")
    replies: tuple[dict[str, Any], ...] = (
        {"error": {"code": -32601, "message": "no"}},
        {"error": "nonsense"},
        {"result": 5},
        {"result": {}},
    )
    for reply in replies:
        asking = asyncio.ensure_future(greeted.window_show_document_async(params))
        await settled()
        (sent,) = outbox.take()
        receive(greeted, {"id": sent["id"], **reply})
        with pytest.raises(JsonRpcException):
            await asking
    assert greeted.protocol._request_futures == {}


async def test_an_error_that_is_null_is_none(greeted: CodexServer, outbox: Recorder) -> None:
    params = types.ShowDocumentParams(uri="file:///a")
    asking = asyncio.ensure_future(greeted.window_show_document_async(params))
    await settled()
    (sent,) = outbox.take()
    receive(greeted, {"id": sent["id"], "result": {"success": True}, "error": None})
    assert await asking == types.ShowDocumentResult(success=True)


async def test_a_notification_leaves_nothing_behind(greeted: CodexServer) -> None:
    for _ in range(10):
        receive(greeted, {"method": "test/note", "params": 1})
        receive(greeted, {"method": "$/setTrace", "params": {"value": "off"}})
        receive(greeted, {"method": "initialized", "params": {}})
    await settled()
    assert greeted.protocol._request_futures == {}


# ---- initialize --------------------------------------------------------------------------------

NEOVIM = {"general": {"positionEncodings": ["utf-8", "utf-16", "utf-32"]}}


@pytest.mark.parametrize(
    ("capabilities", "encoding"),
    [
        ({}, "utf-16"),
        (NEOVIM, "utf-8"),
        ({"general": {"positionEncodings": ["utf-7", "utf-32"]}}, "utf-32"),
        ({"general": {"positionEncodings": []}}, "utf-16"),
        ({"textDocument": {"synchronization": {"didSave": True}}}, "utf-16"),
        ({"workspace": {"workspaceFolders": True, "fileOperations": {}}}, "utf-16"),
    ],
)
async def test_initialize_says_what_there_is(
    server: CodexServer, outbox: Recorder, capabilities: Any, encoding: str
) -> None:
    params = {"processId": None, "rootUri": None, "capabilities": capabilities}
    receive(server, {"id": 1, "method": "initialize", "params": params})
    result = outbox.take()[0]["result"]
    found = result["capabilities"]
    found["executeCommandProvider"]["commands"].remove("test.hold")
    assert found == {
        "positionEncoding": encoding,
        "textDocumentSync": {"openClose": True, "change": 2, "save": False},
        "codeActionProvider": True,
        "executeCommandProvider": {"commands": list(protocol.COMMANDS)},
        "workspace": {
            "workspaceFolders": {"supported": True, "changeNotifications": True},
            "fileOperations": {},
        },
        "experimental": {
            "codex": protocol.capability().dump() | {"methods": list(protocol.REQUESTS)}
        },
    }
    assert server.documents.position_codec.encoding == encoding


@pytest.mark.parametrize(
    "odd",
    [
        {"processId": "x", "initializationOptions": [1]},
        {"processId": True, "initializationOptions": {"codex": "x"}},
        {"processId": -1, "initializationOptions": {"codex": {"trusted": "no", "token": 7}}},
        {"capabilities": {"general": {"positionEncodings": [[], 7]}, "window": 5, "workspace": []}},
        {"capabilities": {"textDocument": {"completion": {"completionItem": {
            "tagSupport": {"valueSet": [1, 99]}, "resolveSupport": {}}}}}},
        {"workspaceFolders": [{"uri": []}, 7, {"uri": "file:///w", "name": "w"}], "rootUri": 9},
        {"clientInfo": {"version": "1"}, "trace": "loud", "workspaceFolders": 5, "locale": []},
        {"new": {"in": "LSP 4"}},
    ],
)  # fmt: skip
async def test_odd_values_read_as_absent(
    server: CodexServer, outbox: Recorder, odd: dict[str, Any]
) -> None:
    params = {"processId": None, "rootUri": None, "capabilities": {}, **odd}
    receive(server, {"id": 1, "method": "initialize", "params": params})
    assert outbox.take()[0]["result"]["capabilities"]["positionEncoding"] == "utf-16"
    assert server.settings.trusted
    assert set(server.documents.folder_paths.values()) <= {Path("/w")}


@pytest.mark.parametrize("params", [None, 5, [], {}, {"capabilities": 5}, {"capabilities": None}])
async def test_an_initialize_that_makes_no_sense_is_refused(
    server: CodexServer, outbox: Recorder, params: Any
) -> None:
    receive(server, {"id": 1, "method": "initialize", "params": params})
    assert [code(answer) for answer in outbox.take()] == [(1, -32602)]
    assert not server.greeted.is_set()


async def test_a_client_without_the_token_is_refused(outbox: Recorder, tmp_path: Path) -> None:
    for options in ({}, {"token": "wrong"}, {"token": 7}, {"token": "gehe\u00efm\ud800"}):
        async with server_for(outbox, tmp_path, token="geheim") as server:
            given = {"capabilities": {}, "initializationOptions": {"codex": options}}
            params = {**INITIALIZE["params"], **given}
            receive(server, {**INITIALIZE, "params": params})
            assert [code(answer) for answer in outbox.take()] == [(0, -32600)]
            assert server.stop_event.is_set()
            assert not server.greeted.is_set()
            receive(server, {"id": 1, "method": "codex/profiles"})
            assert [code(answer) for answer in outbox.take()] == [(1, -32002)]
