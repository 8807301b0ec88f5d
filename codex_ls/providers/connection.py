"""One socket to a server: a request goes out, the head of its answer comes back, then its body's bytes.

Heads are h11's, which is strict where a smuggled header would matter; bodies are `body`'s. What comes
is kept until it is asked for, at most `_READ_AHEAD_BYTES` of it: then the socket is not read, and the
server waits. One read is small, so that a hundred answers that arrive at once take turns.

Invariant 5: `abort` closes the socket in the loop's next round, whatever is going on there.
"""

import asyncio
import time
from collections import deque

import h11

from codex_ls.providers.transport_errors import Broken, NotARequest, first_words

READ_BYTES = 16 * 1024
_READ_AHEAD_BYTES = 64 * 1024
_MAX_HEAD_BYTES = 64 * 1024
_MAX_INTERIMS = 100
_NOT_ALLOWED = "a header or the address holds characters that HTTP does not allow"
"""Not in h11's words: they quote the header, and its value may be a key."""
_SWITCHED = "it changed to another protocol, which nobody asked for"
_WRITE_S = 60.0
"""A server that takes nothing of a request for so long is taken for dead."""


class Connection(asyncio.BufferedProtocol):
    """A connection that was made by `dial`; one exchange at a time."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._buffer = memoryview(bytearray(READ_BYTES))
        self._come: deque[bytes] = deque()
        self._come_bytes = 0
        self._reads = True
        self._has_ended = False
        self._has_answered = False
        self._has_given_up = False
        self._trouble: str | None = None
        self._news: asyncio.Future[None] | None = None
        self._closed = asyncio.Event()
        self._slow_write: asyncio.TimerHandle | None = None
        self.transport: asyncio.Transport
        """What is written to: the socket's own, or the one of TLS on it."""
        self.written_at = 0.0
        """`time.perf_counter()` when the last byte of the newest request was written; 0 before."""

    # ---- one exchange --------------------------------------------------------------------------

    async def ask(
        self, method: str, target: str, headers: list[tuple[str, str]], body: bytes
    ) -> tuple[h11.Response, bytes]:
        """The head of the answer, and the bytes of its body that came along with it.

        Raises NotARequest or Broken. Early hints and the like (1xx) are passed over; an answer that
        comes while the request is still being written counts.
        """
        self._has_answered = False
        talk = h11.Connection(h11.CLIENT, max_incomplete_event_size=_MAX_HEAD_BYTES)
        try:
            request = h11.Request(
                method=method,
                target=target,
                headers=[*headers, ("Content-Length", str(len(body)))] if body else headers,
            )
            self._write((talk.send(request) or b"") + body)
        except (h11.LocalProtocolError, UnicodeError):
            raise NotARequest(_NOT_ALLOWED) from None
        interims = 0
        try:
            while not isinstance(event := talk.next_event(), h11.Response):
                if event is h11.NEED_DATA:
                    if not (data := await self.read()):
                        raise Broken("it closed the connection without an answer")
                    talk.receive_data(data)
                elif (interims := interims + 1) > _MAX_INTERIMS:
                    raise Broken(f"it sent {_MAX_INTERIMS} interim answers and no other")
        except h11.RemoteProtocolError as error:
            # h11 has no other mark of a 101 that nobody asked for
            is_switch = "SWITCH" in str(error)
            raise Broken(_SWITCHED if is_switch else first_words(error)) from None
        return event, talk.trailing_data[0]

    async def read(self) -> bytes:
        """The next bytes; none at the end. Raises Broken."""
        while not self._come:
            if self._trouble is not None:
                raise Broken(self._trouble)
            if self._has_ended:
                return b""
            self._news = self._loop.create_future()
            try:
                await self._news
            finally:
                self._news = None
        data = self._come.popleft()
        self._come_bytes -= len(data)
        if not self._reads and self._come_bytes < _READ_AHEAD_BYTES:
            self._reads = True
            self.transport.resume_reading()
        return data

    @property
    def is_quiet(self) -> bool:
        """Whether another request can go out here: all is written, and nothing came unasked."""
        return not (self._has_ended or self._come or self._slow_write or self._trouble)

    @property
    def was_hung_up(self) -> bool:
        """Whether the server ended it before a byte of the newest request's answer came."""
        return self._has_ended and not (self._has_answered or self._has_given_up)

    def abort(self) -> None:
        """Close the socket at once. Idempotent."""
        self.transport.abort()

    async def closed(self) -> None:
        """Wait until the socket is closed."""
        await self._closed.wait()

    def _write(self, data: bytes) -> None:
        self.written_at = 0.0
        self.transport.write(data)
        if self._slow_write is None:
            self.written_at = time.perf_counter()

    # ---- what the event loop tells -------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        assert isinstance(transport, asyncio.Transport)
        self.use(transport)

    def use(self, transport: asyncio.Transport) -> None:
        """Write to this transport from now on."""
        self.transport = transport
        transport.set_write_buffer_limits(high=1, low=0)  # to be told when all is written

    def get_buffer(self, sizehint: int) -> memoryview:  # noqa: ARG002 - asyncio's name
        """Where the next bytes go."""
        return self._buffer

    def buffer_updated(self, nbytes: int) -> None:
        """Bytes came."""
        self._has_answered = True
        self._come.append(bytes(self._buffer[:nbytes]))
        self._come_bytes += nbytes
        if self._reads and self._come_bytes >= _READ_AHEAD_BYTES:
            self._reads = False
            self.transport.pause_reading()
        self._tell()

    def eof_received(self) -> None:
        """The server sends no more; the socket is then closed."""
        self._has_ended = True
        self._tell()

    def connection_lost(self, exc: Exception | None) -> None:
        """The socket is closed."""
        if exc is not None and not self._has_ended:
            self._trouble = self._trouble or first_words(exc)
        self._has_ended = True
        self.resume_writing()
        self._tell()
        self._closed.set()

    def pause_writing(self) -> None:
        """Not all of the request could be written at once."""
        self._slow_write = self._loop.call_later(_WRITE_S, self._give_up_writing)

    def resume_writing(self) -> None:
        """All is written."""
        if self._slow_write is not None:
            self._slow_write.cancel()
            self._slow_write = None
            self.written_at = time.perf_counter()

    def _give_up_writing(self) -> None:
        self._has_given_up = True
        self._trouble = f"it took nothing of the request for {_WRITE_S:g} s"
        self.abort()

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)
