"""vLLM: `/version` says who it is; it only answers once its model is loaded.

What is left then is a prompt that is being read, or that waits for its turn: `/metrics` tells how many
do (a line for each engine). `/health` says nothing more: it is good wherever `/version` answers.
`/v1/models` has the window, `/tokenize` counts a conversation exactly.
"""

from typing import Any

from codex_ls.events import PhaseChanged
from codex_ls.providers.listing import listed_window
from codex_ls.providers.signals.metrics import gauge


async def look(ask: Any, model: str) -> PhaseChanged | None:  # noqa: ARG001  one model a server
    """`prompt`; None if this is no vLLM."""
    told = await ask("/version")
    return PhaseChanged("prompt") if isinstance(told, dict) and "version" in told else None


async def queue(ask: Any, model: str) -> int | None:
    """How many requests wait for their turn; None where `--disable-log-stats` hides it."""
    text = await ask("/metrics", as_text=True)
    return gauge(text, "vllm:num_requests_waiting", model) if isinstance(text, str) else None


async def window(ask: Any, model: str) -> int | None:
    """The tokens that one conversation may have."""
    listed = await ask("/v1/models")
    data = listed.get("data") if isinstance(listed, dict) else None
    for entry in data if isinstance(data, list) else ():
        if isinstance(entry, dict) and entry.get("id") == model:
            return listed_window(entry)
    return None


async def count(ask: Any, model: str, messages: list[dict[str, Any]]) -> int | None:
    """The exact number of prompt tokens (vLLM)."""
    told = await ask("/tokenize", {"model": model, "messages": messages})
    tokens = told.get("count") if isinstance(told, dict) else None
    return tokens if isinstance(tokens, int) else None
