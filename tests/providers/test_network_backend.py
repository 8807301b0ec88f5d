"""What passes between our own sockets and a server, beside the faults that tests/turn has."""

import asyncio
import contextlib
import os
import socket
import ssl
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme

from codex_ls.errors import StreamBroken, Unreachable
from codex_ls.providers import client as client_module
from codex_ls.providers import http_transport, network_backend
from codex_ls.providers.answer import Answer
from codex_ls.providers.client import HttpClient
from codex_ls.providers.http_request import Limits, Request
from tests.support.byte_server import serving

PORT = "Check the port in base_url: another program uses this one."
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


class Script:
    """A server that says what it is told to; it keeps what it heard, one entry a connection."""

    def __init__(self, *answers: bytes, closes: bool = False) -> None:
        self._answers = list(answers)
        self._closes = closes
        self.heard: list[bytes] = []
        self.left = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(b"")
        while self._answers and (data := await reader.read(65536)):
            self.heard[-1] += data
            if self.heard[-1].endswith(b"{}"):
                writer.write(self._answers.pop(0))
                if self._closes:
                    break
        else:
            await reader.read()
        self.left.set()


def request_to(
    url: str,
    body: bytes = b"{}",
    headers: Mapping[str, str] | None = None,
    *,
    limit_s: float = 5.0,
) -> Request:
    return Request(url, headers or {}, body, Limits(limit_s, limit_s, limit_s), "Test")


async def whole(answer: Answer) -> bytes:
    data = b""
    while piece := await answer.read():
        data += piece
    await answer.aclose()
    return data


async def test_the_request_is_plain_http() -> None:
    script = Script(OK)
    async with serving(script.serve) as url, HttpClient() as client:
        answer = await client.send(request_to(f"{url} ä?q=1", headers={"user-agent": "mine"}))
        assert await whole(answer) == b"ok"
        assert answer.written_at > 0
    head, _, body = script.heard[0].partition(b"\r\n\r\n")
    first, *headers = head.decode().split("\r\n")
    assert first == "POST /v1/chat%20%C3%A4?q=1 HTTP/1.1"
    assert headers[0] == f"Host: {urlsplit(url).netloc}"
    assert {line.lower() for line in headers[1:]} == {
        "accept: text/event-stream, application/x-ndjson, application/json",
        "accept-encoding: identity",
        "content-type: application/json",
        "content-length: 2",
        "user-agent: mine",
    }
    assert body == b"{}"


async def test_a_request_meant_for_another_name_says_so() -> None:
    script = Script(OK)
    async with serving(script.serve) as url, HttpClient() as client:
        await whole(await client.send(request_to(url, headers={"Host": "localhost:1234"})))
    assert b"Host: localhost:1234\r\n" in script.heard[0]
    assert script.heard[0].count(b"Host") == 1


async def test_a_connection_whose_answer_was_read_serves_the_next_request() -> None:
    script = Script(OK, OK)
    async with serving(script.serve) as url, HttpClient() as client:
        for _ in range(2):
            assert await whole(await client.send(request_to(url))) == b"ok"
    assert [heard.count(b"POST") for heard in script.heard] == [2]


@pytest.mark.parametrize(
    "answer",
    [
        OK.replace(b"\r\n", b"\r\nConnection: close\r\n", 1),
        OK.replace(b"HTTP/1.1", b"HTTP/1.0"),
        OK + b"surplus",
    ],
)
async def test_a_connection_that_may_not_stay_is_closed(answer: bytes) -> None:
    script = Script(answer, OK)
    async with serving(script.serve) as url, HttpClient() as client:
        assert await whole(await client.send(request_to(url))) == b"ok"
        await asyncio.wait_for(script.left.wait(), 10)
        assert await whole(await client.send(request_to(url))) == b"ok"
    assert len(script.heard) == 2


async def test_a_connection_that_the_server_closed_meanwhile_is_not_used_again() -> None:
    script = Script(OK, OK, closes=True)
    async with serving(script.serve) as url, HttpClient() as client:
        assert await whole(await client.send(request_to(url))) == b"ok"
        await asyncio.wait_for(script.left.wait(), 10)
        await asyncio.sleep(0.01)  # the end has to arrive here as well
        assert await whole(await client.send(request_to(url))) == b"ok"


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (b"", "it closed the connection without an answer"),
        (OK[:20], "it closed the connection without an answer"),
        (b"HTTP/1.1 103 Early Hints\r\n\r\n", "it closed the connection without an answer"),
        (
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n",
            "it switched to another protocol, which was not requested",
        ),
    ],
)
async def test_an_answer_that_is_none_is_told_in_plain_words(answer: bytes, reason: str) -> None:
    script = Script(answer, closes=True)
    async with serving(script.serve) as url, HttpClient() as client:
        with pytest.raises(StreamBroken) as raised:
            await client.send(request_to(url))
    assert len(script.heard) == 1
    assert raised.value.message.endswith(f" was lost: {reason}.")


class Hasty:
    """A server that ends its first connection at the second request there."""

    def __init__(self, last_words: bytes = b"", *, resets: bool = False) -> None:
        self._last_words = last_words
        self._resets = resets
        self.heard: list[int] = []
        """How many requests came, one number a connection."""

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.heard.append(0)
        while (await reader.read(65536)).endswith(b"{}"):
            self.heard[-1] += 1
            if self.heard == [2]:
                writer.write(self._last_words)
                if self._resets:
                    writer.transport.abort()
                break
            writer.write(OK)


@pytest.mark.parametrize("resets", [False, True])
async def test_a_kept_connection_that_ends_as_it_is_used_is_replaced(*, resets: bool) -> None:
    hasty = Hasty(resets=resets)
    async with serving(hasty.serve) as url, HttpClient() as client:
        for _ in range(3):
            assert await whole(await client.send(request_to(url))) == b"ok"
    assert hasty.heard == [2, 2]


async def test_a_request_whose_answer_had_begun_is_not_sent_again() -> None:
    hasty = Hasty(OK[:5])
    async with serving(hasty.serve) as url, HttpClient() as client:
        await whole(await client.send(request_to(url)))
        with pytest.raises(StreamBroken):
            await client.send(request_to(url))
    assert hasty.heard == [2]


async def test_an_answer_that_is_left_half_read_closes_its_connection() -> None:
    script = Script(OK[:-1])
    async with serving(script.serve) as url, HttpClient() as client:
        answer = await client.send(request_to(url))
        await answer.aclose()
        await asyncio.wait_for(script.left.wait(), 10)


async def test_leaving_the_client_closes_what_was_kept() -> None:
    script = Script(OK, OK)
    async with serving(script.serve) as url:
        async with HttpClient() as client:
            await whole(await client.send(request_to(url)))
        await asyncio.wait_for(script.left.wait(), 10)


async def test_an_answer_that_comes_while_the_request_is_written_counts() -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 5\r\n\r\nlarge")
        await reader.read(1)

    async with serving(refuse) as url, HttpClient() as client:
        answer = await client.send(request_to(url, b"x" * (32 << 20)))
        assert (answer.status, await answer.read()) == (413, b"large")
        await answer.aclose()


@pytest.fixture(params=["http", "https"])
def tls(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> ssl.SSLContext | None:
    """How the server is spoken to; its certificate is trusted."""
    if request.param == "http":
        return None
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("127.0.0.1").configure_cert(context)
    return context


async def test_a_server_that_takes_nothing_is_given_up(
    tls: ssl.SSLContext | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "WRITE_S", 0.05)
    released = asyncio.Event()

    async def deaf(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await released.wait()
        writer.transport.abort()

    async with serving(deaf, tls=tls) as url, HttpClient() as client:
        with pytest.raises(StreamBroken, match="read nothing of the request"):
            await client.send(request_to(url, b"x" * (32 << 20)))
        released.set()


async def test_a_server_that_takes_a_request_slowly_is_waited_for(
    tls: ssl.SSLContext | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_s, size = 0.8, 20 << 20
    monkeypatch.setattr(client_module, "WRITE_S", limit_s)

    async def slow(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        left = size
        while left:
            left -= len(await reader.read(65536))
            await asyncio.sleep(0.005)
        writer.write(OK)

    async with serving(slow, tls=tls) as url, HttpClient() as client:
        began = time.perf_counter()
        answer = await client.send(request_to(url, b"x" * size, limit_s=60.0))
        assert answer.written_at - began > limit_s
        assert await whole(answer) == b"ok"


async def test_what_is_not_asked_for_is_not_read() -> None:
    """The server is held back, instead of our memory filled."""
    sent = 0

    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal sent
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        try:
            while True:
                writer.write(b"x" * 65536)
                sent += 65536
                await writer.drain()
        except ConnectionError:
            pass

    async with serving(flood) as url, HttpClient() as client:
        answer = await client.send(request_to(url))
        assert len(await answer.read()) <= 2 * network_backend.READ_BYTES
        before = -1
        while before != sent:
            before = sent
            await asyncio.sleep(0.05)  # until nothing moves any more
        assert sent < 64 << 20
        await answer.aclose()


@pytest.mark.parametrize("number", ["127.0.0.1", "::1"])
async def test_a_name_with_two_numbers_is_found_on_either(
    number: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def resolve(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        assert host == "localhost"
        kind = (socket.SOCK_STREAM, socket.IPPROTO_TCP, "")
        return [
            (socket.AF_INET6, *kind, ("::1", port, 0, 0)),
            (socket.AF_INET, *kind, ("127.0.0.1", port)),
        ]

    try:
        async with serving(Script(OK).serve, number) as url, HttpClient() as client:
            monkeypatch.setattr(socket, "getaddrinfo", resolve)
            here = url.replace("127.0.0.1", "localhost")
            assert await whole(await client.send(request_to(here))) == b"ok"
    except OSError:
        pytest.skip("this machine has no IPv6")


async def test_a_localhost_of_one_number_is_found_on_the_other_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def resolve(host: str, port: int, *_: object, **__: object) -> list[tuple[object, ...]]:
        assert host == "localhost"  # as Debian's /etc/hosts knows it; a number is not looked up
        return [(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP, "", ("127.0.0.1", port))]

    try:
        async with serving(Script(OK).serve, "::1") as url, HttpClient() as client:
            monkeypatch.setattr(socket, "getaddrinfo", resolve)
            here = url.replace("127.0.0.1", "localhost")
            assert await whole(await client.send(request_to(here))) == b"ok"
    except OSError:
        pytest.skip("this machine has no IPv6")


@pytest.mark.parametrize(
    ("greeting", "sentence", "hint"),
    [
        (b"SSH-2.0-OpenSSH_9.9\r\n", "An SSH server answers at {}, not a model server.", PORT),
        (b"-ERR unknown command\r\n", "A Redis server answers at {}, not a model server.", PORT),
        (b"J\0\0\0\x0a8.0.36\0", "A MySQL server answers at {}, not a model server.", PORT),
        (b"220 mail ESMTP\r\n", "A mail or FTP server answers at {}, not a model server.", PORT),
        (b"hello", "Something that does not speak HTTP answers at {}, not a model server.", PORT),
        (
            b"\x15\x03\x03\0\x02\x02\x46",
            "{} speaks TLS, and base_url begins with http://.",
            "Write https:// instead of http:// in base_url.",
        ),
    ],
)
async def test_what_does_not_speak_http_is_named_at_once(
    greeting: bytes, sentence: str, hint: str
) -> None:
    held = asyncio.Event()

    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await held.wait()

    async with serving(greet) as url, HttpClient() as client:
        with pytest.raises(Unreachable) as raised:
            await asyncio.wait_for(client.send(request_to(url)), 10)
        held.set()
    where = url.removesuffix("/v1/chat")
    assert (raised.value.message, raised.value.hint) == (sentence.format(where), hint)


@pytest.mark.parametrize(
    ("number", "tried", "name", "is_reached"),
    [
        ("::1", "127.0.0.1", "localhost", True),
        ("127.0.0.1", "[::1]", "LocalHost.", True),
        ("::1", "127.0.0.1", "127.0.0.1", False),
        ("::1", "127.0.0.1", "other.example", False),
        ("::1", "127.8.8.8", "localhost", False),
    ],
)
async def test_a_checked_number_of_localhost_stands_for_both(
    number: str, tried: str, name: str, *, is_reached: bool
) -> None:
    try:
        async with serving(Script(OK).serve, number) as url, HttpClient() as client:
            port = urlsplit(url).port
            request = request_to(
                f"http://{tried}:{port}/v1/chat", headers={"Host": f"{name}:{port}"}
            )
            if is_reached:
                assert await whole(await client.send(request)) == b"ok"
            else:
                with pytest.raises(Unreachable, match="nothing listens"):
                    await client.send(request)
    except OSError:
        pytest.skip("this machine has no IPv6")


@pytest.mark.parametrize(
    ("header", "value"), [("X-Key", "a\nb"), ("Bad Name", "x"), ("X-Key", "\ud800")]
)
async def test_a_header_that_can_not_be_sent_is_told(header: str, value: str) -> None:
    async with serving(Script(OK).serve) as url, HttpClient() as client:
        with pytest.raises(Unreachable, match="cannot be sent"):
            await client.send(request_to(url, headers={header: value}))


async def test_what_can_not_be_sent_is_not_quoted() -> None:
    """Cut off, a key would not be known for one any more."""
    key = "Bearer " + "S3CRET" * 40 + " "
    async with serving(Script(OK).serve) as url, HttpClient() as client:
        with pytest.raises(Unreachable) as raised:
            await client.send(request_to(url, headers={"Authorization": key}))
    assert raised.value.message == (
        f"The request to {url.removesuffix('/v1/chat')} cannot be sent:"
        " a header or the address contains characters that HTTP does not allow."
    )


@pytest.mark.parametrize(
    ("answer", "value"), [((OK,), None), ((OK.replace(b"ok", b"[]"),), []), ((), None)]
)
async def test_answers_beside_a_turn_are_bounded_and_never_raise(
    answer: tuple[bytes, ...], value: object
) -> None:
    async with serving(Script(*answer).serve) as url, HttpClient() as client:
        assert await client.get_json(url, {}, body=b"{}", limit_s=10 if answer else 0.05) == value


async def test_a_question_beside_a_turn_that_reaches_nobody_has_no_answer() -> None:
    async with HttpClient() as client:
        assert await client.get_json("http://127.0.0.1:1/", {}) is None


async def test_no_more_than_eight_idle_connections_are_kept() -> None:
    left: list[int] = []
    heads = asyncio.Barrier(12)

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"{}")
        await heads.wait()  # so that each request needs a connection of its own
        writer.write(OK)
        await reader.read()
        left.append(1)

    async with serving(serve) as url, HttpClient() as client:
        answers = await asyncio.gather(*(client.send(request_to(url)) for _ in range(12)))
        for answer in answers:
            assert await whole(answer) == b"ok"
        async with asyncio.timeout(10):
            while len(left) < 4:  # noqa: ASYNC110  the server's side notices by itself
                await asyncio.sleep(0.001)
        assert len(left) == 4


async def test_an_idle_connection_to_this_machine_is_closed_when_its_time_is_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(http_transport, "_IDLE_HERE_S", 0.05)
    script = Script(OK, OK)
    async with serving(script.serve) as url, HttpClient() as client:
        assert await whole(await client.send(request_to(url))) == b"ok"
        await asyncio.wait_for(script.left.wait(), 10)
        assert await whole(await client.send(request_to(url))) == b"ok"
    assert len(script.heard) == 2


@pytest.mark.parametrize("body", [b"{}", b"x" * 300_000])
async def test_a_request_that_is_cancelled_at_any_moment_leaves_no_connection(
    body: bytes, tls: ssl.SSLContext | None
) -> None:
    """One round of the event loop after the other, from before the connection to behind the answer."""
    came = left = 0

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal came, left
        came += 1
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError, ssl.SSLError):
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
            while await reader.read(65536):
                pass
        left += 1

    async def ask(client: HttpClient) -> None:
        answer = await client.send(request_to(url, body))
        try:
            while await answer.read():
                pass
        finally:
            await answer.aclose()

    files = len(os.listdir("/proc/self/fd")) if sys.platform == "linux" else 0  # noqa: PTH208
    async with serving(serve, tls=tls) as url, HttpClient() as client:
        for rounds in range(60):
            asking = asyncio.create_task(ask(client))
            for _ in range(rounds):
                await asyncio.sleep(0)
            asking.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await asking
        async with asyncio.timeout(10):
            while left < came:  # noqa: ASYNC110  the server's side notices by itself
                await asyncio.sleep(0.001)
        if sys.platform == "linux":  # the client's sockets too: only the listening one is more
            async with asyncio.timeout(10):
                while len(os.listdir("/proc/self/fd")) > files + 1:  # noqa: ASYNC110, PTH208
                    await asyncio.sleep(0.001)
    assert came


@pytest.mark.parametrize("body", [b"{}", b'{"prompt": "' + b"x" * 30_000 + b'"}'])
async def test_a_request_wakes_its_server_once(body: bytes) -> None:
    firsts: list[bytes] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        firsts.append(await reader.read(65536))
        writer.write(OK)
        await reader.read()

    async with serving(serve) as url, HttpClient() as client:
        assert await whole(await client.send(request_to(url, body))) == b"ok"
    assert firsts[0].endswith(b"\r\n\r\n" + body)
