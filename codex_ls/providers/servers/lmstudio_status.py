"""LM Studio: `/api/v1/models` lists each model with its loaded instances (0.4 and later).

Earlier versions have `/api/v0/models`, with a `state` for each.
"""

from dataclasses import dataclass
from typing import Any

from codex_ls.events import PhaseChanged
from codex_ls.providers.servers.metrics import token_count


async def look(ask: Any, model: str) -> PhaseChanged | None:
    """`loading` or `prompt`; None if this is no LM Studio."""
    state = await _state(ask, model)
    return None if state is None else PhaseChanged("prompt" if state.loaded else "loading")


async def window(ask: Any, model: str) -> int | None:
    """The tokens that the model was loaded for; None while it is not loaded."""
    state = await _state(ask, model)
    return None if state is None else state.window


@dataclass(frozen=True, slots=True)
class _State:
    loaded: bool
    window: int | None


async def _state(ask: Any, model: str) -> _State | None:
    listed = await ask("/api/v1/models")
    if isinstance(listed, dict) and isinstance(listed.get("models"), list):
        return _of_v1(listed["models"], model)
    listed = await ask("/api/v0/models")
    if isinstance(listed, dict) and isinstance(listed.get("data"), list):
        return _of_v0(listed["data"], model)
    return None


def _of_v1(models: list[Any], model: str) -> _State | None:
    for entry in models:
        if not isinstance(entry, dict) or "loaded_instances" not in entry:
            continue
        loaded = entry["loaded_instances"]
        instances = [i for i in loaded if isinstance(i, dict)] if isinstance(loaded, list) else []
        if model == entry.get("key") or any(model == i.get("id") for i in instances):
            configs = [i.get("config") for i in instances]
            windows = [token_count(c.get("context_length")) for c in configs if isinstance(c, dict)]
            return _State(bool(instances), next(filter(None, windows), None))
    return None


def _of_v0(models: list[Any], model: str) -> _State | None:
    for entry in models:
        if isinstance(entry, dict) and entry.get("id") == model and "state" in entry:
            return _State(
                entry["state"] == "loaded", token_count(entry.get("loaded_context_length"))
            )
    return None
