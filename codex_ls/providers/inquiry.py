"""Short questions to a server, outside a turn: what is it, and what has it?

For the doctor and for discovery, which want to know more than a turn does: the status, the kind of
the answer, or why there was none. Bounded in time and size; redirects are not followed, and no proxy
stands between this machine and itself.
"""

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

from codex_ls import __version__
from codex_ls.providers.exchange import Exchange, Outgoing
from codex_ls.providers.transport_errors import (
    ConnectTimedOut,
    NotConnected,
    TransportError,
    first_words,
)
from codex_ls.providers.ways import Ways

_MAX_BYTES = 4 * 1024 * 1024
_TEXT_CHARS = 500


@dataclass(frozen=True, slots=True)
class Reply:
    """One answer: `data` is its JSON, None where it is none; `text` how it begins."""

    status: int
    content_type: str
    data: Any
    text: str
    location: str = ""

    @property
    def fields(self) -> Mapping[str, Any]:
        """The JSON object of a good answer; empty for everything else."""
        return self.data if self.status == 200 and isinstance(self.data, dict) else {}

    @property
    def is_page(self) -> bool:
        """Whether it is a page for people."""
        return "html" in self.content_type or self.text.lstrip()[:1] == "<"


@dataclass(frozen=True, slots=True)
class NoReply:
    """There was no answer: `reason` is one of `timeout`, `tls`, `connect`, `broken`."""

    reason: str
    detail: str = ""
    error: TransportError | None = None


Get = Callable[[str], Awaitable[Reply | None]]
"""Asks one server for a path that begins at its root; None where nothing came."""


class Inquirer:
    """Asks servers; open it with `async with`."""

    def __init__(self) -> None:
        self._ways = Ways()

    async def get(
        self, url: str, *, headers: Mapping[str, str] | None = None, limit_s: float = 2.0
    ) -> Reply | NoReply:
        """The answer to a GET of `url`; never raises."""
        wanted = {"Accept": "application/json", "User-Agent": f"codex-ls/{__version__}"}
        outgoing = Outgoing("GET", url, {**wanted, **(headers or {})}, b"", limit_s)
        try:
            async with asyncio.timeout(limit_s):
                got = await self._ways.to(url).send(outgoing)
                try:
                    data = await _beginning(got)
                finally:
                    await got.aclose()
        except (TimeoutError, ConnectTimedOut):
            return NoReply("timeout")
        except TransportError as error:
            return NoReply(_reason(error), first_words(error)[:_TEXT_CHARS], error)
        return Reply(
            got.status,
            got.headers.get("content-type", ""),
            _json(data),
            data[: 4 * _TEXT_CHARS].decode("utf-8", "replace")[:_TEXT_CHARS],
            got.headers.get("location", ""),
        )

    async def __aenter__(self) -> "Inquirer":
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._ways.aclose()


async def _beginning(got: Exchange) -> bytes:
    """The body, or the first 4 MiB of it."""
    data = b""
    while len(data) <= _MAX_BYTES and (piece := await got.read()):
        data += piece
    return data


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _reason(error: TransportError) -> str:
    if not isinstance(error, NotConnected):
        return "broken"
    return "tls" if isinstance(error.cause, ssl.SSLError) else "connect"
