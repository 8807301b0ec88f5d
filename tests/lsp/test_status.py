import pytest

from codex_ls.errors import Unreachable
from codex_ls.events import (
    ContentDelta,
    Event,
    Notice,
    Noticed,
    PhaseChanged,
    ReasoningDelta,
    RetryScheduled,
    Timing,
    TurnFinished,
    TurnStarted,
)
from codex_ls.lsp.stream import StatusLine, ending

STARTED = TurnStarted("u1", "h1", "m", "local")


@pytest.mark.parametrize(
    ("events", "now", "text"),
    [
        ([STARTED], 10.0, "Connecting"),
        ([STARTED], 13.2, "Waiting for the server, 3 s"),
        ([STARTED, PhaseChanged("loading")], 10.9, "Loading the model"),
        ([STARTED, PhaseChanged("loading")], 135.0, "Loading the model, 125 s"),
        ([STARTED, PhaseChanged("prompt", 0.4)], 10.5, "Reading the prompt, 40%"),
        ([STARTED, PhaseChanged("prompt", 0.4)], 12.5, "Reading the prompt, 40%, 2 s"),
        (
            [STARTED, PhaseChanged("prompt", waiting=3)],
            12.5,
            "Waiting for the server, queue of 3, 2 s",
        ),
        (
            [STARTED, PhaseChanged("prompt", waiting=3), PhaseChanged("prompt")],
            12.5,
            "Reading the prompt, 2 s",
        ),
        ([STARTED, PhaseChanged("thinking")], 10.4, "Thinking, 0.4 s"),
        ([STARTED, ReasoningDelta("x")], 22.0, "Thinking, 12 s"),
        ([STARTED, ContentDelta("x")], 11.25, "Answering, 1.2 s"),
        ([STARTED, *[ContentDelta("x")] * 51], 12.0, "Answering, 2.0 s, about 25 tokens/s"),
        (
            [STARTED, ReasoningDelta("x"), PhaseChanged("thinking", silent_ms=5_000)],
            17.4,
            "Thinking, no text for 12 s",
        ),
        (
            [
                STARTED,
                ReasoningDelta("x"),
                PhaseChanged("thinking", silent_ms=5_000),
                ReasoningDelta("y"),
            ],
            17.4,
            "Thinking, 7.4 s",
        ),
        (
            [STARTED, PhaseChanged("prompt", 0.4), PhaseChanged("prompt", silent_ms=5_000)],
            15.0,
            "Reading the prompt, 40%, 5 s",
        ),
        ([STARTED, ContentDelta("x"), Noticed(Notice("k", "m"))], 11.0, "Answering, 1.0 s"),
        ([STARTED, RetryScheduled(2, 5, 1500, "r")], 10.0, "Trying again after 1.5 s (2 of 5)"),
        (
            [STARTED, RetryScheduled(2, 5, 1500, "r"), PhaseChanged("connecting")],
            12.0,
            "Waiting for the server, 2 s",
        ),
    ],
)
def test_the_line_says_what_is_done_and_since_when(
    events: list[Event], now: float, text: str
) -> None:
    status = StatusLine()
    for event in events:
        status.follow(event, 10.0)
    assert status.text(now) == text


def test_a_phase_that_is_told_again_does_not_begin_again() -> None:
    status = StatusLine()
    status.follow(STARTED, 0.0)
    status.follow(ReasoningDelta("a"), 1.0)
    status.follow(ReasoningDelta("b"), 3.0)
    assert status.text(5.0) == "Thinking, 4.0 s"


MEASURED = Timing(
    total_ms=4100,
    first_reasoning_ms=800,
    first_content_ms=2000,
    output_tokens_per_second=41.3,
    estimated=False,
)
COUNTED = Timing(total_ms=12_300, first_content_ms=900, output_tokens_per_second=7.6)
UNKNOWN = Timing(total_ms=40)


@pytest.mark.parametrize(
    ("finished", "text"),
    [
        (
            TurnFinished("completed", "stop", "", "x", MEASURED),
            "Answered in 4.1 s, first word after 0.8 s, 41 tokens/s",
        ),
        (
            TurnFinished("completed", "stop", "", "x", COUNTED),
            "Answered in 12 s, first word after 0.9 s, about 8 tokens/s",
        ),
        (TurnFinished("completed", "stop", "", "", UNKNOWN), "Answered in 0.0 s"),
        (
            TurnFinished("truncated", "length", "", "x", MEASURED),
            "Cut off after 4.1 s, first word after 0.8 s, 41 tokens/s",
        ),
        (TurnFinished("cancelled", "cancelled", "", "x", MEASURED), "Stopped after 4.1 s"),
        (
            TurnFinished(
                "failed", "other", "", "", UNKNOWN, error=Unreachable("Nothing listens there.")
            ),
            "Failed: Nothing listens there.",
        ),
    ],
)
def test_the_last_line_has_the_figures(finished: TurnFinished, text: str) -> None:
    assert ending(finished) == text
