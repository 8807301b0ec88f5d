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

import httpx

from codex_ls import __version__
from codex_ls.config.address import is_loopback
from codex_ls.providers.tls import context_for

_MAX_BYTES = 4 * 1024 * 1024
_TEXT_CHARS = 500
_GRACE_S = 0.5


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


Get = Callable[[str], Awaitable[Reply | None]]
"""Asks one server for a path that begins at its root; None where nothing came."""


class Inquirer:
    """Asks servers; open it with `async with`."""

    def __init__(self) -> None:
        self._clients: dict[tuple[bool, bool], httpx.AsyncClient] = {}

    async def get(
        self, url: str, *, headers: Mapping[str, str] | None = None, limit_s: float = 2.0
    ) -> Reply | NoReply:
        """The answer to a GET of `url`; never raises."""
        wanted = {"Accept": "application/json", "User-Agent": f"codex-ls/{__version__}"}
        request = self._client(url).stream(
            "GET", url, headers={**wanted, **(headers or {})}, timeout=limit_s
        )
        try:
            # The limit of each step comes first: a TLS greeting that is cancelled from outside
            # would leave its socket open.
            async with asyncio.timeout(limit_s + _GRACE_S), request as got:
                data = b""
                async for piece in got.aiter_bytes():
                    data += piece
                    if len(data) > _MAX_BYTES:
                        break
        except (TimeoutError, httpx.TimeoutException):
            return NoReply("timeout")
        except httpx.HTTPError as error:
            return NoReply(_reason(error), " ".join(str(error).split())[:_TEXT_CHARS])
        except (httpx.InvalidURL, UnicodeError) as error:
            return NoReply("broken", str(error)[:_TEXT_CHARS])
        return Reply(
            got.status_code,
            got.headers.get("content-type", ""),
            _json(data),
            data[: 4 * _TEXT_CHARS].decode("utf-8", "replace")[:_TEXT_CHARS],
            got.headers.get("location", ""),
        )

    async def __aenter__(self) -> "Inquirer":
        return self

    async def __aexit__(self, *_: object) -> None:
        clients, self._clients = self._clients, {}
        for client in clients.values():
            await client.aclose()

    def _client(self, url: str) -> httpx.AsyncClient:
        local, secure = is_loopback(url), url.startswith("https:")
        if (local, secure) not in self._clients:
            self._clients[local, secure] = httpx.AsyncClient(
                verify=context_for(secure=secure), trust_env=not local, follow_redirects=False
            )
        return self._clients[local, secure]


def _json(data: bytes) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError):
        return None


def _reason(error: httpx.HTTPError) -> str:
    if not isinstance(error, httpx.ConnectError):
        return "broken"
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    return "tls" if cause is not None else "connect"
