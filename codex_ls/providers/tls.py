"""Whom a connection trusts: the same for a turn, for the doctor and for discovery."""

import os
import ssl

from codex_ls.providers.transport_errors import NoCertificates, first_words


def client_context() -> ssl.SSLContext:
    """A client's TLS context; it trusts `SSL_CERT_FILE`, else `SSL_CERT_DIR`, else Mozilla's list.

    Loading certificates takes 20 ms. Raises NoCertificates for a file that can't be read.
    """
    try:
        context = _context()
    except OSError as error:  # ssl.SSLError is one
        variable = next(filter(os.environ.get, ("SSL_CERT_FILE", "SSL_CERT_DIR")), None)
        reason = (
            "it holds no certificate" if isinstance(error, ssl.SSLError) else first_words(error)
        )
        place = os.environ[variable] if variable else _bundled()
        what = variable or "The list of certificates"
        raise NoCertificates(
            f"{what} can't be used: {place}: {reason}", is_chosen=variable is not None
        ) from None
    context.set_alpn_protocols(["http/1.1"])
    return context


def _context() -> ssl.SSLContext:
    if file := os.environ.get("SSL_CERT_FILE"):
        return ssl.create_default_context(cafile=file)
    if folder := os.environ.get("SSL_CERT_DIR"):
        return ssl.create_default_context(capath=folder)
    return ssl.create_default_context(cafile=_bundled())


def _bundled() -> str:
    """Mozilla's list."""
    import certifi  # 5 ms that plain HTTP does not need

    return certifi.where()
