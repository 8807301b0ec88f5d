"""What a model server is doing while it says nothing: one small module for each kind of server.

Each has `look(ask, model)`: it asks its server's own interface and gives a phase, or None if the answer
is not that server's. `ask(path)` is a GET on the provider's own origin with the provider's own key; it
gives the JSON, or None for anything that went wrong. A look never delays a turn: it runs beside the
request, begins after the first quarter second of silence, and ends with it.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from codex_ls.config.address import is_loopback
from codex_ls.config.profile import Provider
from codex_ls.events import PhaseChanged
from codex_ls.providers.signals import llamacpp, lmstudio, ollama, vllm

Ask = Callable[[str], Awaitable[Any]]
Look = Callable[[Ask, str], Awaitable[PhaseChanged | None]]

_BY_ID: dict[str, Look] = {
    "llamacpp": llamacpp.look,
    "embedded": llamacpp.look,
    "lmstudio": lmstudio.look,
    "ollama": ollama.look,
    "vllm": vllm.look,
    "sglang": vllm.look,
}


class Signals:
    """The signals of one provider: the kind that answered once is the one that is asked again."""

    def __init__(self, provider: Provider, model: str) -> None:
        self._model = model
        known = _BY_ID.get(provider.id)
        if known is not None:
            self._looks: tuple[Look, ...] = (known,)
        elif is_loopback(provider.base_url):
            self._looks = (ollama.look, lmstudio.look, llamacpp.look, vllm.look)
        else:
            self._looks = ()  # a server elsewhere is asked for nothing but the answer

    def __bool__(self) -> bool:
        return bool(self._looks)

    async def look(self, ask: Ask) -> PhaseChanged | None:
        """What the server is doing, if it is of a kind that tells."""
        for look in self._looks:
            phase = await look(ask, self._model)
            if phase is not None:
                self._looks = (look,)
                return phase
        return None
