"""Whom a connection trusts: the same for a turn, for the doctor and for discovery."""

import os
import ssl


def client_context() -> ssl.SSLContext:
    """A client's TLS context; it trusts `SSL_CERT_FILE`, else `SSL_CERT_DIR`, else Mozilla's list.

    Loading certificates takes 20 ms. Raises OSError for a file that can't be read.
    """
    if file := os.environ.get("SSL_CERT_FILE"):
        context = ssl.create_default_context(cafile=file)
    elif folder := os.environ.get("SSL_CERT_DIR"):
        context = ssl.create_default_context(capath=folder)
    else:
        import certifi  # 5 ms that plain HTTP does not need

        context = ssl.create_default_context(cafile=certifi.where())
    context.set_alpn_protocols(["http/1.1"])
    return context
