"""Which proxy the environment names for an address: asked for sentences, never for a connection.

The HTTP library decides for itself which way a request goes; what is told of it needs the variable's
name too, and that the library does not keep. No name or password of a proxy ever leaves here.
"""

from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from codex_ls.config.address import origin


class ProxySetting(NamedTuple):
    """The variable that names a proxy, and the proxy's scheme, host and port."""

    variable: str
    origin: str


def proxy_set_for(scheme: str, env: Mapping[str, str]) -> ProxySetting | None:
    """The proxy that is set for `http` or `https`; None if there is none."""
    for name in (f"{scheme}_proxy", f"{scheme}_proxy".upper(), "all_proxy", "ALL_PROXY"):
        if value := env.get(name, "").strip():
            return ProxySetting(name, _origin(value))
    return None


def is_exempt(host: str, env: Mapping[str, str]) -> bool:
    """Whether `NO_PROXY` names the host, or a domain above it."""
    listed = env.get("no_proxy") or env.get("NO_PROXY") or ""
    for entry in (part.strip().lower().removeprefix(".") for part in listed.split(",")):
        name = entry.rpartition(":")[0] if entry.count(":") == 1 else entry
        if name and (name == "*" or host == name or host.endswith(f".{name}")):
            return True
    return False


def proxy_for(url: str, env: Mapping[str, str]) -> ProxySetting | None:
    """The proxy that a request to `url` goes through, as far as the environment says."""
    parts = urlsplit(url)
    setting = proxy_set_for(parts.scheme, env)
    return None if setting is None or is_exempt(parts.hostname or "", env) else setting


def _origin(value: str) -> str:
    address = value if "://" in value else f"http://{value}"
    try:
        return origin(address)
    except ValueError:  # a port that is none
        return "an address that makes no sense"
