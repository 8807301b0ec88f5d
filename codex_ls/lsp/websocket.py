"""LSP on a WebSocket (RFC 6455), for editors in a browser: one message of JSON-RPC a text message.

The frames are those of the `websockets` library, whose protocol layer does no I/O of its own: bytes are
read and written here as on any other socket, so that a client that does not read pauses its own turns
and nothing else. No extension is offered: compressing what stands beside a secret tells of it, and
loopback is fast.

A web page can open a WebSocket to a loopback address whatever its origin. So whoever sends an `Origin`
that was not allowed by name is refused, and so is a `Host` that is no loopback name: a page whose own
name was made to lead here (DNS rebinding) sends that name. Then the token is wanted, as on TCP.
"""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Sequence
from http import HTTPStatus
from urllib.parse import urlsplit

from websockets.frames import CloseCode, Frame, Opcode
from websockets.http11 import Request
from websockets.protocol import CONNECTING, OPEN
from websockets.server import ServerProtocol
from websockets.typing import Origin

from codex_ls.errors import InvalidParams
from codex_ls.lsp.channels import CHUNK_BYTES, HELLO_BYTES
from codex_ls.lsp.framing import Incoming, Unreadable, load
from codex_ls.lsp.inbox import Arrival
from codex_ls.lsp.outbox import StreamOutbox

MAX_MESSAGE_BYTES = 32 * 1024 * 1024
PING_INTERVAL_S = 20.0
"""A client from which nothing came between two pings is gone: it stands still, or sleeps."""

LINGER_S = 1.0
"""How long a refused client may take to read why: closing at once could take it from its hands."""

_HEADER_END = b"\r\n\r\n"
_LOOPBACK_NAMES = frozenset({"localhost", "127.0.0.1", "[::1]"})


class WebSocketOutbox(StreamOutbox):
    """An `Outbox` that sends each message as one text frame."""

    def __init__(
        self,
        protocol: ServerProtocol,
        writer: asyncio.StreamWriter,
        *,
        on_broken: Callable[[], None],
    ) -> None:
        super().__init__(writer, on_broken=on_broken)
        self._protocol = protocol
        self._socket = writer
        self._has_ended = False

    def write(self, frame: bytes) -> None:
        """Send the messages of `frame`, in LSP's framing, after all earlier ones."""
        while frame and self._protocol.state is OPEN:
            header, _, rest = frame.partition(_HEADER_END)
            size = int(header.rpartition(b" ")[2])
            self._protocol.send_text(rest[:size])
            frame = rest[size:]
        self.flush()

    def flush(self) -> None:
        """Send what the protocol has to say, up to its end."""
        for data in self._protocol.data_to_send():
            if self._has_ended:
                continue
            if data:
                super().write(data)
                continue
            self._has_ended = True
            if self._socket.can_write_eof() and not self._socket.is_closing():
                with contextlib.suppress(OSError):  # the client is gone
                    self._socket.write_eof()

    async def close(self, *, timeout_s: float) -> None:
        """Say goodbye, give what is queued `timeout_s` to leave, then take no more."""
        try:
            if self._protocol.state is OPEN:
                self._protocol.send_close(CloseCode.NORMAL_CLOSURE)
                self.flush()
        finally:
            await super().close(timeout_s=timeout_s)


class WebSocketChannel:
    """One WebSocket client."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        on_broken: Callable[[], None],
        origins: Sequence[Origin],
        host: str,
    ) -> None:
        """`origins` are those that may connect besides clients without one; `host` is ours."""
        self._reader = reader
        self._on_broken = on_broken
        self._hosts = _LOOPBACK_NAMES | {host}
        self._protocol = ServerProtocol(origins=[*origins, None], max_size=MAX_MESSAGE_BYTES)
        self.outbox = WebSocketOutbox(self._protocol, writer, on_broken=on_broken)
        self._pieces: list[bytes] = []
        self._has_heard = True
        self._is_refused = False

    async def arrivals(self, *, is_known: Callable[[], bool]) -> AsyncIterator[Arrival]:
        """Yield messages until the connection ends, or breaks the rules."""
        protocol = self._protocol
        received_bytes = 0
        with contextlib.suppress(ConnectionError):
            while chunk := await self._reader.read(CHUNK_BYTES):
                self._has_heard = True
                received_bytes += len(chunk)
                protocol.receive_data(chunk)
                if protocol.state is CONNECTING and protocol.close_expected():
                    # What came behind the request has ended it: a 101 would follow the end.
                    self._is_refused = True
                if received_bytes > HELLO_BYTES and not is_known():
                    self._refuse(CloseCode.MESSAGE_TOO_BIG, "Say hello first")
                now = time.perf_counter()
                for event in protocol.events_received():
                    if self._is_refused:
                        break
                    if isinstance(event, Request):
                        self._answer(event)
                    elif isinstance(event, Frame):
                        message = self._receive(event)
                        if message is not None:
                            yield Arrival(message, now)
                self.outbox.flush()
                if protocol.close_expected():
                    if protocol.close_rcvd is None:
                        await self._linger()
                    return
            protocol.receive_eof()

    async def keep_alive(self) -> None:
        """Ping the client, and give it up if nothing comes from it."""
        while True:
            await asyncio.sleep(PING_INTERVAL_S)
            if not self.ping():
                self._on_broken()
                return

    def ping(self) -> bool:
        """Ping the client; false if nothing has come from it since the last ping."""
        if not self._has_heard:
            return False
        if self._protocol.state is OPEN:
            self._has_heard = False
            self._protocol.send_ping(b"")
            self.outbox.flush()
        return True

    def _answer(self, request: Request) -> None:
        """Answer the opening handshake: 101, or why not."""
        response = self._protocol.accept(request)
        if response.status_code == HTTPStatus.SWITCHING_PROTOCOLS and not self._is_for_us(request):
            response = self._protocol.reject(
                HTTPStatus.FORBIDDEN, "The Host header names another machine.\n"
            )
        self._protocol.send_response(response)

    def _is_for_us(self, request: Request) -> bool:
        hosts = request.headers.get_all("Host")
        return len(hosts) == 1 and _without_port(hosts[0]).lower() in self._hosts

    def _receive(self, frame: Frame) -> Incoming | None:
        """Return a message that is now whole; the rest the protocol has answered."""
        match frame.opcode:
            case Opcode.TEXT | Opcode.CONT:
                self._pieces.append(bytes(frame.data))
                if not frame.fin:
                    return None
                body = b"".join(self._pieces)
                self._pieces.clear()
                return self._message(body)
            case Opcode.BINARY:
                self._refuse(CloseCode.UNSUPPORTED_DATA, "Text only")
            case _:
                pass
        return None

    def _message(self, body: bytes) -> Incoming | None:
        try:
            text = body.decode()
        except UnicodeDecodeError:
            self._refuse(CloseCode.INVALID_DATA, "Not UTF-8")
            return None
        try:
            return load(text)
        except (ValueError, RecursionError) as error:
            return Unreadable(f"not JSON: {error}"[:200])

    def _refuse(self, code: CloseCode, reason: str) -> None:
        """Take nothing more from the client, and tell it why."""
        self._is_refused = True
        if self._protocol.state is OPEN:
            self._protocol.fail(code, reason)

    async def _linger(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER_S):
                while await self._reader.read(CHUNK_BYTES):
                    pass


def checked_origins(origins: Sequence[str]) -> list[Origin]:
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
        checked.append(Origin(f"{parts.scheme}://{parts.netloc}".lower()))
    return checked


def _without_port(host: str) -> str:
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0]
