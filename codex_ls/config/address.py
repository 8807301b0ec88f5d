"""What a base URL says about where a request will go: its origin, and whether that is this machine.

The rules are about names and numbers in the text alone; nothing is looked up. Whoever opens the
socket checks the address it really got (`providers/origin`). No sentence here repeats a URL's user
name, password or query, since those may hold a key.
"""

from ipaddress import IPv6Address, ip_address
from urllib.parse import SplitResult, urlsplit

_MAX_REPEATED_CHARS = 100
DEFAULT_PORTS = {"http": 80, "https": 443}


class AddressFault(ValueError):
    """What is wrong with an address: how a sentence goes on that began with its key ("must ...").

    `fix` is the next step, if there is one.
    """

    def __init__(self, sentence: str, fix: str | None = None) -> None:
        super().__init__(sentence)
        self.fix = fix


def checked_base_url(text: str) -> str:
    """`text` without outer blanks and trailing slashes, if requests can be sent there.

    Raises AddressFault.
    """
    url = text.strip()
    if not url.isprintable() or any(char.isspace() for char in url):
        raise AddressFault("must not contain spaces or control characters", "remove them.")
    if url.partition("://")[0].lower() not in DEFAULT_PORTS:
        raise AddressFault("must begin with http:// or https://", _with_scheme(url))
    try:
        parts = urlsplit(url)
    except ValueError:
        raise AddressFault("must be an address such as http://localhost:1234/v1") from None
    try:
        port = parts.port
    except ValueError:
        port = 0
    if port == 0:
        raise AddressFault(
            "must have a port from 1 to 65535, as in http://localhost:1234/v1",
            "write the port that the server says it listens on.",
        )
    if "%25" in parts.netloc:
        raise AddressFault("must have a single % before an IPv6 zone", "write % instead of %25.")
    if "@" in parts.netloc:
        raise AddressFault("must not contain a user name or password")
    if not parts.hostname:
        raise AddressFault("must name a host, as in http://localhost:1234/v1")
    if parts.query or parts.fragment or url.endswith(("?", "#")):
        raise AddressFault("must end with its path; what follows a ? belongs in query_params")
    return url.rstrip("/")


def _with_scheme(url: str) -> str | None:
    """The next step for an address without http://; one with another scheme is not repeated."""
    if url.startswith(("http:/", "https:/")):
        return f"write two slashes behind {url.partition(':')[0]}:."
    is_bare = "://" not in url and "@" not in url and "?" not in url and url[:1].isalnum()
    return f"write http://{url}" if is_bare and len(url) < _MAX_REPEATED_CHARS else None


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
