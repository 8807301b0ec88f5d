"""What goes out and what comes back, whichever way: straight to the server, or through a proxy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request on its way; a header's name stands in it once."""

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    connect_s: float


class Exchange(Protocol):
    """An answer that has begun."""

    status: int
    headers: Mapping[str, str]
    """Names in lower case."""

    @property
    def written_at(self) -> float:
        """`time.perf_counter()` when the request's last byte was written; 0 before."""

    async def read(self) -> bytes:
        """The next bytes of the body, unpacked; none at its end. Raises TransportError."""

    async def aclose(self) -> None:
        """Let go of it: a connection whose answer was read to its end is kept, any other is closed."""


class Transport(Protocol):
    """A way to servers."""

    async def send(self, outgoing: Outgoing) -> Exchange:
        """Send it and wait for the answer's head. Raises TransportError.

        Whoever cancels this closes the socket.
        """

    def prepare(self, url: str) -> None:
        """Load what a request to `url` needs; nobody is contacted. Raises TransportError."""

    async def aclose(self) -> None:
        """Close every connection."""
