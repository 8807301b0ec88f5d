"""Speeds are told where they mean something, and left out where they would be a matter of chance."""

import time

import pytest

from codex_ls.events import Phase, ServerTimings, Usage
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


@pytest.mark.parametrize(
    ("server", "usage", "speed"),
    [
        # told: llama.cpp's own numbers, and nobody else's
        (ServerTimings(prompt_ms=500, prompt_tokens=1000), Usage(9000, 5, 8000), (2000.0, False)),
        (ServerTimings(prompt_ms=500, prompt_tokens=1000), None, (2000.0, False)),
        (ServerTimings(prompt_ms=2, prompt_tokens=10), Usage(9000, 5), (None, False)),
        (ServerTimings(prompt_ms=0, prompt_tokens=100), Usage(100, 5), (None, False)),
        # a duration without the tokens: some of them may have been in a cache
        (ServerTimings(prompt_ms=500), Usage(1000, 5), (2000.0, True)),
        (ServerTimings(prompt_ms=5), Usage(1000, 5), (None, False)),
        # counted here, from the request to the first word: two seconds
        (ServerTimings(), Usage(1000, 5), (500.0, True)),
        (ServerTimings(), Usage(1000, 5, cached_input_tokens=900), (50.0, True)),
        (ServerTimings(), Usage(1000, 5, cached_input_tokens=990), (None, False)),
        (ServerTimings(), Usage(1000, 5, reasoning_tokens=3), (None, False)),  # thought unseen
        (ServerTimings(), None, (None, False)),
    ],
)
def test_how_fast_the_prompt_was_read(
    now: list[float],
    server: ServerTimings,
    usage: Usage | None,
    speed: tuple[float | None, bool],
) -> None:
    clock = TurnClock(received_at=99.0, written_at=98.0)
    clock.content()
    clock.server = server
    timing = clock.timing(usage)
    assert (timing.prompt_tokens_per_second, timing.prompt_estimated) == speed


@pytest.mark.parametrize("what", ["loading", "waiting", "retrying"])
def test_what_else_took_the_time_is_not_taken_for_reading(now: list[float], what: str) -> None:
    clock = TurnClock(received_at=99.0, written_at=98.0)
    phases: dict[str, Phase] = {"loading": "loading"}
    clock.phase(phases.get(what, "prompt"))
    clock.has_waited = what == "waiting"
    clock.retries = int(what == "retrying")
    clock.content()
    assert clock.timing(Usage(1000, 5)).prompt_tokens_per_second is None


def test_the_time_in_a_queue_goes_from_the_request_to_the_first_look_that_finds_it_empty(
    now: list[float],
) -> None:
    clock = TurnClock(received_at=99.0, written_at=99.5)
    clock.queued(None)
    assert clock.timing(None).waited_ms is None
    clock.queued(3)
    now[0] = 102.0
    clock.queued(None)
    now[0] = 105.0
    clock.queued(None)
    assert clock.timing(None).waited_ms == 2500


def clock_through(now: list[float], *phases: tuple[Phase, float]) -> TurnClock:
    """A clock that has seen these phases, each so many seconds long."""
    clock = TurnClock(received_at=99.0)
    for phase, seconds in phases:
        clock.phase(phase)
        now[0] += seconds
    return clock


@pytest.mark.parametrize(
    ("phases", "told_ms", "load"),
    [
        ([("loading", 12.0), ("prompt", 1.0)], None, (12_000, True)),
        ([("connecting", 1.0), ("loading", 2.0), ("prompt", 1.0)], None, (2000, True)),
        ([("loading", 12.0), ("prompt", 1.0)], 11_500, (11_500, False)),
        ([("loading", 0.01), ("connecting", 1.0)], None, (None, False)),  # it was there already
        ([("connecting", 1.0), ("loading", 60.0)], None, (None, False)),  # stopped before its end
        ([], None, (None, False)),
    ],
)
def test_how_long_a_model_was_loaded(
    now: list[float],
    phases: list[tuple[Phase, float]],
    told_ms: int | None,
    load: tuple[int | None, bool],
) -> None:
    clock = clock_through(now, *phases)
    clock.server = ServerTimings(load_ms=told_ms)
    timing = clock.timing(None)
    assert (timing.load_ms, timing.load_estimated) == load


@pytest.mark.parametrize(
    ("thought", "answered", "usage", "thinking"),
    [
        (30, 10, Usage(5, 40), 30),
        (30, 10, Usage(5, 80), 60),  # two tokens a piece
        (30, 10, Usage(5, 40, reasoning_tokens=28), None),  # the server knows better
        (30, 10, None, None),
        (0, 40, Usage(5, 40), None),
        (1, 1, Usage(5, 400), None),  # a server that does not stream
    ],
)
def test_thinking_is_counted_where_the_server_tells_the_sum_alone(
    thought: int, answered: int, usage: Usage | None, thinking: int | None
) -> None:
    clock = TurnClock(received_at=99.0)
    for _ in range(thought):
        clock.reasoning()
    for _ in range(answered):
        clock.content()
    assert clock.timing(usage).thinking_tokens == thinking


def test_an_answer_that_was_thinking_after_all_counts_as_that() -> None:
    clock = TurnClock(received_at=99.0)
    for _ in range(30):
        clock.content()
    clock.reclassified()
    for _ in range(10):
        clock.content()
    assert clock.timing(Usage(5, 40)).thinking_tokens == 30


def test_thinking_that_was_the_answer_counts_as_that() -> None:
    clock = TurnClock(received_at=99.0)
    for _ in range(30):
        clock.reasoning()
    clock.answered_in_thinking()
    timing = clock.timing(Usage(5, 30))
    assert timing.first_reasoning_ms is None
    assert timing.first_content_ms is not None


def test_a_count_that_was_not_sent_is_not_counted_as_zero(now: list[float]) -> None:
    clock = TurnClock(0.0, written_at=0.0)
    for number in range(30):
        now[0] = 1.0 + number / 10
        clock.reasoning()
    now[0] = 4.0
    timing = clock.timing(Usage(input_tokens=500))
    assert timing.output_tokens_per_second == pytest.approx(29 / 3)  # the pieces are counted
    assert timing.thinking_tokens is None
    assert timing.prompt_tokens_per_second == pytest.approx(500)
    unknown = clock.timing(Usage(output_tokens=60))
    assert unknown.prompt_tokens_per_second is None
    assert unknown.output_tokens_per_second == pytest.approx(59 / 3)
