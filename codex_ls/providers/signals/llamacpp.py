"""llama.cpp: `/health` answers 503 with "Loading model" until the model is there (server README).

Reading the prompt is told inside the stream (`return_progress`), so nothing is asked for that.
"""

from typing import Any

from codex_ls.events import PhaseChanged


async def look(ask: Any, model: str) -> PhaseChanged | None:  # noqa: ARG001  one model a server
    """`loading` or `prompt`; None if this is no llama.cpp."""
    health = await ask("/health")
    if not isinstance(health, dict):
        return None
    error = health.get("error")
    if isinstance(error, dict) and "oading" in str(error.get("message", "")):
        return PhaseChanged("loading")
    return PhaseChanged("prompt") if health.get("status") == "ok" else None
