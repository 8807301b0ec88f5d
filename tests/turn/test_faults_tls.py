"""What can go wrong with TLS on a real socket: each is told for what it is, and nothing is left open."""

import asyncio
import datetime as dt
import ssl
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import trustme

from codex_ls.config.profile import ModelSettings, Provider
from codex_ls.events import TurnFinished
from codex_ls.turn.session import Session, TurnRequest
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream
from tests.turn.test_faults import open_files

OURS = trustme.CA()
LONG_AGO = dt.datetime(2001, 1, 1, tzinfo=dt.UTC)
AGES_AWAY = dt.datetime(2090, 1, 1, tzinfo=dt.UTC)
NAMES = ("127.0.0.1", "localhost")


def context_of(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    certificate.configure_cert(context)
    return context


def that_wants_a_certificate() -> ssl.SSLContext:
    context = context_of(OURS.issue_cert(*NAMES))
    context.verify_mode = ssl.CERT_REQUIRED
    OURS.configure_trust(context)
    return context


CERTIFICATES: dict[str, tuple[Callable[[], ssl.SSLContext], str, str]] = {
    "another name": (
        lambda: context_of(OURS.issue_cert("example.com")),
        "unreachable",
        "has a certificate for another host than 127.0.0.1.",
    ),
    "expired": (
        lambda: context_of(
            OURS.issue_cert(*NAMES, not_before=LONG_AGO, not_after=LONG_AGO.replace(year=2002))
        ),
        "unreachable",
        "has an expired certificate.",
    ),
    "not yet valid": (
        lambda: context_of(
            OURS.issue_cert(*NAMES, not_before=AGES_AWAY, not_after=AGES_AWAY.replace(year=2091))
        ),
        "unreachable",
        "has a certificate that is not yet valid.",
    ),
    "signed by nobody we know": (
        lambda: context_of(trustme.CA().issue_cert(*NAMES)),
        "unreachable",
        "has a certificate from an unknown issuer.",
    ),
    "one of ours is wanted": (that_wants_a_certificate, "streamBroken", "127.0.0.1"),
}


@pytest.fixture(autouse=True)
def _trust(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "ca.pem"
    OURS.cert_pem.write_to_path(str(file))
    monkeypatch.setenv("SSL_CERT_FILE", str(file))


async def ask(session: Session, base_url: str, **provider: object) -> TurnFinished:
    settings = ModelSettings(
        "m",
        Provider("p", "P", base_url, request_max_retries=0, **provider),  # type: ignore[arg-type]
    )
    *_, last = [event async for event in session.start(TurnRequest("x"), settings)]
    assert isinstance(last, TurnFinished)
    return last


async def told_of(base_url: str, **provider: object) -> TurnFinished:
    """How a turn there ends; it must fail, and leave no task and no file open."""
    tasks, files = asyncio.all_tasks(), len(open_files())
    async with Session(env={"P_KEY": "sk-secret-1234"}) as session:
        told = await ask(session, base_url, env_key="P_KEY", **provider)
    assert (told.status, told.content) == ("failed", "")
    async with asyncio.timeout(10):
        while asyncio.all_tasks() > tasks or len(open_files()) > files:  # noqa: ASYNC110
            await asyncio.sleep(0.001)
    return told


@pytest.mark.parametrize("name", CERTIFICATES)
async def test_a_certificate_that_is_not_good_ends_the_turn(name: str) -> None:
    context, kind, sentence = CERTIFICATES[name]
    async with ModelServer(chat_stream(content=["never"]), tls=context()) as server:
        told = await told_of(server.base_url)
        assert server.requests == [], "the key was on its way before the certificate was checked"
    assert told.error is not None
    assert told.error.kind == kind
    assert sentence in told.error.message
    good = ModelServer(chat_stream(content=["next"]), tls=context_of(OURS.issue_cert(*NAMES)))
    async with good as server, Session(env={}) as session:
        assert (await ask(session, server.base_url)).content == "next"


@pytest.mark.parametrize(("certified", "is_good"), [("localhost", True), ("example.com", False)])
async def test_under_the_lock_a_certificate_is_wanted_of_the_name_and_not_of_its_number(
    certified: str, is_good: bool
) -> None:
    context = context_of(OURS.issue_cert(certified))
    async with ModelServer(chat_stream(content=["yes"]), tls=context) as server:
        provider = Provider("p", "P", f"https://localhost:{server.port}/v1", request_max_retries=0)
        async with Session(env={}) as session:
            locked = ModelSettings("m", provider, local_only=True)
            *_, last = [event async for event in session.start(TurnRequest("x"), locked)]
    assert isinstance(last, TurnFinished)
    assert (last.content == "yes") is is_good
    if not is_good:
        assert last.error is not None
        assert "a certificate for another host than localhost." in last.error.message


@asynccontextmanager
async def raw_server(answer: bytes) -> AsyncIterator[int]:
    """A server that sends these bytes to whoever connects, and then closes."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.write(answer)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


ALERTS = {
    "protocol version": (b"\x15\x03\x03\x00\x02\x02\x46", "does not support tls 1.2"),
    "handshake failure": (b"\x15\x03\x03\x00\x02\x02\x28", "handshake failure"),
    "internal error": (b"\x15\x03\x03\x00\x02\x02\x50", "alert internal error"),
}


@pytest.mark.parametrize("name", ALERTS)
async def test_an_alert_of_the_server_is_told(name: str) -> None:
    answer, words = ALERTS[name]
    async with raw_server(answer) as port:
        told = await told_of(f"https://127.0.0.1:{port}/v1")
    assert told.error is not None
    assert told.error.kind == "unreachable"
    assert words in told.error.message.lower().replace("_", " ")


async def test_https_to_a_plain_port_says_that_http_may_be_meant() -> None:
    async with raw_server(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n") as port:
        told = await told_of(f"https://127.0.0.1:{port}/v1")
    assert told.error is not None
    assert told.error.kind == "unreachable"
    assert told.error.message.endswith(" does not speak TLS.")
    assert told.error.hint == (
        "Write http:// instead of https:// in base_url: local servers rarely speak TLS."
    )


async def test_https_to_a_port_that_says_nothing_ends_at_the_connect_limit() -> None:
    async with ModelServer() as plain:
        told = await told_of(plain.base_url.replace("http:", "https:"), connect_timeout_ms=200)
    assert told.error is not None
    assert told.error.kind == "unreachable"
    assert "connect limit" in told.error.message


async def test_http_to_a_port_that_wants_tls_is_told() -> None:
    async with ModelServer(tls=context_of(OURS.issue_cert(*NAMES))) as server:
        told = await told_of(server.base_url.replace("https:", "http:"))
        assert server.requests == []
    assert told.error is not None
    assert told.error.kind == "streamBroken"


async def test_a_greeting_that_breaks_off_is_told() -> None:
    async with raw_server(b"\x16\x03\x03\x00\x7a\x02\x00") as port:
        told = await told_of(f"https://127.0.0.1:{port}/v1")
    assert told.error is not None
    assert told.error.kind == "unreachable"
