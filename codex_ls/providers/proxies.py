"""Which proxy a request goes through, and which hosts go past it.

httpx reads the same variables, but its `NO_PROXY` knows no ranges, takes no IPv6 number in brackets, and
raises for both; nor does it keep the variable's name, which a person needs who is told about it. The
rules are curl's and Go's; where those differ, the one that exempts more. No name or password of a proxy
is ever shown.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from typing import NamedTuple
from urllib.parse import urlsplit

from codex_ls.config.address import DEFAULT_PORTS, is_loopback
from codex_ls.providers.system_proxies import system_proxies

SYSTEM = "the system"
"""In the place of a variable: the system's own settings name the proxy."""
_VARIABLES = ("http_proxy", "https_proxy", "all_proxy")
_PROXY_PORTS = {**DEFAULT_PORTS, "socks5": 1080, "socks5h": 1080}


@dataclass(frozen=True, slots=True)
class Proxy:
    """A proxy, and the variable that names it."""

    variable: str
    """Such as `HTTPS_PROXY`, as it is spelled in the environment; or `the system`."""
    url: str = field(repr=False)
    """With its name and password: not to be shown."""
    exceptions: tuple[str, ...] = ()
    """The hosts that go past it, where the system names it and not a variable."""

    @property
    def name(self) -> str:
        """Who names it, for the beginning of a sentence."""
        return "The system" if self.variable == SYSTEM else self.variable

    @property
    def correction(self) -> str:
        """The next step where it is wrong."""
        if self.variable == SYSTEM:
            return "Correct the proxy in the system's network settings, or set HTTPS_PROXY."
        return "Correct that variable, or unset it."

    @property
    def origin(self) -> str:
        """Scheme, host and port: what may be shown."""
        try:
            parts = urlsplit(self.url)
            port = parts.port or _PROXY_PORTS.get(parts.scheme, 0)
        except ValueError:
            return "an invalid address"
        host = parts.hostname or ""
        shown = f"[{host}]" if ":" in host else host
        return f"{parts.scheme}://{shown}:{port}" if port else f"{parts.scheme}://{shown}"


def proxy_set_for(scheme: str, env: Mapping[str, str]) -> Proxy | None:
    """The proxy that is set for `http` or `https`; None if there is none.

    A variable in lower case counts before the same in upper case, and an empty one switches that off.
    Where the environment names no proxy at all, the system may (macOS, Windows).
    """
    for name in (f"{scheme}_proxy", "all_proxy"):
        variable = name if name in env else name.upper()
        if value := env.get(variable, "").strip():
            return Proxy(variable, value if "://" in value else f"http://{value}")
    if any(env.get(name) for name in env if name.lower() in _VARIABLES):
        return None
    system = system_proxies()
    if value := system.urls.get(scheme, ""):
        return Proxy(SYSTEM, value if "://" in value else f"http://{value}", system.exceptions)
    return None


def proxy_for(url: str, env: Mapping[str, str]) -> Proxy | None:
    """The proxy that a request to `url` goes through, as the environment says; never to this machine."""
    if is_loopback(url):
        return None
    proxy = proxy_set_for(urlsplit(url).scheme, env)
    return None if proxy is None or exemption(url, env, proxy) is not None else proxy


def exemption(url: str, env: Mapping[str, str], proxy: Proxy | None = None) -> str | None:
    """The entry that lets requests to `url` go past the proxy; None if none does.

    Entries are those of `NO_PROXY`, and the exceptions of a proxy that the system names.
    """
    target = _Target.of(url)
    entries = (*exemptions(env), *(proxy.exceptions if proxy is not None else ()))
    return next((entry for entry in entries if _Entry.of(entry).covers(target)), None)


def exemptions(env: Mapping[str, str]) -> tuple[str, ...]:
    """The entries of `NO_PROXY`, as they are written."""
    listed = env["no_proxy"] if "no_proxy" in env else env.get("NO_PROXY", "")
    return tuple(listed.replace(",", " ").split())


def unreadable_exemptions(env: Mapping[str, str]) -> tuple[str, ...]:
    """The entries of `NO_PROXY` that can't be meant as they stand: they exempt nothing."""
    return tuple(entry for entry in exemptions(env) if not _Entry.of(entry).is_readable)


class _Target(NamedTuple):
    """What `NO_PROXY` is compared with."""

    scheme: str
    host: str
    port: int
    number: IPv4Address | IPv6Address | None

    @classmethod
    def of(cls, url: str) -> "_Target":
        parts = urlsplit(url)
        host = _plain(parts.hostname or "")
        port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
        return cls(parts.scheme, host, port, _number(host))


class _Entry(NamedTuple):
    """`[scheme://]what[:port]`; `what` is a number, a range, a domain, a pattern or `*`."""

    scheme: str
    what: str
    port: str

    @classmethod
    def of(cls, text: str) -> "_Entry":
        scheme, _, rest = text.lower().rpartition("://")
        if "/" in rest:
            address, _, bits = rest.partition("/")
            if not bits:  # http://host/
                rest = address
            else:
                return cls(scheme, f"{address.strip('[]')}/{bits}", "")
        if rest.startswith("["):
            what, _, port = rest[1:].partition("]")
            return cls(scheme, what, port.removeprefix(":"))
        if rest.count(":") == 1:
            what, _, port = rest.partition(":")
            return cls(scheme, what, port)
        return cls(scheme, rest, "")

    @property
    def is_readable(self) -> bool:
        if "/" in self.what:
            return _range_holds(self.what, IPv4Address(0)) is not None
        return self.port in ("", "*") or self.port.isdecimal()

    def covers(self, target: _Target) -> bool:
        if self.scheme not in ("", "all", target.scheme) or not self.is_readable:
            return False
        if self.port not in ("", "*") and int(self.port) != target.port:
            return False
        if "/" in self.what:
            return target.number is not None and bool(_range_holds(self.what, target.number))
        if self.what == "<local>":
            return target.number is None and "." not in target.host
        if (number := _number(self.what)) is not None:
            return number == target.number
        domain = _plain(self.what.removeprefix("*").removeprefix("."))
        if self.what == "*" or (domain and target.host == domain):
            return True
        if "*" in domain:  # 192.168.*
            return fnmatchcase(target.host, domain)
        return bool(domain) and target.number is None and target.host.endswith(f".{domain}")


def _range_holds(text: str, number: IPv4Address | IPv6Address) -> bool | None:
    """Whether a range holds a number; None if it is no range. Only numbers are in ranges: no lookup."""
    try:
        network = ip_network(text, strict=False)
    except ValueError:
        return None
    return number.version == network.version and number in network


def _number(text: str) -> IPv4Address | IPv6Address | None:
    """The number that a host is, its zone left out; IPv4 that is written as IPv6 is IPv4."""
    try:
        number = ip_address(text.partition("%")[0])
    except ValueError:
        return None
    mapped = number.ipv4_mapped if isinstance(number, IPv6Address) else None
    return mapped or number


def _plain(host: str) -> str:
    """A host as names are compared: in lower case and ASCII, without the dot of the root."""
    host = host.lower().removesuffix(".")
    if host.isascii():
        return host
    try:
        return host.encode("idna").decode("ascii")
    except UnicodeError:
        return host
