"""Straight to a server, over connections that are kept alive between requests.

The HTTP library needs 60 ms to be imported, a third of a shell's whole start; this way needs 6, which
is h11's, and is shorter for every word too (docs/performance.md). Proxies are `proxied`'s.
"""

import asyncio
from collections import defaultdict
from collections.abc import Mapping
from ssl import SSLContext
from urllib.parse import quote, urlsplit

import h11

from codex_ls.providers.body import Body
from codex_ls.providers.connection import Connection
from codex_ls.providers.dial import Address, dial
from codex_ls.providers.exchange import Outgoing
from codex_ls.providers.tls import client_context
from codex_ls.providers.transport_errors import Broken, Unpackable

_MAX_IDLE = 8
_IDLE_S, _IDLE_HERE_S = 50.0, 4.0
"""Less than the 60 s and the 5 s after which servers hang up, each in its place. On this machine a new
connection costs nothing, and an idle one may hold up a small server."""
_SAFE = "%/:?#[]@!$&'()*+,;=~"  # RFC 3986: what is reserved, and escapes that are there already


class Direct:
    """A `Transport` that opens its own sockets; a connection serves one exchange at a time."""

    def __init__(self) -> None:
        self._open: set[Connection] = set()
        self._idle: defaultdict[Address, dict[Connection, asyncio.TimerHandle]] = defaultdict(dict)
        self._tls: SSLContext | None = None

    async def send(self, outgoing: Outgoing) -> "DirectExchange":
        """Send a request and wait for the answer's head. Raises TransportError."""
        address = Address.of(outgoing.url)
        headers = list(outgoing.headers.items())
        host = next((value for name, value in headers if name.lower() == "host"), None)
        if host is None:
            headers.insert(0, ("Host", address.shown))
        else:
            address = address.meant_for(host)
        if kept := self._kept(address):
            try:
                return await self._exchange(address, kept, outgoing, headers)
            except Broken:
                if not kept.was_hung_up:
                    raise
            # its idle limit passed while the request was on its way: no answer to that was meant
        fresh = await self._dialled(address, outgoing.connect_s)
        return await self._exchange(address, fresh, outgoing, headers)

    async def aclose(self) -> None:
        """Close every connection."""
        for idle in self._idle.values():
            for expiry in idle.values():
                expiry.cancel()
        self._idle.clear()
        connections = tuple(self._open)
        for connection in connections:
            self.close(connection)
        for connection in connections:
            await connection.closed()

    def prepare(self, url: str) -> None:
        """Load what a request to `url` needs; nobody is contacted. Raises TransportError."""
        if url.startswith("https:"):
            self._tls_context()

    def keep(self, address: Address, connection: Connection) -> None:
        """Keep a connection for the next request to its address, for a while."""
        idle = self._idle[address]
        if len(idle) >= _MAX_IDLE:
            self.close(connection)
            return
        idle_s = _IDLE_HERE_S if address.is_here else _IDLE_S
        loop = asyncio.get_running_loop()
        idle[connection] = loop.call_later(idle_s, self._expire, address, connection)

    def close(self, connection: Connection) -> None:
        """Close a connection."""
        self._open.discard(connection)
        connection.abort()

    async def _exchange(
        self,
        address: Address,
        connection: Connection,
        outgoing: Outgoing,
        headers: list[tuple[str, str]],
    ) -> "DirectExchange":
        """Ask on this connection; it is closed if that fails."""
        try:
            response, begun = await connection.ask(
                outgoing.method, _target(outgoing.url), headers, outgoing.body
            )
        except BaseException:
            self.close(connection)
            raise
        return DirectExchange(self, address, connection, response, begun)

    def _expire(self, address: Address, connection: Connection) -> None:
        del self._idle[address][connection]
        self.close(connection)

    def _kept(self, address: Address) -> Connection | None:
        """A connection that is still good: the one that was used last."""
        idle = self._idle[address]
        while idle:
            connection, expiry = idle.popitem()
            expiry.cancel()
            if connection.is_quiet:
                return connection
            self.close(connection)
        return None

    async def _dialled(self, address: Address, limit_s: float) -> Connection:
        tls = self._tls_context() if address.scheme == "https" else None
        connection = await dial(address, tls, limit_s=limit_s)
        self._open.add(connection)
        return connection

    def _tls_context(self) -> SSLContext:
        if self._tls is None:
            self._tls = client_context()
        return self._tls


class DirectExchange:
    """An `Exchange` on one connection."""

    def __init__(
        self,
        direct: Direct,
        address: Address,
        connection: Connection,
        response: h11.Response,
        begun: bytes,
    ) -> None:
        self._direct = direct
        self._address = address
        self._connection: Connection | None = connection
        self._begun = begun
        self.status: int = response.status_code
        self.headers: Mapping[str, str] = {
            name.decode("latin-1"): value.decode("latin-1") for name, value in response.headers
        }
        self._body = Body(self.status, self.headers)
        self.written_at = connection.written_at
        self._may_stay = response.http_version >= b"1.1" and "close" not in (
            self.headers.get("connection", "").lower()
        )

    async def read(self) -> bytes:
        """The next bytes of the body, unpacked; none at its end. Raises Broken."""
        body = self._body
        while self._connection is not None and body.trouble is None:
            data, self._begun = self._begun, b""
            if not data:
                if body.ended:
                    return b""
                data = await self._connection.read()
            if piece := body.feed(data) if data else body.end():
                return piece
        if body.trouble is not None:
            raise Unpackable(body.trouble) if body.is_unpackable else Broken(body.trouble)
        return b""

    async def aclose(self) -> None:
        """Keep the connection if the whole answer was read, else close it."""
        connection, self._connection = self._connection, None
        if connection is None:
            return
        body = self._body
        if self._may_stay and body.ended and not body.surplus and connection.is_quiet:
            self._direct.keep(self._address, connection)
        else:
            self._direct.close(connection)
            await connection.closed()


def _target(url: str) -> str:
    """What of a URL stands in a request's first line."""
    parts = urlsplit(url)
    query = f"?{parts.query}" if parts.query else ""
    return quote(f"{parts.path or '/'}{query}", safe=_SAFE)
