"""A model from the publisher's hub: one HTTPS file, resumed where it broke off.

No credentials are sent, redirects (the hub's own content network) are followed, and whether the hub can
be reached at all is known within seconds. A connection that breaks is taken up again from the last byte,
as long as one try in five brings some.
"""

import asyncio
import os
import re
from collections.abc import Callable, Mapping

import httpx

from codex_ls import __version__
from codex_ls.embedded.catalog import HubFile
from codex_ls.embedded.part_file import PartFile
from codex_ls.errors import StreamBroken, Unreachable
from codex_ls.providers.http_transport import Transport
from codex_ls.providers.proxies import proxy_for
from codex_ls.providers.transport_errors import broken_reason

_TIMEOUT = httpx.Timeout(20.0, connect=5.0)
_TRIES = 5
_PAUSE_S = 1.0
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+)")


async def fetch_from_hub(
    source: HubFile,
    part: PartFile,
    size: int,
    on_bytes: Callable[[int], None],
    env: Mapping[str, str] = os.environ,
) -> None:
    """Append what is missing of the file's `size` bytes; `on_bytes` is told the length so far.

    Raises Unreachable or StreamBroken; what has come is kept.
    """
    headers = {"User-Agent": f"codex-ls/{__version__}", "Accept-Encoding": "identity"}
    begun_at, fruitless = part.length, 0
    async with httpx.AsyncClient(
        transport=Transport(env),
        headers=headers,
        timeout=_TIMEOUT,
        follow_redirects=True,
        trust_env=False,  # the transport reads the proxies; a .netrc has no say
    ) as client:
        while part.length < size:
            before = part.length
            try:
                await _fetch_rest(client, source.url, part, size, on_bytes)
            except httpx.HTTPError as error:
                fruitless = 0 if part.length > before else fruitless + 1
                if part.length == begun_at or fruitless == _TRIES:
                    raise _unreachable(error, env) from error
                await asyncio.sleep(_PAUSE_S * fruitless)


async def _fetch_rest(
    client: httpx.AsyncClient, url: str, part: PartFile, size: int, on_bytes: Callable[[int], None]
) -> None:
    headers = {"Range": f"bytes={part.length}-"} if part.length else {}
    async with client.stream("GET", url, headers=headers) as response:
        if response.is_error:
            raise Unreachable(
                f"{response.url.host} answered {response.status_code} {response.reason_phrase}.",
            )
        _align(response, part, size)
        async for data in response.aiter_raw():
            if part.length + len(data) > size:
                raise _wrong_size(response)
            part.append(data)
            on_bytes(part.length)
        if part.length < size:
            raise httpx.ReadError("the file ended early")


def _align(response: httpx.Response, part: PartFile, size: int) -> None:
    """Make sure that the body goes where the part ends, and that the whole has the right size."""
    if response.status_code == httpx.codes.PARTIAL_CONTENT:
        match = _RANGE.fullmatch(response.headers.get("Content-Range", ""))
        if match is None or int(match[1]) != part.length or int(match[2]) != size:
            raise _wrong_size(response)
        return
    length = response.headers.get("Content-Length", str(size))
    if length != str(size):
        raise _wrong_size(response)
    part.clear()  # the server knows no ranges: this is the file from its start


def _wrong_size(response: httpx.Response) -> StreamBroken:
    return StreamBroken(f"{response.url.host} serves a different file at that address.")


def _unreachable(error: httpx.HTTPError, env: Mapping[str, str]) -> Unreachable:
    url = error.request.url
    if isinstance(error, httpx.ConnectTimeout):
        return Unreachable(f"{url.host} did not answer within {_TIMEOUT.connect:.0f} s.")
    proxy = proxy_for(str(url), env)
    way = f" through the proxy {proxy.origin} ({proxy.variable})" if proxy is not None else ""
    return Unreachable(f"{url.host} can't be reached{way}: {broken_reason(error)}.")
