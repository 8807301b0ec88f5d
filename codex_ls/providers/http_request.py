"""One request to a model server: where to, with what, and how long to wait."""

from collections.abc import Mapping
from dataclasses import dataclass

from codex_ls.config.address import is_loopback

_CONNECT_LOOPBACK_S = 5.0
_CONNECT_S = 15.0
_FIRST_BYTE_S = 600.0


@dataclass(frozen=True, slots=True)
class Limits:
    """Seconds; None is no limit."""

    connect_s: float
    first_byte_s: float | None
    idle_s: float

    @classmethod
    def of(
        cls,
        base_url: str,
        *,
        idle_timeout_ms: int,
        connect_timeout_ms: int | None = None,
        first_byte_timeout_ms: int | None = None,
    ) -> "Limits":
        """The limits of a provider: its own, else what fits where it is."""
        loopback = is_loopback(base_url)
        connect_s = _CONNECT_LOOPBACK_S if loopback else _CONNECT_S
        first_byte_s = None if loopback else max(_FIRST_BYTE_S, idle_timeout_ms / 1000)
        if connect_timeout_ms is not None:
            connect_s = connect_timeout_ms / 1000
        if first_byte_timeout_ms is not None:
            first_byte_s = first_byte_timeout_ms / 1000
        return cls(connect_s, first_byte_s, idle_timeout_ms / 1000)


@dataclass(frozen=True, slots=True)
class Request:
    """One POST: where to, with what, and how long to wait."""

    url: str
    headers: Mapping[str, str]
    body: bytes
    limits: Limits
    server_name: str
    """Who is asked, for sentences: the provider's name."""
    start_hint: str = ""
    """How to start that server, for the error of an address where nothing listens."""
