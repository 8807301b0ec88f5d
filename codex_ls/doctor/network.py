"""The checks between this program and the server's port: name, proxy, connection, TLS."""

import asyncio
import contextlib
import socket
import ssl
import sys
from collections.abc import Mapping
from ipaddress import ip_address
from urllib.parse import urlsplit

from codex_ls.config.address import origin
from codex_ls.doctor.check import Finding, failed, ok, skipped, warning
from codex_ls.doctor.neighbours import other_servers
from codex_ls.doctor.patient import Patient
from codex_ls.providers.inquiry import NoReply, Reply
from codex_ls.providers.load_state import start_hint
from codex_ls.providers.origin import models_url
from codex_ls.providers.request import Limits

_LOOPBACKS = ("127.0.0.1", "::1")
_LOOK_S = 0.5


async def check_name(patient: Patient) -> Finding:
    """Which addresses the host's name has."""
    loop = asyncio.get_running_loop()
    try:
        async with asyncio.timeout(patient.patience.ask_s):
            found = await loop.getaddrinfo(patient.host, patient.port, type=socket.SOCK_STREAM)
    except TimeoutError:
        return failed(
            f"No name server told the address of {patient.host} in {patient.patience.ask_s:g} s.",
            "Check the network, or write the number instead of the name.",
        )
    except (OSError, UnicodeError):
        return failed(
            f"No address is known for {patient.host}.",
            "Check the host in base_url, and the network.",
        )
    patient.numbers = tuple(dict.fromkeys(str(entry[4][0]) for entry in found))
    return ok(f"{patient.host} is {', '.join(patient.numbers)}.")


async def check_proxy(patient: Patient) -> Finding:
    """Whether a proxy stands in between, and whether it should."""
    scheme = urlsplit(patient.provider.base_url).scheme
    variable, proxy = _proxy_for(scheme, patient.env)
    if not proxy:
        return ok("No proxy is set.")
    if _is_exempt(patient.host, patient.env):
        return ok(f"{variable} is set, and NO_PROXY leaves {patient.host} out.")
    shown = origin(proxy) if "://" in proxy else origin(f"http://{proxy}")
    if patient.is_local:
        return warning(
            f"{variable} is set ({shown}) and NO_PROXY does not name {patient.host}: codex-ls goes"
            " past the proxy to this machine, other programs do not.",
            "export NO_PROXY=localhost,127.0.0.1,::1",
        )
    if any(_is_private(number) for number in patient.numbers):
        return warning(
            f"{patient.host} is on your own network, but requests go through the proxy {shown}"
            f" ({variable}).",
            f"export NO_PROXY={patient.host},localhost,127.0.0.1,::1",
        )
    return ok(f"Requests go through the proxy {shown} ({variable}).")


async def check_connection(patient: Patient) -> Finding:
    """Whether anything takes a connection there."""
    scheme = urlsplit(patient.provider.base_url).scheme
    variable, proxy = _proxy_for(scheme, patient.env)
    if proxy and not patient.is_local and not _is_exempt(patient.host, patient.env):
        return skipped(f"The proxy of {variable} connects, not this machine.")
    limit_s = Limits.of(
        patient.provider.base_url,
        idle_timeout_ms=1,
        connect_timeout_ms=patient.provider.connect_timeout_ms,
    ).connect_s
    tried = await asyncio.gather(
        *(_try_connection(number, patient.port, limit_s) for number in patient.numbers)
    )
    results = dict(zip(patient.numbers, tried, strict=True))
    if any(reason == "" for reason in tried):
        told = [f"{number} {reason or 'answers'}" for number, reason in results.items()]
        return ok(f"{patient.origin}: {', '.join(told)}.")
    if "is silent" in tried:
        return failed(
            f"{patient.origin} did not take the connection within {limit_s:g} s.",
            "Check host and port; a firewall may drop it, or the machine is off.",
        )
    return await _nothing_listens(patient)


async def check_tls(patient: Patient) -> Finding:
    """Whether both sides speak the same: HTTP, or HTTP under TLS with a good certificate."""
    provider = patient.provider
    reply = await patient.get(models_url(provider))
    is_secure = provider.base_url.startswith("https:")
    if isinstance(reply, NoReply) or _is_for_tls(reply):
        return await _no_speech(patient, reply, is_secure=is_secure)
    patient.listing = reply
    return ok("TLS, with a good certificate." if is_secure else "HTTP, without TLS.")


async def check_exposure(patient: Patient) -> Finding:
    """Whether a server on this machine is open to others."""
    if not patient.is_local:
        return skipped("The server is not on this machine.")
    numbers = ["127.0.0.2"] if sys.platform != "darwin" else []
    numbers += [number for number in (_own_number(),) if number and sys.platform == "darwin"]
    tried = await asyncio.gather(
        *(_try_connection(number, patient.port, _LOOK_S) for number in numbers)
    )
    if "" not in tried:
        return ok("Only this machine can reach it.")
    kind = patient.server.kind if patient.server is not None else "other"
    return warning(
        f"The server on port {patient.port} listens on every address: others on the network can"
        " use it.",
        _CLOSE_HINTS.get(kind, "Start it with the host 127.0.0.1."),
    )


_CLOSE_HINTS = {
    "llamacpp": "Start llama-server without --host 0.0.0.0.",
    "lmstudio": 'Switch "Serve on Local Network" off in LM Studio\'s server settings.',
    "ollama": "Unset OLLAMA_HOST, or set it to 127.0.0.1:11434.",
    "vllm": "Start it with --host 127.0.0.1.",
    "sglang": "Start it with --host 127.0.0.1.",
}


async def _nothing_listens(patient: Patient) -> Finding:
    sentence = f"Nothing listens at {patient.origin}."
    if patient.is_local:
        others = [number for number in _LOOPBACKS if number not in patient.numbers]
        for number in others:
            if await _try_connection(number, patient.port, _LOOK_S) == "":
                shown = f"[{number}]" if ":" in number else number
                return failed(
                    f"{sentence[:-1]}, but something does at {shown}:{patient.port}.",
                    f'Write base_url = "{patient.with_base_url(host=shown)}".',
                )
    hint = start_hint(patient.provider) or "Check the port, and that the server is running."
    found = await other_servers(patient)
    return failed(sentence, f"{hint.rstrip('.')}. {found}" if found else hint)


async def _no_speech(patient: Patient, reply: Reply | NoReply, *, is_secure: bool) -> Finding:
    """What to say where the question for the models got no answer in HTTP."""
    where = patient.origin
    if is_secure:
        detail = reply.detail if isinstance(reply, NoReply) else ""
        if "certificate" in detail.lower():
            return failed(
                f"The certificate of {where} is not good: {_certificate_fault(detail)}.",
                "Check the host in base_url; set SSL_CERT_FILE if your organisation signs its own.",
            )
        if await _speaks_http(patient):
            return failed(
                f"{where} speaks HTTP without TLS.",
                f'Write base_url = "{patient.with_base_url(scheme="http")}".',
            )
    elif await _speaks_tls(patient):
        return failed(
            f"{where} speaks TLS, and base_url begins with http://.",
            f'Write base_url = "{patient.with_base_url(scheme="https")}".',
        )
    is_silent = isinstance(reply, NoReply) and reply.reason == "timeout"
    if is_silent and await _speaks_http(patient) is not False:
        return failed(
            f"{where} takes connections and did not answer within {patient.patience.ask_s:g} s.",
            "Look at the server's own log: it may hang, or be busy with another request.",
        )
    found = await other_servers(patient)
    return failed(
        f"What listens at {where} does not speak HTTP.", found or "Check the port in base_url."
    )


def _is_for_tls(reply: Reply | NoReply) -> bool:
    """Whether a server says that plain HTTP is wrong here (nginx, Go, Node, Apache)."""
    if isinstance(reply, NoReply) or reply.status not in (400, 426):
        return False
    text = reply.text.lower()
    return "https" in text and ("plain" in text or "http request" in text)


def _certificate_fault(detail: str) -> str:
    _, _, fault = detail.partition("certificate verify failed: ")
    return (fault.partition(" (_ssl")[0] or detail).rstrip(".")


async def _speaks_tls(patient: Patient) -> bool:
    """Whether a TLS greeting is answered with a TLS record: a handshake (22) or an alert (21)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    outgoing = ssl.MemoryBIO()
    greeter = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname=patient.host)
    with contextlib.suppress(ssl.SSLWantReadError):
        greeter.do_handshake()
    return await _first_bytes(patient, outgoing.read()) in (b"\x16\x03", b"\x15\x03")


async def _speaks_http(patient: Patient) -> bool | None:
    """Whether a bare request is answered in HTTP; None if with nothing. No key is sent."""
    request = f"GET / HTTP/1.1\r\nHost: {patient.host}\r\n\r\n"
    answer = await _first_bytes(patient, request.encode())
    return answer == b"HT" if answer else None


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


async def _try_connection(number: str, port: int, limit_s: float) -> str:
    """Empty if something takes the connection, else what happened, as the end of a sentence."""
    try:
        async with asyncio.timeout(limit_s):
            _, writer = await asyncio.open_connection(number, port)
    except TimeoutError:
        return "is silent"
    except OSError:
        return "refuses"
    writer.transport.abort()
    return ""


def _proxy_for(scheme: str, env: Mapping[str, str]) -> tuple[str, str]:
    for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY"):
        if value := env.get(name, "").strip():
            return name, value
    return "", ""


def _is_exempt(host: str, env: Mapping[str, str]) -> bool:
    listed = env.get("no_proxy") or env.get("NO_PROXY") or ""
    for entry in (part.strip().lower().removeprefix(".") for part in listed.split(",")):
        name = entry.rpartition(":")[0] if entry.count(":") == 1 else entry
        if name and (name == "*" or host == name or host.endswith(f".{name}")):
            return True
    return False


def _is_private(number: str) -> bool:
    with contextlib.suppress(ValueError):
        return ip_address(number.partition("%")[0]).is_private
    return False


def _own_number() -> str:
    """This machine's address on its network; nothing is sent to find it."""
    with contextlib.suppress(OSError), socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        probe.connect(("192.0.2.1", 9))  # a documentation address (RFC 5737)
        return str(probe.getsockname()[0])
    return ""
