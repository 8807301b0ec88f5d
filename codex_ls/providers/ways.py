"""The two ways to a server: straight, or through the proxy that is set for it."""

import os
import sys

from codex_ls.config.address import is_loopback
from codex_ls.providers.direct import Direct
from codex_ls.providers.exchange import Transport


class Ways:
    """Both ways, with their connections; made when they are first needed."""

    def __init__(self) -> None:
        self._direct = Direct()
        self._proxied: Transport | None = None

    def to(self, url: str) -> Transport:
        """The way to `url`. Raises TransportError."""
        if not _may_be_proxied(url):
            return self._direct
        if self._proxied is None:
            from codex_ls.providers.proxied import Proxied  # 60 ms that few need

            self._proxied = Proxied()
        return self._proxied

    async def aclose(self) -> None:
        """Close every connection."""
        await self._direct.aclose()
        if self._proxied is not None:
            await self._proxied.aclose()


def _may_be_proxied(url: str) -> bool:
    """Whether a proxy is set that may be meant for `url`; none ever is for this machine."""
    if is_loopback(url):
        return False
    if sys.platform not in ("darwin", "win32") and not any(
        name.lower().endswith("_proxy") for name in os.environ
    ):
        return False
    from urllib.request import getproxies  # 15 ms

    return any(getproxies().get(scheme) for scheme in ("http", "https", "all"))
