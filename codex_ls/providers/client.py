"""One request to a model server, and its answer as it arrives: httpx, with our limits around it.

Three limits that are three different things: *connect* (is anything there), *first byte* (loading a
model and reading a prompt takes minutes on a local machine, so there is none by default there) and
*idle* (between two reads of an answer that has begun). Redirects are never followed, a proxy is never
used for this machine, and compression is not asked for: it would hold words back.

Invariant 5: whoever cancels the task that waits here, or calls `Answer.aclose`, closes the socket.
"""

import asyncio
import json
import logging
import math
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Mapping
from contextlib import suppress
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar
from importlib import import_module
from typing import Any, NamedTuple, Self, cast

import httpx

from codex_ls import __version__
from codex_ls.errors import ProviderError
from codex_ls.providers.content_encoding import Decoder
from codex_ls.providers.http_request import Request
from codex_ls.providers.http_transport import Transport
from codex_ls.providers.limit import Limit
from codex_ls.providers.network_backend import READ_BYTES, last_written
from codex_ls.providers.transport_errors import (
    NOT_ALLOWED,
    NotARequest,
    ReadTimedOut,
    first_words,
    to_provider_error,
)

logger = logging.getLogger(__name__)

_DRAIN_S = 0.02
_ERROR_BODY_S = 5.0
WRITE_S = 60.0
"""A server that takes nothing of a request for so long is taken for dead."""
_MAX_ERROR_BODY = 64 * 1024
_MAX_JSON = 4 * 1024 * 1024
_MAX_TEXT = 1024 * 1024
_BASE_HEADERS = {
    "Accept": "text/event-stream, application/x-ndjson, application/json",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "User-Agent": f"codex-ls/{__version__}",
}


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


class HttpClient:
    """Connections to model servers, kept alive between turns. Open it with `async with`."""

    def __init__(self) -> None:
        self._transport = Transport()
        self._client: httpx.AsyncClient | None = None

    def prepare(self, url: str) -> None:
        """Make what a request to `url` will need. Nobody is contacted, and nothing is raised."""
        with suppress(ImportError):
            import_module("anyio._backends._asyncio")  # else httpcore's first request waits for it
        with suppress(httpx.HTTPError, httpx.InvalidURL):  # whoever sends a request is told
            self._transport.prepare(url)
        self._made()

    async def send(self, request: Request, *, on_sent: Callable[[], None] | None = None) -> Answer:
        """Send `request` and wait for the answer's head; `on_sent` is called when it was written.

        Raises Unreachable, ReadTimedOut (the first-byte limit) or StreamBroken.
        """
        limits = request.limits
        try:
            async with asyncio.timeout(limits.first_byte_s):
                exchange = await self._exchange(
                    "POST", request.url, request.headers, request.body, limits.connect_s, on_sent
                )
        except TimeoutError:
            raise ReadTimedOut(
                request.server_name, limits.first_byte_s or 0.0, "first-byte", has_begun=False
            ) from None
        except httpx.HTTPError as error:
            raise to_provider_error(request, error) from None
        return Answer(request, exchange)

    async def get_json(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        limit_s: float = 1.0,
        body: bytes | None = None,
        on_silence: Callable[[], None] | None = None,
    ) -> Any:
        """The JSON at `url` (POSTed to with a `body`), whatever its status; None if there is none.

        `on_silence` is called where no whole answer came, with JSON or without.
        For questions beside a turn: bounded in time and size, and nothing is ever raised.
        """
        try:
            reply = await self.ask(url, headers, body=body, limit_s=limit_s, max_bytes=_MAX_JSON)
            return json.loads(reply.data) if reply.is_whole else None
        except (httpx.HTTPError, TimeoutError):
            if on_silence is not None:
                on_silence()
            return None
        except (ValueError, RecursionError):
            return None

    async def get_text(
        self, url: str, headers: Mapping[str, str], *, limit_s: float = 1.0
    ) -> str | None:
        """The text at `url`, the first megabyte of a longer one; None if its status is not 200.

        As `get_json`: bounded in time and size, and nothing is ever raised.
        """
        try:
            reply = await self.ask(url, headers, limit_s=limit_s, max_bytes=_MAX_TEXT)
        except (httpx.HTTPError, TimeoutError):
            return None
        return reply.data.decode("utf-8", "replace") if reply.status == 200 else None

    async def ask(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        limit_s: float,
        max_bytes: int = _MAX_JSON,
        body: bytes | None = None,
    ) -> "Fetched":
        """The whole answer to a GET of `url`, or to a POST with a `body`, or the beginning of it.

        `limit_s` is for all of it. Raises httpx.HTTPError or TimeoutError.
        """
        method = "GET" if body is None else "POST"
        async with asyncio.timeout(limit_s):
            exchange = await self._exchange(method, url, headers, body or b"", limit_s)
            pieces, length = [], 0
            try:
                while length <= max_bytes and (piece := await exchange.read()):
                    pieces.append(piece)
                    length += len(piece)
            finally:
                await exchange.aclose()
        return Fetched(exchange, b"".join(pieces), length <= max_bytes)

    async def _exchange(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        connect_s: float,
        on_sent: Callable[[], None] | None = None,
    ) -> Exchange:
        """Send a request and wait for the head of its answer. Raises httpx.HTTPError.

        A kept connection that ended as it was used is replaced: no answer to that request was meant.
        """
        client = self._made()
        request = _built(method, url, headers, body, connect_s)
        if on_sent is not None:
            request.extensions["trace"] = _tracing(on_sent)
        while True:
            last_written.set(None)
            try:
                response = await client.send(request, stream=True)
            except (httpx.RemoteProtocolError, httpx.NetworkError):
                stream = last_written.get()
                if stream is None or not stream.is_stale:
                    raise
                continue
            stream = last_written.get()
            assert stream is not None
            if not stream.is_stale:
                break
            await response.aclose()
        stream.begin_body()
        # What was asked and how it was answered; a query may hold a key.
        kind = response.headers.get("content-type", "no content type")
        path = url.partition("?")[0]
        logger.debug("%s %s: %d, %s", method, path, response.status_code, kind)
        return Exchange(response, stream.written_at)

    def _made(self) -> httpx.AsyncClient:
        if self._client is None:
            self._client = httpx.AsyncClient(
                transport=self._transport,
                trust_env=False,  # the transport reads the proxies; a .netrc has no say
                auth=httpx.Auth(),  # none but what the configuration says
                cookies=_NoCookies(),
                follow_redirects=False,
                event_hooks={"response": [_take_location]},
            )
        return self._client

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._client is not None:
            await self._client.aclose()


class _NoCookies(CookieJar):
    """Keeps none, and spends no time on them."""

    def extract_cookies(self, response: object, request: object) -> None:
        """Do nothing."""


class Fetched(NamedTuple):
    """An answer that was read: its body, or the beginning of it."""

    exchange: Exchange
    data: bytes
    is_whole: bool

    @property
    def status(self) -> int:
        """The HTTP status."""
        return self.exchange.status


def _built(
    method: str, url: str, headers: Mapping[str, str], body: bytes, connect_s: float
) -> httpx.Request:
    """A request with these headers and ours, and none of httpx's own choice. Raises NotARequest."""
    try:
        return httpx.Request(
            method,
            url,
            headers=_with_ours(headers),
            content=body or None,
            extensions={"timeout": {"connect": connect_s, "write": WRITE_S}},
        )
    except httpx.InvalidURL as error:
        raise NotARequest(first_words(error)) from None
    except UnicodeError:
        raise NotARequest(NOT_ALLOWED) from None


def _tracing(on_sent: Callable[[], None]) -> Callable[[str, object], Awaitable[None]]:
    """httpcore's hook for what it does (its `trace` extension), which calls `on_sent` at that moment."""

    async def trace(event: str, _: object) -> None:
        if event.endswith(".send_request_body.complete"):
            on_sent()

    return trace


async def _take_location(response: httpx.Response) -> None:
    """Keep a redirect from httpx, which prepares to follow it even where it never does.

    It raises for a `Location` that is no address then, and the answer is lost.
    """
    if (location := response.headers.pop("location", None)) is not None:
        response.extensions["location"] = location


def _with_ours(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of every request, and those of this one in their place; names in any case."""
    own = {name.lower() for name in headers}
    base = {name: value for name, value in _BASE_HEADERS.items() if name.lower() not in own}
    return {**base, **headers}


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
