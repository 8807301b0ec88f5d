"""Figures that servers send beside the text, whatever they call them."""

from collections.abc import Mapping
from dataclasses import fields, replace
from typing import Any

from codex_ls.events import ServerTimings, Usage


def usage_of(usage: Mapping[str, Any], before: Usage | None = None) -> Usage | None:
    """Token counts under the names of either API; None if there are none.

    A count that is missing or null is taken from `before`, an earlier report of the same answer, or
    computed from the total.
    """
    inputs = _first_count(usage, "prompt_tokens", "input_tokens")
    outputs = _first_count(usage, "completion_tokens", "output_tokens")
    total = _first_count(usage, "total_tokens")
    if total is not None and (inputs is None) != (outputs is None):
        rest = total - (inputs or outputs or 0)
        inputs, outputs = (
            (inputs if inputs is not None else max(rest, 0)),
            (outputs if outputs is not None else max(rest, 0)),
        )
    into = usage.get("prompt_tokens_details") or usage.get("input_tokens_details")
    out = usage.get("completion_tokens_details") or usage.get("output_tokens_details")
    cached = number(into.get("cached_tokens")) if isinstance(into, dict) else None
    reasoning = number(out.get("reasoning_tokens")) if isinstance(out, dict) else None
    if cached is None:
        cached = number(usage.get("prompt_cache_hit_tokens"))  # DeepSeek
    if reasoning is None:
        reasoning = number(usage.get("reasoning_tokens"))
    return merged(
        before,
        Usage(
            inputs,
            outputs,
            None if cached is None else int(cached),
            None if reasoning is None else int(reasoning),
        ),
    )


def merged(before: Usage | None, usage: Usage) -> Usage | None:
    """`usage`, each count it lacks taken from `before`; None if no count of either is there."""
    if before is not None:
        earlier = {field.name: getattr(before, field.name) for field in fields(Usage)}
        usage = replace(
            usage, **{name: earlier[name] for name in earlier if getattr(usage, name) is None}
        )
    return None if usage.input_tokens is None and usage.output_tokens is None else usage


def _first_count(usage: Mapping[str, Any], *names: str) -> int | None:
    counts = (number(usage.get(name)) for name in names)
    return next((int(count) for count in counts if count is not None), None)


def timings_of(timings: Mapping[str, Any]) -> ServerTimings:
    """llama.cpp's `timings` object, in milliseconds and tokens per second."""
    prompt_ms, prompt_tokens = number(timings.get("prompt_ms")), number(timings.get("prompt_n"))
    return ServerTimings(
        prompt_ms=None if prompt_ms is None else round(prompt_ms),
        output_tokens_per_second=number(timings.get("predicted_per_second")),
        prompt_tokens=None if prompt_tokens is None else int(prompt_tokens),
    )


def usage_of_timings(timings: Mapping[str, Any]) -> Usage:
    """The counts in llama.cpp's `timings`; of the prompt only where it tells what a cache had."""
    read, cached = _first_count(timings, "prompt_n"), _first_count(timings, "cache_n")
    whole = None if read is None or cached is None else read + cached
    return Usage(whole, _first_count(timings, "predicted_n"), cached)


def number(value: Any) -> float | int | None:
    """`value` if it is a finite, non-negative number."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return None
    return value if 0 <= value < 1e15 else None
