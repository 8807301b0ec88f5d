"""LSP on a WebSocket (RFC 6455), for editors in a browser: one message of JSON-RPC a text message.

A web page can open a WebSocket to a loopback address whatever its origin. So whoever sends an `Origin`
that was not allowed by name is refused, and so is a `Host` that is no loopback name: a page whose own
name was made to lead here (DNS rebinding) sends that name. Then the token is wanted, as on TCP.

pygls' `run_websocket` sends binary messages, which a page can't read as text, and takes a message of any
size; so messages are received here. No extension is offered: compressing what is beside a secret
leaks its length, and loopback is fast.
"""

import asyncio
import contextlib
import os
from collections import deque
from collections.abc import Callable, Sequence
from http import HTTPStatus
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from codex_ls.errors import InvalidParams
from codex_ls.lsp.outbox import GIVE_UP_BYTES, HIGH_WATER_BYTES, LOW_WATER_BYTES
from codex_ls.lsp.server import CodexServer
from codex_ls.lsp.transport import HELLO_BYTES, Listener, loopback, serve_listener, shown_address
from codex_ls.lsp.user_config import UserConfig

if TYPE_CHECKING:
    from websockets.asyncio.server import Server, ServerConnection
    from websockets.http11 import Request, Response

MAX_MESSAGE_BYTES = 32 * 1024 * 1024
PING_INTERVAL_S = 20.0
"""A client that answers no ping in this time is gone: it hangs, or sleeps."""

_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


def run_ws(
    host: str,
    port: int,
    *,
    allowed_origins: Sequence[str] = (),
    overrides: Sequence[str] = (),
    local_only: bool = False,
) -> int:
    """As `run_tcp`, for WebSocket clients: editors in a browser.

    A page may connect if its origin is one of `allowed_origins`. Raises InvalidParams as `run_tcp` does,
    for an origin that is none, and if the extra `ws` is not installed.
    """
    try:
        from websockets.asyncio.server import serve
        from websockets.typing import Origin
    except ImportError:
        raise InvalidParams(
            "The WebSocket library is not installed.", hint="pip install 'codex-ls[ws]'"
        ) from None
    origins = [Origin(origin) for origin in checked_origins(allowed_origins)]
    hosts = _LOOPBACK_NAMES | {shown_address(loopback(host))}

    async def listen(listener: Listener, address: str) -> "Server":
        async def accept(socket: "ServerConnection") -> None:
            leave = asyncio.Event()
            outbox = WebSocketOutbox(socket, on_broken=leave.set)
            await listener.serve(
                outbox, lambda ls: _read(ls, socket), leave=leave, has_headers=False
            )

        return await serve(
            accept,
            address,
            port,
            origins=[*origins, None],
            process_request=lambda socket, request: _refusal(socket, request, hosts),
            compression=None,
            max_size=MAX_MESSAGE_BYTES,
            ping_interval=PING_INTERVAL_S,
            ping_timeout=PING_INTERVAL_S,
        )

    user_config = UserConfig(env=os.environ, overrides=overrides, local_only=local_only)
    return serve_listener(host, port, user_config, listen, scheme="ws://")


def _refusal(
    socket: "ServerConnection", request: "Request", hosts: frozenset[str]
) -> "Response | None":
    """Return the answer to a handshake that was meant for another machine; None for others."""
    named = request.headers.get_all("Host")
    if len(named) == 1 and _without_port(named[0]).lower() in hosts:
        return None
    return socket.respond(HTTPStatus.FORBIDDEN, "The Host header is for another host.\n")


async def _read(server: CodexServer, socket: "ServerConnection") -> None:
    """Handle the messages of a client, until its end or a breach of the rules."""
    from websockets.exceptions import ConnectionClosed
    from websockets.frames import CloseCode

    received_bytes = 0
    with contextlib.suppress(ConnectionClosed):
        while not server.stop_event.is_set():
            await server.protocol.begun()
            data = await socket.recv()
            received_bytes += len(data)
            if isinstance(data, bytes):
                await socket.close(CloseCode.UNSUPPORTED_DATA, "Text only")
            elif received_bytes > HELLO_BYTES and not server.greeted.is_set():
                await socket.close(CloseCode.MESSAGE_TOO_BIG, "Say hello first")
            else:
                server.protocol.handle_text(data)


class WebSocketOutbox:
    """An `Outbox` that sends each message as one text message, in order."""

    def __init__(self, socket: "ServerConnection", *, on_broken: Callable[[], None]) -> None:
        self._socket = socket
        self._on_broken = on_broken
        self._waiting: deque[bytes] = deque()
        self._waiting_bytes = 0
        self._room = asyncio.Event()
        self._sending: asyncio.Task[None] | None = None
        self._is_broken = False

    @property
    def congested(self) -> bool:
        """True while more waits than a turn may add to."""
        return self._waiting_bytes > HIGH_WATER_BYTES and not self._is_broken

    def write(self, data: bytes) -> None:
        """Send one message after all earlier ones. Never blocks, never raises."""
        if self._is_broken:
            return
        self._waiting.append(data)
        self._waiting_bytes += len(data)
        if self._waiting_bytes > GIVE_UP_BYTES:
            self._break()
        elif self._sending is None:
            self._sending = asyncio.create_task(self._send())

    async def room(self) -> None:
        """Wait until no longer congested, or until the client is gone."""
        while self.congested:
            self._room.clear()
            await self._room.wait()

    async def close(self, *, timeout_s: float = 0.0) -> None:
        """Give what is queued `timeout_s` to leave, then say goodbye and take no more."""
        if self._sending is not None:
            await asyncio.wait((self._sending,), timeout=timeout_s)
        self._is_broken = True
        if self._sending is not None:
            self._sending.cancel()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(timeout_s):
                await self._socket.close()

    async def _send(self) -> None:
        from websockets.exceptions import ConnectionClosed

        try:
            while self._waiting:
                data = self._waiting.popleft()
                await self._socket.send(data, text=True)
                self._waiting_bytes -= len(data)
                if self._waiting_bytes < LOW_WATER_BYTES:
                    self._room.set()
        except ConnectionClosed:
            self._break()
        finally:
            self._sending = None

    def _break(self) -> None:
        self._is_broken = True
        self._waiting.clear()
        self._room.set()
        self._on_broken()


def checked_origins(origins: Sequence[str]) -> list[str]:
    """Return origins as browsers write them. Raises InvalidParams for anything else.

    `null` is the origin of every sandboxed frame of every page, so it can't be allowed.
    """
    checked = []
    for origin in origins:
        parts = urlsplit(origin)
        if not parts.scheme or not parts.hostname or parts.path.rstrip("/") or "*" in origin:
            raise InvalidParams(
                f"{origin} is not the origin of a page.",
                hint="An origin is scheme, host and port, such as http://localhost:5173.",
            )
        checked.append(f"{parts.scheme}://{parts.netloc}".lower())
    return checked


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
