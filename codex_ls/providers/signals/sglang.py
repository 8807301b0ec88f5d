"""SGLang: `/get_model_info` says who it is; it only answers once its model is loaded.

`/v1/loads` tells how many requests wait, whatever it was started with; earlier versions have
`/get_load`, still earlier ones only `/metrics`, behind `--enable-metrics`. `/health` is not asked: an
idle server then makes its model write a token. The window and its count are asked for as with vLLM.
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
    loads = told.get("loads") if isinstance(told, dict) else await ask("/get_load")
    if (waiting := _waiting(loads)) is not None:
        return waiting
    text = await ask("/metrics", as_text=True)
    return gauge(text, "sglang:num_queue_reqs", model) if isinstance(text, str) else None


def _waiting(loads: Any) -> int | None:
    """The sum over the engines of a server, each a scheduler of its own."""
    entries = [load for load in loads if isinstance(load, dict)] if isinstance(loads, list) else []
    counts = [entry.get("num_waiting_reqs") for entry in entries]
    known = [count for count in counts if isinstance(count, int) and count >= 0]
    return sum(known) if known else None
