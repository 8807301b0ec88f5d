"""Keys from the editor's secret storage, asked for with `codex/secret` and kept in memory only."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable
from typing import Any

from codex_ls.lsp.protocol import SECRET, SecretParams
from codex_ls.lsp.replies import ClientError

Ask = Callable[[str, dict[str, Any]], Awaitable[Any]]


class Secrets:
    """What the user gave for this session. `enabled` says whether the client can be asked."""

    def __init__(self, ask: Ask) -> None:
        self.enabled = False
        self._ask = ask
        self._known: dict[tuple[str, str, str], str] = {}
        self._asking = asyncio.Lock()

    async def ask(self, provider: str, origin: str, env_key: str) -> str | None:
        """Return the key of a provider for one origin; None if the user gives none."""
        if not self.enabled:
            return None
        identity = (provider, origin, env_key)
        async with self._asking:  # two turns that need a key are one question to the user
            if identity not in self._known:
                params: SecretParams = {"provider": provider, "origin": origin, "envKey": env_key}
                answer: object = None
                with contextlib.suppress(ClientError):
                    answer = await self._ask(SECRET, dict(params))
                value = answer.get("value") if isinstance(answer, dict) else None
                if not isinstance(value, str) or not value:
                    return None
                self._known[identity] = value
            return self._known[identity]

    def forget(self, provider: str) -> None:
        """Ask again the next time: the model server refused this key."""
        for identity in [known for known in self._known if known[0] == provider]:
            del self._known[identity]
