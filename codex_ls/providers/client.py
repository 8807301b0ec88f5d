"""Requests to model servers: httpx, with our limits around it. `answer` reads what they answer.

Three limits are three different things: *connect* (is anything there), *first byte* and *idle*.
Redirects are never followed, a proxy is never used for this machine, and compression is not asked for:
it would hold words back.
"""

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Mapping
from contextlib import suppress
from http.cookiejar import CookieJar
from importlib import import_module
from typing import Any, NamedTuple, Self

import httpx

from codex_ls import __version__
from codex_ls.providers.answer import Answer, Exchange
from codex_ls.providers.http_request import Request
from codex_ls.providers.http_transport import Transport
from codex_ls.providers.network_backend import last_written
from codex_ls.providers.transport_errors import (
    NOT_ALLOWED,
    NotARequest,
    ReadTimedOut,
    first_words,
    to_provider_error,
)

logger = logging.getLogger(__name__)

WRITE_S = 60.0
"""A server that takes nothing of a request for so long is taken for dead."""
_MAX_JSON = 4 * 1024 * 1024
_MAX_TEXT = 1024 * 1024
_BASE_HEADERS = {
    "Accept": "text/event-stream, application/x-ndjson, application/json",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "User-Agent": f"codex-ls/{__version__}",
}


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
