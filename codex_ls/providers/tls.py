"""Whom a connection trusts: the same for a turn, for the doctor and for discovery."""

import ssl

import httpx


def context_for(*, secure: bool) -> ssl.SSLContext:
    """The TLS context of a client; the certificates of `SSL_CERT_FILE` or else the usual ones.

    Loading certificates takes 20 ms: plain HTTP gets a context that trusts nothing.
    """
    return httpx.create_ssl_context() if secure else ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
