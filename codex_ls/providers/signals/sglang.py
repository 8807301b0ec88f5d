"""SGLang: `/get_model_info` says who it is; it only answers once its model is loaded.

`/v1/loads` tells how many requests wait, whatever it was started with; before it there was only
`/metrics`, behind `--enable-metrics`. `/health` is not asked: an idle server then makes its model write
a token. The window and its count are asked for as with vLLM.
"""

from typing import Any

from codex_ls.events import PhaseChanged
from codex_ls.providers.signals.metrics import gauge


async def look(ask: Any, model: str) -> PhaseChanged | None:  # noqa: ARG001  one model a server
    """`prompt`; None if this is no SGLang."""
    for path in ("/get_model_info", "/get_server_info"):
        told = await ask(path)
        if isinstance(told, dict) and "model_path" in told:
            return PhaseChanged("prompt")
    return None


async def queue(ask: Any, model: str) -> int | None:
    """How many requests wait for their turn."""
    told = await ask("/v1/loads")
    loads = told.get("loads") if isinstance(told, dict) else None
    if isinstance(loads, list) and loads:
        waiting = [load.get("num_waiting_reqs") for load in loads if isinstance(load, dict)]
        counts = [count for count in waiting if isinstance(count, int)]
        return sum(counts) if counts else None
    text = await ask("/metrics", as_text=True)
    return gauge(text, "sglang:num_queue_reqs", model) if isinstance(text, str) else None
