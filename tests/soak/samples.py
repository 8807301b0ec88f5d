"""What a process holds, looked at again and again, and whether it grows."""

import os
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Sample:
    """One look: seconds since the start, and what there was."""

    at_s: float
    rss_kib: int
    descriptors: int
    threads: int
    turns: int
    """How many are being asked or answered."""
    open_connections: int
    """As the model server counts them."""


def holds(process_id: int) -> tuple[int, int, int]:
    """Resident memory in KiB, open descriptors, and threads of a process. Linux only."""
    proc = Path(f"/proc/{process_id}")
    fields = dict(
        line.split(":", 1) for line in (proc / "status").read_text().splitlines() if ":" in line
    )
    resident = int(fields["VmRSS"].split()[0])
    return resident, len(os.listdir(proc / "fd")), int(fields["Threads"])  # noqa: PTH208


def growth(points: Sequence[tuple[float, float]]) -> float:
    """By how much the values grow from the first point to the last, whatever single ones do.

    The median of the slopes between all pairs of points (Theil and Sen), times the whole time.
    """
    thinned = points[:: max(1, len(points) // 150)]
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in combinations(thinned, 2) if b[0] > a[0]]
    return statistics.median(slopes) * (points[-1][0] - points[0][0])


def percentile(values: Sequence[float], share: float) -> float:
    """A value that really occurred, which `share` of all do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
