"""Ollama: `/api/ps` lists the models in memory; one that is asked and not listed is being loaded.

It also has the window each was loaded with; `/api/show` has the window a model could have. Ollama cuts a
prompt that does not fit without a word, so these two numbers matter more here than anywhere.
"""

from typing import Any

from codex_ls.events import PhaseChanged
from codex_ls.providers.servers.metrics import token_count


async def look(ask: Any, model: str) -> PhaseChanged | None:
    """`loading` or `prompt`; None if this is no Ollama."""
    running = await ask("/api/ps")
    if not isinstance(running, dict) or not isinstance(running.get("models"), list):
        return None
    return PhaseChanged("loading" if _entry(running["models"], model) is None else "prompt")


async def window(ask: Any, model: str) -> int | None:
    """The tokens that the model was loaded for; None while it is not loaded."""
    running = await ask("/api/ps")
    models = running.get("models") if isinstance(running, dict) else None
    entry = _entry(models, model) if isinstance(models, list) else None
    return token_count(entry.get("context_length")) if entry is not None else None


async def largest_window(ask: Any, model: str) -> int | None:
    """The tokens that the model was made for."""
    shown = await ask("/api/show", {"model": model})
    info = shown.get("model_info") if isinstance(shown, dict) else None
    if not isinstance(info, dict):
        return None
    lengths = (value for key, value in info.items() if str(key).endswith(".context_length"))
    return next(filter(None, map(token_count, lengths)), None)


def _entry(models: list[Any], model: str) -> dict[str, Any] | None:
    wanted = (model, f"{model}:latest")
    for entry in models:
        if isinstance(entry, dict) and (
            entry.get("name") in wanted or entry.get("model") in wanted
        ):
            return entry
    return None
