"""The other ways in: a listener on a loopback address, for TCP or WebSocket clients.

Whoever connects to a listener shows its token before anything is answered, or is hung up on: every
program of this machine, and every web page that is open on it, can reach a loopback address.
"""

import asyncio
import contextlib
import ipaddress
import logging
import os
import secrets
import sys
from collections.abc import Callable, Sequence

from codex_ls.errors import InvalidParams
from codex_ls.lsp.channels import Channel, TcpChannel
from codex_ls.lsp.connection import Connection
from codex_ls.lsp.stdio import quiet_loggers, stopped_by_signals
from codex_ls.lsp.user_config import UserConfig

logger = logging.getLogger(__name__)

TOKEN_VARIABLE = "CODEX_LS_TOKEN"  # noqa: S105 - the name of a variable
"""Holds the token that TCP and WebSocket clients must show."""

MAX_CLIENTS = 128
MAX_STRANGERS = 128
"""So many may wait before they have shown the token. One more takes the place of the one that waits
longest, so that nobody who only holds connections open keeps a client out."""

HELLO_TIMEOUT_S = 10.0
"""A stranger who shows no token keeps its place no longer than this."""

OpenChannel = Callable[[asyncio.StreamReader, asyncio.StreamWriter, Callable[[], None]], Channel]
"""Gives the channel of an accepted connection; the third argument is to be called when it broke."""


def serve_tcp(host: str, port: int, *, overrides: Sequence[str], local_only: bool) -> int:
    """Serve every client that connects there and shows the token, until interrupted; return 0."""
    user_config = UserConfig(env=os.environ, overrides=overrides, local_only=local_only)
    return _serve_listener(host, port, user_config, _open_tcp, scheme="")


def _open_tcp(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, on_broken: Callable[[], None]
) -> Channel:
    return TcpChannel(reader, writer, on_broken=on_broken)


def serve_ws(
    host: str,
    port: int,
    *,
    allowed_origins: Sequence[str],
    overrides: Sequence[str],
    local_only: bool,
) -> int:
    """As `serve_tcp`, for WebSocket clients. Raises InvalidParams if the extra `ws` is not installed."""
    try:
        from codex_ls.lsp.websocket import WebSocketChannel, checked_origins
    except ImportError:
        raise InvalidParams(
            "The WebSocket library is not installed.", hint="pip install 'codex-ls[ws]'"
        ) from None
    origins = checked_origins(allowed_origins)
    address = _loopback(host)

    def open_channel(
        reader: asyncio.StreamReader, writer: asyncio.StreamWriter, on_broken: Callable[[], None]
    ) -> Channel:
        return WebSocketChannel(
            reader, writer, on_broken=on_broken, origins=origins, host=_shown(address)
        )

    user_config = UserConfig(env=os.environ, overrides=overrides, local_only=local_only)
    return _serve_listener(host, port, user_config, open_channel, scheme="ws://")


def _serve_listener(
    host: str, port: int, user_config: UserConfig, open_channel: OpenChannel, *, scheme: str
) -> int:
    address = _loopback(host)
    quiet_loggers()
    configured = os.environ.get(TOKEN_VARIABLE, "").strip()
    listener = _Listener(
        token=configured or secrets.token_urlsafe(24),
        user_config=user_config,
        open_channel=open_channel,
    )

    async def serve() -> None:
        with stopped_by_signals(listener.stop):
            server = await _listen(listener, address, port)
            bound = server.sockets[0].getsockname()
            _say(f"Listening on {scheme}{_shown(bound[0])}:{bound[1]}")
            if not configured:
                _say(f"Token: {listener.token} (set {TOKEN_VARIABLE} to choose it)")
            await listener.stop.wait()
            server.close()
            await asyncio.gather(*listener.serving)

    asyncio.run(serve())
    return 0


class _Guest:
    """One connection: a stranger until it has shown the token."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        open_channel: OpenChannel,
        token: str,
        user_config: UserConfig,
    ) -> None:
        self.leave = asyncio.Event()
        self._writer = writer
        self._channel = open_channel(reader, writer, self.leave.set)
        self._connection = Connection(self._channel.outbox, user_config=user_config, token=token)

    @property
    def is_client(self) -> bool:
        """Whether it has shown the token."""
        return self._connection.endpoint.client is not None

    async def serve(self, stop: asyncio.Event) -> None:
        """Serve it until it leaves, or the listener stops, or it does not say hello in time.

        Whatever happens, its socket is closed, and the other guests don't notice.
        """
        minding = [
            asyncio.create_task(self._mind(stop)),
            asyncio.create_task(self._channel.keep_alive()),
        ]
        try:
            arrivals = self._channel.arrivals(is_known=lambda: self.is_client)
            await self._connection.serve(arrivals, stop=self.leave)
        except Exception:
            logger.exception("A connection broke")
        finally:
            self._writer.close()
            for task in minding:
                task.cancel()
            await asyncio.gather(*minding, return_exceptions=True)

    async def _mind(self, stop: asyncio.Event) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HELLO_TIMEOUT_S):
                await stop.wait()
        if self.is_client:
            await stop.wait()
        self.leave.set()


class _Listener:
    """Turns connections into served clients; each has its own documents, threads and turns."""

    def __init__(
        self, *, token: str, user_config: UserConfig, open_channel: OpenChannel = _open_tcp
    ) -> None:
        self.token = token
        self.stop = asyncio.Event()
        self.serving: dict[asyncio.Task[None], _Guest] = {}
        self._user_config = user_config
        self._open_channel = open_channel

    def accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one more client, unless there are too many."""
        strangers = [guest for guest in self.serving.values() if not guest.is_client]
        if (
            len(self.serving) - len(strangers) >= MAX_CLIENTS
            or len(strangers) >= 2 * MAX_STRANGERS  # those who were shown the door are not out yet
        ):
            writer.close()
            return
        waiting = [guest for guest in strangers if not guest.leave.is_set()]
        if len(waiting) >= MAX_STRANGERS:
            waiting[0].leave.set()
        guest = _Guest(
            reader,
            writer,
            open_channel=self._open_channel,
            token=self.token,
            user_config=self._user_config,
        )
        task = asyncio.create_task(guest.serve(self.stop))
        self.serving[task] = guest
        task.add_done_callback(self.serving.pop)


async def _listen(listener: _Listener, address: str, port: int) -> asyncio.Server:
    try:
        return await asyncio.start_server(listener.accept, address, port)
    except OSError as error:
        raise InvalidParams(
            f"{_shown(address)}:{port} can't be listened on: {os.strerror(error.errno or 0)}.",
            hint="Port 0 takes a free one.",
        ) from None


def _loopback(host: str) -> str:
    """Return the address of a loopback host. Raises InvalidParams for any other."""
    if host == "localhost":
        return "127.0.0.1"
    with contextlib.suppress(ValueError):
        if ipaddress.ip_address(host).is_loopback:
            return host
    raise InvalidParams(
        f"{host} is not a loopback address.",
        hint="Listen on 127.0.0.1 or ::1; from another machine, forward a port over SSH.",
    )


def _shown(address: str) -> str:
    return f"[{address}]" if ":" in address else address


def _say(line: str) -> None:
    sys.stderr.write(f"codex-ls: {line}\n")
    sys.stderr.flush()
