"""The bugs of pygls that `docs/upstream.md` lists, in pygls alone.

Each test fails when its bug is mended, and names with it the hook that can go.
"""

import asyncio
import json
from concurrent.futures import InvalidStateError
from typing import Any

import pytest
from lsprotocol import types
from pygls.io_ import run_async
from pygls.lsp.server import LanguageServer
from pygls.workspace import TextDocument

from tests.lsp.wire import settled
from tests.support.lsp_client import frame

HELLO = {"id": 0, "method": "initialize", "params": {"capabilities": {}, "processId": None}}


class Silent(LanguageServer):
    """pygls as it comes, but for its way of showing errors to the user."""

    def report_server_error(self, error: Exception, source: Any) -> None:
        pass


class Pygls:
    """A server of pygls alone, and what it says."""

    def __init__(self) -> None:
        self.server = Silent("pygls", "1")
        self.server._stop_event = self.stop = _Never()  # type: ignore[assignment]
        self.server.protocol.set_writer(self, include_headers=False)
        self.sent: list[Any] = []
        self.began: list[Any] = []

        @self.server.feature("test/echo")
        async def echo(params: Any) -> None:
            self.began.append(params)

    def write(self, data: bytes) -> None:
        self.sent.append(json.loads(data))

    def close(self) -> None:
        pass

    async def read(self, data: bytes) -> None:
        """Let pygls' own loop read these bytes, to their end."""
        stream = asyncio.StreamReader()
        stream.feed_data(data)
        stream.feed_eof()
        reading = run_async(self.stop, stream, self.server.protocol)  # type: ignore[arg-type]
        await asyncio.wait_for(reading, 10)
        await settled()

    async def receive(self, *messages: dict[str, Any]) -> list[Any]:
        """What is answered to these messages."""
        await self.read(b"".join(frame({"jsonrpc": "2.0", **message}) for message in messages))
        return [message for message in self.sent if "method" not in message]


class _Never:
    def is_set(self) -> bool:
        return False

    def set(self) -> None:
        pass


@pytest.fixture
async def pygls() -> Pygls:
    return Pygls()


async def test_params_that_do_not_fit_are_never_answered(pygls: Pygls) -> None:
    request = {"id": 1, "method": "workspace/executeCommand", "params": {}}
    assert [message["id"] for message in await pygls.receive(HELLO, request)] == [0]


async def test_a_nested_object_is_taken_for_a_message(pygls: Pygls) -> None:
    params = {"inner": {"jsonrpc": "2.0", "id": 5, "method": "shutdown"}}
    await pygls.receive(HELLO, {"id": 1, "method": "test/echo", "params": params})
    assert "inner" not in json.dumps(pygls.sent)
    assert not pygls.began or not isinstance(pygls.began[0], dict)


async def test_a_request_after_shutdown_is_never_answered(pygls: Pygls) -> None:
    shutdown, request = {"id": 1, "method": "shutdown"}, {"id": 2, "method": "shutdown"}
    assert [message["id"] for message in await pygls.receive(HELLO, shutdown, request)] == [0, 1]


async def test_a_request_before_initialize_is_handled(pygls: Pygls) -> None:
    await pygls.receive({"id": 1, "method": "test/echo", "params": 5})
    assert pygls.began == [5]


async def test_an_error_without_an_id_has_no_null(pygls: Pygls) -> None:
    error = types.ResponseError(code=-32700, message="x")
    pygls.server.protocol._send_response(None, error=error)  # type: ignore[arg-type]
    assert "id" not in pygls.sent[0]


async def test_a_cancelled_command_runs_on(pygls: Pygls) -> None:
    goes_on, cancelled = asyncio.Event(), False

    @pygls.server.command("hold")
    async def hold() -> None:
        nonlocal cancelled
        try:
            await goes_on.wait()
        except asyncio.CancelledError:
            cancelled = True
            raise

    await pygls.receive(
        HELLO,
        {"id": 1, "method": "workspace/executeCommand", "params": {"command": "hold"}},
        {"method": "$/cancelRequest", "params": {"id": 1}},
    )
    assert pygls.sent[1]["error"]["code"] == -32800
    assert not cancelled
    goes_on.set()
    await settled()


async def test_a_late_answer_raises(pygls: Pygls) -> None:
    asking = asyncio.ensure_future(
        pygls.server.window_show_document_async(types.ShowDocumentParams("file:///a"))
    )
    await settled()
    asking.cancel()
    await settled()
    with pytest.raises(InvalidStateError):
        pygls.server.protocol._handle_response(pygls.sent[0]["id"], result=None)


async def test_a_notification_leaves_a_future(pygls: Pygls) -> None:
    trace = {"method": "$/setTrace", "params": {"value": "off"}}
    await pygls.receive(HELLO, *[trace] * 10)
    assert len(pygls.server.protocol._request_futures) >= 10


async def test_an_empty_root_path_is_the_root_of_the_disk(pygls: Pygls) -> None:
    hello = {**HELLO, "params": {**HELLO["params"], "rootPath": "", "rootUri": None}}  # type: ignore[dict-item]
    await pygls.receive(hello)
    assert pygls.server.workspace.root_path == "/"


def test_lines_end_where_lsp_knows_no_end() -> None:
    assert len(TextDocument("file:///a", "one\x0cline\u2028still").lines) == 3


async def test_a_cancel_comes_before_its_request_begins(pygls: Pygls) -> None:
    await pygls.receive(
        HELLO,
        {"id": 1, "method": "test/echo", "params": 5},
        {"method": "$/cancelRequest", "params": {"id": 1}},
    )
    assert pygls.began == []


async def test_a_header_in_small_letters_is_not_read(pygls: Pygls) -> None:
    hello = frame({"jsonrpc": "2.0", **HELLO})
    await pygls.read(hello.replace(b"Content-Length", b"content-length") + hello)
    assert pygls.sent == []
