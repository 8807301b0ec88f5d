"""Every row that is measured, and the table that they make."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from benchmarks.contenders import HTTPX, NEW, OLD, OURS, SOCKET
from benchmarks.figures import Results, Spread
from benchmarks.peers import ACP_VERSION

COLUMNS = {
    OLD: "Codex 0.42",
    NEW: "Codex 0.169",
    SOCKET: "bare socket",
    HTTPX: "httpx alone",
    OURS: "codex-ls",
}
PEERS = (OLD, NEW)
AGENT_COLUMNS = {NEW: f"codex-acp {ACP_VERSION}", OURS: "codex-ls acp"}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    key: str
    title: str
    unit: str
    target: str = ""
    digits: int = 0
    more_is_better: bool = False


ROWS = (
    Row("shell-wire", "shell: process start to request on the wire", "ms", "160, then 110"),
    Row("shell-first-text", "shell: first byte to first text on screen", "ms", "1", 2),
    Row("shell-first-text-sample", "the same, Codex 0.42 with the sample config", "ms", "", 0),
    Row("shell-lag-p50", "shell: text behind the wire, p50", "ms", "0.5", 2),
    Row("shell-lag-p99", "shell: text behind the wire, p99", "ms", "1.5", 2),
    Row("shell-cpu", "shell: CPU of a turn of 100 deltas", "ms", "160"),
    Row("shell-memory", "shell: memory at most", "MiB", "45"),
    Row("shell-cancel", "shell: Ctrl-C to connection closed", "ms", "20", 1),
    Row("prompt-tokens", "prompt of a one-line question", "tokens", "150"),
    Row("prompt-bytes", 'request sent for "hi"', "bytes"),
    Row("real-first-word", "real llama.cpp: start to first word on screen", "s", "", 2),
    Row("agent-cache", "real llama.cpp, with tools: follow-up's prompt in its cache", "%", "90"),
    Row("editor-start", "editor: start to `initialize` answered", "ms", "350, then less"),
    Row("editor-start-wire", "editor: start, greeting and a question, to wire", "ms"),
    Row(
        "editor-start-document",
        "editor: start, greeting, an open document and a question about it, to wire",
        "ms",
        "`initialize` + 60",
    ),
    Row("editor-wire-first", "editor: request to wire, first turn", "ms", "25", 1),
    Row("editor-wire-later", "editor: request to wire, later turns", "ms", "3", 1),
    Row("editor-lag-p50", "editor: delta behind the wire, p50", "ms", "0.6", 2),
    Row("editor-lag-p99", "editor: delta behind the wire, p99", "ms", "1.4", 2),
    Row(
        "burst-rate", "editor: 20,000 deltas at once", "deltas/s", "60,000", 0, more_is_better=True
    ),
    Row("burst-cpu", "editor: CPU for them", "s", "0.5", 2),
    Row("memory-idle", "editor: memory, idle", "MiB", "60"),
    Row("memory-after", "editor: memory after 20,000 deltas", "MiB", "65"),
    Row("million-memory", "editor: memory grown by an answer of 1,000,000 deltas", "MiB", "", 1),
    Row("million-text", "the text of that answer", "MiB", "", 1),
    Row("crowd-first-p99", "100 turns at once: first delta behind the wire, p99", "ms", "20", 1),
    Row("crowd-first-p99-at-once", "the same, all begun in the same instant", "ms", "", 1),
    Row("crowd-lag-p99", "100 turns at once: any delta behind the wire, p99", "ms", "", 1),
    Row("crowd-slowest", "100 turns at once: the slowest turn, against the paced time", "%", ""),
    Row("crowd-cpu", "100 turns at once: CPU, in percent of a core", "%"),
    Row("two-lag-p99", "50 turns in each of two processes: any delta, p99", "ms", "", 1),
    Row("two-cpu", "50 turns in each of two processes: CPU of both", "%"),
    Row("cancel-p50", "editor: cancel to connection closed, p50", "ms", "", 1),
    Row("cancel-p99", "editor: cancel to connection closed, p99", "ms", "20", 1),
)


AGENT_ROWS = (
    Row("acp-start", "start to `initialize` answered", "ms"),
    Row("acp-wire-first", "prompt to request on the wire, first turn", "ms", "", 1),
    Row("acp-wire-later", "prompt to request on the wire, later turns", "ms", "", 1),
    Row("acp-first-chunk", "first chunk behind the wire", "ms", "", 2),
    Row("acp-lag-p50", "delta behind the wire, p50", "ms", "", 2),
    Row("acp-lag-p99", "delta behind the wire, p99", "ms", "", 2),
    Row("acp-memory", "memory, idle", "MiB"),
)


def lines(
    results: Results,
    rows: Sequence[Row] = ROWS,
    columns: Mapping[str, str] = COLUMNS,
) -> list[list[str]]:
    """The table's cells, its heading first; rows that nobody was measured in are left out."""
    measured = [row for row in rows if row.key in results.samples]
    heading = ["what", "", *columns.values(), "better peer / codex-ls", "target", "load"]
    return [heading, *(_cells(row, results, columns) for row in measured)]


def markdown(
    results: Results,
    rows: Sequence[Row] = ROWS,
    columns: Mapping[str, str] = COLUMNS,
) -> str:
    """The table as Markdown."""
    heading, *rest = lines(results, rows, columns)
    aligned = ["---", "---", *["---:"] * (len(heading) - 2)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in (heading, aligned, *rest))


def plain(results: Results) -> str:
    """The tables for a terminal; without those in which nothing was measured."""
    tables = (lines(results), lines(results, AGENT_ROWS, AGENT_COLUMNS))
    return "\n\n".join(_padded(rows) for rows in tables if len(rows) > 1)


def _padded(rows: list[list[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    padded = (
        "  ".join(
            cell.ljust(width) if number < 2 else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ).rstrip()
        for cells in rows
    )
    return "\n".join(padded)


def _cells(row: Row, results: Results, columns: Mapping[str, str]) -> list[str]:
    spreads = [results.spread(row.key, contender) for contender in columns]
    shown = [_shown(spread, row.digits) for spread in spreads]
    load = results.load[row.key]
    return [row.title, row.unit, *shown, _ratio(row, results), row.target, f"{max(load):.1f}"]


def _shown(spread: Spread | None, digits: int) -> str:
    if spread is None:
        return "-"
    middle = f"{spread.median:,.{digits}f}"
    least, most = f"{spread.least:,.{digits}f}", f"{spread.most:,.{digits}f}"
    return middle if least == most else f"{middle} ({least} to {most})"


def _ratio(row: Row, results: Results) -> str:
    """How many times better codex-ls is than the better peer; below 1 it is worse."""
    ours = results.spread(row.key, OURS)
    peers: Sequence[float] = [
        spread.median for peer in PEERS if (spread := results.spread(row.key, peer))
    ]
    if ours is None or not ours.median or not peers:
        return "-"
    ratio = ours.median / max(peers) if row.more_is_better else min(peers) / ours.median
    return f"{ratio:,.2f}" if ratio < 10 else f"{ratio:,.0f}"
