"""Sixty-four conversations at once for ten minutes: `make soak`, or `python -m benchmarks.soak --help`.

Prints what was seen, draws it over time, and exits 1 if any text was lost, doubled or mixed up, or
anything was left open. The load itself is `tests/soak`.
"""

import argparse
import asyncio
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.soak_plot import Panel, over_time
from tests.soak.load import Load, Soaked, soak
from tests.soak.samples import Sample, growth, percentile

_WARM_UP = 0.1
"""The share of the time in which the process still loads what it needs."""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--seconds", type=float, default=600)
    parser.add_argument("--users", type=int, default=64, help="conversations at once")
    parser.add_argument("--pause-ms", type=int, default=50, help="between two pieces of an answer")
    parser.add_argument("--pieces", type=int, default=60, help="at most, of thinking and of answer")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plot", type=Path, help="where the picture goes (SVG)")
    asked = parser.parse_args()
    load = Load(asked.seconds, asked.users, asked.pieces, asked.pause_ms, asked.seed)
    cpu_before = time.process_time()
    with tempfile.TemporaryDirectory() as home:
        seen = asyncio.run(soak(load, Path(home)))
    print(report(seen, load))
    print(f"(this client's own processor time: {time.process_time() - cpu_before:.0f} s)")
    if asked.plot is not None:
        asked.plot.write_text(picture(seen, load), encoding="utf-8")
        print(f"Drawn: {asked.plot}")
    sys.exit(1 if seen.faults or seen.open_at_the_end or seen.exit_code else 0)


def report(seen: Soaked, load: Load) -> str:
    """What was seen, in a few lines."""
    warm = [sample for sample in seen.samples if sample.at_s > _WARM_UP * load.seconds]
    rss = [(sample.at_s, sample.rss_kib / 1024) for sample in warm]
    files = [(sample.at_s, float(sample.descriptors)) for sample in warm]
    assert seen.at_rest is not None
    fates = ", ".join(f"{count:,} {fate}" for fate, count in sorted(seen.turns.items()))
    lines = (
        f"{load.users} conversations for {load.seconds:.0f} s, seed {load.seed}",
        f"turns             {sum(seen.turns.values()):,} ({fates}), and {seen.edits:,} edits",
        f"faults            {len(seen.faults)}",
        *(f"  {fault}" for fault in seen.faults[:20]),
        f"memory            {rss[0][1]:.1f} MiB warm, {rss[-1][1]:.1f} MiB at the end,"
        f" {growth(rss):+.1f} MiB by its slope",
        f"descriptors       {min(y for _, y in files):.0f} to {max(y for _, y in files):.0f},"
        f" {growth(files):+.1f} by their slope, {seen.at_rest.descriptors} at rest",
        f"connections       {max(sample.open_connections for sample in warm)} at most,"
        f" {seen.at_rest.open_connections} at rest, {seen.open_at_the_end} when the client has left",
        f"first word        {latency([ms for _, ms in seen.first_words])}",
        f"cancel to reply   {latency([ms for _, ms in seen.cancels])}",
        f"exit code         {seen.exit_code}",
    )
    return "\n".join(lines)


def latency(values: list[float]) -> str:
    """The usual and the worst."""
    return f"median {percentile(values, 0.5):.0f} ms, 99 % {percentile(values, 0.99):.0f} ms"


def picture(seen: Soaked, load: Load) -> str:
    """Memory, descriptors and latency over time."""

    def line(value: str) -> list[tuple[float, float]]:
        return [(sample.at_s, float(getattr(sample, value))) for sample in seen.samples]

    memory = [(at, kib / 1024) for at, kib in line("rss_kib")]
    first = {
        "median": windows(seen.first_words, seen.samples, share=0.5),
        "99 %": windows(seen.first_words, seen.samples, share=0.99),
    }
    return over_time(
        f"{load.users} conversations at once",
        Panel("Resident memory of the server, MiB", {"memory": memory}),
        Panel(
            "Open descriptors, and connections at the model server",
            {"descriptors": line("descriptors"), "connections": line("open_connections")},
        ),
        Panel("From the question to the first word, ms", first),
    )


def windows(
    points: list[tuple[float, float]], samples: list[Sample], *, share: float
) -> list[tuple[float, float]]:
    """A percentile in each of sixty windows of time."""
    width = samples[-1].at_s / 60
    sorted_in: dict[int, list[float]] = {}
    for at, value in points:
        sorted_in.setdefault(int(at / width), []).append(value)
    return [
        ((number + 0.5) * width, percentile(values, share))
        for number, values in sorted(sorted_in.items())
    ]


if __name__ == "__main__":
    main()
