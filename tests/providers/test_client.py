"""What a request leaves behind when it is left in a hurry: nothing."""

import asyncio
import ssl
from pathlib import Path

import pytest
import trustme

from codex_ls.errors import TimedOut, Unreachable
from codex_ls.providers import http_transport
from codex_ls.providers.client import HttpClient
from codex_ls.providers.http_request import Limits, Request
from tests.support.model_server import ModelServer
from tests.support.streams import Answer, Gate, chat_stream


def request_to(url: str, *, first_byte_s: float | None = None) -> Request:
    return Request(url, {}, b"{}", Limits(5.0, first_byte_s, 5.0), "Test")


class DeafServer:
    """Takes connections and never says a word, not even in TLS."""

    def __init__(self) -> None:
        self.greeted = asyncio.Event()
        self.left = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        self.greeted.set()
        while await reader.read(4096):
            pass
        self.left.set()
        writer.close()


@pytest.mark.parametrize("how", ["cancelled", "out of time"])
async def test_a_tls_greeting_that_is_left_closes_its_socket(how: str) -> None:
    deaf = DeafServer()
    server = await asyncio.start_server(deaf.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    async with server, HttpClient() as client:
        limit = 0.2 if how == "out of time" else None
        asking = asyncio.ensure_future(
            client.send(request_to(f"https://127.0.0.1:{port}/v1", first_byte_s=limit))
        )
        await asyncio.wait_for(deaf.greeted.wait(), 5)
        if how == "cancelled":
            asking.cancel()
            with pytest.raises(asyncio.CancelledError):
                await asking
        else:
            with pytest.raises(TimedOut):
                await asking
        await asyncio.wait_for(deaf.left.wait(), 1)


@pytest.fixture
def server_tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """What a server of localhost needs, and this program trusts."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
    return context


async def test_over_tls_a_connection_serves_several_requests(server_tls: ssl.SSLContext) -> None:
    stream = chat_stream(content=["word "] * 2_000)
    async with ModelServer(stream, stream, tls=server_tls) as server, HttpClient() as client:
        for _ in range(2):
            answer = await client.send(
                request_to(f"https://localhost:{server.port}/v1/chat/completions")
            )
            data = b""
            while piece := await answer.read():
                data += piece
            await answer.aclose()
            assert data == stream.payload
        assert len(server.connections) == 1


async def test_over_tls_an_answer_that_is_left_closes_its_connection(
    server_tls: ssl.SSLContext,
) -> None:
    gate = Gate("never")
    stream = chat_stream(content=["word ", gate, "word"])
    async with ModelServer(stream, tls=server_tls) as server, HttpClient() as client:
        answer = await client.send(
            request_to(f"https://localhost:{server.port}/v1/chat/completions")
        )
        assert await answer.read()
        await answer.aclose()
        await server.turns[0].hung_up.wait()


async def test_what_a_request_needs_can_be_loaded_before_it(
    server_tls: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with (
        ModelServer(chat_stream(content=["ok"]), tls=server_tls) as server,
        HttpClient() as client,
    ):
        url = f"https://localhost:{server.port}/v1/chat/completions"
        client.prepare(url)
        assert server.connections == []
        monkeypatch.setattr(http_transport, "client_tls", None)  # is not called again
        answer = await client.send(request_to(url))
        assert answer.status == 200
        await answer.aclose()


async def test_certificates_that_can_not_be_read_are_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSL_CERT_FILE", "/no/such/file")
    async with HttpClient() as client:
        client.prepare("https://model.example/")
        with pytest.raises(Unreachable):
            await client.send(request_to("https://127.0.0.1:1/"))


async def test_a_certificate_of_ones_own_is_trusted_where_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    async with ModelServer(chat_stream(content=["ok"]), tls=context) as server:
        url = f"https://localhost:{server.port}/v1/chat/completions"
        async with HttpClient() as client:
            with pytest.raises(Unreachable, match="certificate"):
                await client.send(request_to(url))
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        async with HttpClient() as client:
            answer = await client.send(request_to(url))
            assert answer.status == 200
            await answer.aclose()


@pytest.mark.parametrize(
    ("status", "body", "text"),
    [
        (200, b"g 1\n", "g 1\n"),
        (200, b"\xff", "\ufffd"),
        (200, b"", ""),
        (404, b"g 1\n", None),
        (200, b"g 1\n" * 1_000_000, "g 1\ng 1\n"),
    ],
)
async def test_a_text_is_read_as_far_as_it_is_bounded(
    status: int, body: bytes, text: str | None
) -> None:
    async with ModelServer() as server, HttpClient() as client:
        server.route("GET", "/metrics", Answer((body,), status=status))
        told = await client.get_text(server.base_url.removesuffix("/v1") + "/metrics", {})
    if len(body) < 100:
        assert told == text
    else:
        assert told is not None
        assert 1024 * 1024 < len(told) < len(body) / 2
        assert told.startswith(text or "")


async def test_no_text_where_nobody_answers() -> None:
    async with ModelServer() as server, HttpClient() as client:
        never = Gate("an answer")
        server.route("GET", "/metrics", Answer((b"g 1",), before=(never,)))
        url = server.base_url.removesuffix("/v1") + "/metrics"
        assert await client.get_text(url, {}, limit_s=0.05) is None
        assert await client.get_text("http://127.0.0.1:9/metrics", {}) is None


async def test_the_variable_of_certificates_is_named_only_where_it_is_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("SSL_CERT_FILE", raising=False)
    monkeypatch.delenv("SSL_CERT_DIR", raising=False)
    monkeypatch.setattr("certifi.where", lambda: str(tmp_path / "cacert.pem"))
    async with HttpClient() as client:
        with pytest.raises(Unreachable) as caught:
            await client.send(request_to("https://127.0.0.1:1/"))
    assert (caught.value.message, caught.value.hint) == (
        "The certificate bundle of httpx can't be used: no such file or directory.",
        "Reinstall codex-ls, or set SSL_CERT_FILE to a file of certificates.",
    )
