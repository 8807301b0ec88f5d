"""What went wrong between this program and a server: httpx's exceptions as ours, each told once.

A failure is told in the same words whichever way the request went. The doctor tells what it can't
explain better in these words too.
"""

import errno
import os
import re
import socket
import ssl
from typing import Literal

import httpx

from codex_ls.config.address import is_loopback, origin
from codex_ls.errors import ProviderError, StreamBroken, TimedOut, Unreachable
from codex_ls.events import ContentDelta, PhaseChanged, ReasoningDelta
from codex_ls.providers.http_request import Request
from codex_ls.providers.proxies import Proxy, proxy_for
from codex_ls.providers.tls_faults import fault_of, greeting_fault

NO_ROUTE = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL)
"""What the system says where no route leads to an address."""
NOT_ALLOWED = "a header or the address contains characters that HTTP does not allow"
"""Not in h11's words: they quote the header, and its value may be a key."""
_NO_ANSWER = "it closed the connection without an answer"
_GARBLED = "its chunked response is malformed"


class UnusableProxy(httpx.ProxyError):
    """The proxy that is set can't be used; `reason` is the end of a sentence."""

    def __init__(self, proxy: Proxy, reason: str) -> None:
        super().__init__(f"{proxy.name} points to the proxy {proxy.origin}, and {reason}")
        self.proxy = proxy


class NoCertificates(httpx.ConnectError):
    """The certificates to trust can't be read; the text names the file, and the variable if set."""

    def __init__(self, reason: str, *, is_chosen: bool) -> None:
        super().__init__(reason)
        self.is_chosen = is_chosen


class NotARequest(httpx.LocalProtocolError):
    """The request can't be put into HTTP; the text says why and quotes no header."""


class NotHttp(httpx.RemoteProtocolError):
    """What listens there speaks something else; `greeting` is how it began."""

    def __init__(self, greeting: bytes) -> None:
        super().__init__("it does not speak HTTP")
        self.greeting = greeting


class UndecodableContent(httpx.DecodingError):
    """The answer has a Content-Encoding that nobody asked for, and can't be decoded."""


def to_provider_error(request: Request, error: httpx.HTTPError) -> ProviderError:
    """A failure of a request as our error."""
    name, where = request.server_name, origin(request.url)
    proxy = _proxy_of(request)
    match error:
        case NoCertificates():
            hint = "Correct that variable, or unset it."
            if not error.is_chosen:
                hint = "Reinstall codex-ls, or set SSL_CERT_FILE to a file of certificates."
            return Unreachable(f"{first_words(error)}.", hint=hint)
        case UnusableProxy():
            return Unreachable(
                f"{first_words(error)}.",
                hint=f"{error.proxy.correction.rstrip('.')}; or add the host to NO_PROXY.",
            )
        case httpx.ProxyError():
            return proxy_refusal(name, first_words(error))
        case httpx.ConnectTimeout() | httpx.ConnectError() if proxy is not None and (
            why := _why_no_proxy(error)
        ):
            return Unreachable(
                f"{proxy.name} points to the proxy {proxy.origin}, and {why}.",
                hint=proxy.correction,
            )
        case httpx.ConnectTimeout():
            return Unreachable(
                f"{name} at {where} timed out: no connection within"
                f" {request.limits.connect_s:g} s (connect limit).",
                hint=_wake_hint(request)
                or "Check the host and port. A firewall may block it, or the machine may be off.",
                passing=True,
            )
        case httpx.ConnectError():
            return _no_connection(request, system_error(error))
        case NotARequest():
            return Unreachable(f"The request to {where} cannot be sent: {first_words(error)}.")
        case httpx.LocalProtocolError() | httpx.UnsupportedProtocol():
            return Unreachable(f"The request to {where} cannot be sent: {NOT_ALLOWED}.")
        case NotHttp() if proxy is not None:
            return StreamBroken(
                f"{proxy.name} points to the proxy {proxy.origin}, and it does not speak HTTP.",
                hint=proxy.correction,
                passing=False,
            )
        case NotHttp():
            return _another_protocol(where, error.greeting)
        case UndecodableContent():
            return StreamBroken(
                f"{name} at {where} sent {first_words(error)}.",
                hint="Turn off compression in that server, or in the gateway in front of it.",
                passing=False,
            )
        case _:
            return _broken(name, where, error)


def is_refused(error: httpx.HTTPError | None) -> bool:
    """Whether nothing listens there."""
    cause = system_error(error) if error is not None else None
    # Several numbers of a name that all refuse are one error of asyncio's, without a number.
    return isinstance(cause, ConnectionRefusedError) or "Connect call failed" in str(cause)


def _proxy_of(request: Request) -> Proxy | None:
    """The proxy that the request went through, if any."""
    try:
        return proxy_for(request.url, os.environ)
    except ValueError:  # the address makes no sense, which is then the error
        return None


def _why_no_proxy(error: httpx.ConnectTimeout | httpx.ConnectError) -> str:
    """Why a proxy took no connection, as the end of a sentence; empty if it did take it."""
    match system_error(error):
        case ssl.SSLError():  # of the server's, behind a proxy that let it through
            return ""
        case None if isinstance(error, httpx.ConnectTimeout):
            return "" if str(error) else "connecting to it timed out"
        case socket.gaierror():
            return "its DNS lookup failed"
        case _:
            return "nothing listens there"


def system_error(error: BaseException) -> OSError | None:
    """What the system or the TLS library said: httpx and httpcore wrap it."""
    seen: BaseException | None = error
    while seen is not None and not isinstance(seen, OSError):
        seen = seen.__cause__ or seen.__context__
    return seen


def proxy_refusal(name: str, reason: str) -> Unreachable:
    """The error of a proxy that answered a request itself; `reason` is its status and words."""
    hint = "Ask the proxy's administrator to allow this host, or add it to NO_PROXY."
    if "407" in reason:
        hint = "Put user name and password into the proxy variable: http://NAME:PASSWORD@HOST:PORT"
    elif reason.startswith("5"):
        hint = "Check the host in base_url: the proxy could not reach it."
    return Unreachable(f"The proxy in front of {name} refused: {reason}.", hint=hint)


def _no_connection(request: Request, cause: OSError | None) -> Unreachable:
    name, where = request.server_name, origin(request.url)
    match cause:
        case ssl.SSLError():
            fault = fault_of(cause)
            return Unreachable(f"{where} {fault.words}.", hint=fault.hint)
        case socket.gaierror():
            host = where.partition("://")[2].rpartition(":")[0]
            return Unreachable(f"DNS lookup failed for {where}.", hint=name_hint(host))
        case OSError(errno=number) if number in NO_ROUTE:
            return Unreachable(
                f"No route to host {where}.",
                hint="Check the network (is a VPN needed?) and the host in base_url.",
                passing=True,
            )
    hint = _wake_hint(request) or (
        "Start it, or correct base_url: `codex-ls discover` shows which servers answer here."
        if is_loopback(request.url)
        else "Check the port, and that the server accepts connections from other machines."
    )
    return Unreachable(
        f"Connection refused: nothing listens at {where} ({name}).", hint=hint, passing=True
    )


def _wake_hint(request: Request) -> str:
    """How to start the server, where it would run on this machine."""
    return request.start_hint if is_loopback(request.url) else ""


def name_hint(host: str) -> str:
    """The next step for a host that has no address."""
    if host == "host.docker.internal":
        return (
            "Outside a container write localhost; for a container on Linux:"
            " docker run --add-host=host.docker.internal:host-gateway"
        )
    if host.endswith(".local"):
        return "Use the machine's IP address: names in .local need mDNS, which this system lacks."
    return "Check the host in base_url, and the network."


_GREETERS = (
    (b"SSH-", "An SSH server"),
    (b"-ERR", "A Redis server"),
    (b"-DENIED", "A Redis server"),
    (b"220", "A mail or FTP server"),
    (b"RFB ", "A VNC server"),
)


def _another_protocol(where: str, greeting: bytes) -> Unreachable:
    if greeting[:2] in (b"\x15\x03", b"\x16\x03"):
        return Unreachable(
            f"{where} speaks TLS, and base_url begins with http://.",
            hint="Write https:// instead of http:// in base_url.",
        )
    return Unreachable(
        f"{greeter(greeting)} answers at {where}, not a model server.",
        hint="Check the port in base_url: another program uses this one.",
    )


def greeter(greeting: bytes) -> str:
    """Who begins like this, for the beginning of a sentence."""
    if greeting[4:5] == b"\x0a" and re.match(rb"[\d.]+", greeting[5:]):
        return "A MySQL server"
    known = (who for mark, who in _GREETERS if greeting.startswith(mark))
    return next(known, "Something that does not speak HTTP")


def _broken(name: str, where: str, error: httpx.HTTPError) -> ProviderError:
    reason = broken_reason(error)
    if "certificate required" in reason:  # TLS 1.3 tells it behind the greeting
        fault = greeting_fault(reason)
        assert fault is not None
        return StreamBroken(f"{where} {fault.words}.", hint=fault.hint, passing=False)
    return StreamBroken(
        f"The connection to {name} at {where} was lost: {reason}.",
        hint="Look at the model server's own log; `codex-ls doctor` finds out whether it is one."
        if reason.endswith("without an answer")
        else "Look at the model server's own log: it may have run out of memory.",
    )


_REASONS = (
    # httpcore's and h11's words for what a reader would have to guess at
    ("Server disconnected without sending a response", _NO_ANSWER),
    ("peer closed connection", "it closed the connection before the end of its answer"),
    ("illegal chunk header", _GARBLED),
    ("malformed chunk footer", _GARBLED),
    ("_SWITCH_", "it switched to another protocol, which was not requested"),
)


def broken_reason(error: httpx.HTTPError) -> str:
    """Why an exchange broke off, as the end of a sentence."""
    reason = first_words(error)
    for words, ours in _REASONS:
        if words in reason:
            return ours
    return reason


def first_words(error: BaseException) -> str:
    """An error's text in one line that can stand inside a sentence, without codes."""
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, OSError) and error.strerror and not isinstance(error, ssl.SSLError):
        text = error.strerror
        if isinstance(error, ConnectionRefusedError):
            text = "connection refused"  # asyncio says "Connect call failed"
        text = text[:1].lower() + text[1:]
    text = re.sub(r"^\[(?:Errno -?\d+|[A-Z0-9_:. ]+)\]\s*|\s*\(_ssl\.c:\d+\)", "", text)
    return text[:160].rstrip(".")


Limit = Literal["first-byte", "idle", "silent"]
"""`silent`: bytes came (comments, pings, empty deltas), and no text."""

_HINTS: dict[Limit, str] = {
    "first-byte": "Raise first_byte_timeout_ms if this model needs longer to load or to read"
    " the prompt.",
    "idle": "Raise stream_idle_timeout_ms if this model pauses that long.",
    "silent": "Raise stream_silent_timeout_ms if this model pauses that long.",
}


class ReadTimedOut(TimedOut):
    """One of our limits passed while nothing came; `has_begun`: something had come before."""

    def __init__(self, name: str, wait_s: float, limit: Limit, *, has_begun: bool) -> None:
        self._name = name
        said = f"sent nothing{' more' if has_begun else ''}"
        if limit == "silent":
            said = "kept the connection open without sending text"
        self._silence = f"{said} for {wait_s:g} s ({limit} limit)."
        doing = "began its answer" if has_begun else "accepted the request"
        super().__init__(f"{name} {doing} and {self._silence}", hint=_HINTS[limit])

    def after(self, sign: object) -> None:
        """Say what the server was doing; `sign` is the last event that told of it."""
        if (doing := _doing(sign)) is not None:
            self.message = f"{self._name} {doing} and {self._silence}"


def _doing(sign: object) -> str | None:
    match sign:
        case ReasoningDelta() | PhaseChanged(phase="thinking"):
            return "was thinking"
        case ContentDelta() | PhaseChanged(phase="answering"):
            return "was answering"
        case PhaseChanged(phase="prompt", waiting=int(waiting)):
            return f"kept the request in its queue ({waiting} waiting)"
        case PhaseChanged(phase="prompt"):
            return f"was reading the prompt{_share(sign.fraction)}"
        case PhaseChanged(phase="loading"):
            return f"was loading the model{_share(sign.fraction)}"
        case _:
            return None


def _share(fraction: float | None) -> str:
    return "" if fraction is None else f" ({fraction:.0%})"
