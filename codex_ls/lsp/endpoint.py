"""JSON-RPC over one connection: every request is answered exactly once, whatever the client sends.

Invariants:

* params are what `json.loads` gave: a nested object that looks like a message is left alone, and whoever
  handles a request says what is wrong with its params;
* handlers run as tasks that we own: cancelling is the handler's to answer, with a result;
* nothing is kept per notification;
* a reply to a question that nobody waits for any more is dropped;
* the client never gets a traceback, and no message body is logged.
"""

import asyncio
import hmac
import logging
from collections.abc import Callable, Coroutine, Mapping
from typing import Any

from codex_ls.lsp import methods
from codex_ls.lsp.framing import Unreadable, encode
from codex_ls.lsp.handshake import Client, initialize_result, read_client
from codex_ls.lsp.outbox import Outbox
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
from codex_ls.lsp.replies import ReplyError, internal_error
from codex_ls.lsp.request import MessageId, Request

logger = logging.getLogger(__name__)

Handler = Callable[[Request], Coroutine[Any, Any, Any]]
Listener = Callable[[Any], None]


class Endpoint:
    """The protocol side of one client."""

    def __init__(
        self,
        outbox: Outbox,
        *,
        handlers: Mapping[str, Handler],
        listeners: Mapping[str, Listener],
        on_client: Callable[[Client], None],
        start_task: Callable[[Coroutine[Any, Any, None]], None],
        token: str | None = None,
    ) -> None:
        """`handlers` answer requests, as tasks that `start_task` owns; `listeners` take notifications.

        `token` is what the client must show in `initialize`, if anything.
        """
        self.client: Client | None = None
        """Who was greeted."""
        self.exit_code: int | None = None
        """0 or 1 once the client has sent `exit`."""
        self.is_shut_down = False
        """True once the client has sent `shutdown`."""
        self.questions = Questions(self._send)
        self._outbox = outbox
        self._handlers = handlers
        self._listeners = listeners
        self._on_client = on_client
        self._start_task = start_task
        self._token = token
        self._running: dict[MessageId, Request] = {}

    # ---- incoming ------------------------------------------------------------------------------

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
                if isinstance(message_id, str):  # our own questions have string ids
                    self.questions.settle(message_id, message)
            case _:
                self._send_error(None, INVALID_REQUEST, "Neither a request nor a response")

    def _receive_request(
        self, message_id: MessageId, method: str, params: Any, received_at: float
    ) -> None:
        if method == methods.INITIALIZE:
            self._initialize(message_id, params)
        elif self.client is None:
            self._send_error(message_id, SERVER_NOT_INITIALIZED, "Send `initialize` first")
        elif self.is_shut_down:
            self._send_error(message_id, INVALID_REQUEST, "The server is shutting down")
        elif message_id in self._running:
            self._send_error(message_id, INVALID_REQUEST, "A request with this id is still running")
        elif method == methods.SHUTDOWN:
            self.is_shut_down = True
            self.cancel_all()
            self.reply(message_id, None)
        elif (handler := self._handlers.get(method)) is not None:
            request = Request(message_id, method, params, received_at=received_at)
            self._running[message_id] = request
            self._start_task(self._run(handler, request))
        else:
            self._send_error(message_id, METHOD_NOT_FOUND, f"Unknown method: {method[:100]}")

    def _receive_notification(self, method: str, params: Any) -> None:
        if method == methods.EXIT:
            self.exit_code = 0 if self.is_shut_down else 1
        elif self.client is None or self.is_shut_down:
            return
        elif method == methods.CANCEL_REQUEST:
            if isinstance(params, dict) and isinstance(params.get("id"), str | int):
                self._cancel(params["id"])
        elif (listener := self._listeners.get(method)) is not None:
            listener(params)

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
            self.exit_code = 1
            return
        self.client = client
        self.reply(message_id, initialize_result(client))
        self._on_client(client)

    def _may_enter(self, client: Client) -> bool:
        if self._token is None:
            return True
        shown = (client.token or "").encode("utf-8", "replace")
        return hmac.compare_digest(shown, self._token.encode())

    def cancel_all(self) -> None:
        """Cancel every request that is running."""
        for request in list(self._running.values()):
            request.cancel()

    def _cancel(self, message_id: MessageId) -> None:
        if (request := self._running.get(message_id)) is not None:
            request.cancel()

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

    # ---- outgoing ------------------------------------------------------------------------------

    def reply(self, message_id: MessageId, result: Any) -> None:
        """Answer a request."""
        self._send({"jsonrpc": "2.0", "id": message_id, "result": result})

    def _send_error(
        self, message_id: MessageId | None, code: int, message: str, data: object = None
    ) -> None:
        error: dict[str, object] = {"code": code, "message": message}
        if data is not None:
            error["data"] = data
        self._send({"jsonrpc": "2.0", "id": message_id, "error": error})

    def _send(self, message: dict[str, Any]) -> None:
        self._outbox.write(encode(message))
