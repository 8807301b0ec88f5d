"""LM Studio: `/api/v1/models` lists each model with its loaded instances (0.4 and later).

Earlier versions have `/api/v0/models`, with a `state` for each.
"""

from typing import Any

from codex_ls.events import PhaseChanged


async def look(ask: Any, model: str) -> PhaseChanged | None:
    """`loading` or `prompt`; None if this is no LM Studio."""
    listed = await ask("/api/v1/models")
    if isinstance(listed, dict) and isinstance(listed.get("models"), list):
        return _of_v1(listed["models"], model)
    listed = await ask("/api/v0/models")
    if isinstance(listed, dict) and isinstance(listed.get("data"), list):
        return _of_v0(listed["data"], model)
    return None


def _of_v1(models: list[Any], model: str) -> PhaseChanged | None:
    for entry in models:
        if not isinstance(entry, dict) or "loaded_instances" not in entry:
            continue
        instances = [i for i in entry["loaded_instances"] or () if isinstance(i, dict)]
        if model == entry.get("key") or any(model == i.get("id") for i in instances):
            return PhaseChanged("prompt" if instances else "loading")
    return None


def _of_v0(models: list[Any], model: str) -> PhaseChanged | None:
    for entry in models:
        if isinstance(entry, dict) and entry.get("id") == model and "state" in entry:
            return PhaseChanged("prompt" if entry["state"] == "loaded" else "loading")
    return None
