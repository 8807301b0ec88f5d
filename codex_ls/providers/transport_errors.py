"""What went wrong between two sockets: the few kinds there are, and each as one of our errors.

Both transports (`direct`, `proxied`) raise these, so that a failure is told in the same words whichever
way the request went.
"""

import socket
import ssl

from codex_ls.config.address import origin
from codex_ls.errors import ProviderError, StreamBroken, Unreachable
from codex_ls.providers.request import Request


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


class NoSuchProxy(TransportError):
    """What is set for proxies can't be used."""


class NotARequest(TransportError):
    """The request can't be put into HTTP."""


class Broken(TransportError):
    """The connection broke, or what came over it is no HTTP."""


def told(request: Request, error: TransportError) -> ProviderError:
    """A failure of the transport, in our words."""
    name, where = request.server_name, origin(request.url)
    match error:
        case ConnectTimedOut():
            return Unreachable(
                f"{name} at {where} did not take the connection within"
                f" {request.limits.connect_s:g} s (connect limit).",
                hint=request.start_hint or "Check the address and the network.",
                passing=True,
            )
        case NotConnected():
            return _no_connection(request, error)
        case ProxyRefused():
            return Unreachable(f"The proxy in front of {name} refused: {first_words(error)}.")
        case NoSuchProxy():
            return Unreachable(
                f"The proxy that is set for {where} can't be used: {first_words(error)}.",
                hint="Look at HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY.",
            )
        case NotARequest():
            return Unreachable(f"The request to {where} can't be made: {first_words(error)}.")
        case _:
            return StreamBroken(
                f"{name} at {where} broke the connection off: {first_words(error)}.",
                hint="Look at the model server's own log: it may have run out of memory.",
            )


def _no_connection(request: Request, error: NotConnected) -> Unreachable:
    name, where = request.server_name, origin(request.url)
    match error.cause:
        case ssl.SSLCertVerificationError() as cause:
            reason = getattr(cause, "verify_message", "") or first_words(error)
            return Unreachable(
                f"The certificate of {where} is not good: {reason}.",
                hint="Check the address; set SSL_CERT_FILE if your organisation signs its own.",
            )
        case ssl.SSLError():
            return Unreachable(
                f"{where} does not speak TLS as it should: {first_words(error)}.",
                hint="A local server is usually reached with http://, not https://.",
            )
        case socket.gaierror():
            return Unreachable(
                f"No address is known for {where}.",
                hint="Check the host in base_url, and the network.",
            )
    hint = request.start_hint or "Check the address, and that the server is running."
    return Unreachable(f"Nothing listens at {where} ({name}).", hint=hint, passing=True)


def first_words(error: BaseException) -> str:
    """An error's text in one line that can stand inside a sentence."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:160].rstrip(".")
