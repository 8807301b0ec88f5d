"""The way to servers: httpx's transport interface over httpcore's pools, on our own sockets (`network`).

httpx's own transport takes no network backend, and reads `NO_PROXY` in its own way. This one decides for
each request whether a proxy is between (`proxies`; never for this machine), and closes idle connections
when their time is over, not when the next request comes.
"""

import os
import ssl
from collections.abc import AsyncIterator, Callable, Mapping
from contextvars import ContextVar
from importlib import import_module
from typing import Any, NamedTuple, cast
from urllib.parse import urlsplit

import httpcore
import httpx

from codex_ls.config.address import is_loopback
from codex_ls.providers.network_backend import Backend, Stream
from codex_ls.providers.proxies import Proxy, proxy_for
from codex_ls.providers.transport_errors import (
    NoCertificates,
    NotARequest,
    UnusableProxy,
    first_words,
)

_IDLE_S, _IDLE_HERE_S = 50.0, 4.0
"""Less than the 60 s and the 5 s after which servers hang up, each in its place. On this machine a new
connection costs nothing, and an idle one may hold up a small server."""
_MAX_IDLE = 8
"""As many idle connections are kept for one route."""


class Transport(httpx.AsyncBaseTransport):
    """Connections to servers, straight or through the proxy that `env` names for each.

    A `Host` header in a request to a number of this machine says which name was meant: a certificate
    must be for that name.
    """

    def __init__(self, env: Mapping[str, str] = os.environ) -> None:
        self._env = env
        self._pools: dict[_Route, httpcore.AsyncConnectionPool] = {}
        self._idle: dict[_Route, list[Stream]] = {}
        self._tls: ssl.SSLContext | None = None

    def prepare(self, url: str) -> None:
        """Make what a request to `url` needs. Nobody is contacted. Raises httpx.HTTPError."""
        self._pool(_Route.of(httpx.URL(url), "", self._env))

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and wait for the head of its answer. Raises httpx.HTTPError."""
        url = request.url
        route = _Route.of(url, request.headers["host"], self._env)
        extensions: dict[str, Any] = dict(request.extensions)
        if route.name:
            extensions["sni_hostname"] = route.name
        pool = self._pool(route)
        _made.set(None)
        try:
            response = await pool.handle_async_request(
                httpcore.Request(
                    request.method,
                    httpcore.URL(
                        scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=url.raw_path
                    ),
                    headers=request.headers.raw,
                    content=request.stream,
                    extensions=extensions,
                )
            )
        except BaseException as error:
            if (connection := _made.get()) is not None:
                await connection.aclose()  # httpcore keeps one that is cancelled before it is used
            if isinstance(error, _FAILURES):
                raise _as_httpx(error) from error
            raise
        return httpx.Response(
            response.status,
            headers=response.headers,
            stream=_Body(response, lambda stream: self._keep(route, stream)),
            extensions=response.extensions,
        )

    async def aclose(self) -> None:
        """Close every connection."""
        pools = tuple(self._pools.values())
        self._pools.clear()
        for pool in pools:
            await pool.aclose()

    def _keep(self, route: "_Route", stream: Stream) -> None:
        """Let a connection be idle for a while, the newest ones of its route."""
        stream.close_after(_IDLE_HERE_S if route.is_here else _IDLE_S)
        idle = [other for other in self._idle.get(route, ()) if other.is_idle and other != stream]
        for other in idle[: 1 - _MAX_IDLE]:
            other.abort()
        self._idle[route] = [*idle[1 - _MAX_IDLE :], stream]

    def _pool(self, route: "_Route") -> httpcore.AsyncConnectionPool:
        """The pool for a route. Raises UnusableProxy or NoCertificates."""
        if (pool := self._pools.get(route)) is not None:
            return pool
        tls = None
        if route.scheme == "https" or route.proxy is not None:
            tls = self._tls = self._tls or client_tls()
        scheme, proxy = route.scheme, None
        if route.proxy is not None:
            proxy = _proxy_of_httpcore(route.proxy, tls)
            scheme = proxy.url.scheme.decode()
        backend = Backend(scheme, name=route.name, is_http=not scheme.startswith("socks"))
        pool = self._pools[route] = _Pool(
            ssl_context=tls, proxy=proxy, max_connections=None, network_backend=backend
        )
        return pool


_made: ContextVar[httpcore.AsyncConnectionInterface | None] = ContextVar("made", default=None)
"""The connection that the pool made for the current task's request."""


class _Pool(httpcore.AsyncConnectionPool):
    """A pool that tells which connection it makes."""

    def create_connection(self, origin: httpcore.Origin) -> httpcore.AsyncConnectionInterface:
        """A connection that is not opened yet."""
        connection = super().create_connection(origin)
        _made.set(connection)
        return connection


class _Route(NamedTuple):
    """How a request travels: connections are shared by requests with the same route and origin."""

    scheme: str
    proxy: Proxy | None
    is_here: bool
    """Whether the server is on this machine."""
    name: str
    """The name that a checked number of this machine stands for."""

    @classmethod
    def of(cls, url: httpx.URL, host: str, env: Mapping[str, str]) -> "_Route":
        """The route of a request with this `Host` header. Raises NotARequest.

        The address is taken as httpx has read it: it is httpx that sends the request there.
        """
        shown = f"[{url.host}]" if ":" in url.host else url.host
        address = (
            f"{url.scheme}://{shown}" if url.port is None else f"{url.scheme}://{shown}:{url.port}"
        )
        try:
            is_here = is_loopback(address)
            name = urlsplit(f"//{host}").hostname or ""
            meant = name if is_here and name != url.host else ""
            return cls(url.scheme, proxy_for(address, env), is_here, meant)
        except ValueError as error:
            raise NotARequest(first_words(error)) from None


class _Body(httpx.AsyncByteStream):
    """The body of an answer, as it comes."""

    def __init__(self, response: httpcore.Response, keep: Callable[[Stream], None]) -> None:
        """`keep` is called with the connection if it can serve another request."""
        self._response = response
        self._keep = keep

    async def __aiter__(self) -> AsyncIterator[bytes]:
        try:
            async for data in cast("AsyncIterator[bytes]", self._response.stream):
                yield data
        except _FAILURES as error:
            raise _as_httpx(error) from error

    async def aclose(self) -> None:
        """Keep the connection for a while if the whole answer was read, else close it."""
        await self._response.aclose()
        stream = self._response.extensions["network_stream"]
        if isinstance(stream, Stream) and not stream.is_closed:
            self._keep(stream)


_FAILURES = (
    httpcore.NetworkError,
    httpcore.ProtocolError,
    httpcore.ProxyError,
    httpcore.TimeoutException,
    httpcore.UnsupportedProtocol,
)


def _as_httpx(error: Exception) -> httpx.HTTPError:
    """The exception of httpx that has the same name as httpcore's."""
    kind = getattr(httpx, type(error).__name__, httpx.TransportError)
    return cast("httpx.HTTPError", kind(str(error)))


def client_tls() -> ssl.SSLContext:
    """What connections trust, as httpx makes it: `SSL_CERT_FILE`, `SSL_CERT_DIR`, or Mozilla's list.

    Loading certificates takes 20 ms. Raises NoCertificates for a file that can't be read.
    """
    try:
        return httpx.create_ssl_context()
    except OSError as error:  # ssl.SSLError is one
        variable = next(filter(os.environ.get, ("SSL_CERT_FILE", "SSL_CERT_DIR")), None)
        is_empty = isinstance(error, ssl.SSLError)
        reason = "it contains no certificate" if is_empty else first_words(error)
        if variable is None:
            reason = f"The certificate bundle of httpx can't be used: {reason}"
        else:
            reason = f"{variable} can't be used: {os.environ[variable]}: {reason}"
        raise NoCertificates(reason, is_chosen=variable is not None) from None


def _proxy_of_httpcore(proxy: Proxy, tls: ssl.SSLContext | None) -> httpcore.Proxy:
    """Raises UnusableProxy."""
    try:
        url = httpx.URL(proxy.url)
    except httpx.InvalidURL as error:
        raise UnusableProxy(proxy, first_words(error)) from None
    if url.scheme not in ("http", "https", "socks5", "socks5h"):
        raise UnusableProxy(proxy, "a proxy address must begin with http://, https:// or socks5://")
    if url.scheme.startswith("socks"):
        try:
            import_module("socksio")
        except ImportError:
            raise UnusableProxy(proxy, "SOCKS requires the package socksio") from None
    return httpcore.Proxy(
        httpcore.URL(scheme=url.raw_scheme, host=url.raw_host, port=url.port, target=b"/"),
        auth=(url.username, url.password) if url.username or url.password else None,
        ssl_context=tls if url.scheme == "https" else None,
    )
