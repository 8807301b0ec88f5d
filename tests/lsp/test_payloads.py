"""Figures in the words of the protocol: what is not known is not there."""

from typing import Any

from codex_ls.events import Timing, Usage
from codex_ls.lsp.payloads import timing_of, usage_of


def sent(usage: Usage) -> dict[str, Any]:
    counts = usage_of(usage)
    assert counts is not None
    return counts.dump()


def test_how_full_the_window_is_can_be_counted_from_the_usage() -> None:
    assert sent(Usage(2100, 530, context_window=8192)) == {
        "inputTokens": 2100,
        "outputTokens": 530,
        "contextWindow": 8192,
    }
    assert sent(Usage(2100, 530)) == {"inputTokens": 2100, "outputTokens": 530}
    assert sent(Usage(2100)) == {"inputTokens": 2100}
    assert usage_of(None) is None


def test_the_prompts_speed_says_if_it_was_counted_here() -> None:
    told = Timing(total_ms=9, prompt_tokens_per_second=612.345, estimated=False)
    assert timing_of(told).dump() == {
        "requestMs": 0,
        "totalMs": 9,
        "estimated": False,
        "promptTokensPerSecond": 612.35,
    }
    counted = Timing(
        total_ms=9, prompt_tokens_per_second=50.0, prompt_estimated=True, waited_ms=4200
    )
    assert timing_of(counted).dump() == {
        "requestMs": 0,
        "totalMs": 9,
        "estimated": True,
        "promptTokensPerSecond": 50.0,
        "promptEstimated": True,
        "waitedMs": 4200,
    }
