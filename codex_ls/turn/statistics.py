"""Which model is fast enough here: medians, 95th percentiles and a trend, from the log of turns.

Pure figures over `LoggedTurn`s. The percentile is the nearest rank (the smallest value that at least 95
of 100 turns do not exceed), so that every number shown was really measured.
"""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from codex_ls.turn.turn_log import LoggedTurn

_MIN_TURNS_FOR_TREND = 8
_SAME_WITHIN = 0.1


@dataclass(frozen=True, slots=True)
class Figure:
    """A median and a 95th percentile; for a speed the 95th percentile is that of the slowest."""

    median: float
    p95: float
    count: int


@dataclass(frozen=True, slots=True)
class Summary:
    """How one model did under one profile; None where nothing was counted. Times are in ms."""

    profile: str
    model: str
    turns: int
    failed: int
    first_word_ms: Figure | None
    total_ms: Figure | None
    tokens_per_second: Figure | None
    is_estimated: bool
    """Whether a speed was counted here rather than told by the server."""
    prompt_tokens_per_second: Figure | None
    is_prompt_estimated: bool
    """The same of the speed at which prompts were read."""
    window_share: Figure | None
    """How much of the model's window turns filled, 1 is all of it."""
    trend: float | None
    """How the median time to the first word changed from the older half of the turns to the newer
    one: 0.25 is a quarter slower. None where there are too few turns."""


def summaries(turns: Iterable[LoggedTurn]) -> tuple[Summary, ...]:
    """One summary for each profile and model, the one that was used most first."""
    groups: dict[tuple[str, str], list[LoggedTurn]] = {}
    for turn in turns:
        groups.setdefault((turn.profile or turn.provider, turn.model), []).append(turn)
    found = (_summary(profile, model, group) for (profile, model), group in groups.items())
    return tuple(sorted(found, key=lambda summary: -summary.turns))


def first_word_ms(turn: LoggedTurn) -> int | None:
    """When the first word came, thinking or answer."""
    firsts = [ms for ms in (turn.first_reasoning_ms, turn.first_content_ms) if ms is not None]
    return min(firsts, default=None)


def window_share(turn: LoggedTurn) -> float | None:
    """How much of the model's window the prompt and what was written filled."""
    if not turn.window_tokens or turn.input_tokens is None:
        return None
    return (turn.input_tokens + (turn.output_tokens or 0)) / turn.window_tokens


def since(turns: Iterable[LoggedTurn], age: timedelta, *, now: datetime) -> list[LoggedTurn]:
    """The turns that are not older."""
    return [turn for turn in turns if (at := when(turn)) is not None and now - at <= age]


def when(turn: LoggedTurn) -> datetime | None:
    """The moment of a turn; None for one that nobody can read."""
    try:
        at = datetime.fromisoformat(turn.at)
    except ValueError:
        return None
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)


def percentile(values: Sequence[float], share: float) -> float:
    """The smallest value that at least this share of the values does not exceed."""
    ordered = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]


def median(values: Sequence[float]) -> float:
    """The middle one, or the mean of the two in the middle."""
    ordered, half = sorted(values), len(values) // 2
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


def has_changed(trend: float) -> bool:
    """Whether a trend is more than the usual ups and downs."""
    return abs(trend) > _SAME_WITHIN


def _summary(profile: str, model: str, turns: Sequence[LoggedTurn]) -> Summary:
    firsts = [float(ms) for turn in turns if (ms := first_word_ms(turn)) is not None]
    answered = [turn for turn in turns if turn.status == "completed"]
    speeds = [turn for turn in answered if turn.output_tokens_per_second is not None]
    readings = [turn for turn in answered if turn.prompt_tokens_per_second is not None]
    shares = [share for turn in turns if (share := window_share(turn)) is not None]
    return Summary(
        profile,
        model,
        turns=len(turns),
        failed=sum(turn.status == "failed" for turn in turns),
        first_word_ms=_figure(firsts),
        total_ms=_figure([float(turn.total_ms) for turn in answered]),
        tokens_per_second=_figure(
            [turn.output_tokens_per_second or 0.0 for turn in speeds], slowest=True
        ),
        is_estimated=any(turn.estimated for turn in speeds),
        prompt_tokens_per_second=_figure(
            [turn.prompt_tokens_per_second or 0.0 for turn in readings], slowest=True
        ),
        is_prompt_estimated=any(turn.prompt_estimated for turn in readings),
        window_share=_figure(shares),
        trend=_trend(firsts),
    )


def _figure(values: Sequence[float], *, slowest: bool = False) -> Figure | None:
    if not values:
        return None
    p95 = -percentile([-value for value in values], 0.95) if slowest else percentile(values, 0.95)
    return Figure(median(values), p95, len(values))


def _trend(values: Sequence[float]) -> float | None:
    half = len(values) // 2
    if len(values) < _MIN_TURNS_FOR_TREND or not (before := median(values[:half])):
        return None
    return median(values[-half:]) / before - 1
