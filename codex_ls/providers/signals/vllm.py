"""vLLM and SGLang: `/version` or `/get_server_info` says who it is; it only answers once it is loaded.

What is left then is a prompt that is being read, or that waits for its turn.
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
