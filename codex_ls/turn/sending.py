"""Where the requests of one turn go: an address, its headers, and the questions asked beside them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from codex_ls.providers.load_state import start_hint
from codex_ls.providers.origin import locked_to_this_machine, request_url, server_url
from codex_ls.providers.request import Limits, Request
from codex_ls.providers.signals import Signals
from codex_ls.wire import ModelCall, Quirks, request_for

if TYPE_CHECKING:
    from codex_ls.config.profile import ModelSettings, Provider
    from codex_ls.embedded.engine import Engine
    from codex_ls.providers.http import Answer, HttpClient


class Sending:
    """Sends a turn's requests to its provider."""

    def __init__(
        self, http: HttpClient, settings: ModelSettings, headers: Mapping[str, str]
    ) -> None:
        """`headers` hold the key, if there is one."""
        self.provider: Provider = settings.provider
        self.headers = dict(headers)
        self._http = http
        self._settings = settings

    def aim_at(self, engine: Engine) -> None:
        """Send to the built-in server from now on."""
        self.provider = replace(self.provider, base_url=engine.base_url)
        self.headers["Authorization"] = f"Bearer {engine.api_key}"

    async def send(self, call: ModelCall, quirks: Quirks) -> Answer:
        """Send a call and wait for the answer's head. Raises ProviderError or LocalOnly."""
        provider = self.provider
        path, body = request_for(provider.wire_api, call, quirks)
        url, headers = await self._aim(request_url(provider, path))
        limits = Limits.of(
            provider.base_url,
            idle_timeout_ms=provider.stream_idle_timeout_ms,
            connect_timeout_ms=provider.connect_timeout_ms,
            first_byte_timeout_ms=provider.first_byte_timeout_ms,
        )
        request = Request(
            url,
            headers,
            json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"),
            limits,
            provider.name,
            start_hint(provider),
        )
        return await self._http.send(request)

    def signals(self) -> Signals:
        """What the provider's server tells about itself."""

        async def ask(
            path: str, body: dict[str, Any] | None = None, /, *, as_text: bool = False
        ) -> Any:
            url, headers = await self._aim(server_url(self.provider, path))
            if as_text:
                return await self._http.get_text(url, headers)
            content = None if body is None else json.dumps(body).encode()
            return await self._http.get_json(
                url, headers, body=content, on_silence=signals.note_silence
            )

        signals = Signals(self.provider, self._settings.model, ask)
        return signals

    async def _aim(self, url: str) -> tuple[str, dict[str, str]]:
        """The address to send to, checked if the local-only lock is on, and the headers."""
        if not self._settings.local_only:
            return url, self.headers
        url, host = await locked_to_this_machine(url, self._settings)
        return url, {**self.headers, "Host": host}
