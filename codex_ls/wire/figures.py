"""Figures that servers send beside the text, whatever they call them."""

from collections.abc import Mapping
from typing import Any

from codex_ls.events import ServerTimings, Usage


def usage_of(usage: Mapping[str, Any]) -> Usage | None:
    """Token counts under the names of either API; None if there are none."""
    inputs = number(usage.get("prompt_tokens", usage.get("input_tokens")))
    outputs = number(usage.get("completion_tokens", usage.get("output_tokens")))
    if inputs is None and outputs is None:
        return None
    into = usage.get("prompt_tokens_details") or usage.get("input_tokens_details")
    out = usage.get("completion_tokens_details") or usage.get("output_tokens_details")
    cached = number(into.get("cached_tokens")) if isinstance(into, dict) else None
    reasoning = number(out.get("reasoning_tokens")) if isinstance(out, dict) else None
    if cached is None:
        cached = number(usage.get("prompt_cache_hit_tokens"))  # DeepSeek
    if reasoning is None:
        reasoning = number(usage.get("reasoning_tokens"))
    return Usage(
        int(inputs or 0),
        int(outputs or 0),
        None if cached is None else int(cached),
        None if reasoning is None else int(reasoning),
    )


def timings_of(timings: Mapping[str, Any]) -> ServerTimings:
    """llama.cpp's `timings` object, in milliseconds and tokens per second."""
    prompt_ms, prompt_tokens = number(timings.get("prompt_ms")), number(timings.get("prompt_n"))
    return ServerTimings(
        prompt_ms=None if prompt_ms is None else round(prompt_ms),
        output_tokens_per_second=number(timings.get("predicted_per_second")),
        prompt_tokens=None if prompt_tokens is None else int(prompt_tokens),
    )


def number(value: Any) -> float | int | None:
    """`value` if it is a finite, non-negative number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if 0 <= value < 1e15 else None
