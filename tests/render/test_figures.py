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


SLOW = Timing(
    total_ms=31_600,
    first_reasoning_ms=14_840,
    first_content_ms=24_000,
    load_ms=12_345,
    prompt_ms=2_100,
    output_tokens_per_second=38.46,
    estimated=False,
    prompt_tokens_per_second=587.6,
)
QUICK = Timing(
    total_ms=2_640,
    first_content_ms=190,
    load_ms=40,
    prompt_ms=110,
    output_tokens_per_second=38.46,
    estimated=False,
    prompt_tokens_per_second=745.4,
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
            "Thinking after 0.84 s, answer after 4.00 s, 1,412 tokens, 38.5 tokens/s, 11.6 s total",
        ),
        (
            Timing(total_ms=2_000, first_content_ms=500, output_tokens_per_second=10.0),
            Usage(input_tokens=50, output_tokens=1),
            "First word after 0.50 s, 1 token, about 10.0 tokens/s, 2.00 s total",
        ),
        (
            Timing(total_ms=2_500, first_reasoning_ms=500, output_tokens_per_second=10.0),
            None,
            "First word after 0.50 s, about 21 tokens, about 10.0 tokens/s, 2.50 s total",
        ),
        (
            Timing(total_ms=9_000, first_reasoning_ms=2_250, prompt_ms=2_100, estimated=False),
            Usage(input_tokens=1_234, output_tokens=300, reasoning_tokens=120),
            "First word after 2.25 s, 300 tokens (120 thinking), 9.00 s total,"
            " prompt of 1,234 tokens read in 2.10 s",
        ),
        (
            Timing(
                total_ms=9_000,
                first_content_ms=2_250,
                prompt_tokens_per_second=548.4,
                prompt_estimated=True,
            ),
            Usage(input_tokens=1_234, output_tokens=300),
            "First word after 2.25 s, 300 tokens, 9.00 s total,"
            " prompt of 1,234 tokens read at about 548/s",
        ),
        (
            Timing(total_ms=2_500, first_content_ms=500, output_tokens_per_second=10.0),
            Usage(input_tokens=12, context_window=100),
            "First word after 0.50 s, about 21 tokens, about 10.0 tokens/s, 2.50 s total,"
            " 12% of a window of 100",
        ),
        (
            Timing(total_ms=900, first_content_ms=500),
            Usage(input_tokens=12),
            "First word after 0.50 s, 0.90 s total",
        ),
        (
            Timing(total_ms=900, first_content_ms=500, prompt_ms=200),
            Usage(output_tokens=3, context_window=100),
            "First word after 0.50 s, 3 tokens, 0.90 s total",
        ),
        (
            Timing(total_ms=900, first_content_ms=500, load_ms=12_345),
            None,
            "First word after 0.50 s, 0.90 s total, model loaded in 12.3 s",
        ),
        (
            SLOW,
            Usage(5_330, 1_000, cached_input_tokens=4_096, context_window=8_192),
            "Thinking after 14.8 s, answer after 24.0 s, 1,000 tokens, 38.5 tokens/s,"
            " 31.6 s total, model loaded in 12.3 s,"
            " prompt of 5,330 tokens (4,096 cached) read in 2.10 s at 588/s,"
            " 77% of a window of 8,192",
        ),
        (
            QUICK,
            Usage(82, 20, context_window=32_768),
            "First word after 0.19 s, 20 tokens, 38.5 tokens/s, 2.64 s total,"
            " prompt of 82 tokens read in 0.11 s at 745/s, less than 1% of a window of 32,768",
        ),
        (
            Timing(total_ms=20_100, first_content_ms=19_900, load_ms=14_000, load_estimated=True),
            None,
            "First word after 19.9 s, 20.1 s total, model loaded in about 14.0 s",
        ),
        (
            Timing(total_ms=13_700, first_content_ms=13_500, waited_ms=12_900),
            None,
            "First word after 13.5 s, 13.7 s total, waited 12.9 s in a queue",
        ),
        (Timing(total_ms=900), None, "0.90 s total"),
    ],
)
def test_figures(timing: Timing, usage: Usage | None, line: str) -> None:
    assert figures_line(finished(timing, usage)) == line


def test_on_a_terminal_what_explains_little_goes_before_the_line_wraps() -> None:
    quick = finished(QUICK, Usage(82, 20, context_window=32_768))
    base = "First word after 0.19 s, 20 tokens, 38.5 tokens/s, 2.64 s total"
    assert figures_line(quick, columns=80) == base
    assert figures_line(quick, columns=120) == (
        f"{base}, prompt of 82 tokens read in 0.11 s at 745/s"
    )
    assert figures_line(quick, columns=200) == figures_line(quick)
    assert figures_line(quick, columns=50) == "First word 0.19 s, 20 tokens, 2.64 s total"
    assert figures_line(quick, columns=20) == "First word 0.19 s, 2.64 s total"


def test_a_long_wait_and_a_full_window_are_never_left_out() -> None:
    slow = finished(SLOW, Usage(5_330, 1_000, cached_input_tokens=4_096, context_window=8_192))
    assert figures_line(slow, columns=240) == figures_line(slow)
    assert figures_line(slow, columns=80) == (
        "Answer 24.0 s, 31.6 s total, load 12.3 s, prompt 2.10 s, window 77% full"
    )
    assert figures_line(slow, columns=120) == (
        "Thinking 14.8 s, answer 24.0 s, 1,000 tokens, 38.5 tokens/s, 31.6 s total, load 12.3 s,"
        " prompt 2.10 s, window 77% full"
    )
    roomy = finished(SLOW, Usage(5_330, 1_000, context_window=131_072))
    assert "window" in figures_line(roomy)
    assert "window" not in figures_line(roomy, columns=80)
