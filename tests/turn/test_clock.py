"""Speeds are told where they mean something, and left out where they would be a matter of chance."""

import time

import pytest

from codex_ls.events import ServerTimings, Usage
from codex_ls.turn.clock import TurnClock


@pytest.fixture
def now(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The moment it is, in seconds."""
    moment = [100.0]
    monkeypatch.setattr(time, "perf_counter", lambda: moment[0])
    return moment


def clock_after(now: list[float], *, pieces: int, seconds: float) -> TurnClock:
    """A clock that has seen so many pieces of an answer in so many seconds."""
    clock = TurnClock(received_at=99.0)
    for _ in range(pieces):
        clock.content()
    now[0] += seconds
    return clock


@pytest.mark.parametrize(
    ("pieces", "seconds", "usage", "speed"),
    [
        (21, 1.0, None, 20.0),
        (21, 2.0, Usage(5, 41), 20.0),  # told counts are better than pieces
        (5, 40.0, None, 0.1),  # slow, and meant
        (5, 0.125, None, 32.0),
        (4, 3.0, None, None),  # too few
        (2, 0.001, None, None),
        (500, 0.05, None, None),  # too short: what a network does, not a model
        (500, 3.0, Usage(5, 2), None),
        (0, 3.0, Usage(5, 30), None),  # no text, no first word
    ],
)
def test_a_speed_is_counted_over_enough_tokens_and_time(
    now: list[float], pieces: int, seconds: float, usage: Usage | None, speed: float | None
) -> None:
    timing = clock_after(now, pieces=pieces, seconds=seconds).timing(usage)
    assert timing.estimated
    if speed is None:
        assert timing.output_tokens_per_second is None
    else:
        assert timing.output_tokens_per_second == pytest.approx(speed)


@pytest.mark.parametrize(
    # llama.cpp tells 1e6 tokens a second of an answer of one token
    ("tokens", "told", "speed"),
    [(1, 1e6, None), (4, 900.0, None), (5, 41.5, 41.5)],
)
def test_a_speed_that_the_server_told_counts_from_the_same_number_of_tokens_on(
    now: list[float], tokens: int, told: float, speed: float | None
) -> None:
    clock = clock_after(now, pieces=tokens, seconds=0.01)
    clock.server = ServerTimings(output_tokens_per_second=told)
    timing = clock.timing(Usage(5, tokens))
    assert (timing.output_tokens_per_second, timing.estimated) == (speed, False)
