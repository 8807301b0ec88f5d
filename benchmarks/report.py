"""`docs/performance.md` and its pictures: what is measured is written anew, the prose stays."""

from datetime import UTC, datetime
from pathlib import Path

from benchmarks import crowd, growth, table
from benchmarks.contenders import HTTPX, NEW, OLD, OURS, SOCKET
from benchmarks.figures import Results
from benchmarks.machine import ROOT
from benchmarks.plot import Plot, Point

DOCUMENT = ROOT / "docs" / "performance.md"
PICTURES = ROOT / "docs" / "images"

_SHELL = {OURS: "codex-ls", OLD: "Codex 0.42", NEW: "Codex 0.169", HTTPX: "httpx", SOCKET: "socket"}
_EDITOR = {OURS: "codex-ls", NEW: "Codex 0.169 app-server"}


def write(results: Results, *, machine: str) -> list[Path]:
    """Write the document and the pictures; return what was written."""
    written = [_draw(name, plot) for name, plot in pictures(results).items()]
    measured = (
        f"Measured on {datetime.now(UTC):%Y-%m-%d}: {machine}. Each cell is the median, and in brackets"
        " the least and the greatest. `load` is the highest load average of the row, its own processes"
        f" included.\n\n{table.markdown(results)}"
    )
    replace_part("table", measured)
    if any(row.key in results.samples for row in table.AGENT_ROWS):
        agents = table.markdown(results, table.AGENT_ROWS, table.AGENT_COLUMNS)
        replace_part("agents", agents)
    replace_part("capacity", capacity(results))
    return [DOCUMENT, *written]


def capacity(results: Results) -> str:
    """What one process holds, and two, in sentences; empty if it was not measured."""
    keys = ("crowd-cpu", "crowd-lag-p99", "two-cpu", "two-lag-p99")
    spreads = [results.spread(key, OURS) for key in keys]
    middles = [spread.median for spread in spreads if spread is not None]
    if len(middles) < len(keys):
        return ""
    one_cpu, one_lag, two_cpu, two_lag = middles
    return (
        f"{crowd.TURNS} turns at once, {crowd.DELTAS_PER_S} deltas a second each, take {one_cpu:.0f} %"
        f" of a core in one process, and 99 of 100 deltas are with the editor within {one_lag:.1f} ms."
        f" By that share one process is full at about {crowd.TURNS / one_cpu * 100:,.0f} such turns"
        f" (reckoned, not tried). The same turns in two processes take {two_cpu:.0f} % of a core"
        f" together, and {two_lag:.1f} ms."
    )


def replace_part(name: str, text: str) -> None:
    """Put this between the document's markers of that name."""
    begin, end = f"<!-- measured: {name} -->", f"<!-- end: {name} -->"
    before, found, rest = DOCUMENT.read_text().partition(begin)
    _, closed, after = rest.partition(end)
    if not (found and closed):
        raise ValueError(f"{DOCUMENT.name} has no part {name}")
    DOCUMENT.write_text(f"{before}{begin}\n{text}\n{end}{after}")


def pictures(results: Results) -> dict[str, Plot]:
    """Every picture whose figures were measured, by the name of its file."""
    deltas, turns = "deltas in the answer, sent at once", "turns at once, 50 deltas a second each"
    plots = {
        "performance-length-shell": Plot(
            "Shell",
            deltas,
            "CPU per delta, microseconds (start-up included)",
            _series(results, "growth-shell-", growth.LENGTHS, _SHELL),
        ),
        "performance-length-delay": Plot(
            "Shell",
            "place in an answer of 4,000 deltas, 200 a second",
            "text behind the wire, p50 and p99, ms",
            {
                f"{name}, {share}": line
                for share in ("p50", "p99")
                for name, line in _series(
                    results, f"growth-delay-{share}-", growth.POSITIONS, _SHELL
                ).items()
            },
        ),
        "performance-length-editor": Plot(
            "Editor",
            deltas,
            "CPU per delta, microseconds",
            _series(results, "growth-editor-", growth.LENGTHS, _EDITOR),
        ),
        "performance-turns-lag": Plot(
            "Editor",
            turns,
            "delta behind the wire, p50 and p99, ms",
            {
                f"{name}, {share}": line
                for share in ("p50", "p99")
                for name, line in _series(
                    results, f"growth-lag-{share}-", crowd.CROWDS, _EDITOR
                ).items()
            },
        ),
        "performance-turns-cpu": Plot(
            "Editor",
            turns,
            "CPU per delta, microseconds",
            _series(results, "growth-cpu-", crowd.CROWDS, _EDITOR),
        ),
    }
    return {name: plot for name, plot in plots.items() if plot.series}


def _series(
    results: Results, row: str, places: tuple[int, ...], names: dict[str, str]
) -> dict[str, list[Point]]:
    """A line for each contender that was measured at all of these places."""
    lines = {}
    for contender, name in names.items():
        spreads = [results.spread(f"{row}{place}", contender) for place in places]
        line = [
            Point(place, spread.median, spread.least, spread.most)
            for place, spread in zip(places, spreads, strict=True)
            if spread is not None
        ]
        if len(line) == len(places):
            lines[name] = line
    return lines


def _draw(name: str, plot: Plot) -> Path:
    path = PICTURES / f"{name}.svg"
    path.write_text(plot.svg())
    return path
