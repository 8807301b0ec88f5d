"""Measured numbers, and the little statistics that they need."""

import math
import statistics
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Figure:
    """One measurement of one row for one contender, in the row's unit."""

    row: str
    contender: str
    value: float


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of some measurements, and the least and the greatest of them."""

    median: float
    least: float
    most: float
    count: int


@dataclass(slots=True)
class Results:
    """All figures of a run, by row and contender, and how busy the machine was at each row."""

    samples: dict[str, dict[str, list[float]]] = field(default_factory=dict)
    load: dict[str, list[float]] = field(default_factory=dict)

    def add(self, figure: Figure, *, load: float) -> None:
        """Keep a figure, and the machine's load when it was taken."""
        by_contender = self.samples.setdefault(figure.row, {})
        by_contender.setdefault(figure.contender, []).append(figure.value)
        self.load.setdefault(figure.row, []).append(load)

    def spread(self, row: str, contender: str) -> Spread | None:
        """What is known of a contender in a row."""
        values = self.samples.get(row, {}).get(contender)
        if not values:
            return None
        return Spread(statistics.median(values), min(values), max(values), len(values))


def percentile(values: Iterable[float], share: float) -> float:
    """The value that this share (0 to 1) of them does not exceed: a measured one, none between two."""
    ordered: Sequence[float] = sorted(values)
    return ordered[max(0, math.ceil(share * len(ordered)) - 1)]
