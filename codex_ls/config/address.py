"""What a base URL says about where a request will go: its origin, and whether that is this machine.

The rules are about names and numbers in the text alone; nothing is looked up. Whoever opens the
socket checks the address it really got (`providers/origin`). No sentence here repeats a URL's user
name, password or query, since those may hold a key.
"""

from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443}


def checked_base_url(text: str) -> str:
    """`text` without outer blanks and trailing slashes, if requests can be sent there.

    Raises ValueError; its text is how a sentence goes on that began with the key's name ("must ...").
    """
    url = text.strip()
    if not url.isprintable() or any(char.isspace() for char in url):
        raise ValueError("must not hold blanks or control characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise ValueError("must be an address such as http://localhost:1234/v1") from None
    if parts.scheme not in DEFAULT_PORTS:
        raise ValueError("must begin with http:// or https://")
    if "@" in parts.netloc:
        raise ValueError("must not hold a user name or password")
    if not parts.hostname or port == 0:
        raise ValueError("must name a host, as in http://localhost:1234/v1")
    if parts.query or parts.fragment or url.endswith(("?", "#")):
        raise ValueError("must end with its path; what follows a ? belongs in query_params")
    return url.rstrip("/")


def origin(base_url: str) -> str:
    """`scheme://host:port` of a base URL, the port always written; empty for an empty one."""
    if not base_url:
        return ""
    parts = urlsplit(base_url)
    host = _host(parts)
    shown = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{shown}:{parts.port or DEFAULT_PORTS.get(parts.scheme, 0)}"


def is_loopback(base_url: str) -> bool:
    """True if the host is by its name or number this machine; also for an empty base URL.

    `localhost` and names under it (RFC 6761), 127.0.0.0/8, ::1, and 127.0.0.0/8 written as IPv6.
    0.0.0.0 and shorthand such as 127.1 don't count.
    """
    if not base_url:
        return True
    host = _host(urlsplit(base_url)).removesuffix(".")
    if host == "localhost" or host.endswith(".localhost"):
        return True
    if not host or not (host[-1].isdigit() or ":" in host):
        return False
    return _is_loopback_number(host)


def _is_loopback_number(host: str) -> bool:
    try:
        address = ip_address(host)
    except ValueError:
        return False
    mapped = address.ipv4_mapped if isinstance(address, IPv6Address) else None
    return (mapped or address).is_loopback


def _host(parts: SplitResult) -> str:
    return parts.hostname or ""
