"""One request to a model server, and its answer as it arrives.

Three limits that are three different things: *connect* (is anything there), *first byte* (loading a
model and reading a prompt takes minutes on a local machine, so there is none by default there) and
*idle* (between two reads of an answer that has begun). Redirects are never followed, a proxy is never
used for this machine, and compression is not asked for: it would hold words back.

Invariant 5: whoever cancels the task that waits here, or calls `Answer.aclose`, closes the socket.
"""

import asyncio
import json
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

import httpx

from codex_ls import __version__
from codex_ls.config.address import is_loopback
from codex_ls.errors import ProviderError, TimedOut
from codex_ls.providers.request import Request
from codex_ls.providers.tls import context_for
from codex_ls.providers.transport_errors import told

_WRITE_S = 60.0
_DRAIN_S = 0.02
_MAX_ERROR_BODY = 64 * 1024
_MAX_TOLD = 4 * 1024 * 1024
_BASE_HEADERS = {
    "Accept": "text/event-stream, application/x-ndjson, application/json",
    "Accept-Encoding": "identity",
    "Content-Type": "application/json",
    "User-Agent": f"codex-ls/{__version__}",
}


class Answer:
    """An answer that has begun: its status is known, its body is read piece by piece."""

    def __init__(self, request: Request, response: httpx.Response, written_at: float) -> None:
        self._request = request
        self._response = response
        self._body: AsyncIterator[bytes] = response.aiter_bytes()
        self._begun = False
        self.status: int = response.status_code
        self.content_type: str = response.headers.get("content-type", "")
        self.written_at = written_at
        """`time.perf_counter()` when the request's last byte was written."""

    @property
    def retry_after_ms(self) -> int | None:
        """What `Retry-After` says, as seconds or as a date; None if it says nothing."""
        return retry_after_ms(self._response.headers.get("retry-after", ""))

    async def read(self, *, limit_s: float | None = None) -> bytes:
        """The next bytes, or none at the end. Raises TimedOut or StreamBroken.

        `limit_s` tightens the idle limit.
        """
        limits = self._request.limits
        wait_s = limits.idle_s if self._begun else limits.first_byte_s
        if limit_s is not None:
            wait_s = limit_s if wait_s is None else min(wait_s, limit_s)
        try:
            async with asyncio.timeout(wait_s):
                data = await anext(self._body, b"")
        except TimeoutError:
            raise self._too_slow(wait_s or 0.0) from None
        except httpx.HTTPError as error:
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
        if drain:
            try:
                async with asyncio.timeout(_DRAIN_S):
                    while await anext(self._body, b""):
                        pass
            except (TimeoutError, httpx.HTTPError):
                pass
        await self._response.aclose()

    def _too_slow(self, wait_s: float) -> TimedOut:
        name = self._request.server_name
        if self._begun:
            return TimedOut(
                f"{name} fell silent for {wait_s:g} s in the middle of its answer (idle limit).",
                hint="Raise stream_idle_timeout_ms if this model pauses that long.",
            )
        return TimedOut(
            f"{name} took the request and sent nothing for {wait_s:g} s (first-byte limit).",
            hint="Raise first_byte_timeout_ms if this model needs longer to load or to read.",
        )


class HttpClient:
    """Connections to model servers, kept alive between turns. Open it with `async with`."""

    def __init__(self) -> None:
        self._clients: dict[str, httpx.AsyncClient] = {}

    async def send(self, request: Request) -> Answer:
        """Send `request` and wait for the answer's head.

        Raises Unreachable, TimedOut (the connect or the first-byte limit) or StreamBroken.
        """
        client, sockets = self._client_for(request.url), _Sockets()
        limits = request.limits
        built = client.build_request(
            "POST",
            request.url,
            headers={**_BASE_HEADERS, **request.headers},
            content=request.body,
            timeout=httpx.Timeout(None, connect=limits.connect_s, write=_WRITE_S),
            extensions={"trace": sockets.trace},
        )
        try:
            async with sockets, asyncio.timeout(limits.first_byte_s):
                response = await client.send(built, stream=True)
        except TimeoutError:
            raise TimedOut(
                f"{request.server_name} took the request and sent nothing for"
                f" {limits.first_byte_s:g} s (first-byte limit).",
                hint="Raise first_byte_timeout_ms if this model needs longer to load or to read.",
            ) from None
        except httpx.HTTPError as error:
            raise told(request, error) from None
        return Answer(request, response, sockets.written_at)

    async def get_json(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        limit_s: float = 1.0,
        body: bytes | None = None,
    ) -> Any:
        """The JSON at `url` (POSTed to with a `body`), whatever its status; None if there is none.

        For questions beside a turn: bounded in time and size, and nothing is ever raised.
        """
        sockets = _Sockets()
        asked = self._client_for(url).stream(
            "GET" if body is None else "POST",
            url,
            headers={**_BASE_HEADERS, **headers},
            content=body,
            extensions={"trace": sockets.trace},
        )
        try:
            async with sockets, asyncio.timeout(limit_s), asked as response:
                data = b""
                async for piece in response.aiter_bytes():
                    data += piece
                    if len(data) > _MAX_TOLD:
                        return None
            return json.loads(data)
        except (httpx.HTTPError, TimeoutError, ValueError, RecursionError):
            return None

    async def __aenter__(self) -> "HttpClient":
        return self

    async def __aexit__(self, *_: object) -> None:
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()

    def _client_for(self, url: str) -> httpx.AsyncClient:
        local, secure = is_loopback(url), url.startswith("https:")
        kind = f"{local} {secure}"
        if kind not in self._clients:
            self._clients[kind] = httpx.AsyncClient(
                verify=context_for(secure=secure),
                trust_env=not local,  # no proxy stands between this machine and itself
                follow_redirects=False,
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=8),
            )
        return self._clients[kind]


class _Sockets:
    """The sockets that one request opens, closed where it is left in a hurry.

    A TLS greeting that is cancelled leaves its socket open: httpcore 1.0 closes it for errors only.
    """

    def __init__(self) -> None:
        self._opened: list[Any] = []
        self.written_at = 0.0

    async def trace(self, event: str, info: Mapping[str, Any]) -> None:
        """Take what httpcore tells of a request's progress (its `trace` extension)."""
        if event.endswith("connect_tcp.complete"):
            self._opened.append(info["return_value"])
        elif event.endswith("send_request_body.complete"):
            self.written_at = time.perf_counter()

    async def __aenter__(self) -> None:
        pass

    async def __aexit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None:
            for stream in self._opened:
                with suppress(Exception):
                    await stream.aclose()


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
