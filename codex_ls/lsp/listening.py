"""The two ways in: a pipe from the editor that started this process, or a TCP connection on loopback."""

import asyncio
import contextlib
import ipaddress
import logging
import os
import secrets
import signal
import sys
import time
from collections.abc import AsyncIterator, Iterator, Sequence

from codex_ls.errors import InvalidParams
from codex_ls.lsp.connection import Connection
from codex_ls.lsp.framing import MessageReader
from codex_ls.lsp.inbox import Arrival, PipeInbox
from codex_ls.lsp.outbox import PipeOutbox, StreamOutbox
from codex_ls.lsp.server import Greeting
from codex_ls.lsp.user_config import UserConfig

TOKEN_VARIABLE = "CODEX_LS_TOKEN"  # noqa: S105 - the name of a variable
"""Holds the token that TCP clients must show."""

MAX_CLIENTS = 128
MAX_STRANGERS = 16
"""So many may wait before they have shown the token. One more takes the place of the one that waits
longest, so that nobody who only holds connections open keeps a client out."""

HELLO_TIMEOUT_S = 10.0
"""A stranger who shows no token keeps its place no longer than this."""

MAX_HELLO_BYTES = 1024 * 1024
"""A stranger is read no further than this."""

_CHUNK_BYTES = 64 * 1024
_FIRST_BYTES = b"content-"


def serve_stdio(
    fd_in: int, fd_out: int, *, greeting: Greeting, overrides: Sequence[str], local_only: bool
) -> int:
    """Serve the client at the two descriptors; return the exit code."""
    _quiet_loggers()
    user_config = UserConfig(env=os.environ, overrides=overrides, local_only=local_only)

    backlog = [Arrival(message, at) for message, at in greeting.backlog]

    async def serve() -> int:
        stop = asyncio.Event()
        with _stopped_by_signals(stop):
            connection = Connection(PipeOutbox(fd_out, on_broken=stop.set), user_config=user_config)
            inbox = PipeInbox(fd_in, reader=greeting.reader, backlog=backlog)
            return await connection.serve(inbox, client=greeting.client, stop=stop)

    return asyncio.run(serve())


def serve_tcp(host: str, port: int, *, overrides: Sequence[str], local_only: bool) -> int:
    """Serve every client that connects there and shows the token, until interrupted; return 0."""
    address = _loopback(host)
    _quiet_loggers()
    configured = os.environ.get(TOKEN_VARIABLE, "").strip()
    listener = _Listener(
        token=configured or secrets.token_urlsafe(24),
        user_config=UserConfig(env=os.environ, overrides=overrides, local_only=local_only),
    )

    async def serve() -> None:
        with _stopped_by_signals(listener.stop):
            server = await _listen(listener, address, port)
            bound = server.sockets[0].getsockname()
            _say(f"Listening on {_shown(bound[0])}:{bound[1]}")
            if not configured:
                _say(f"Token: {listener.token} (set {TOKEN_VARIABLE} to choose it)")
            await listener.stop.wait()
            server.close()
            await asyncio.gather(*listener.serving)

    asyncio.run(serve())
    return 0


class _Guest:
    """One TCP client: a stranger until it has shown the token."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        *,
        token: str,
        user_config: UserConfig,
    ) -> None:
        self.leave = asyncio.Event()
        self._reader = reader
        outbox = StreamOutbox(writer, on_broken=self.leave.set)
        self._connection = Connection(outbox, user_config=user_config, token=token)

    @property
    def is_client(self) -> bool:
        """Whether it has shown the token."""
        return self._connection.endpoint.client is not None

    async def serve(self, stop: asyncio.Event) -> None:
        """Serve it until it leaves, or the listener stops, or it does not say hello in time."""
        minding = asyncio.create_task(self._mind(stop))
        try:
            await self._connection.serve(self._inbox(), stop=self.leave)
        finally:
            minding.cancel()

    async def _mind(self, stop: asyncio.Event) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HELLO_TIMEOUT_S):
                await stop.wait()
        if self.is_client:
            await stop.wait()
        self.leave.set()

    async def _inbox(self) -> AsyncIterator[Arrival]:
        """Yield messages until the connection ends.

        What does not begin like a message (a web page that sends HTTP here) ends it at once, and so does
        a stranger who sends more than a hello.
        """
        messages = MessageReader()
        beginning, strange_bytes = b"", 0
        with contextlib.suppress(ConnectionError):
            while chunk := await self._reader.read(_CHUNK_BYTES):
                if len(beginning) < len(_FIRST_BYTES):
                    beginning = (beginning + chunk)[: len(_FIRST_BYTES)]
                    if not _FIRST_BYTES.startswith(beginning.lower()):
                        return
                if not self.is_client:
                    strange_bytes += len(chunk)
                    if strange_bytes > MAX_HELLO_BYTES:
                        return
                now = time.perf_counter()
                for message in messages.feed(chunk):
                    yield Arrival(message, now)


class _Listener:
    """Turns TCP connections into served clients; each has its own documents, threads and turns."""

    def __init__(self, *, token: str, user_config: UserConfig) -> None:
        self.token = token
        self.stop = asyncio.Event()
        self.serving: dict[asyncio.Task[None], _Guest] = {}
        self._user_config = user_config

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
        guest = _Guest(reader, writer, token=self.token, user_config=self._user_config)
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


@contextlib.contextmanager
def _stopped_by_signals(stop: asyncio.Event) -> Iterator[None]:
    """Set `stop` on an interrupt or a polite kill, where the platform allows."""
    loop = asyncio.get_running_loop()
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    signals = [getattr(signal, name) for name in names if hasattr(signal, name)]
    installed = []
    for number in signals:
        with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
            loop.add_signal_handler(number, stop.set)
            installed.append(number)
    try:
        yield
    finally:
        for number in installed:
            loop.remove_signal_handler(number)


def _quiet_loggers() -> None:
    """Log warnings to standard error; pygls would log every message with its body."""
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="codex-ls: %(levelname)s %(message)s"
    )
    for name in ("pygls", "httpx", "httpcore", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
