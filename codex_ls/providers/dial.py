"""Opening a connection straight to a server: name, socket, TLS, all within one limit.

A name with several addresses is tried as RFC 8305 says, so that a network without IPv6 costs a quarter
of a second and not a minute; on this machine one address refuses at once, and then the next is asked.
"""

import asyncio
import logging
import ssl
from dataclasses import dataclass, replace
from typing import Self
from urllib.parse import urlsplit

from codex_ls.config.address import DEFAULT_PORTS, is_loopback
from codex_ls.providers.connection import Connection
from codex_ls.providers.transport_errors import (
    ConnectTimedOut,
    NotARequest,
    NotConnected,
    first_words,
)

logger = logging.getLogger(__name__)

_NEXT_ADDRESS_S = 0.25
_LOCALHOST = ("127.0.0.1", "::1")


@dataclass(frozen=True, slots=True)
class Address:
    """Where a URL points to: what connections are kept by."""

    scheme: str
    host: str
    port: int
    name: str = ""
    """The name that was meant, where `host` is a number of this machine that was checked for it."""

    def meant_for(self, host: str) -> Self:
        """The same place, for a request with this `Host` header.

        On this machine alone, whose numbers stand in the place of its names under the local-only
        lock: anywhere else a certificate is wanted of the host that the URL names. Raises NotARequest.
        """
        if not self.is_here:
            return self
        try:
            return replace(self, name=urlsplit(f"//{host}").hostname or "")
        except ValueError as error:
            raise NotARequest(first_words(error)) from None

    @classmethod
    def of(cls, url: str) -> Self:
        """The address of a URL. Raises NotARequest."""
        try:
            parts = urlsplit(url)
            host = parts.hostname or ""
            if not host.isascii():
                host = host.encode("idna").decode("ascii")
            return cls(parts.scheme, host, parts.port or DEFAULT_PORTS[parts.scheme])
        except (ValueError, KeyError) as error:
            raise NotARequest(first_words(error)) from None

    @property
    def is_here(self) -> bool:
        """Whether it is this machine by its name or number."""
        return is_loopback(f"{self.scheme}://{self.shown}")

    @property
    def hosts(self) -> tuple[str, ...]:
        """What is tried, in this order: a server at `localhost` listens at one of two numbers.

        The system may know only one of them under that name (Debian's `/etc/hosts` does).
        """
        is_localhost = (self.name or self.host).rstrip(".") == "localhost"
        if not is_localhost or self.host not in ("localhost", "localhost.", *_LOCALHOST):
            return (self.host,)
        return (self.host, *(number for number in _LOCALHOST if number != self.host))

    @property
    def shown(self) -> str:
        """As it stands in a `Host` header: the port only where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == DEFAULT_PORTS[self.scheme] else f"{host}:{self.port}"


async def dial(address: Address, tls: ssl.SSLContext | None, *, limit_s: float) -> Connection:
    """A connection to `address`. Raises ConnectTimedOut or NotConnected; leaves nothing open then."""
    try:
        async with asyncio.timeout(limit_s):
            connection = await _connect(address, tls)
    except TimeoutError as error:
        raise ConnectTimedOut(first_words(error)) from None
    except (OSError, UnicodeError) as error:  # ssl.SSLError is an OSError
        raise NotConnected(first_words(error), error) from None
    logger.debug("connected to %s://%s", address.scheme, address.shown)
    return connection


async def _connect(address: Address, tls: ssl.SSLContext | None) -> Connection:
    transport, connection = await _open(address)
    if tls is None:
        return connection
    try:
        name = (address.name or address.host).rstrip(".")
        loop = asyncio.get_running_loop()
        secured = await loop.start_tls(transport, connection, tls, server_hostname=name)
    except BaseException:
        transport.abort()  # a greeting that is left in a hurry must not keep its socket
        raise
    if secured is None:
        raise ConnectionResetError("closed during the TLS greeting")
    connection.use(secured)
    return connection


async def _open(address: Address) -> tuple[asyncio.Transport, Connection]:
    """A socket at the first of the hosts that takes one. Raises the OSError of the first."""
    troubles: list[OSError] = []
    for host in address.hosts:
        try:
            return await asyncio.get_running_loop().create_connection(
                Connection,
                host,
                address.port,
                happy_eyeballs_delay=None if address.is_here else _NEXT_ADDRESS_S,
            )
        except OSError as error:
            troubles.append(error)
    raise troubles[0]
