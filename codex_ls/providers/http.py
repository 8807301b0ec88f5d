"""One request to a model server, and its answer as it arrives.

Three limits that are three different things: *connect* (is anything there), *first byte* (loading a
model and reading a prompt takes minutes on a local machine, so there is none by default there) and
*idle* (between two reads of an answer that has begun). Redirects are never followed, a proxy is never
used for this machine, and compression is not asked for: it would hold words back.

Invariant 5: whoever cancels the task that waits here, or calls `Answer.aclose`, closes the socket.
"""

import asyncio
import json
import logging
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from codex_ls import __version__
from codex_ls.errors import ProviderError
from codex_ls.providers.exchange import Exchange, Outgoing
from codex_ls.providers.limit import Limit
from codex_ls.providers.request import Request
from codex_ls.providers.silence import ServerSilent
from codex_ls.providers.transport_errors import TransportError, told
from codex_ls.providers.ways import Ways

logger = logging.getLogger(__name__)

_DRAIN_S = 0.02
_MAX_ERROR_BODY = 64 * 1024
_MAX_TOLD = 4 * 1024 * 1024
_MAX_TEXT = 1024 * 1024
_BASE_HEADERS = {
    "Accept": "text/event-stream, application/x-ndjson, application/json",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "User-Agent": f"codex-ls/{__version__}",
}


class Answer:
    """An answer that has begun: its status is known, its body is read piece by piece."""

    def __init__(self, request: Request, exchange: Exchange) -> None:
        self._request = request
        self._exchange = exchange
        self._limit = Limit()
        self._begun = False
        self.status = exchange.status
        self.content_type = exchange.headers.get("content-type", "")
        self.written_at = exchange.written_at
        """`time.perf_counter()` when the request's last byte was written."""

    @property
    def retry_after_ms(self) -> int | None:
        """What `Retry-After` says, as seconds or as a date; None if it says nothing."""
        return retry_after_ms(self._exchange.headers.get("retry-after", ""))

    async def read(self, *, limit_s: float | None = None, is_working: bool = False) -> bytes:
        """The next bytes, or none at the end. Raises ServerSilent or StreamBroken.

        `limit_s` tightens the limit. `is_working`: the server has said that it loads or reads, and no
        word of an answer has come, so that the first-byte limit holds still.
        """
        limits = self._request.limits
        idles = self._begun and not is_working
        wait_s = limits.idle_s if idles else limits.first_byte_s
        if limit_s is not None:
            wait_s = limit_s if wait_s is None else min(wait_s, limit_s)
        try:
            data = await self._limit.wait(self._exchange.read(), wait_s)
        except TimeoutError:
            raise ServerSilent(
                self._request.server_name,
                wait_s or 0.0,
                "idle" if idles else "first-byte",
                has_begun=self._begun,
            ) from None
        except TransportError as error:
            raise told(self._request, error) from None
        self._begun = self._begun or bool(data)
        return data

    async def read_error(self) -> bytes:
        """The body of an answer that is an error: what comes soon, and not without end."""
        body = b""
        try:
            while len(body) < _MAX_ERROR_BODY and (data := await self.read(limit_s=5.0)):
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
            except (TimeoutError, TransportError):
                pass
        await self._exchange.aclose()


class HttpClient:
    """Connections to model servers, kept alive between turns. Open it with `async with`."""

    def __init__(self) -> None:
        self._ways = Ways()

    async def send(self, request: Request) -> Answer:
        """Send `request` and wait for the answer's head.

        Raises Unreachable, ServerSilent (the first-byte limit) or StreamBroken.
        """
        limits = request.limits
        headers = _with_ours(request.headers)
        outgoing = Outgoing("POST", request.url, headers, request.body, limits.connect_s)
        try:
            async with asyncio.timeout(limits.first_byte_s):
                exchange = await self._ways.to(request.url).send(outgoing)
            _log(outgoing, exchange)
            return Answer(request, exchange)
        except TimeoutError:
            raise ServerSilent(
                request.server_name, limits.first_byte_s or 0.0, "first-byte", has_begun=False
            ) from None
        except TransportError as error:
            raise told(request, error) from None

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
            _, data, is_whole = await self._told(url, headers, body, _MAX_TOLD, limit_s)
            return json.loads(data) if is_whole else None
        except (TransportError, TimeoutError):
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
            status, data, _ = await self._told(url, headers, None, _MAX_TEXT, limit_s)
        except (TransportError, TimeoutError):
            return None
        return data.decode("utf-8", "replace") if status == 200 else None

    async def _told(
        self,
        url: str,
        headers: Mapping[str, str],
        body: bytes | None,
        max_bytes: int,
        limit_s: float,
    ) -> tuple[int, bytes, bool]:
        """An answer's status, its body or the beginning of it, and whether that is all of it.

        Raises TransportError or TimeoutError.
        """
        method = "GET" if body is None else "POST"
        outgoing = Outgoing(method, url, _with_ours(headers), body or b"", limit_s)
        async with asyncio.timeout(limit_s):
            exchange = await self._ways.to(url).send(outgoing)
            _log(outgoing, exchange)
            try:
                data, is_whole = await _beginning_of(exchange, max_bytes)
            finally:
                await exchange.aclose()
        return exchange.status, data, is_whole

    def prepare(self, url: str) -> None:
        """Load what a request to `url` will need. Nobody is contacted, and nothing is raised."""
        with suppress(TransportError):  # whoever sends a request is told
            self._ways.to(url).prepare(url)

    async def __aenter__(self) -> "HttpClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._ways.aclose()


def _log(outgoing: Outgoing, exchange: Exchange) -> None:
    """What was asked and how it was answered; a query may hold a key."""
    path = outgoing.url.partition("?")[0]
    kind = exchange.headers.get("content-type", "no content type")
    logger.debug("%s %s: %d, %s", outgoing.method, path, exchange.status, kind)


def _with_ours(headers: Mapping[str, str]) -> dict[str, str]:
    """The headers of every request, and those of this one in their place; names in any case."""
    own = {name.lower() for name in headers}
    base = {name: value for name, value in _BASE_HEADERS.items() if name.lower() not in own}
    return {**base, **headers}


async def _beginning_of(exchange: Exchange, max_bytes: int) -> tuple[bytes, bool]:
    """A body, and whether it is whole: no more is read once it is too long. Raises TransportError."""
    pieces, length = [], 0
    while length <= max_bytes and (piece := await exchange.read()):
        pieces.append(piece)
        length += len(piece)
    return b"".join(pieces), length <= max_bytes


def retry_after_ms(value: str) -> int | None:
    """Milliseconds of a `Retry-After` header (RFC 9110, section 10.2.3): seconds or a date."""
    from email.utils import parsedate_to_datetime  # 10 ms that a turn rarely needs

    value = value.strip()
    try:
        return max(0, round(float(value) * 1000))
    except (ValueError, OverflowError):
        pass
    try:
        return max(0, round((parsedate_to_datetime(value).timestamp() - time.time()) * 1000))
    except (ValueError, TypeError, OverflowError):
        return None
