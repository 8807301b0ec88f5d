"""vLLM and SGLang: `/version` or `/get_server_info` says who it is; it only answers once it is loaded.

What is left then is a prompt that is being read, or that waits for its turn. `/v1/models` has the window
(`max_model_len`), `/tokenize` counts a conversation exactly.
"""

from typing import Any

from codex_ls.events import PhaseChanged


async def look(ask: Any, model: str) -> PhaseChanged | None:  # noqa: ARG001  one model a server
    """`prompt`; None if this is neither."""
    for path, key in (("/version", "version"), ("/get_server_info", "model_path")):
        told = await ask(path)
        if isinstance(told, dict) and key in told:
            return PhaseChanged("prompt")
    return None


async def window(ask: Any, model: str) -> int | None:
    """The tokens that one conversation may have."""
    listed = await ask("/v1/models")
    data = listed.get("data") if isinstance(listed, dict) else None
    for entry in data if isinstance(data, list) else ():
        if isinstance(entry, dict) and entry.get("id") == model:
            length = entry.get("max_model_len")
            return length if isinstance(length, int) and length > 0 else None
    return None


async def count(ask: Any, model: str, messages: list[dict[str, Any]]) -> int | None:
    """The exact number of prompt tokens (vLLM)."""
    told = await ask("/tokenize", {"model": model, "messages": messages})
    tokens = told.get("count") if isinstance(told, dict) else None
    return tokens if isinstance(tokens, int) else None
