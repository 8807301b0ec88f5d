"""TCP and TLS for httpx, straight on asyncio: the network backend of its connection pool (httpcore).

httpcore's own backend (anyio) reads no answer while a request is still being written, waits for whole
response headers where another protocol answers, and tries one number of `localhost`. Its `connect`
timeout counts for TCP and TLS separately; here both have to be done within one.

Closing is immediate: `aclose` aborts the socket, and returns when it is closed.
"""

import asyncio
import logging
import ssl
import time
from collections import deque
from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from typing import Any

import httpcore

from codex_ls.config.address import is_loopback
from codex_ls.providers.transport_errors import NotHttp, first_words

logger = logging.getLogger(__name__)

READ_BYTES = 16 * 1024
"""One read is small, so that a hundred answers that arrive at once take turns."""
_READ_AHEAD_BYTES = 64 * 1024
"""More is not read before it is asked for: the server waits."""
_JOINED_BYTES = 256 * 1024
"""A longer body is not copied to be joined with its head."""
_MAX_INTERIM_RESPONSES = 100
_MAX_GREETING_BYTES = 64
_POLL_S = 0.02
"""How often the rest of a request is looked at: asyncio does not tell when TLS has written it."""
_NEXT_ADDRESS_S = 0.25
"""RFC 8305: a network without IPv6 costs a quarter of a second, not a minute."""
_LOCALHOST = ("127.0.0.1", "::1")

last_written: ContextVar["Stream | None"] = ContextVar("last_written", default=None)
"""The stream that the current task wrote to last: httpcore names it for successful requests only."""


class Backend(httpcore.AsyncNetworkBackend):
    """Opens connections.

    `scheme` is what is spoken on them, such as `https`. `name` is the name that a checked number of this
    machine stands for (`Host`), if any. `is_http`: what comes back is HTTP from its first byte, as it is
    not with a SOCKS proxy.
    """

    def __init__(self, scheme: str, *, name: str = "", is_http: bool = True) -> None:
        self._scheme = scheme
        self._name = name
        self._is_http = is_http

    async def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,  # noqa: ASYNC109 - httpcore's name
        local_address: str | None = None,  # noqa: ARG002
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,  # noqa: ARG002
    ) -> "Stream":
        """A connection to a host's first address that takes one. Raises ConnectTimeout, ConnectError.

        Addresses are tried as RFC 8305 says. `timeout` includes a TLS handshake that follows.
        """
        loop = asyncio.get_running_loop()
        ends_at = None if timeout is None else loop.time() + timeout
        try:
            async with asyncio.timeout_at(ends_at):
                stream = await self._open(host, port)
        except TimeoutError:
            raise httpcore.ConnectTimeout from None
        except (OSError, UnicodeError) as error:
            raise httpcore.ConnectError(first_words(error)) from error
        stream.connect_until = ends_at
        shown = f"[{host}]" if ":" in host else host
        logger.debug("connected to %s://%s:%d", self._scheme, shown, port)
        return stream

    async def _open(self, host: str, port: int) -> "Stream":
        troubles: list[OSError] = []
        for address in _addresses(host, self._name or host):
            try:
                _, stream = await asyncio.get_running_loop().create_connection(
                    lambda: Stream(is_http=self._is_http),
                    address,
                    port,
                    happy_eyeballs_delay=None if _is_here(address) else _NEXT_ADDRESS_S,
                )
            except OSError as error:
                troubles.append(error)
            else:
                return stream
        raise troubles[0]

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await asyncio.sleep(seconds)


def _addresses(host: str, name: str) -> Sequence[str]:
    """What is tried, in this order: a server at `localhost` listens at one of two numbers.

    The system may know only one of them under that name (Debian's `/etc/hosts` does).
    """
    if name.rstrip(".").lower() != "localhost" or host not in (
        "localhost",
        "localhost.",
        *_LOCALHOST,
    ):
        return (host,)
    return (host, *(number for number in _LOCALHOST if number != host))


def _is_here(host: str) -> bool:
    return is_loopback(f"http://[{host}]" if ":" in host else f"http://{host}")


class Stream(asyncio.BufferedProtocol, httpcore.AsyncNetworkStream):
    """One connection, before and after TLS."""

    def __init__(self, *, is_http: bool = True) -> None:
        self._is_http = is_http
        self._loop = asyncio.get_running_loop()
        self._buffer = memoryview(bytearray(READ_BYTES))
        self._received: deque[bytes] = deque()
        self._received_bytes = 0
        self._is_reading = True
        self._is_at_end = False
        self._error: Exception | None = None
        self._news: asyncio.Future[bool] | None = None
        self._closed = asyncio.Event()
        self._expiry: asyncio.TimerHandle | None = None
        self._has_served = False
        self._interim_responses = 0
        self._head = b""
        """What waits to be written together with what follows."""
        self._has_written = False
        """Whether any of the newest request was handed to the event loop."""
        self._socket: asyncio.Transport
        self._transport: asyncio.Transport
        """What is written to: the socket's own, or the one of TLS on it."""
        self.connect_until: float | None = None
        """When the connect limit ends, in the loop's time."""
        self.written_at = 0.0
        """`time.perf_counter()` when the last byte of the newest request was written."""
        self.has_answered = False
        """Whether any byte came since the newest request was written."""
        self._reads_head = True

    @property
    def is_stale(self) -> bool:
        """Whether a kept connection was used that brought nothing more: the request can be sent again.

        Its server had hung up, or had sent more than its last answer.
        """
        return self._has_served and not self.has_answered

    @property
    def is_closed(self) -> bool:
        """Whether the socket is closed, or will be in the loop's next round."""
        return self._transport.is_closing()

    @property
    def is_idle(self) -> bool:
        """Whether it is open, and waits for another request."""
        return self._expiry is not None and not self.is_closed

    # ---- httpcore.AsyncNetworkStream -----------------------------------------------------------

    async def read(self, max_bytes: int, timeout: float | None = None) -> bytes:  # noqa: ASYNC109
        """The next bytes, as soon as there are any; none at the end.

        Raises ReadTimeout, ReadError, RemoteProtocolError for interim responses without end, and
        NotHttp.
        """
        if self._head:
            self._write(b"")
            self.written_at = time.perf_counter()
        if self._reads_head and self._interim_responses > _MAX_INTERIM_RESPONSES:
            raise httpcore.RemoteProtocolError(
                f"it sent {_MAX_INTERIM_RESPONSES} interim responses and no final one"
            )
        while not self._received:
            if self._error is not None:
                raise httpcore.ReadError(first_words(self._error)) from self._error
            if self._is_at_end:
                return b""
            if not await self._wait(timeout):
                raise httpcore.ReadTimeout
        data = self._received.popleft()
        if len(data) > max_bytes:
            self._received.appendleft(data[max_bytes:])
            data = data[:max_bytes]
        self._received_bytes -= len(data)
        if not self._is_reading and self._received_bytes < _READ_AHEAD_BYTES:
            self._is_reading = True
            self._transport.resume_reading()
        if self._reads_head:
            self._look_at_head(data)
        return data

    async def write(self, buffer: bytes, timeout: float | None = None) -> None:  # noqa: ASYNC109
        """Write, and return when all is written, or when an answer comes before that.

        The head of a request waits for its body, or for the next read: one packet, which wakes the
        server once. `timeout` starts anew whenever the server takes some. Raises WriteTimeout or
        WriteError.
        """
        last_written.set(self)
        if self._expiry is not None:
            self._expiry.cancel()
            self._expiry = None
        if not self._reads_head:
            self._expect_head()
        if self._is_at_end or self._error is not None:
            raise httpcore.WriteError("the connection is closed")
        if buffer and not (self._head or self._has_written):
            self._head = buffer
            return
        self._write(buffer)
        unwritten, taken_at = self._socket.get_write_buffer_size(), self._loop.time()
        while unwritten and not (self._received or self._is_at_end):
            await self._wait(_POLL_S)
            left, now = self._socket.get_write_buffer_size(), self._loop.time()
            if left != unwritten:
                unwritten, taken_at = left, now
            elif timeout is not None and now - taken_at >= timeout:
                raise httpcore.WriteTimeout(f"it read nothing of the request for {timeout:g} s")
        self.written_at = time.perf_counter()

    def _write(self, buffer: bytes) -> None:
        """Write what waits, and this."""
        self._has_written = True
        head, self._head = self._head, b""
        if len(buffer) > _JOINED_BYTES:
            self._transport.write(head)
            head = b""
        if data := head + buffer:
            self._transport.write(data)

    async def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,  # noqa: ASYNC109
    ) -> "Stream":
        """The same connection after a TLS handshake. Raises ConnectTimeout or ConnectError."""
        ends_at = None if timeout is None else self._loop.time() + timeout
        if ends_at is not None and self.connect_until is not None:
            ends_at = min(ends_at, self.connect_until)
        name = (server_hostname or "").rstrip(".")
        try:
            async with asyncio.timeout_at(ends_at):
                secured = await self._loop.start_tls(
                    self._transport, self, ssl_context, server_hostname=name
                )
        except BaseException as error:
            self._transport.abort()  # a handshake that is left in a hurry must not keep its socket
            match error:
                case TimeoutError():
                    raise httpcore.ConnectTimeout from None
                case OSError() | UnicodeError():  # ssl.SSLError is an OSError
                    raise httpcore.ConnectError(first_words(error)) from error
            raise
        if secured is None:
            raise httpcore.ConnectError("closed during the TLS handshake")
        self._transport = secured
        self._has_served = False  # what a proxy said about its tunnel was no answer
        self._expect_head()
        return self

    async def aclose(self) -> None:
        """Close the socket at once, and wait until it is closed. Idempotent."""
        self.abort()
        await self._closed.wait()

    def get_extra_info(self, info: str) -> Any:
        """`is_readable`: whether an idle connection can't be used again."""
        if info == "is_readable":
            is_writing = self._socket.get_write_buffer_size() > 0
            return bool(self._received or self._is_at_end or self._error or is_writing)
        return self._transport.get_extra_info(info)

    def begin_body(self) -> None:
        """Note that the head of the answer has come."""
        self._reads_head = False

    def abort(self) -> None:
        """Close the socket in the event loop's next round. Idempotent."""
        self._transport.abort()

    def close_after(self, seconds: float) -> None:
        """Close the connection if no other request is written by then."""
        if self._expiry is not None:
            self._expiry.cancel()
        self._expiry = self._loop.call_later(seconds, self._transport.abort)

    async def _wait(self, limit_s: float | None) -> bool:
        """Wait for news from the event loop; False if none came in time."""
        news: asyncio.Future[bool] = self._loop.create_future()
        self._news = news
        timer = None if limit_s is None else self._loop.call_later(limit_s, _settle, news)
        try:
            return await news
        finally:
            self._news = None
            if timer is not None:
                timer.cancel()

    def _expect_head(self) -> None:
        self.has_answered, self._reads_head, self._interim_responses = False, True, 0
        self._head, self._has_written = b"", False

    def _look_at_head(self, data: bytes) -> None:
        if self._is_http and not self._has_served and data[:5] != b"HTTP/"[: len(data)]:
            raise NotHttp(data[:_MAX_GREETING_BYTES])  # a whole head may never come
        self._has_served = True
        self._interim_responses += data.count(b"\r\n\r\n")

    # ---- what the event loop tells -------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        assert isinstance(transport, asyncio.Transport)
        transport.set_write_buffer_limits(high=1, low=0)  # to be told when all is written
        self._socket = self._transport = transport

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's name
        """Where the next bytes go."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes came."""
        self.has_answered = True
        self._received.append(bytes(self._buffer[:nbytes]))
        self._received_bytes += nbytes
        if self._is_reading and self._received_bytes >= _READ_AHEAD_BYTES:
            self._is_reading = False
            self._transport.pause_reading()
        self._tell()

    def eof_received(self) -> None:
        """The server sends no more; the socket is then closed."""
        self._is_at_end = True
        self._tell()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed."""
        if exc is not None and not self._is_at_end:
            self._error = exc
        self._is_at_end = True
        if self._expiry is not None:
            self._expiry.cancel()
        self._tell()
        self._closed.set()

    def resume_writing(self) -> None:
        """All is written; under TLS this is not told."""
        self._tell()

    def _tell(self) -> None:
        if self._news is not None:
            _settle(self._news, has_come=True)


def _settle(news: asyncio.Future[bool], *, has_come: bool = False) -> None:
    if not news.done():
        news.set_result(has_come)
