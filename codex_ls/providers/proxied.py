"""Through a proxy that the environment or the system names: the HTTP library's work.

Loaded only where there is one, for that takes longer than the rest of a start. What differs from
`direct` ends here: the same answers, the same errors. Which hosts the proxy is for (`NO_PROXY`) is the
library's to know.
"""

import os
import socket
import ssl
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from typing import Any

import httpx

from codex_ls.providers.body import packing_trouble, packings_of
from codex_ls.providers.connection import NOT_ALLOWED, WRITE_S
from codex_ls.providers.exchange import Outgoing
from codex_ls.providers.proxy_settings import proxy_for
from codex_ls.providers.tls import client_context
from codex_ls.providers.transport_errors import (
    Broken,
    ConnectTimedOut,
    NoProxyThere,
    NoSuchProxy,
    NotARequest,
    NotConnected,
    ProxyRefused,
    TransportError,
    Unpackable,
    first_words,
)

_SOCKS = "SOCKS needs the package socksio beside codex-ls"


class Proxied:
    """A `Transport` through whatever proxy is set."""

    def __init__(self) -> None:
        """Raises NoCertificates and NoSuchProxy."""
        tls = client_context()
        try:
            self._client = httpx.AsyncClient(
                verify=tls,
                follow_redirects=False,
                limits=httpx.Limits(max_connections=None, max_keepalive_connections=8),
            )
        except ImportError:
            raise NoSuchProxy(_SOCKS) from None
        except ValueError:
            raise NoSuchProxy("a proxy's address begins with http:// or https://") from None
        except httpx.InvalidURL as error:
            raise NoSuchProxy(first_words(error)) from None

    async def send(self, outgoing: Outgoing) -> "ProxiedExchange":
        """Send a request and wait for the answer's head. Raises TransportError."""
        sockets = _Sockets()
        try:
            built = self._client.build_request(
                outgoing.method,
                outgoing.url,
                headers=outgoing.headers,
                content=outgoing.body or None,
                timeout=httpx.Timeout(None, connect=outgoing.connect_s, write=WRITE_S),
                extensions={"trace": sockets.trace},
            )
            async with sockets:
                response = await self._client.send(built, stream=True)
        except httpx.HTTPError as error:
            raise _as_ours(error, outgoing.url) from None
        except (httpx.InvalidURL, UnicodeError) as error:
            raise NotARequest(first_words(error)) from None
        return ProxiedExchange(outgoing.url, response, sockets.written_at)

    def prepare(self, url: str) -> None:
        """Do nothing: what it needs was loaded with it."""

    async def aclose(self) -> None:
        """Close every connection."""
        await self._client.aclose()


class ProxiedExchange:
    """An `Exchange` of the HTTP library's."""

    def __init__(self, url: str, response: httpx.Response, written_at: float) -> None:
        self._url = url
        self._response = response
        self._body: AsyncIterator[bytes] = response.aiter_bytes()
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = dict(response.headers)
        self.written_at = written_at

    async def read(self) -> bytes:
        """The next bytes of the body, unpacked; none at its end. Raises TransportError."""
        coding = self.headers.get("content-encoding", "")
        if coding and (trouble := packing_trouble(packings_of(coding))):
            raise Unpackable(trouble)
        try:
            return await anext(self._body, b"")
        except httpx.DecodingError as error:
            trouble = f"a packed answer that can't be unpacked ({first_words(error)})"
            raise Unpackable(trouble) from None
        except httpx.HTTPError as error:
            raise _as_ours(error, self._url) from None

    async def aclose(self) -> None:
        """Keep the connection if the whole answer was read, else close it."""
        await self._response.aclose()


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


def _as_ours(error: httpx.HTTPError, url: str) -> TransportError:
    reason = first_words(error)
    match error:
        case httpx.ConnectTimeout():
            return _no_proxy_there(url, None) or ConnectTimedOut(reason)
        case httpx.ConnectError():
            cause = _os_error(error)
            if isinstance(
                cause, ssl.SSLError
            ):  # of the server's, behind a proxy that let it through
                return NotConnected(reason, cause)
            return _no_proxy_there(url, cause) or NotConnected(reason, cause)
        case httpx.ProxyError():
            return ProxyRefused(reason)
        case httpx.LocalProtocolError():
            return NotARequest(NOT_ALLOWED)
        case httpx.UnsupportedProtocol():
            return NotARequest(reason)
        case _:
            return Broken(reason)


def _no_proxy_there(url: str, cause: OSError | None) -> NoProxyThere | None:
    """The error of a proxy that takes no connection; None if `url` is asked without one."""
    proxy = proxy_for(url, os.environ)
    if proxy is None:
        return None
    match cause:
        case None:
            why = "it did not take the connection in time"
        case socket.gaierror():
            why = "no address is known for it"
        case _:
            why = "nothing listens there"
    return NoProxyThere(f"{proxy.variable} names the proxy {proxy.origin}, and {why}")


def _os_error(error: BaseException) -> OSError | None:
    """What the system said: the library wraps it several times."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, OSError):
        seen = seen.__cause__ or seen.__context__
    return seen
