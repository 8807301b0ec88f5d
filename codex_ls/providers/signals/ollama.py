"""Ollama: `/api/ps` lists the models in memory; one that is asked and not listed is being loaded."""

from typing import Any

from codex_ls.events import PhaseChanged


async def look(ask: Any, model: str) -> PhaseChanged | None:
    """`loading` or `prompt`; None if this is no Ollama."""
    running = await ask("/api/ps")
    if not isinstance(running, dict) or not isinstance(running.get("models"), list):
        return None
    wanted = {model, f"{model}:latest"}
    names = {
        entry.get(key)
        for entry in running["models"]
        if isinstance(entry, dict)
        for key in ("name", "model")
    }
    return PhaseChanged("prompt" if wanted & names else "loading")
