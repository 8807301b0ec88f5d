"""vLLM and SGLang. Of vLLM `/version` says who it is; it only answers once its model is loaded.

What is left then is a prompt that is being read, or that waits for its turn: `/metrics` tells how many
do (a line for each engine). `/health` says nothing more: it is good wherever `/version` answers.
`/v1/models` has the window, `/tokenize` counts a conversation exactly.

SGLang has these two as well. Who it is `/get_model_info` says, which too answers only once its model is
loaded. `/v1/loads` tells how many requests wait, whatever it was started with; earlier versions have
`/get_load`, still earlier ones only `/metrics`, behind `--enable-metrics`. `/health` is not asked: an
idle server then makes its model write a token.
"""

from typing import Any

from codex_ls.events import PhaseChanged
from codex_ls.providers.servers.metrics import gauge, listed_window


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


async def sglang_look(ask: Any, model: str) -> PhaseChanged | None:  # noqa: ARG001  one model a server
    """`prompt`; None if this is no SGLang."""
    for path in ("/get_model_info", "/get_server_info"):
        told = await ask(path)
        if isinstance(told, dict) and "model_path" in told:
            return PhaseChanged("prompt")
    return None


async def sglang_queue(ask: Any, model: str) -> int | None:
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
