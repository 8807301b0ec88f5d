"""What went wrong between two sockets: the few kinds there are, and each as one of our errors.

Both transports (`direct`, `proxied`) raise these, so that a failure is told in the same words whichever
way the request went. The doctor tells what it can't explain better in these words too.
"""

import errno
import re
import socket
import ssl

from codex_ls.config.address import is_loopback, origin
from codex_ls.errors import ProviderError, StreamBroken, Unreachable
from codex_ls.providers.request import Request

NO_WAY = (errno.ENETUNREACH, errno.EHOSTUNREACH, errno.ENETDOWN, errno.EADDRNOTAVAIL)
"""What the system says where no road leads to an address."""


class TransportError(Exception):
    """No answer, or not all of it. Its text is the reason, without an end mark."""


class ConnectTimedOut(TransportError):
    """The connection was not made in time."""


class NotConnected(TransportError):
    """There is no connection; `cause` says why, if that is known."""

    def __init__(self, reason: str, cause: BaseException | None = None) -> None:
        super().__init__(reason)
        self.cause = cause


class ProxyRefused(TransportError):
    """The proxy did not let the request through."""


class NoProxyThere(TransportError):
    """The proxy took no connection; the text names it, and the variable that it is set with."""


class NoSuchProxy(TransportError):
    """What is set for proxies can't be used."""


class NoCertificates(TransportError):
    """The certificates to trust can't be read; the text names the file, and the variable if set."""

    def __init__(self, reason: str, *, is_chosen: bool) -> None:
        super().__init__(reason)
        self.is_chosen = is_chosen


class NotARequest(TransportError):
    """The request can't be put into HTTP."""


class Broken(TransportError):
    """The connection broke, or what came over it is no HTTP."""


class NotHttp(Broken):
    """What listens there speaks something else; `greeting` is how it began."""

    def __init__(self, greeting: bytes) -> None:
        super().__init__("it does not speak HTTP")
        self.greeting = greeting


class Unpackable(Broken):
    """The answer is packed in a way that was not asked for and can't be undone."""


def told(request: Request, error: TransportError) -> ProviderError:
    """A failure of the transport, in our words."""
    name, where = request.server_name, origin(request.url)
    match error:
        case ConnectTimedOut():
            return Unreachable(
                f"{name} at {where} did not take the connection within"
                f" {request.limits.connect_s:g} s (connect limit).",
                hint=_wake_hint(request)
                or "Check host and port; a firewall may drop it, or the machine is off.",
                passing=True,
            )
        case NotConnected():
            return _no_connection(request, error)
        case ProxyRefused():
            return proxy_refusal(name, first_words(error))
        case NoProxyThere():
            return Unreachable(f"{first_words(error)}.", hint="Correct that variable, or unset it.")
        case NoSuchProxy():
            return Unreachable(
                f"The proxy that is set for {where} can't be used: {first_words(error)}.",
                hint="Look at HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY.",
            )
        case NoCertificates():
            hint = "Correct that variable, or unset it."
            if not error.is_chosen:
                hint = "Install codex-ls anew, or set SSL_CERT_FILE to a file of certificates."
            return Unreachable(f"{first_words(error)}.", hint=hint)
        case NotARequest():
            return Unreachable(f"The request to {where} can't be made: {first_words(error)}.")
        case NotHttp():
            return _another_protocol(where, error.greeting)
        case Unpackable():
            return StreamBroken(
                f"{name} at {where} sent what nobody asked for: {first_words(error)}.",
                hint="Switch compression off in that server, or in the gateway before it.",
                passing=False,
            )
        case _:
            return _broken(name, where, error)


def proxy_refusal(name: str, reason: str) -> Unreachable:
    """The error of a proxy that answered a request itself; `reason` is its status and words."""
    hint = "Ask whoever runs the proxy to let this host through, or name it in NO_PROXY."
    if "407" in reason:
        hint = "Write name and password into the proxy's variable: http://NAME:PASSWORD@HOST:PORT"
    elif reason.startswith("5"):
        hint = "Check the host in base_url: the proxy could not reach it."
    return Unreachable(f"The proxy in front of {name} refused: {reason}.", hint=hint)


def _no_connection(request: Request, error: NotConnected) -> Unreachable:
    name, where = request.server_name, origin(request.url)
    match error.cause:
        case ssl.SSLError() as cause:
            from codex_ls.providers.tls_faults import fault_of

            fault = fault_of(cause)
            return Unreachable(f"{where} {fault.words}.", hint=fault.hint)
        case socket.gaierror():
            host = where.partition("://")[2].rpartition(":")[0]
            return Unreachable(f"No address is known for {where}.", hint=name_hint(host))
        case OSError(errno=number) if number in NO_WAY:
            return Unreachable(
                f"No way leads from this machine to {where}.",
                hint="Check the network (a VPN may be off), and the host in base_url.",
                passing=True,
            )
    hint = _wake_hint(request) or (
        "Start it, or correct base_url: `codex-ls discover` shows which servers answer here."
        if is_loopback(request.url)
        else "Check the port, and that the server listens for other machines than its own."
    )
    return Unreachable(f"Nothing listens at {where} ({name}).", hint=hint, passing=True)


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
        return "Write the machine's number: names in .local need mDNS, which this system lacks."
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
        f"{greeter(greeting)} answers at {where}, and no model server.",
        hint="Check the port in base_url: another program has this one.",
    )


def greeter(greeting: bytes) -> str:
    """Who begins like this, for the beginning of a sentence."""
    if greeting[4:5] == b"\x0a" and re.match(rb"[\d.]+", greeting[5:]):
        return "A MySQL server"
    known = (who for mark, who in _GREETERS if greeting.startswith(mark))
    return next(known, "Something that does not speak HTTP")


def _broken(name: str, where: str, error: TransportError) -> ProviderError:
    reason = first_words(error)
    if "certificate required" in reason:  # TLS 1.3 tells it behind the greeting
        from codex_ls.providers.tls_faults import greeting_fault

        fault = greeting_fault(reason)
        assert fault is not None
        return StreamBroken(f"{where} {fault.words}.", hint=fault.hint, passing=False)
    return StreamBroken(
        f"{name} at {where} broke the connection off: {reason}.",
        hint="Look at the model server's own log; `codex-ls doctor` finds out whether it is one."
        if reason.endswith("without an answer")
        else "Look at the model server's own log: it may have run out of memory.",
    )


def first_words(error: BaseException) -> str:
    """An error's text in one line that can stand inside a sentence, without codes."""
    text = " ".join(str(error).split()) or type(error).__name__
    if isinstance(error, OSError) and error.strerror and not isinstance(error, ssl.SSLError):
        text = error.strerror[:1].lower() + error.strerror[1:]
    text = re.sub(r"^\[(?:Errno -?\d+|[A-Z0-9_:. ]+)\]\s*|\s*\(_ssl\.c:\d+\)", "", text)
    return text[:160].rstrip(".")
