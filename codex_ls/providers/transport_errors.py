"""What went wrong between two sockets, as one of our errors: a sentence, and the next step."""

import socket
import ssl

import httpx

from codex_ls.config.address import origin
from codex_ls.errors import ProviderError, StreamBroken, Unreachable
from codex_ls.providers.request import Request


def told(request: Request, error: httpx.HTTPError) -> ProviderError:
    """A failure of the transport, in our words."""
    name, where = request.server_name, origin(request.url)
    match error:
        case httpx.ConnectTimeout():
            return Unreachable(
                f"{name} at {where} did not take the connection within"
                f" {request.limits.connect_s:g} s (connect limit).",
                hint=request.start_hint or "Check the address and the network.",
                passing=True,
            )
        case httpx.ConnectError():
            return _no_connection(request, error)
        case httpx.ProxyError():
            return Unreachable(f"The proxy in front of {name} refused: {_first_words(error)}.")
        case httpx.UnsupportedProtocol() | httpx.LocalProtocolError():
            return Unreachable(f"The request to {where} can't be made: {_first_words(error)}.")
        case _:
            return StreamBroken(
                f"{name} at {where} broke the connection off: {_first_words(error)}.",
                hint="Look at the model server's own log: it may have run out of memory.",
            )


def _no_connection(request: Request, error: httpx.ConnectError) -> Unreachable:
    name, where = request.server_name, origin(request.url)
    cause = _cause(error, (ssl.SSLError, OSError))
    if isinstance(cause, ssl.SSLCertVerificationError):
        reason = getattr(cause, "verify_message", "") or _first_words(error)
        return Unreachable(
            f"The certificate of {where} is not good: {reason}.",
            hint="Check the address; set SSL_CERT_FILE if your organisation signs its own.",
        )
    if isinstance(cause, ssl.SSLError):
        return Unreachable(
            f"{where} does not speak TLS as it should: {_first_words(error)}.",
            hint="A local server is usually reached with http://, not https://.",
        )
    if _is_name_error(error, cause):
        return Unreachable(
            f"No address is known for {where}.",
            hint="Check the host in base_url, and the network.",
        )
    hint = request.start_hint or "Check the address, and that the server is running."
    return Unreachable(f"Nothing listens at {where} ({name}).", hint=hint, passing=True)


def _is_name_error(error: Exception, cause: BaseException | None) -> bool:
    text = str(error)
    return isinstance(cause, socket.gaierror) or "Name or service" in text or "getaddrinfo" in text


def _cause(error: BaseException, kinds: tuple[type[BaseException], ...]) -> BaseException | None:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, kinds):
            return seen
        seen = seen.__cause__ or seen.__context__
    return None


def _first_words(error: Exception) -> str:
    text = " ".join(str(error).split()) or type(error).__name__
    return text[:160].rstrip(".")
