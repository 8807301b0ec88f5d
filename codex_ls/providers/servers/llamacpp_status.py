"""llama.cpp: `/health` answers 503 with "Loading model" until the model is there (server README).

Reading the prompt is told inside the stream (`return_progress`) from its first token on, so nothing is
asked for that; a request that has no slot yet hears nothing, and `/metrics` (`--metrics`) tells how many
have none. `/props` has the window of one slot; `/apply-template` and `/tokenize` count a conversation
exactly.
"""

from typing import Any

from codex_ls.events import PhaseChanged
from codex_ls.providers.servers.metrics import gauge, token_count


async def look(ask: Any, model: str) -> PhaseChanged | None:  # noqa: ARG001  one model a server
    """`loading` or `prompt`; None if this is no llama.cpp."""
    health = await ask("/health")
    if not isinstance(health, dict):
        return None
    return _loading(health) or (PhaseChanged("prompt") if health.get("status") == "ok" else None)


async def recognise(ask: Any, model: str) -> PhaseChanged | None:
    """The same of a server that may be anything.

    A LiteLLM proxy answers `/health` by asking every model behind it a question, which may have to be
    paid; what it says to `/health/liveliness` costs nothing, and no other server says it.
    """
    props = await ask("/props")
    if isinstance(props, dict):
        if (loading := _loading(props)) is not None:
            return loading
        if "default_generation_settings" in props:
            return PhaseChanged("prompt")
    if isinstance(await ask("/health/liveliness"), str):
        return None
    return await look(ask, model)


async def queue(ask: Any, model: str) -> int | None:
    """How many requests wait for a slot; None where the server was not told to tell."""
    text = await ask("/metrics", as_text=True)
    return gauge(text, "llamacpp:requests_deferred", model) if isinstance(text, str) else None


async def window(ask: Any, model: str) -> int | None:  # noqa: ARG001  one model a server
    """The tokens that one conversation may have."""
    props = await ask("/props")
    settings = props.get("default_generation_settings") if isinstance(props, dict) else None
    return token_count(settings.get("n_ctx")) if isinstance(settings, dict) else None


async def count(ask: Any, model: str, messages: list[dict[str, Any]]) -> int | None:  # noqa: ARG001
    """The exact number of prompt tokens."""
    applied = await ask("/apply-template", {"messages": messages})
    prompt = applied.get("prompt") if isinstance(applied, dict) else None
    if not isinstance(prompt, str):
        return None
    told = await ask("/tokenize", {"content": prompt, "add_special": True, "parse_special": True})
    tokens = told.get("tokens") if isinstance(told, dict) else None
    return len(tokens) if isinstance(tokens, list) else None


def _loading(told: dict[str, Any]) -> PhaseChanged | None:
    error = told.get("error")
    if isinstance(error, dict) and "oading" in str(error.get("message", "")):
        return PhaseChanged("loading")
    return None
