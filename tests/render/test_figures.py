"""The line of figures: what is counted, what is estimated, what is left out."""

import pytest

from codex_ls.events import Timing, TurnFinished, Usage
from codex_ls.render.figures import figures_line


def finished(timing: Timing, usage: Usage | None = None) -> TurnFinished:
    return TurnFinished(
        status="completed",
        finish_reason="stop",
        reasoning="",
        content="4",
        timing=timing,
        usage=usage,
    )


@pytest.mark.parametrize(
    ("timing", "usage", "line"),
    [
        (
            Timing(
                total_ms=11_640,
                first_reasoning_ms=840,
                first_content_ms=4_000,
                output_tokens_per_second=38.46,
                estimated=False,
            ),
            Usage(input_tokens=50, output_tokens=1_412),
            "First word after 0.84 s, 1,412 tokens, 38.5 tokens/s, 11.6 s in all",
        ),
        (
            Timing(total_ms=2_000, first_content_ms=500, output_tokens_per_second=10.0),
            Usage(input_tokens=50, output_tokens=1),
            "First word after 0.50 s, 1 token, about 10.0 tokens/s (estimated), 2.00 s in all",
        ),
        (
            Timing(total_ms=2_500, first_reasoning_ms=500, output_tokens_per_second=10.0),
            None,
            "First word after 0.50 s, about 21 tokens, about 10.0 tokens/s (estimated),"
            " 2.50 s in all",
        ),
        (
            Timing(total_ms=9_000, first_reasoning_ms=2_250, prompt_ms=2_100, estimated=False),
            Usage(input_tokens=1_234, output_tokens=300, reasoning_tokens=120),
            "First word after 2.25 s, 300 tokens (120 of them thinking), 9.00 s in all,"
            " prompt of 1,234 tokens read in 2.10 s",
        ),
        (
            Timing(total_ms=900, first_content_ms=500, load_ms=12_345),
            None,
            "First word after 0.50 s, 0.90 s in all, model loaded in 12.3 s",
        ),
        (Timing(total_ms=900), None, "0.90 s in all"),
    ],
)
def test_figures(timing: Timing, usage: Usage | None, line: str) -> None:
    assert figures_line(finished(timing, usage)) == line
