"""What httpx and httpcore do that this program works around: a test here fails when they are mended.

Each has its paragraph in docs/upstream.md, with what may then go.
"""

import asyncio
import contextlib
import gzip
import sys
from importlib.machinery import ModuleSpec

import httpcore
import httpx
import pytest

from tests.support.byte_server import serving

OK = [b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", b"ok"]


class CountingFinder:
    """Notes how often a module is looked for, and finds none."""

    def __init__(self) -> None:
        self.looked_for: list[str] = []

    def find_spec(self, name: str, *_: object) -> ModuleSpec | None:
        self.looked_for.append(name)
        return None


@pytest.fixture
def finder(monkeypatch: pytest.MonkeyPatch) -> CountingFinder:
    counting = CountingFinder()
    monkeypatch.delitem(sys.modules, "sniffio", raising=False)
    monkeypatch.setattr(sys, "meta_path", [counting])
    return counting


async def test_httpcore_looks_for_sniffio_again_for_every_lock(finder: CountingFinder) -> None:
    backend = httpcore.AsyncMockBackend(OK * 2)
    async with httpcore.AsyncConnectionPool(network_backend=backend) as pool:
        await pool.request("GET", "http://example.com/")
        first = len(finder.looked_for)
        await pool.request("GET", "http://example.com/")
    assert set(finder.looked_for) == {"sniffio"}
    assert len(finder.looked_for) - first > 1


async def test_httpcore_counts_busy_connections_as_idle() -> None:
    async with (
        httpcore.AsyncConnectionPool(
            network_backend=httpcore.AsyncMockBackend(OK), max_keepalive_connections=1
        ) as pool,
        pool.stream("GET", "http://example.com/"),
    ):
        await pool.request("GET", "http://example.com/")
        idle = [connection for connection in pool.connections if connection.is_idle()]
        assert idle == [], "one idle connection is allowed"


async def test_httpcore_drops_the_cause_of_an_error() -> None:
    class Failing(httpcore.AsyncNetworkBackend):
        async def connect_tcp(self, *_: object, **__: object) -> httpcore.AsyncNetworkStream:
            try:
                raise ConnectionRefusedError
            except OSError as error:
                raise httpcore.ConnectError("why") from error

    async with httpcore.AsyncConnectionPool(network_backend=Failing()) as pool:
        with pytest.raises(httpcore.ConnectError) as caught:
            await pool.request("GET", "http://example.com/")
    assert caught.value.__cause__ is None
    assert isinstance(caught.value.__context__, ConnectionRefusedError)


async def test_httpcore_keeps_a_connection_that_is_cancelled_before_it_is_used() -> None:
    kept = 0
    for rounds in range(10):
        backend = httpcore.AsyncMockBackend(OK)
        async with httpcore.AsyncConnectionPool(network_backend=backend) as pool:
            asking = asyncio.create_task(pool.request("GET", "http://example.com/"))
            for _ in range(rounds):
                await asyncio.sleep(0)
            asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asking
            kept += sum("NEW" in connection.info() for connection in pool.connections)
    assert kept


async def test_httpx_reads_no_answer_before_its_request_is_written() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
        reader._transport.pause_reading()  # type: ignore[attr-defined]
        await left.wait()
        writer.transport.abort()

    left = asyncio.Event()
    async with serving(refuse) as url:
        async with httpx.AsyncClient(timeout=httpx.Timeout(5, write=0.2)) as client:
            with pytest.raises(httpx.WriteTimeout):
                await client.post(url, content=b"x" * (32 << 20))
        left.set()


async def test_httpx_fails_on_a_location_that_it_does_not_follow() -> None:
    def redirect(_: httpx.Request) -> httpx.Response:
        return httpx.Response(302, headers={"Location": "http://a:port/"})

    async with httpx.AsyncClient(transport=httpx.MockTransport(redirect)) as client:
        with pytest.raises(httpx.RemoteProtocolError, match="Invalid URL in location header"):
            await client.get("http://example.com/", follow_redirects=False)


def test_httpx_drops_what_is_behind_the_first_gzip_member() -> None:
    body = gzip.compress(b"one ") + gzip.compress(b"two")
    assert httpx.Response(200, headers={"Content-Encoding": "gzip"}, content=body).text == "one "


@pytest.mark.parametrize("entry", ["[::1]", "10.0.0.0/8"])
def test_httpx_reads_no_proxy_in_its_own_way(entry: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("http_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", entry)
    if entry == "[::1]":
        with pytest.raises(httpx.InvalidURL):
            httpx.Client()
        return
    with httpx.Client() as client:
        direct = client._transport
        assert client._transport_for_url(httpx.URL("http://10.9.8.7/")) is not direct
