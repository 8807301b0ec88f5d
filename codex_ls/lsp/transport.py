"""The ways in: standard input and output, and a listener on a loopback address for TCP clients.

pygls' own `start_io` and `start_tcp` serve one client and the process with it, write in a way that
blocks, and read standard input on a thread that keeps the process alive. So its loop (`run_async`) is
used here with a reader and an outbox of ours, and there is one `CodexServer` a client.

Standard output belongs to the protocol alone: whatever else this process or a child of it prints goes to
standard error. Whoever connects to a listener shows its token before anything is answered, or is hung up
on: every program of this machine, and every web page open on it, can reach a loopback address.
"""

import asyncio
import contextlib
import ipaddress
import logging
import os
import re
import secrets
import signal
import sys
import threading
from collections.abc import Awaitable, Callable, Coroutine, Iterator, Sequence
from typing import Any

from pygls.io_ import run_async

from codex_ls.errors import InvalidParams
from codex_ls.lsp.outbox import PipeOutbox, StreamOutbox
from codex_ls.lsp.process_watch import process_gone
from codex_ls.lsp.progress import Outbox
from codex_ls.lsp.server import CodexServer
from codex_ls.lsp.user_config import UserConfig

logger = logging.getLogger(__name__)

TOKEN_VARIABLE = "CODEX_LS_TOKEN"  # noqa: S105 - the name of a variable
"""Holds the token that TCP and WebSocket clients must show."""

MAX_CLIENTS = 128
MAX_CONNECTIONS = 2 * MAX_CLIENTS
"""So many there may be, with those that have not said hello."""

HELLO_TIMEOUT_S = 10.0
HELLO_BYTES = 1024 * 1024
"""Timeout of an unauthenticated client."""

MAX_BODY_BYTES = 256 * 1024 * 1024
MAX_HEADER_BYTES = 8 * 1024

_CHUNK_BYTES = 64 * 1024
_FIRST_BYTES = b"content-"
_LENGTH = re.compile(rb"content-length:[ \t]*(\d{1,15})[ \t]*\r\n", re.IGNORECASE)
_HEADER = re.compile(rb"[\w\-]+:[^\r\n]*\r\n")

Read = Callable[[CodexServer], Coroutine[Any, Any, None]]
"""Reads a client's messages into its server, until the client ends."""


# ---- one client ----------------------------------------------------------------------------------


async def serve_client(server: CodexServer, read: Read, *, stop: asyncio.Event) -> int:
    """Serve until the client leaves or dies, or `stop` is set; return the exit code.

    Every turn, and with it every connection to a model server, has then ended.
    """
    async with server:
        waits: tuple[Coroutine[Any, Any, Any], ...] = (
            read(server),
            _client_gone(server),
            stop.wait(),
        )
        ends = [asyncio.ensure_future(wait) for wait in waits]
        try:
            done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
            for end in done:
                end.result()
        finally:
            for end in ends:
                end.cancel()
            await asyncio.gather(*ends, return_exceptions=True)
    if server.protocol.exit_code is not None:
        return server.protocol.exit_code
    return 0 if server.protocol.is_shut_down else 1


async def _client_gone(server: CodexServer) -> None:
    await server.greeted.wait()
    await process_gone(server.process_id)


async def read_stream(server: CodexServer, stream: asyncio.StreamReader) -> None:
    """Handle the messages of a stream in LSP's framing, until it ends."""
    reader = MessageReader(stream, is_known=server.greeted.is_set, begun=server.protocol.begun)
    await run_async(
        stop_event=server.stop_event,
        reader=reader,
        protocol=server.protocol,
        error_handler=lambda _error, _kind: server.protocol.handle_text(reader.body),
    )


class MessageReader:
    """A stream as pygls reads it: header lines, then a body. Whoever breaks the rules is at its end.

    pygls looks for `Content-Length: ` as it is written here and skips every other line, so that a client
    that miscounts once is never heard again; and it takes bodies of any size.
    """

    def __init__(
        self,
        stream: asyncio.StreamReader,
        *,
        is_known: Callable[[], bool],
        begun: Callable[[], Awaitable[None]],
    ) -> None:
        """`is_known` says whether the client has said hello; `begun` is awaited between messages."""
        self.body = b""
        """The last one."""
        self._stream = stream
        self._is_known = is_known
        self._begun = begun
        self._taken_bytes = 0
        self._length: int | None = None
        self._is_inside = False

    async def readline(self) -> bytes:
        """Return the next line of a header; nothing at the end."""
        if not self._is_inside:
            await self._begun()
            self._is_inside = True
        try:
            line = await self._line()
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError):
            return b""
        self._taken_bytes += len(line)
        if line == b"\r\n":
            return line if self._length is not None else self._end("a header without a length")
        if found := _LENGTH.fullmatch(line):
            self._length = int(found[1])
            if self._may_take(self._length):
                return b"Content-Length: %d\r\n" % self._length
            return self._end("a message is too long")
        return line if line and _HEADER.fullmatch(line) else self._end("no header")

    async def readexactly(self, size: int) -> bytes:
        """Return a body; nothing if the stream ends before it does."""
        self._length, self._is_inside = None, False
        self._taken_bytes += size
        self.body = b""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            self.body = await self._stream.readexactly(size)
        return self.body

    async def _line(self) -> bytes:
        start = b""
        if not self._taken_bytes:  # no line may ever come from what speaks something else
            while len(start) < len(_FIRST_BYTES):
                start += await self._stream.readexactly(1)
                if not _FIRST_BYTES.startswith(start.lower()):
                    return b""
        line = start + await self._stream.readuntil(b"\r\n")
        return line if len(line) <= MAX_HEADER_BYTES else b""

    def _may_take(self, size: int) -> bool:
        limit = MAX_BODY_BYTES if self._is_known() else HELLO_BYTES - self._taken_bytes
        return size <= limit

    def _end(self, reason: str) -> bytes:
        logger.warning("the client breaks LSP's framing (%s): its connection ends", reason)
        return b""


# ---- standard input and output -------------------------------------------------------------------


def run_stdio(*, overrides: Sequence[str] = (), local_only: bool = False) -> int:
    """Serve on standard input and output until the client leaves; return the exit code.

    `overrides` are `-c` options, `key=value`. The code is 0 after `shutdown` and `exit`, else 1.
    """
    if os.isatty(0):
        sys.stderr.write("codex-ls: waiting for an editor that speaks LSP here; Ctrl-D ends it.\n")
    fd_in, fd_out = _claim_stdio()
    quiet_loggers()
    user_config = UserConfig(env=os.environ, overrides=overrides, local_only=local_only)

    async def serve() -> int:
        stop = asyncio.Event()
        with stopped_by_signals(stop):
            server = CodexServer(PipeOutbox(fd_out, on_broken=stop.set), user_config=user_config)
            pipe = PipeFeed(fd_in)
            return await serve_client(server, lambda ls: read_stream(ls, pipe.stream), stop=stop)

    return asyncio.run(serve())


class PipeFeed(asyncio.ReadTransport):
    """Feeds `stream` from a file descriptor, on a thread of its own.

    Reading a pipe without a thread works on no Windows and on no regular file; one thread that blocks in
    `os.read` works everywhere, and does not keep the process alive. One chunk is under way at a time.
    """

    def __init__(self, fd: int) -> None:
        super().__init__()
        self.stream = asyncio.StreamReader(limit=_CHUNK_BYTES)
        self.stream.set_transport(self)
        self._fd = fd
        self._loop = asyncio.get_running_loop()
        self._is_paused = False
        self._go_on = threading.Event()
        threading.Thread(target=self._read, name="lsp-reader", daemon=True).start()

    def pause_reading(self) -> None:
        """Read nothing more for now: the stream has enough."""
        self._is_paused = True

    def resume_reading(self) -> None:
        """Go on."""
        self._is_paused = False
        self._go_on.set()

    def _read(self) -> None:
        with contextlib.suppress(OSError, RuntimeError):  # RuntimeError: the loop is closed
            while chunk := os.read(self._fd, _CHUNK_BYTES):
                self._go_on.clear()
                self._loop.call_soon_threadsafe(self._feed, chunk)
                self._go_on.wait()
        with contextlib.suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self.stream.feed_eof)

    def _feed(self, chunk: bytes) -> None:
        self.stream.feed_data(chunk)
        if not self._is_paused:
            self._go_on.set()


def _claim_stdio() -> tuple[int, int]:
    """Return private descriptors of standard input and output, and put harmless ones in their place."""
    fd_in, fd_out = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    os.dup2(2, 1)
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(fd_in, os.O_BINARY)
        msvcrt.setmode(fd_out, os.O_BINARY)
    return fd_in, fd_out


@contextlib.contextmanager
def stopped_by_signals(stop: asyncio.Event) -> Iterator[None]:
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


def quiet_loggers() -> None:
    """Log warnings to standard error, and nothing of what libraries think worth telling."""
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="codex-ls: %(levelname)s %(message)s"
    )
    for name in ("httpx", "httpcore", "asyncio", "websockets"):
        logging.getLogger(name).setLevel(logging.WARNING)
    # What pygls logs as an error is answered or logged by `jsonrpc` as well, and without its text.
    logging.getLogger("pygls").setLevel(logging.CRITICAL)


# ---- a listener ----------------------------------------------------------------------------------


def run_tcp(
    host: str, port: int, *, overrides: Sequence[str] = (), local_only: bool = False
) -> int:
    """Serve on a loopback address until interrupted; port 0 takes a free one. Return 0.

    A client shows the token in `initializationOptions.codex.token`: the value of `CODEX_LS_TOKEN`, or
    one made up now and printed on standard error. Raises InvalidParams for any other than a loopback
    address, and for one that can't be listened on.
    """
    user_config = UserConfig(env=os.environ, overrides=overrides, local_only=local_only)

    async def listen(listener: Listener, address: str) -> asyncio.Server:
        async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            leave = asyncio.Event()
            outbox = StreamOutbox(writer, on_broken=leave.set)
            await listener.serve(outbox, lambda ls: read_stream(ls, reader), leave=leave)
            writer.close()

        return await asyncio.start_server(accept, address, port)

    return serve_listener(host, port, user_config, listen, scheme="")


class Listener:
    """Whoever has connected to one address; each has its own documents, threads and turns."""

    def __init__(self, *, token: str, user_config: UserConfig) -> None:
        self.token = token
        self.stop = asyncio.Event()
        self.serving: dict[asyncio.Task[Any], CodexServer] = {}
        self._user_config = user_config

    async def serve(
        self, outbox: Outbox, read: Read, *, leave: asyncio.Event, has_headers: bool = True
    ) -> None:
        """Serve a client until it leaves or `leave` is set, or it does not say hello in time.

        Whatever happens, the others don't notice.
        """
        task = asyncio.current_task()
        assert task is not None
        clients = sum(server.greeted.is_set() for server in self.serving.values())
        if clients >= MAX_CLIENTS or len(self.serving) >= MAX_CONNECTIONS:
            return
        server = CodexServer(
            outbox, user_config=self._user_config, token=self.token, has_headers=has_headers
        )
        self.serving[task] = server
        minding = asyncio.create_task(self._mind(server, leave))
        try:
            await serve_client(server, read, stop=leave)
        except Exception:
            logger.exception("A connection broke")
        finally:
            del self.serving[task]
            minding.cancel()
            await asyncio.gather(minding, return_exceptions=True)

    async def _mind(self, server: CodexServer, leave: asyncio.Event) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(HELLO_TIMEOUT_S):
                await self.stop.wait()
        if server.greeted.is_set():
            await self.stop.wait()
        leave.set()


def serve_listener(
    host: str,
    port: int,
    user_config: UserConfig,
    listen: Callable[[Listener, str], Awaitable[Any]],
    *,
    scheme: str,
) -> int:
    """Serve with what `listen` gives for an address, until interrupted; return 0.

    Raises InvalidParams for any other than a loopback address, and for one that can't be listened on.
    """
    address = loopback(host)
    quiet_loggers()
    configured = os.environ.get(TOKEN_VARIABLE, "").strip()

    async def serve() -> None:
        listener = Listener(token=configured or secrets.token_urlsafe(24), user_config=user_config)
        with stopped_by_signals(listener.stop):
            try:
                server = await listen(listener, address)
            except OSError as error:
                reason = os.strerror(error.errno or 0)
                raise InvalidParams(
                    f"{shown_address(address)}:{port} can't be listened on: {reason}.",
                    hint="Port 0 selects a free port.",
                ) from None
            bound = next(iter(server.sockets)).getsockname()
            _say(f"Listening on {scheme}{shown_address(bound[0])}:{bound[1]}")
            if not configured:
                _say(f"Token: {listener.token} (set {TOKEN_VARIABLE} to choose it)")
            await listener.stop.wait()
            await asyncio.gather(*listener.serving)
            server.close()
            await server.wait_closed()

    asyncio.run(serve())
    return 0


def loopback(host: str) -> str:
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


def shown_address(address: str) -> str:
    """Return an address as it is written in a URL."""
    return f"[{address}]" if ":" in address else address


def _say(line: str) -> None:
    sys.stderr.write(f"codex-ls: {line}\n")
    sys.stderr.flush()
