"""The check of what is spoken on the wire: HTTP, HTTP under TLS, or something else entirely."""

import asyncio
import contextlib
import ssl

from codex_ls.doctor.check import Finding, failed, ok
from codex_ls.doctor.neighbours import other_servers
from codex_ls.doctor.patient import Patient
from codex_ls.providers.inquiry import NoReply, Reply
from codex_ls.providers.origin import models_url
from codex_ls.providers.request import Limits, Request
from codex_ls.providers.transport_errors import (
    Broken,
    NotConnected,
    NotHttp,
    TransportError,
    told,
)

_MAX_WISHES = 5
_CLOSED = ("closed the connection", "reset by peer", "broken pipe")
_CONTAINER_HINT = (
    "Look at the server's own log; one in a container must not listen on the container's 127.0.0.1."
)


async def check_tls(patient: Patient) -> Finding:
    """Whether both sides speak the same: HTTP, or HTTP under TLS with a good certificate."""
    provider = patient.provider
    reply = await patient.get(models_url(provider))
    is_secure = provider.base_url.startswith("https:")
    if isinstance(reply, NoReply) or _is_for_tls(reply):
        return await _no_speech(patient, reply, is_secure=is_secure)
    patient.listing = reply
    return ok("TLS, with a good certificate." if is_secure else "HTTP, without TLS.")


async def _no_speech(patient: Patient, reply: Reply | NoReply, *, is_secure: bool) -> Finding:
    """What to say where the question for the models got no answer in HTTP."""
    error = reply.error if isinstance(reply, NoReply) else None
    if isinstance(reply, NoReply) and reply.reason == "timeout":
        return await _silence(patient, is_secure=is_secure)
    if patient.is_proxied and error is not None:
        return _in_our_words(patient, error)
    match error:
        case NotConnected(cause=ssl.SSLCertVerificationError()):
            return _in_our_words(patient, error)
        case NotHttp() if error.greeting[:2] not in _TLS_RECORDS:
            finding = _in_our_words(patient, error)
            found = await other_servers(patient)
            return failed(finding.detail, found or finding.hint)
        case NotConnected(cause=ssl.SSLError()) if await _speaks_http(patient):
            return _without_tls(patient)
        case None | Broken() if not is_secure and await _speaks_tls(patient):
            return _with_tls(patient)
        case Broken() if any(words in str(error).lower() for words in _CLOSED):
            if is_secure and (wish := await _wish_for_certificate(patient)):
                return wish
            found = await other_servers(patient)
            return failed(
                f"{patient.origin} takes connections and closes them without an answer.",
                found or _CONTAINER_HINT,
            )
        case None:
            assert isinstance(reply, Reply)
            return failed(f"{patient.origin} wants HTTPS ({reply.status}).", _https_step(patient))
        case _:
            return _in_our_words(patient, error)


async def _wish_for_certificate(patient: Patient) -> Finding | None:
    """What to say where TLS 1.3 asks for a client's certificate; None if it does not.

    That is told behind the greeting, and may come too late to be read: so it is asked again.
    """
    for _ in range(_MAX_WISHES):
        reply = await patient.get(models_url(patient.provider))
        if isinstance(reply, NoReply) and "certificate required" in reply.detail:
            assert reply.error is not None
            return _in_our_words(patient, reply.error)
    return None


async def _silence(patient: Patient, *, is_secure: bool) -> Finding:
    """What to say where the question was taken, and nothing came back in time."""
    if not patient.is_proxied:
        speaks_tls, speaks_http = await asyncio.gather(_speaks_tls(patient), _speaks_http(patient))
        if is_secure and speaks_http:
            return _without_tls(patient)
        if speaks_tls and not is_secure:
            return _with_tls(patient)
    ending = f"takes connections and did not answer within {patient.patience.ask_s:g} s."
    if patient.is_proxied:
        return failed(f"The proxy {ending}", "Ask whoever runs it, or unset its variable.")
    return failed(
        f"{patient.origin} {ending}",
        "Look at the server's own log: it may hang, or be busy with another request.",
    )


def _in_our_words(patient: Patient, error: TransportError) -> Finding:
    """The same that a turn would say."""
    provider = patient.provider
    limits = Limits.of(
        provider.base_url, idle_timeout_ms=1, connect_timeout_ms=provider.connect_timeout_ms
    )
    request = Request(provider.base_url, {}, b"", limits, provider.name)
    said = told(request, error)
    return failed(said.message, said.hint)


def _with_tls(patient: Patient) -> Finding:
    return failed(
        f"{patient.origin} speaks TLS, and base_url begins with http://.", _https_step(patient)
    )


def _https_step(patient: Patient) -> str:
    return f'Write base_url = "{patient.with_base_url(scheme="https")}".'


def _without_tls(patient: Patient) -> Finding:
    return failed(
        f"{patient.origin} speaks HTTP without TLS.",
        f'Write base_url = "{patient.with_base_url(scheme="http")}".',
    )


def _is_for_tls(reply: Reply | NoReply) -> bool:
    """Whether a server says that plain HTTP is wrong here (nginx, Go, Node, Apache)."""
    if isinstance(reply, NoReply) or reply.status not in (400, 426):
        return False
    text = reply.text.lower()
    return "https" in text and ("plain" in text or "http request" in text)


_TLS_RECORDS = (b"\x16\x03", b"\x15\x03")
"""How a handshake (22) and an alert (21) begin."""


async def _speaks_tls(patient: Patient) -> bool:
    """Whether a TLS greeting is answered with a TLS record."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    outgoing = ssl.MemoryBIO()
    greeter = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=patient.host)
    with contextlib.suppress(ssl.SSLWantReadError):
        greeter.do_handshake()
    return await _first_bytes(patient, outgoing.read()) in _TLS_RECORDS


async def _speaks_http(patient: Patient) -> bool:
    """Whether a bare request is answered in HTTP. No key is sent."""
    request = f"GET / HTTP/1.1\r\nHost: {patient.host}\r\n\r\n"
    return await _first_bytes(patient, request.encode()) == b"HT"


async def _first_bytes(patient: Patient, said: bytes) -> bytes:
    """The first two bytes that the server answers; empty if it says nothing."""
    try:
        async with asyncio.timeout(patient.patience.ask_s):
            reader, writer = await asyncio.open_connection(patient.numbers[0], patient.port)
            try:
                writer.write(said)
                return await reader.read(2)
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError):
        return b""
