import asyncio
from typing import Any

import pytest

from codex_ls.lsp.endpoint import Endpoint
from codex_ls.lsp.framing import Unreadable
from codex_ls.lsp.replies import ClientError, ReplyError
from codex_ls.lsp.request import Request
from tests.lsp.wire import Recorder

INITIALIZE = {
    "id": 0,
    "method": "initialize",
    "params": {"processId": None, "rootUri": None, "capabilities": {}},
}


def endpoint_for(outbox: Recorder, *, token: str | None = None) -> Endpoint:
    tasks: list[asyncio.Future[None]] = []
    return Endpoint(
        outbox,
        handlers={"codex/echo": echo, "codex/hold": hold, "codex/break": broken},
        listeners={"codex/note": outbox.notes.append},
        on_client=lambda _client: None,
        start_task=lambda coroutine: tasks.append(asyncio.ensure_future(coroutine)),
        token=token,
    )


async def echo(request: Request) -> Any:
    return request.params


async def hold(request: Request) -> Any:
    released = asyncio.Event()
    request.on_cancel(released.set)
    await released.wait()
    return "cancelled"


async def broken(request: Request) -> Any:
    match request.params:
        case "reply":
            raise ReplyError(-32803, "no", {"kind": "x"})
        case _:
            raise ValueError("sk-secret")


@pytest.fixture
async def outbox() -> Recorder:
    return Recorder()


@pytest.fixture
async def endpoint(outbox: Recorder) -> Endpoint:
    endpoint = endpoint_for(outbox)
    endpoint.handle_message(INITIALIZE)
    assert outbox.take()[0]["result"]["serverInfo"]["name"] == "codex-ls"
    return endpoint


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


def code(message: dict[str, Any]) -> tuple[Any, int]:
    return message["id"], message["error"]["code"]


@pytest.mark.parametrize(
    ("message", "reply"),
    [
        (Unreadable("x"), (None, -32700)),
        ([], (None, -32600)),
        (None, (None, -32600)),
        ("x", (None, -32600)),
        ({"id": 1}, (None, -32600)),
        ({"id": None, "method": "codex/echo"}, (None, -32600)),
        ({"id": 1.5, "method": "codex/echo"}, (None, -32600)),
        ({"id": True, "method": "codex/echo"}, (None, -32600)),
        ({"id": [], "method": "codex/echo"}, (None, -32600)),
        ({"id": 1, "method": 5}, (None, -32600)),
        ({"id": 1, "method": "codex/unknown"}, (1, -32601)),
        ({"id": "x", "method": "textDocument/hover"}, ("x", -32601)),
        ({"id": 1, "method": "$/unknown"}, (1, -32601)),
        ({"id": 1, "method": "initialize", "params": {"capabilities": {}}}, (1, -32600)),
    ],
)
async def test_whatever_comes_as_a_request_is_answered(
    endpoint: Endpoint, outbox: Recorder, message: Any, reply: tuple[Any, int]
) -> None:
    endpoint.handle_message(message)
    await settled()
    assert [code(answer) for answer in outbox.take()] == [reply]


@pytest.mark.parametrize(
    "message",
    [
        {"method": "$/unknown", "params": 5},
        {"method": "codex/unknown"},
        {"method": "$/cancelRequest"},
        {"method": "$/cancelRequest", "params": {"id": 99}},
        {"method": "$/cancelRequest", "params": {"id": {}}},
        {"method": "$/cancelRequest", "params": [1]},
        {"id": "codex-99", "result": None},
        {"id": 7, "result": None},
        {"id": None, "error": {"code": 1, "message": "x"}},
        {"id": "x", "error": "nonsense"},
    ],
)
async def test_notifications_and_stray_replies_are_never_answered(
    endpoint: Endpoint, outbox: Recorder, message: Any, caplog: pytest.LogCaptureFixture
) -> None:
    endpoint.handle_message(message)
    await settled()
    assert outbox.take() == []
    assert not [record for record in caplog.records if record.exc_info]


async def test_before_initialize_requests_are_refused_and_notifications_dropped(
    outbox: Recorder,
) -> None:
    endpoint = endpoint_for(outbox)
    endpoint.handle_message({"id": 1, "method": "codex/echo"})
    endpoint.handle_message({"id": 2, "method": "shutdown"})
    endpoint.handle_message({"method": "textDocument/didOpen"})
    endpoint.handle_message({"id": 3, "method": "initialize", "params": {"capabilities": 5}})
    endpoint.handle_message({**INITIALIZE, "id": 4})
    assert [code(answer) for answer in outbox.messages[:3]] == [
        (1, -32002),
        (2, -32002),
        (3, -32602),
    ]
    assert outbox.messages[3]["result"]["capabilities"]
    assert endpoint.exit_code is None


async def test_an_exit_without_shutdown_is_a_failure(outbox: Recorder) -> None:
    endpoint = endpoint_for(outbox)
    endpoint.handle_message({"method": "exit"})
    assert endpoint.exit_code == 1


async def test_after_shutdown_turns_end_and_requests_are_refused(
    endpoint: Endpoint, outbox: Recorder
) -> None:
    endpoint.handle_message({"id": 1, "method": "codex/hold"})
    endpoint.handle_message({"id": 2, "method": "shutdown"})
    endpoint.handle_message({"id": 3, "method": "codex/echo"})
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
    endpoint.handle_message({"method": "exit"})
    assert endpoint.exit_code == 0


async def test_params_reach_a_handler_as_they_were_sent(
    endpoint: Endpoint, outbox: Recorder
) -> None:
    params = {
        "class": 1,
        "_x": {"a-b": [None]},
        "type_name": "y",
        "nested": {"jsonrpc": "2.0", "id": 9, "method": "exit"},
    }
    for message_id in (1, "1"):
        endpoint.handle_message({"id": message_id, "method": "codex/echo", "params": params})
    await settled()
    assert outbox.take() == [
        {"jsonrpc": "2.0", "id": 1, "result": params},
        {"jsonrpc": "2.0", "id": "1", "result": params},
    ]
    assert endpoint.exit_code is None


async def test_params_reach_a_listener_as_they_were_sent(
    endpoint: Endpoint, outbox: Recorder
) -> None:
    params = {"text": '{"jsonrpc": "2.0"}', "jsonrpc": "2.0", "id": 5, "method": "exit"}
    endpoint.handle_message({"method": "codex/note", "params": params})
    endpoint.handle_message({"method": "codex/note"})
    assert outbox.notes == [params, None]
    assert endpoint.exit_code is None


async def test_an_id_that_is_still_running_is_refused_and_the_first_is_answered(
    endpoint: Endpoint, outbox: Recorder
) -> None:
    endpoint.handle_message({"id": 1, "method": "codex/hold"})
    endpoint.handle_message({"id": 1, "method": "codex/hold"})
    await settled()
    assert [code(answer) for answer in outbox.take()] == [(1, -32600)]
    for _ in range(2):
        endpoint.handle_message({"method": "$/cancelRequest", "params": {"id": 1}})
    await settled()
    assert outbox.take() == [{"jsonrpc": "2.0", "id": 1, "result": "cancelled"}]
    endpoint.handle_message({"id": 1, "method": "codex/echo"})
    await settled()
    assert outbox.take() == [{"jsonrpc": "2.0", "id": 1, "result": None}]


async def test_a_cancel_that_comes_with_its_request_is_seen(
    endpoint: Endpoint, outbox: Recorder
) -> None:
    endpoint.handle_message({"id": 1, "method": "codex/hold"})
    endpoint.handle_message({"method": "$/cancelRequest", "params": {"id": 1}})
    await settled()
    assert outbox.take() == [{"jsonrpc": "2.0", "id": 1, "result": "cancelled"}]


async def test_errors_of_handlers_are_replies_without_a_traceback(
    endpoint: Endpoint, outbox: Recorder
) -> None:
    endpoint.handle_message({"id": 1, "method": "codex/break", "params": "reply"})
    endpoint.handle_message({"id": 2, "method": "codex/break", "params": "bug"})
    await settled()
    assert outbox.take() == [
        {
            "jsonrpc": "2.0",
            "id": 1,
            "error": {"code": -32803, "message": "no", "data": {"kind": "x"}},
        },
        {
            "jsonrpc": "2.0",
            "id": 2,
            "error": {
                "code": -32603,
                "message": "Internal error (ValueError); the server's log has the details",
            },
        },
    ]


async def test_a_question_to_the_client_gets_its_plain_answer(
    endpoint: Endpoint, outbox: Recorder
) -> None:
    asking = asyncio.ensure_future(endpoint.questions.ask("workspace/configuration", {"items": []}))
    await settled()
    (sent,) = outbox.take()
    assert sent == {
        "jsonrpc": "2.0",
        "id": sent["id"],
        "method": "workspace/configuration",
        "params": {"items": []},
    }
    endpoint.handle_message({"id": sent["id"], "result": [{"a": None}]})
    assert await asking == [{"a": None}]


async def test_an_answer_that_nobody_waits_for_is_dropped(
    endpoint: Endpoint, outbox: Recorder, caplog: pytest.LogCaptureFixture
) -> None:
    asking = asyncio.ensure_future(endpoint.questions.ask("x", {}))
    await settled()
    asking.cancel()
    endpoint.handle_message({"id": outbox.take()[0]["id"], "result": 1})
    await settled()
    assert caplog.records == []
    assert len(endpoint.questions) == 0


async def test_a_refusal_of_the_client_is_an_error_or_the_default(
    endpoint: Endpoint, outbox: Recorder
) -> None:
    for error in ({"code": -32601, "message": "no"}, "nonsense"):
        asking = asyncio.ensure_future(endpoint.questions.ask("x", {}))
        gentle = asyncio.ensure_future(endpoint.questions.ask("x", {}, default=7))
        await settled()
        for message in outbox.take():
            endpoint.handle_message({"id": message["id"], "error": error})
        with pytest.raises(ClientError):
            await asking
        assert await gentle == 7


async def test_a_client_without_the_token_is_refused(outbox: Recorder) -> None:
    for options in ({}, {"token": "wrong"}, {"token": 7}, {"token": "gehe\u00efm\ud800"}):
        endpoint = endpoint_for(outbox, token="geheim")
        endpoint.handle_message(
            {
                **INITIALIZE,
                "params": {"capabilities": {}, "initializationOptions": {"codex": options}},
            }
        )
        assert [code(answer) for answer in outbox.take()] == [(0, -32600)]
        assert endpoint.exit_code == 1
        assert endpoint.client is None
