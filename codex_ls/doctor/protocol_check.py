"""The check of what is spoken on the wire: HTTP, HTTP under TLS, or something else entirely."""

import asyncio
import contextlib
import ssl

import httpx

from codex_ls.doctor.check import Finding, failed, ok
from codex_ls.doctor.discovery_check import other_servers
from codex_ls.doctor.doctor_context import DoctorContext
from codex_ls.providers.http_request import Limits, Request
from codex_ls.providers.origin import models_url
from codex_ls.providers.probe import NoReply, Reply
from codex_ls.providers.transport_errors import (
    NotHttp,
    broken_reason,
    system_error,
    to_provider_error,
)

_MAX_WISHES = 5
_CLOSED = ("closed the connection", "reset by peer", "broken pipe")
_CONTAINER_HINT = (
    "Check the server's log. A server in a container must not listen on the container's 127.0.0.1."
)


async def check_tls(context: DoctorContext) -> Finding:
    """Whether both sides speak the same: HTTP, or HTTP under TLS with a good certificate."""
    provider = context.provider
    reply = await context.get(models_url(provider))
    is_secure = provider.base_url.startswith("https:")
    if isinstance(reply, NoReply) or _is_for_tls(reply):
        return await _without_answer(context, reply, is_secure=is_secure)
    context.listing = reply
    return ok("TLS, with a good certificate." if is_secure else "HTTP, without TLS.")


async def _without_answer(
    context: DoctorContext, reply: Reply | NoReply, *, is_secure: bool
) -> Finding:
    """What to say where the question for the models got no answer in HTTP."""
    error = reply.error if isinstance(reply, NoReply) else None
    if isinstance(reply, NoReply) and reply.reason == "timeout":
        return await _silence(context, is_secure=is_secure)
    if context.is_proxied and error is not None:
        return _in_our_words(context, error)
    cause = system_error(error) if error is not None else None
    match error:
        case httpx.ConnectError() if isinstance(cause, ssl.SSLCertVerificationError):
            return _in_our_words(context, error)
        case NotHttp() if error.greeting[:2] not in _TLS_RECORDS:
            finding = _in_our_words(context, error)
            found = await other_servers(context)
            return failed(finding.detail, found or finding.hint)
        case httpx.ConnectError() if isinstance(cause, ssl.SSLError) and await _speaks_http(
            context
        ):
            return _without_tls(context)
        case None | httpx.RemoteProtocolError() | httpx.ReadError() | httpx.WriteError() if (
            not is_secure and await _speaks_tls(context)
        ):
            return _with_tls(context)
        case httpx.RemoteProtocolError() | httpx.ReadError() | httpx.WriteError() if any(
            words in broken_reason(error).lower() for words in _CLOSED
        ):
            if is_secure and (wish := await _wish_for_certificate(context)):
                return wish
            found = await other_servers(context)
            return failed(
                f"{context.origin} accepts connections and closes them without responding.",
                found or _CONTAINER_HINT,
            )
        case None:
            assert isinstance(reply, Reply)
            return failed(
                f"{context.origin} requires HTTPS ({reply.status}).", _https_step(context)
            )
        case _:
            return _in_our_words(context, error)


async def _wish_for_certificate(context: DoctorContext) -> Finding | None:
    """What to say where TLS 1.3 asks for a client's certificate; None if it does not.

    That is told behind the greeting, and may come too late to be read: so it is asked again.
    """
    for _ in range(_MAX_WISHES):
        reply = await context.get(models_url(context.provider))
        if isinstance(reply, NoReply) and "certificate required" in reply.detail:
            assert reply.error is not None
            return _in_our_words(context, reply.error)
    return None


async def _silence(context: DoctorContext, *, is_secure: bool) -> Finding:
    """What to say where the question was taken, and nothing came back in time."""
    if not context.is_proxied:
        speaks_tls, speaks_http = await asyncio.gather(_speaks_tls(context), _speaks_http(context))
        if is_secure and speaks_http:
            return _without_tls(context)
        if speaks_tls and not is_secure:
            return _with_tls(context)
    ending = f"accepted the connection but did not respond within {context.patience.ask_s:g} s."
    if context.is_proxied:
        return failed(f"The proxy {ending}", "Contact its administrator, or unset its variable.")
    return failed(
        f"{context.origin} {ending}",
        "Check the server's log: it may hang, or be busy with another request.",
    )


def _in_our_words(context: DoctorContext, error: httpx.HTTPError) -> Finding:
    """The same that a turn would say."""
    provider = context.provider
    limits = Limits.of(
        provider.base_url, idle_timeout_ms=1, connect_timeout_ms=provider.connect_timeout_ms
    )
    request = Request(provider.base_url, {}, b"", limits, provider.name)
    said = to_provider_error(request, error)
    return failed(said.message, said.hint)


def _with_tls(context: DoctorContext) -> Finding:
    return failed(
        f"{context.origin} speaks TLS, and base_url begins with http://.", _https_step(context)
    )


def _https_step(context: DoctorContext) -> str:
    return f'Write base_url = "{context.with_base_url(scheme="https")}".'


def _without_tls(context: DoctorContext) -> Finding:
    return failed(
        f"{context.origin} speaks HTTP without TLS.",
        f'Write base_url = "{context.with_base_url(scheme="http")}".',
    )


def _is_for_tls(reply: Reply | NoReply) -> bool:
    """Whether a server says that plain HTTP is wrong here (nginx, Go, Node, Apache)."""
    if isinstance(reply, NoReply) or reply.status not in (400, 426):
        return False
    text = reply.text.lower()
    return "https" in text and ("plain" in text or "http request" in text)


_TLS_RECORDS = (b"\x16\x03", b"\x15\x03")
"""How a handshake (22) and an alert (21) begin."""


async def _speaks_tls(context: DoctorContext) -> bool:
    """Whether a TLS greeting is answered with a TLS record."""
    ssl_context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    outgoing = ssl.MemoryBIO()
    greeter = ssl_context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=context.host)
    with contextlib.suppress(ssl.SSLWantReadError):
        greeter.do_handshake()
    return await _first_bytes(context, outgoing.read()) in _TLS_RECORDS


async def _speaks_http(context: DoctorContext) -> bool:
    """Whether a bare request is answered in HTTP. No key is sent."""
    request = f"GET / HTTP/1.1\r\nHost: {context.host}\r\n\r\n"
    return await _first_bytes(context, request.encode()) == b"HT"


async def _first_bytes(context: DoctorContext, said: bytes) -> bytes:
    """The first two bytes that the server answers; empty if it says nothing."""
    try:
        async with asyncio.timeout(context.patience.ask_s):
            reader, writer = await asyncio.open_connection(context.numbers[0], context.port)
            try:
                writer.write(said)
                return await reader.read(2)
            finally:
                writer.transport.abort()
    except (OSError, TimeoutError):
        return b""
