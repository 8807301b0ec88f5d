"""Where a proxy is set the HTTP library takes over; nothing else may change."""

import asyncio
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from codex_ls.errors import StreamBroken, Unreachable
from codex_ls.providers.client import HttpClient
from codex_ls.providers.http_request import Limits, Request
from tests.support.byte_server import serving

FAR = "http://model.example/v1/chat"


class Proxy:
    """A proxy that answers everything itself."""

    def __init__(self, answer: bytes) -> None:
        self._answer = answer
        self.asked: list[str] = []
        self.left = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        self.asked.append(head.decode().splitlines()[0])
        writer.write(self._answer)
        await reader.read()
        self.left.set()


@asynccontextmanager
async def proxy(answer: bytes, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Proxy]:
    standing = Proxy(answer)
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
        monkeypatch.delenv(name.lower(), raising=False)
    async with serving(standing.serve) as url:
        monkeypatch.setenv("http_proxy", url.removesuffix("/v1/chat"))
        monkeypatch.setenv("https_proxy", url.removesuffix("/v1/chat"))
        yield standing


def request_to(url: str) -> Request:
    return Request(url, {}, b"{}", Limits(5.0, 5.0, 5.0), "Test")


async def test_a_request_goes_through_the_proxy_and_its_answer_is_read_as_it_comes(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nRetry-After: 2\r\n\r\n4\r\nword\r\n"
    async with proxy(begun, monkeypatch) as standing, HttpClient() as client:
        answer = await client.send(request_to(FAR))
        assert (answer.status, answer.retry_after_ms, await answer.read()) == (200, 2000, b"word")
        assert answer.written_at > 0
        await answer.aclose()
        await asyncio.wait_for(standing.left.wait(), 10)
    assert standing.asked == [f"POST {FAR} HTTP/1.1"]


@pytest.mark.parametrize(
    ("answer", "url", "error"),
    [
        (b"", FAR.replace("http", "https"), Unreachable),
        (b"HTTP/1.1 407 No\r\n\r\n", FAR.replace("http", "https"), Unreachable),
        (b"nonsense\r\n\r\n", FAR, StreamBroken),
    ],
)
async def test_a_proxy_that_fails_is_told_in_our_words(
    answer: bytes, url: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proxy(answer, monkeypatch) as standing, HttpClient() as client:
        asking = asyncio.ensure_future(client.send(request_to(url)))
        if not answer:
            while not standing.asked:  # noqa: ASYNC110
                await asyncio.sleep(0)
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
            await asyncio.wait_for(standing.left.wait(), 10)
        else:
            with pytest.raises(error):
                await asking


@pytest.mark.parametrize(
    ("proxy_at", "why"),
    [
        ("http://127.0.0.1:1", "nothing listens there"),
        ("http://proxy.invalid:3128", "its DNS lookup failed"),
    ],
)
@pytest.mark.parametrize("far", [FAR, FAR.replace("http:", "https:")])
async def test_a_proxy_that_is_not_there_is_named_and_not_the_server(
    far: str, proxy_at: str, why: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proxy(b"", monkeypatch), HttpClient() as client:
        for variable in ("http_proxy", "https_proxy"):
            monkeypatch.setenv(variable, proxy_at.replace("//", "//me:canary-secret@"))
        with pytest.raises(Unreachable) as raised:
            await client.send(request_to(far))
    variable = f"{far.partition(':')[0]}_proxy"
    assert raised.value.message == f"{variable} points to the proxy {proxy_at}, and {why}."
    assert raised.value.hint == "Correct that variable, or unset it."


async def test_no_proxy_stands_between_this_machine_and_itself(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with proxy(b"HTTP/1.1 200 OK\r\n\r\n", monkeypatch) as standing, HttpClient() as client:
        with pytest.raises(Unreachable, match="nothing listens"):
            await client.send(request_to("http://127.0.0.1:1/"))
        assert standing.asked == []


async def test_an_answer_that_is_packed_twice_is_not_unpacked(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip, gzip\r\nContent-Length: 9\r\n\r\n"
    async with proxy(head, monkeypatch), HttpClient() as client:
        answer = await client.send(request_to(FAR))
        with pytest.raises(StreamBroken, match="unrequested Content-Encoding: gzip, gzip"):
            await answer.read()
        await answer.aclose()


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("all_proxy", "socks5://127.0.0.1:1080", "SOCKS requires the package socksio"),
        ("http_proxy", "socks4://127.0.0.1:1080", "must begin with http://, https:// or socks5://"),
        ("http_proxy", "http://127.0.0.1:port", "Invalid port"),
    ],
)
async def test_a_proxy_that_can_not_be_used_is_told_by_its_turn_and_hurts_nothing_else(
    name: str, value: str, reason: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with proxy(b"", monkeypatch), HttpClient() as client:
        monkeypatch.setenv(name, value)
        monkeypatch.setitem(sys.modules, "socksio", None)  # as where it is not installed
        if name == "all_proxy":
            monkeypatch.delenv("http_proxy")
            monkeypatch.delenv("https_proxy")
        client.prepare(FAR)
        assert await client.get_json(FAR, {}) is None
        with pytest.raises(Unreachable) as caught:
            await client.send(request_to(FAR))
    assert reason in caught.value.message
    assert "NO_PROXY" in (caught.value.hint or "")


async def test_a_header_that_can_not_be_sent_is_not_quoted(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = "key" * 80
    headers = {"Authorization": f"Bearer {secret}\n"}
    async with proxy(b"", monkeypatch), HttpClient() as client:
        with pytest.raises(Unreachable) as caught:
            await client.send(Request(FAR, headers, b"{}", Limits(5.0, 5.0, 5.0), "Test"))
    assert "key" not in caught.value.message
