"""pygls' protocol, and every place where ours differs from it.

pygls frames, reads, types and answers messages, keeps the table of running requests and of questions to
the client, and knows the life of a connection. Each method here is a hook into it, and says what makes
it needed; those that work around a bug are written up in `docs/upstream.md`.
"""

import asyncio
import json
import logging
import time
import uuid
from collections.abc import Callable, Generator
from concurrent.futures import Future
from contextvars import ContextVar
from typing import Any

from cattrs import Converter
from lsprotocol import types
from pygls.exceptions import (
    JsonRpcException,
    JsonRpcInternalError,
    JsonRpcInvalidParams,
    JsonRpcInvalidRequest,
    JsonRpcParseError,
    JsonRpcRequestCancelled,
    JsonRpcServerNotInitialized,
)
from pygls.protocol import (
    LanguageServerProtocol,
    lsp_method,
)

from codex_ls.errors import CodexError, InvalidParams
from codex_ls.lsp.cancelling import cancel_once
from codex_ls.lsp.converter import leave_out_misfits
from codex_ls.lsp.documents import Documents, local_path
from codex_ls.lsp.payloads import Names, error_data
from codex_ls.protocol import REQUEST_FAILED, capability

logger = logging.getLogger(__name__)

MessageId = str | int
received_at: ContextVar[float] = ContextVar("received_at", default=0.0)
"""The `time.perf_counter()` at which the message came that is being handled."""

work_done_token: ContextVar[str | int | None] = ContextVar("work_done_token", default=None)
"""The `workDoneToken` of the `workspace/executeCommand` that is being handled."""

_PLAIN_PARAMS = frozenset({types.TEXT_DOCUMENT_CODE_ACTION, types.TEXT_DOCUMENT_DID_CHANGE})
"""Messages of LSP whose params stay as they came: diagnostics go back to the client untouched, with what
is newer in them than lsprotocol; and to make types of thousands of edits takes longer than the edits."""


_NOBODY = Names()


class RequestFailed(JsonRpcException):
    """LSP 3.17's error for a request that was right and could not be fulfilled."""

    CODE = REQUEST_FAILED


def reply_error(error: BaseException, names: Names = _NOBODY) -> JsonRpcException:
    """Return the error that a request is answered with, for whatever its handler raised.

    `names` says who would have answered. Of a bug only the exception's type is sent: its text may
    hold anything.
    """
    if isinstance(error, JsonRpcException):
        return error
    if isinstance(error, InvalidParams):
        message = f"{error.message} {error.hint}" if error.hint else error.message
        return JsonRpcInvalidParams(message)
    if isinstance(error, CodexError):
        return RequestFailed(error.message, data=error_data(error, names))
    kind = type(error).__name__
    return JsonRpcInternalError(f"Internal error ({kind}); the server's log has the details")


class CodexProtocol(LanguageServerProtocol):
    """The protocol side of one client."""

    def __init__(self, server: Any, converter: Converter) -> None:
        self.is_initialized = False
        self.exit_code: int | None = None
        """0 or 1 once the client has sent `exit`."""
        self._edits: asyncio.Task[None] | None = None
        super().__init__(server, converter)

    @property
    def is_shut_down(self) -> bool:
        """Whether the client has sent `shutdown`."""
        return self._shutdown

    # ---- incoming ------------------------------------------------------------------------------------

    def structure_message(self, data: dict[str, Any]) -> Any:
        """Leave objects as they are until the message is whole.

        pygls gives this to `json.loads` as its hook for objects (io_.py, `run_async`): a nested object
        with a key `jsonrpc` would become a message, and what does not fit would not be answered.
        """
        return data

    def handle_message(self, message: Any) -> None:
        """Handle one message as `json.loads` gave it: every request is answered once.

        pygls drops what does not fit and what comes after `shutdown`, and knows no request before
        `initialize` and no second one with an id that still runs.
        """
        received_at.set(time.perf_counter())
        try:
            self._check(message)
            if "id" in message or self._is_open or message["method"] == types.EXIT:
                super().handle_message(self._structured(message))
        except JsonRpcException as error:
            self._refuse(message, error)

    def _check(self, message: Any) -> None:
        """Raise JsonRpcException for what is no message, or a request that may not come now."""
        if not isinstance(message, dict):
            raise JsonRpcInvalidRequest("A message is an object")
        method = message.get("method")
        if _is_reply(message) or (isinstance(method, str) and "id" not in message):
            return
        if not isinstance(method, str) or not _is_id(message["id"]):
            raise JsonRpcInvalidRequest("Neither a request nor a response")
        if self.is_initialized and method == types.INITIALIZE:
            raise JsonRpcInvalidRequest("Already initialized")
        if not self.is_initialized and method != types.INITIALIZE:
            raise JsonRpcServerNotInitialized("Send `initialize` first")
        if self._shutdown:
            raise JsonRpcInvalidRequest("The server is shutting down")
        if message["id"] in self._request_futures:
            raise JsonRpcInvalidRequest("A request with this id is still running")
        self._get_handler(method)  # an unknown method is reported as such, whatever its params are

    def _structured(self, message: dict[str, Any]) -> Any:
        """Return a message in its type. Raises JsonRpcInvalidParams.

        Whatever else a client says of itself, and what is newer than lsprotocol, is no reason not to
        talk to it: what does not fit is left out, if it may be.
        """
        message["jsonrpc"] = self.VERSION
        if message.get("error", self) is None:
            del message["error"]  # beside a result; to pygls it would be a refusal
        while True:
            try:
                return super().structure_message(message)
            except JsonRpcException as error:
                if _is_reply(message) or not leave_out_misfits(message, error.__cause__):
                    what = message.get("method", "the reply")
                    raise JsonRpcInvalidParams(f"The params of {what} do not fit") from None

    @property
    def _is_open(self) -> bool:
        return self.is_initialized and not self._shutdown

    def _refuse(self, message: Any, error: JsonRpcException) -> None:
        """Answer what could not be handled, if it wants an answer."""
        fields = message if isinstance(message, dict) else {}
        message_id = fields.get("id") if _is_id(fields.get("id")) else None
        if _is_reply(message):
            future = self._request_futures.get(message_id) if message_id is not None else None
            if isinstance(future, Future) and not future.done():
                future.set_exception(error)
        elif isinstance(fields.get("method"), str) and "id" not in fields:
            logger.warning("ignored a %s that does not fit", fields["method"][:100])
        else:
            self._send_error(message_id, error)

    async def begun(self) -> None:
        """Wait until what the last message has started is under way, before the next one is read.

        pygls' loop does not give way between two messages that are both there: a request would begin
        after an edit that came behind it, and be cancelled before its first line.
        """
        await asyncio.sleep(0)
        if self._edits is not None:
            await asyncio.wait((self._edits,))
            self._edits = None

    def handle_text(self, text: str | bytes) -> None:
        """Handle one message; pygls shows what is no JSON to the user, and answers nothing.

        A whole number of more digits than Python reads becomes infinity, which no parameter accepts.
        """
        try:
            message = json.loads(text, parse_int=_whole_number)
        except (ValueError, RecursionError) as error:
            self._send_error(None, JsonRpcParseError(f"Not JSON: {error}"[:200]))
        else:
            self.handle_message(message)

    def get_message_type(self, method: str) -> type[Any] | None:  # type: ignore[override]
        """Return the type of a message; None for those whose params stay as they came."""
        return None if method in _PLAIN_PARAMS else super().get_message_type(method)

    # ---- requests and their ends ---------------------------------------------------------------------

    def _execute_handler(
        self,
        msg_id: MessageId,
        handler: Callable[..., Any],
        callback: Callable[[Any], None],
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        """Keep nothing of what is over: pygls keeps a future for every notification, for ever."""
        super()._execute_handler(msg_id, handler, callback, args, kwargs)
        future = self._request_futures.get(msg_id)
        if future is not None:
            future.add_done_callback(lambda _: self._request_futures.pop(msg_id, None))

    def _send_handler_result(self, future: Any, *, msg_id: MessageId) -> None:
        """Answer a request that is over; pygls would log the traceback of every error reply."""
        self._request_futures.pop(msg_id, None)
        if future.cancelled():
            self._send_error(msg_id, JsonRpcRequestCancelled("Cancelled"))
        elif (error := future.exception()) is None:
            self._send_response(msg_id, result=future.result())
        else:
            reply = reply_error(error)
            if isinstance(reply, JsonRpcInternalError):
                logger.error("a request failed", exc_info=error)
            self._send_error(msg_id, reply)

    def _send_error(self, message_id: MessageId | None, error: JsonRpcException) -> None:
        """Send an error reply; lsprotocol would leave out an id that is null."""
        reply: dict[str, Any] = {"code": error.code, "message": error.message}
        if error.data is not None:
            reply["data"] = error.data
        self._send_data({"jsonrpc": self.VERSION, "id": message_id, "error": reply})

    def _handle_cancel_notification(self, msg_id: MessageId) -> None:
        """Cancel a request's task, once; pygls forgets it, and a second one with its id may run."""
        future = self._request_futures.get(msg_id) if _is_id(msg_id) else None
        if isinstance(future, asyncio.Task):
            cancel_once(future)

    def cancel_requests(self) -> None:
        """Cancel every request that is running."""
        for future in tuple(self._request_futures.values()):
            if isinstance(future, asyncio.Task):
                cancel_once(future)

    @property
    def running(self) -> set["asyncio.Task[Any]"]:
        """The tasks of the requests that are not answered yet."""
        found: list[Any] = list(self._request_futures.values())
        return {future for future in found if isinstance(future, asyncio.Task)}

    # ---- requests to the client ----------------------------------------------------------------------

    def send_request(
        self,
        method: str,
        params: Any | None = None,
        callback: Callable[[Any], None] | None = None,
        msg_id: MessageId | None = None,
    ) -> "Future[Any]":
        """Forget a request that was given up; its late answer would raise (pygls#621)."""
        asked = str(uuid.uuid4()) if msg_id is None else msg_id
        future = super().send_request(method, params, callback, asked)
        future.add_done_callback(lambda _: self._forget(asked))
        return future

    def _forget(self, message_id: Any) -> None:
        self._request_futures.pop(message_id, None)
        self._result_types.pop(message_id, None)

    # ---- the life of a connection --------------------------------------------------------------------

    @lsp_method(types.INITIALIZE)
    def lsp_initialize(
        self, params: types.InitializeParams
    ) -> Generator[Any, Any, types.InitializeResult]:
        """Announce `codex/*`, for which pygls has no place, and keep documents as LSP counts lines.

        A root that is no place on this disk is none: pygls takes an empty path for the root of the disk,
        and raises for what is no URI.
        """
        params.root_path = params.root_path or None
        if params.root_uri is not None and local_path(params.root_uri) is None:
            params.root_uri = None
        result = yield from super().lsp_initialize(params)
        result.capabilities.experimental = {"codex": capability().dump()}
        self._workspace = Documents(
            self.workspace.root_uri,
            types.TextDocumentSyncKind.Incremental,
            params.workspace_folders or [],
            types.PositionEncodingKind(result.capabilities.position_encoding).value,
        )
        self.is_initialized = True
        return result

    @lsp_method(types.TEXT_DOCUMENT_DID_CHANGE)
    def lsp_text_document__did_change(self, params: Any) -> None:
        """Make the edits of a document; pygls rebuilds it for each of them."""
        workspace = self.workspace
        assert isinstance(workspace, Documents)
        edits = workspace.change(params)
        if edits is not None:
            self._edits = asyncio.create_task(edits)

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *_args: Any) -> None:  # type: ignore[override]
        """End every request in its own way: pygls cancels a second time what is ending already."""
        self._shutdown = True
        self.cancel_requests()

    @lsp_method(types.EXIT)
    def lsp_exit(self, *_args: Any) -> None:  # type: ignore[override]
        """End this connection; pygls ends the process, which may have other clients."""
        self.exit_code = 0 if self._shutdown else 1
        self._server.shutdown()  # type: ignore[no-untyped-call]

    @lsp_method(types.WORKSPACE_EXECUTE_COMMAND)
    async def lsp_workspace__execute_command(  # type: ignore[override]
        self, params: types.ExecuteCommandParams
    ) -> Any:
        """Run a command in the request's own task, which `$/cancelRequest` reaches, with its token.

        pygls answers a cancelled command at once while its handler runs on, and drops the token.
        """
        command = self.fm.commands.get(params.command)
        if command is None:
            there_are = ", ".join(self.fm.commands)
            message = f"Unknown command: {params.command[:100]}. There are {there_are}."
            self._server.window_show_message(
                types.ShowMessageParams(types.MessageType.Error, f"Codex: {message}")
            )
            raise JsonRpcInvalidParams(message)
        work_done_token.set(params.work_done_token)
        return await command(*(params.arguments or ()))


def _whole_number(digits: str) -> float:
    try:
        return int(digits)
    except ValueError:
        return float(digits)


def _is_reply(message: Any) -> bool:
    return (
        isinstance(message, dict)
        and "method" not in message
        and "id" in message
        and ("result" in message or "error" in message)
    )


def _is_id(value: Any) -> bool:
    return isinstance(value, str | int) and not isinstance(value, bool)
