"""Why there is no TLS connection: OpenSSL's reasons in words that name the cause, and the next step.

A certificate that is refused and a greeting that fails each have a handful of causes, and each cause
another remedy: "check the address" is right for one of five. Turns and the doctor say the same.
"""

import re
import ssl
from typing import NamedTuple

_CODE = re.compile(r"^\[[A-Z0-9_:. ]+\]\s*|\s*\(_ssl\.c:\d+\)$")

_NAMED = re.compile(r"certificate is not valid for '([^']*)'")


class TlsFault(NamedTuple):
    """How a sentence goes on that began with the address, and the next step."""

    words: str
    hint: str


_CERTIFICATES = (
    (
        "expired",
        "has an expired certificate",
        "Renew that certificate; if it is new, set this machine's clock.",
    ),
    (
        "not yet valid",
        "has a certificate that is not yet valid",
        "Set this machine's clock; if it is right, the server needs another certificate.",
    ),
    (
        "self-signed certificate in certificate chain",
        "has a certificate from an unknown issuer",
        "Set SSL_CERT_FILE to the certificate of the organisation that signed it.",
    ),
    (
        "self-signed",
        "has a self-signed certificate",
        "Set SSL_CERT_FILE to that certificate, if the server is yours.",
    ),
    (
        "local issuer",
        "has a certificate from an unknown issuer",
        "Set SSL_CERT_FILE to the certificate of the organisation that signed it.",
    ),
)
_GREETINGS = (
    (
        "wrong version number",
        "does not speak TLS",
        "Write http:// instead of https:// in base_url: local servers rarely speak TLS.",
    ),
    (
        "protocol version",
        "does not support TLS 1.2 or later",
        "Update that server, or the proxy in front of it.",
    ),
    (
        "certificate required",
        "requires a client certificate, which codex-ls does not support",
        "Use an address that accepts an API key instead.",
    ),
)


def certificate_fault(reason: str) -> TlsFault:
    """What is wrong with a certificate; `reason` is OpenSSL's `verify_message`."""
    if named := _NAMED.search(reason):
        return TlsFault(
            f"has a certificate for another host than {named[1]}",
            "Write the host that the certificate is for into base_url.",
        )
    for mark, words, hint in _CERTIFICATES:
        if mark in reason:
            return TlsFault(words, hint)
    return TlsFault(
        f"has an invalid certificate ({plain(reason)})",
        "Set SSL_CERT_FILE if your organisation signs its own.",
    )


def greeting_fault(reason: str) -> TlsFault | None:
    """What went wrong in a TLS greeting; None if `reason` is none of the known ones."""
    lowered = reason.lower()
    for mark, words, hint in _GREETINGS:
        if mark in lowered:
            return TlsFault(words, hint)
    return None


def fault_of(error: ssl.SSLError) -> TlsFault:
    """The fault behind an error of the TLS library."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return certificate_fault(error.verify_message or str(error))
    reason = plain(str(error))
    return greeting_fault(reason) or TlsFault(
        f"failed the TLS handshake ({reason})",
        "Write http:// instead of https:// in base_url, if it is a local server.",
    )


def plain(reason: str) -> str:
    """OpenSSL's text without its codes and the place in Python's source."""
    return _CODE.sub("", _CODE.sub("", reason)).rstrip(".")
