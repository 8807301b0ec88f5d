"""An answer of a model server as it arrives: its status first, then its body piece by piece.

Two limits hold here: *first byte* (loading a model and reading a prompt takes minutes on a local
machine, so there is none by default there) and *idle* (between two reads of an answer that has begun).

Invariant 5: whoever cancels the task that waits here, or calls `Answer.aclose`, closes the socket.
"""

import asyncio
import math
import time
from collections.abc import AsyncIterator, Iterator, Mapping
from email.utils import parsedate_to_datetime
from typing import cast

import httpx

from codex_ls.errors import ProviderError
from codex_ls.providers.content_encoding import Decoder
from codex_ls.providers.http_request import Request
from codex_ls.providers.limit import Limit
from codex_ls.providers.network_backend import READ_BYTES
from codex_ls.providers.transport_errors import ReadTimedOut, to_provider_error

_DRAIN_S = 0.02
_ERROR_BODY_S = 5.0
_MAX_ERROR_BODY = 64 * 1024


class Exchange:
    """A request that was sent, and its answer, whose head has come.

    A server sends a chunk for every word, and httpx hands on one at a time: what came together is read
    together, so that a burst of words costs one decoding and not hundreds. No word waits for another.
    """

    def __init__(self, response: httpx.Response, written_at: float) -> None:
        self._response = response
        self._decoder: Decoder | None = None
        self._decoded: Iterator[bytes] = iter(())
        self._has_ended = False
        self._chunks: list[bytes] = []
        self._chunk_bytes = 0
        self._news = asyncio.Event()
        self._room = asyncio.Event()
        self._receiving = asyncio.create_task(self._receive())
        self._receiving.add_done_callback(lambda _: self._news.set())
        self._closing: asyncio.Task[None] | None = None
        self.status = response.status_code
        self.headers: Mapping[str, str] = response.headers
        self.location: str = response.extensions.get("location", "")
        """Where a redirect leads."""
        self.written_at = written_at
        """`time.perf_counter()` when the request's last byte was written."""

    async def read(self) -> bytes:
        """The next bytes of the body, decoded; none at its end. Raises httpx.HTTPError.

        A read that is cancelled loses nothing: the next one goes on from there.
        """
        if self._decoder is None:
            self._decoder = Decoder(self.headers.get("content-encoding", ""))
        while True:
            for piece in self._decoded:
                if piece:
                    return piece
            if self._has_ended:
                return b""
            if data := await self._received():
                self._decoded = self._decoder.decode(data)
            else:
                self._has_ended = True
                self._decoder.finish()

    async def aclose(self) -> None:
        """Keep the connection if the whole answer was read, else close it.

        Whoever is cancelled here is cancelled, and it is closed all the same.
        """
        self._receiving.cancel()
        if self._closing is None:
            self._closing = asyncio.create_task(self._close())
        await asyncio.shield(self._closing)

    async def _close(self) -> None:
        await asyncio.wait([self._receiving])
        if not self._receiving.cancelled():
            self._receiving.exception()  # whoever was to be told has been
        await self._response.aclose()

    async def _received(self) -> bytes:
        """What has come since the last time; none at the end."""
        while not self._chunks:
            if self._receiving.done():
                self._receiving.result()
                return b""
            self._news.clear()
            await self._news.wait()
        data = b"".join(self._chunks)
        self._chunks.clear()
        self._chunk_bytes = 0
        self._room.set()
        return data

    async def _receive(self) -> None:
        """Take the chunks of the body as they come, and little more than one read ahead."""
        # Not `aiter_raw`, which counts and copies each chunk: one in twenty of a burst's time.
        async for chunk in cast("AsyncIterator[bytes]", self._response.stream):
            self._chunks.append(chunk)
            self._chunk_bytes += len(chunk)
            self._news.set()
            while self._chunk_bytes >= READ_BYTES:
                self._room.clear()
                await self._room.wait()


class Answer:
    """An answer that has begun: its status is known, its body is read piece by piece."""

    def __init__(self, request: Request, exchange: Exchange) -> None:
        self._request = request
        self._exchange = exchange
        self._limit = Limit()
        self._loop = asyncio.get_running_loop()
        self._begun = False
        self._waits_since: float | None = None  # in the loop's time
        self.status = exchange.status
        self.content_type = exchange.headers.get("content-type", "")
        self.written_at = exchange.written_at
        """`time.perf_counter()` when the request's last byte was written."""

    @property
    def retry_after_ms(self) -> int | None:
        """What `Retry-After` says, as seconds or as a date; None if it says nothing."""
        return retry_after_ms(self._exchange.headers.get("retry-after", ""))

    async def read(self) -> bytes:
        """The next bytes, or none at the end. Raises ReadTimedOut or StreamBroken."""
        while (data := await self.read_until(math.inf)) is None:
            pass
        return data

    async def read_until(self, at: float, *, is_working: bool = False) -> bytes | None:
        """The next bytes, b"" at the end; None if nothing came before `at` (the event loop's time).

        A wait that is taken up again counts as one. `is_working`: the server has said that it loads or
        reads, and no word of an answer has come, so that the first-byte limit still applies. Raises
        ReadTimedOut or StreamBroken.
        """
        limits = self._request.limits
        idles = self._begun and not is_working
        limit_s = limits.idle_s if idles else limits.first_byte_s
        now = self._loop.time()
        if self._waits_since is None:
            self._waits_since = now
        ends_at = math.inf if limit_s is None else self._waits_since + limit_s
        first = min(at, ends_at)
        try:
            data = await self._limit.wait(
                self._exchange.read(), None if first == math.inf else first - now
            )
        except TimeoutError:
            if at < ends_at:
                return None
            raise ReadTimedOut(
                self._request.server_name,
                limit_s or 0.0,
                "idle" if idles else "first-byte",
                has_begun=self._begun,
            ) from None
        except httpx.HTTPError as error:
            raise to_provider_error(self._request, error) from None
        self._waits_since = None
        self._begun = self._begun or bool(data)
        return data

    async def read_error(self) -> bytes:
        """The body of an answer that is an error: what comes soon, and not without end."""
        body = b""
        try:
            until = self._loop.time() + _ERROR_BODY_S
            while len(body) < _MAX_ERROR_BODY and (data := await self.read_until(until)):
                body += data
        except ProviderError:
            pass  # the status says enough
        return body

    async def aclose(self, *, drain: bool = False) -> None:
        """Close the answer.

        `drain`: its last byte should already be here. Then the connection can serve the next
        turn; else it is closed, which is what frees the model.
        """
        self._limit.close()
        if drain:
            try:
                async with asyncio.timeout(_DRAIN_S):
                    while await self._exchange.read():
                        pass
            except (TimeoutError, httpx.HTTPError):
                pass
        await self._exchange.aclose()


def retry_after_ms(value: str) -> int | None:
    """Milliseconds of a `Retry-After` header (RFC 9110, section 10.2.3): seconds or a date."""
    value = value.strip()
    try:
        return max(0, round(float(value) * 1000))
    except (ValueError, OverflowError):
        pass
    try:
        return max(0, round((parsedate_to_datetime(value).timestamp() - time.time()) * 1000))
    except (ValueError, TypeError, OverflowError):
        return None
