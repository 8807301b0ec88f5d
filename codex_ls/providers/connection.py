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

from codex_ls.providers.transport_errors import Broken, NotARequest, NotHttp, first_words

READ_BYTES = 16 * 1024
_READ_AHEAD_BYTES = 64 * 1024
_MAX_HEAD_BYTES = 64 * 1024
_MAX_INTERIMS = 100
_MAX_GREETING_BYTES = 64
NOT_ALLOWED = "a header or the address holds characters that HTTP does not allow"
"""Not in h11's words: they quote the header, and its value may be a key."""
_SWITCHED = "it changed to another protocol, which nobody asked for"
WRITE_S = 60.0
"""A server that takes nothing of a request for so long is taken for dead."""
_LOOK_S = 0.02
"""How often what is still to be written is looked at; of TLS nothing else tells."""


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
        self._next_look: asyncio.TimerHandle | None = None
        self._unwritten = 0  # bytes, when last looked at
        self._taken_at = 0.0  # when the server last took some, in the loop's time
        self._socket: asyncio.Transport
        self.transport: asyncio.Transport
        """What is written to: the socket's own, or the one of TLS on it."""
        self.written_at = 0.0
        """`time.perf_counter()` when the last byte of the newest request was written; 0 before."""

    # ---- one exchange --------------------------------------------------------------------------

    async def ask(
        self, method: str, target: str, headers: list[tuple[str, str]], body: bytes
    ) -> tuple[h11.Response, bytes]:
        """The head of the answer, and the bytes of its body that came along with it.

        Raises NotARequest, NotHttp or Broken. Early hints and the like (1xx) are passed over; an
        answer that comes while the request is still being written counts.
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
            raise NotARequest(NOT_ALLOWED) from None
        interims, begun = 0, False
        try:
            while not isinstance(event := talk.next_event(), h11.Response):
                if event is h11.NEED_DATA:
                    if not (data := await self.read()):
                        raise Broken("it closed the connection without an answer")
                    if not begun and data[:5] != b"HTTP/"[: len(data)]:
                        raise NotHttp(data[:_MAX_GREETING_BYTES])  # h11 would wait for a whole head
                    begun = True
                    talk.receive_data(data)
                elif (interims := interims + 1) > _MAX_INTERIMS:
                    raise Broken(f"it sent {_MAX_INTERIMS} interim answers and no other")
        except h11.RemoteProtocolError as error:
            # h11 has no other mark of a 101 that nobody asked for
            is_switch = "SWITCH" in str(error)
            raise Broken(_SWITCHED if is_switch else first_words(error)) from None
        self._look_at_writing()
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
        waits = self._socket.get_write_buffer_size() > 0
        return not (waits or self._has_ended or self._come or self._trouble)

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
        self._unwritten = self._socket.get_write_buffer_size()
        self._taken_at = self._loop.time()
        self._look_at_writing()

    def _look_at_writing(self) -> None:
        """Note when all is written, again and again until then; give up if nothing is taken."""
        self._look_no_more()
        if self.written_at:
            return
        unwritten, now = self._socket.get_write_buffer_size(), self._loop.time()
        if not unwritten:
            self.written_at = time.perf_counter()
        elif unwritten == self._unwritten and now - self._taken_at >= WRITE_S:
            self._has_given_up = True
            self._trouble = f"it took nothing of the request for {WRITE_S:g} s"
            self.abort()
        else:
            if unwritten != self._unwritten:
                self._unwritten, self._taken_at = unwritten, now
            self._next_look = self._loop.call_later(_LOOK_S, self._look_at_writing)

    def _look_no_more(self) -> None:
        if self._next_look is not None:
            self._next_look.cancel()
            self._next_look = None

    # ---- what the event loop tells -------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """The socket is open."""
        assert isinstance(transport, asyncio.Transport)
        transport.set_write_buffer_limits(high=1, low=0)  # to be told when all is written
        self._socket = self.transport = transport

    def use(self, transport: asyncio.Transport) -> None:
        """Write to this transport from now on: TLS on the socket."""
        self.transport = transport

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
        self._look_no_more()
        self._tell()
        self._closed.set()

    def resume_writing(self) -> None:
        """All is written; under TLS this is not told."""
        self._look_at_writing()

    def _tell(self) -> None:
        if self._news is not None and not self._news.done():
            self._news.set_result(None)
