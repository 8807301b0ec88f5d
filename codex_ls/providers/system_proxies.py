"""The proxies that macOS and Windows are set up with, and the hosts that go past them.

Asked where no variable of the environment names a proxy, as urllib does. Python's own `proxy_bypass`
looks hosts up in the DNS for it; here exceptions are entries like those of `NO_PROXY`.
"""

import re
import sys
from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

_WITHOUT_A_DOT = "<local>"
"""Windows' word for host names without a dot, such as `intranet`."""
_NETWORK = re.compile(r"(\d{1,3}(?:\.\d{1,3}){0,3})(?:/(\d{1,2}))?")


class SystemProxies(NamedTuple):
    """What the system is set up with; nothing on Linux."""

    urls: Mapping[str, str]
    """By the scheme of the request: `http`, `https`."""
    exceptions: tuple[str, ...]


def system_proxies() -> SystemProxies:
    """What the system is set up with now."""
    if sys.platform == "darwin":
        return _of_macos()
    if sys.platform == "win32":
        return _of_windows()
    return SystemProxies({}, ())


def _of_macos() -> SystemProxies:
    import urllib.request  # its names for macOS are in no type stub

    module: Any = urllib.request
    settings = module._get_proxy_settings()  # noqa: SLF001 - there is no public way
    simple = (_WITHOUT_A_DOT,) if settings.get("exclude_simple") else ()
    exceptions = (*simple, *as_entries(settings.get("exceptions", ())))
    return SystemProxies(module.getproxies_macosx_sysconf(), exceptions)


def _of_windows() -> SystemProxies:
    import urllib.request

    module: Any = urllib.request
    override = ""
    if sys.platform == "win32":  # for mypy, which knows winreg nowhere else
        import winreg

        place = r"Software\Microsoft\Windows\CurrentVersion\Internet Settings"
        try:
            with winreg.OpenKey(winreg.HKEY_CURRENT_USER, place) as key:
                override = str(winreg.QueryValueEx(key, "ProxyOverride")[0])
        except OSError:
            pass  # there is none
    return SystemProxies(module.getproxies_registry(), as_entries(override.split(";")))


def as_entries(exceptions: Iterable[str]) -> tuple[str, ...]:
    """A system's exceptions as entries of `NO_PROXY`: `10.1` and `169.254/16` are ranges on macOS."""
    entries = []
    for exception in filter(None, (text.strip() for text in exceptions)):
        network = _NETWORK.fullmatch(exception)
        if network is None or (network[1].count(".") == 3 and network[2] is None):
            entries.append(exception)
            continue
        octets = network[1].split(".")
        bits = network[2] or 8 * len(octets)
        entries.append(f"{'.'.join((*octets, *('0',) * (4 - len(octets))))}/{bits}")
    return tuple(entries)
