"""Short questions to a server, outside a turn: what is it, and what has it?

For the doctor and for discovery, which want to know more than a turn does: the status, the kind of
the answer, or why there was none. Bounded in time and size; redirects are not followed, and no proxy
stands between this machine and itself.
"""

import json
import ssl
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Self

import httpx

from codex_ls.providers.client import HttpClient
from codex_ls.providers.transport_errors import broken_reason, system_error

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
    error: httpx.HTTPError | None = None


Get = Callable[[str], Awaitable[Reply | None]]
"""Asks one server for a path that begins at its root; None where nothing came."""


class Prober:
    """Asks servers; open it with `async with`."""

    def __init__(self) -> None:
        self._http = HttpClient()

    async def get(
        self, url: str, *, headers: Mapping[str, str] | None = None, limit_s: float = 2.0
    ) -> Reply | NoReply:
        """The answer to a GET of `url`; never raises."""
        wanted = {"Accept": "application/json", **(headers or {})}
        try:
            got = await self._http.ask(url, wanted, limit_s=limit_s)
        except (TimeoutError, httpx.ConnectTimeout):
            return NoReply("timeout")
        except httpx.HTTPError as error:
            return NoReply(_reason(error), broken_reason(error)[:_TEXT_CHARS], error)
        return Reply(
            got.status,
            got.exchange.headers.get("content-type", ""),
            _json(got.data),
            got.data[: 4 * _TEXT_CHARS].decode("utf-8", "replace")[:_TEXT_CHARS],
            got.exchange.location,
        )

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._http.__aexit__(*_)


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _reason(error: httpx.HTTPError) -> str:
    if not isinstance(error, httpx.ConnectError):
        return "broken"
    return "tls" if isinstance(system_error(error), ssl.SSLError) else "connect"
