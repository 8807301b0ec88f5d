"""What servers add to an OpenAI-like list of models: the window, under one name or another."""

from collections.abc import Mapping
from typing import Any

_WINDOW_KEYS = ("max_model_len", "context_length", "context_window")
"""vLLM and SGLang; several gateways; Groq. What a model was started with goes before its most."""


def listed_window(entry: Mapping[str, Any]) -> int | None:
    """The tokens that a listed model may have; None where its server does not tell."""
    return next(filter(None, (token_count(entry.get(key)) for key in _WINDOW_KEYS)), None)


def token_count(value: object) -> int | None:
    """A number from 1; None for everything else."""
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        return value
    return None
