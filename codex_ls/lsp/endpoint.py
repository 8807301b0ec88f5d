"""JSON-RPC over one connection: every request is answered exactly once, whatever the client sends.

pygls brings the typed LSP features (documents, folders, commands). Its message handling is replaced
here where it would break a promise of ours:

* messages are structured once, as a whole, and a request whose params do not fit is answered with
  -32602 (pygls leaves it unanswered); a nested object that looks like a message is left alone;
* `codex/*` params stay plain dicts, and their handlers run as tasks that we own and cancel ourselves:
  cancelling is the handler's to answer, with a result;
* nothing is kept per notification (pygls keeps a future for each);
* a late reply to a request that nobody waits for any more is dropped without an error;
* the client never gets a traceback, and no message body is logged.
"""

import asyncio
import hmac
import logging
from collections.abc import Callable, Coroutine, Mapping
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.protocol import LanguageServerProtocol, lsp_method

from codex_ls.lsp.documents import Documents
from codex_ls.lsp.framing import Unreadable, encode
from codex_ls.lsp.handshake import Client, initialize_result, read_client
from codex_ls.lsp.initialize_params import initialize_params
from codex_ls.lsp.protocol import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    INVALID_REQUEST,
    METHOD_NOT_FOUND,
    PARSE_ERROR,
    REQUEST_CANCELLED,
    SERVER_NOT_INITIALIZED,
)
from codex_ls.lsp.questions import Questions
from codex_ls.lsp.replies import ReplyError, client_error, internal_error
from codex_ls.lsp.request import MessageId, Request

if TYPE_CHECKING:
    from codex_ls.lsp.outbox import Outbox

logger = logging.getLogger(__name__)

Handler = Callable[[Request], Coroutine[Any, Any, Any]]


class Endpoint(LanguageServerProtocol):
    """The protocol side of one client. Its owner sets these before the first message is handled."""

    outbox: "Outbox"
    token: str | None = None
    """What the client must show in `initialize`, if anything."""
    on_client: Callable[[Client], None]
    start_task: Callable[[Coroutine[Any, Any, None]], None]
    """Owns the tasks of the handlers."""
    handlers: Mapping[str, Handler]
    """Requests that run as tasks, and whose params are plain."""
    listeners: Mapping[str, Callable[[Any], None]]
    """Notifications whose params are plain; they go before the handlers of pygls."""

    client: Client | None = None
    documents: Documents

    def __init__(self, server: Any, converter: Any) -> None:
        self._running: dict[MessageId, Request] = {}
        self.questions = Questions(self._send_data)
        self._exit_code: int | None = None
        super().__init__(server, converter)  # reads every attribute: ours must be there

    # ---- incoming ------------------------------------------------------------------------------

    @property
    def exit_code(self) -> int | None:
        """0 or 1 once the client has sent `exit`."""
        return self._exit_code

    @property
    def is_shut_down(self) -> bool:
        """True once the client has sent `shutdown`."""
        return self._shutdown

    def structure_message(self, data: Any) -> Any:
        """Leave an object as it is: pygls would take a nested one for a message."""
        return data

    def handle_message(self, message: Any, *, received_at: float = 0.0) -> None:
        """Handle one message as `json.loads` gave it. Never raises."""
        match message:
            case Unreadable(reason=reason):
                self._send_error(None, PARSE_ERROR, f"Unreadable message: {reason}")
            case {"method": str(method), "id": str() | int() as message_id} if (
                type(message_id) is not bool
            ):
                self._receive_request(message_id, method, message.get("params"), received_at)
            case {"method": str(method)} if "id" not in message:
                self._receive_notification(method, message.get("params"))
            case {"id": message_id} if "method" not in message and (
                "result" in message or "error" in message
            ):
                self._receive_response(message_id, message)
            case _:
                self._send_error(None, INVALID_REQUEST, "Neither a request nor a response")

    def _receive_request(
        self, message_id: MessageId, method: str, params: Any, received_at: float
    ) -> None:
        if method == types.INITIALIZE:
            self._initialize(message_id, params)
        elif self.client is None:
            self._send_error(message_id, SERVER_NOT_INITIALIZED, "Send `initialize` first")
        elif self._shutdown:
            self._send_error(message_id, INVALID_REQUEST, "The server is shutting down")
        elif message_id in self._running or message_id in self._request_futures:
            self._send_error(message_id, INVALID_REQUEST, "A request with this id is still running")
        elif (handler := self.handlers.get(method)) is not None:
            request = Request(message_id, method, params, received_at=received_at)
            self._running[message_id] = request
            self.start_task(self._run(handler, request))
        else:
            self._receive_standard_request(message_id, method, params)

    def _receive_standard_request(self, message_id: MessageId, method: str, params: Any) -> None:
        if method not in self.fm.builtin_features and method not in self.fm.features:
            self._send_error(message_id, METHOD_NOT_FOUND, f"Unknown method: {method[:100]}")
            return
        try:
            typed = self._structure(method, {"id": message_id, "method": method, "params": params})
        except Exception:
            logger.debug("params of %s do not fit", method, exc_info=True)
            self._send_error(message_id, INVALID_PARAMS, f"The params of {method} do not fit")
            return
        self._handle_request(message_id, method, typed.params)

    def _receive_notification(self, method: str, params: Any) -> None:
        if method == types.EXIT:
            self._exit_code = 0 if self._shutdown else 1
        elif self.client is None or self._shutdown:
            return
        elif method == types.CANCEL_REQUEST:
            if isinstance(params, dict) and isinstance(params.get("id"), str | int):
                self._handle_cancel_notification(params["id"])
        elif (listener := self.listeners.get(method)) is not None:
            listener(params)
        elif method in self.fm.builtin_features or method in self.fm.features:
            try:
                typed = self._structure(method, {"method": method, "params": params})
            except Exception:
                logger.warning("ignored a %s whose params do not fit", method)
                return
            self._handle_notification(method, typed.params)

    def _structure(self, method: str, message: dict[str, Any]) -> Any:
        """Return the typed message. Raises whatever cattrs raises if it does not fit."""
        if message.get("params") is None:
            del message["params"]
        message_type = self.get_message_type(method)
        assert message_type is not None
        return self._converter.structure({"jsonrpc": self.VERSION, **message}, message_type)

    def _receive_response(self, message_id: Any, message: dict[str, Any]) -> None:
        if not isinstance(message_id, str):
            return  # our own requests have string ids
        if self.questions.settle(message_id, message):
            return
        future = self._request_futures.pop(message_id, None)
        result_type = self._result_types.pop(message_id, None)
        if future is None or future.done():
            return  # nobody waits any more
        if "error" in message:
            future.set_exception(client_error(message["error"]))
            return
        try:
            if result_type is None:
                future.set_result(message["result"])
            else:
                future.set_result(self._converter.structure(message, result_type).result)
        except Exception:
            future.set_exception(JsonRpcException("The client's reply does not fit"))

    # ---- the life of a connection --------------------------------------------------------------

    def _initialize(self, message_id: MessageId, params: Any) -> None:
        if self.client is not None:
            self._send_error(message_id, INVALID_REQUEST, "Already initialized")
            return
        client = read_client(params)
        if client is None:
            self._send_error(message_id, INVALID_PARAMS, "The params of initialize do not fit")
            return
        if not self._may_enter(client):
            self._send_error(message_id, INVALID_REQUEST, "Wrong or missing token")
            self._exit_code = 1
            return
        self.adopt(client)
        self.reply(message_id, initialize_result(client))

    def _may_enter(self, client: Client) -> bool:
        if self.token is None:
            return True
        shown = (client.token or "").encode("utf-8", "replace")
        return hmac.compare_digest(shown, self.token.encode())

    def adopt(self, client: Client) -> types.InitializeResult:
        """Make this the endpoint of `client`; return the result as pygls computes it."""
        self.client = client
        params = initialize_params(client, self._converter.structure)
        initializing = self.lsp_initialize(params)
        while True:
            try:
                next(initializing)
            except StopIteration as done:
                result: types.InitializeResult = done.value
                break
        workspace = self.workspace
        self.documents = Documents(
            workspace.root_uri,
            workspace_folders=tuple(workspace.folders.values()),
            position_encoding=client.position_encoding,
        )
        self._workspace = self.documents
        self.on_client(client)
        return result

    @lsp_method(types.SHUTDOWN)
    def lsp_shutdown(self, *_args: Any) -> None:  # type: ignore[override]
        """End every turn; each is still answered."""
        self._shutdown = True
        self.cancel_all()

    def cancel_all(self) -> None:
        """Cancel every request that is running."""
        for request in list(self._running.values()):
            request.cancel()

    def _handle_cancel_notification(self, msg_id: MessageId) -> None:
        request = self._running.get(msg_id)
        if request is not None:
            request.cancel()
        elif isinstance(future := self._request_futures.get(msg_id), asyncio.Task):
            future.cancel()

    # ---- handlers ------------------------------------------------------------------------------

    async def _run(self, handler: Handler, request: Request) -> None:
        try:
            self.reply(request.id, await handler(request))
        except ReplyError as error:
            self._send_error(request.id, error.code, error.message, error.data)
        except asyncio.CancelledError:
            self._send_error(request.id, REQUEST_CANCELLED, "Cancelled")
            raise
        except Exception as error:
            logger.exception("%s failed", request.method)
            self._send_error(request.id, INTERNAL_ERROR, internal_error(error))
        finally:
            self._running.pop(request.id, None)

    def _execute_handler(
        self,
        msg_id: MessageId,
        handler: Any,
        callback: Any,
        args: tuple[Any, ...] | None = None,
        kwargs: dict[str, Any] | None = None,
    ) -> None:
        def finished(future: Future[Any]) -> None:
            self._request_futures.pop(msg_id, None)
            callback(future)

        super()._execute_handler(msg_id, handler, finished, args, kwargs)

    def _handle_request(self, msg_id: MessageId, method_name: str, params: Any) -> None:
        try:
            self._execute_handler(
                msg_id,
                self._get_handler(method_name),
                lambda future: self._send_handler_result(future, msg_id=msg_id),
                args=(params,),
            )
        except Exception as error:
            logger.exception("%s failed", method_name)
            self._send_error(msg_id, INTERNAL_ERROR, internal_error(error))

    def _send_handler_result(self, future: Future[Any], *, msg_id: MessageId) -> None:
        if future.cancelled():
            self._send_error(msg_id, REQUEST_CANCELLED, "Cancelled")
            return
        match future.exception():
            case None:
                self.reply(msg_id, future.result())
            case ReplyError() as error:
                self._send_error(msg_id, error.code, error.message, error.data)
            case JsonRpcException() as error:
                self._send_error(msg_id, error.code, error.message)
            case error:
                logger.error("request %s failed", msg_id, exc_info=error)
                self._send_error(msg_id, INTERNAL_ERROR, internal_error(error))

    # ---- outgoing ------------------------------------------------------------------------------

    def reply(self, message_id: MessageId, result: Any) -> None:
        """Answer a request."""
        self._send_data({"jsonrpc": self.VERSION, "id": message_id, "result": result})

    def _send_error(
        self, message_id: MessageId | None, code: int, message: str, data: object = None
    ) -> None:
        error: dict[str, object] = {"code": code, "message": message}
        if data is not None:
            error["data"] = data
        self._send_data({"jsonrpc": self.VERSION, "id": message_id, "error": error})

    def _send_data(self, data: Any) -> None:
        message = data if isinstance(data, dict) else self._converter.unstructure(data)
        self.outbox.write(encode(message, default=self._serialize_message))
