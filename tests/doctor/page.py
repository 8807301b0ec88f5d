"""Makes docs/findings.md from the table of broken setups and the catalogue; part of `make generate`."""

from collections.abc import Iterable
from itertools import groupby
from pathlib import Path

from codex_ls.doctor.examine import STEPS
from tests.doctor.test_broken_setups import ROWS, Row
from tests.support import catalogue

PATH = Path(__file__).parents[2] / "docs" / "findings.md"

_HEAD = """# Doctor findings

Each setup on this page is created by a test on real sockets, and `codex-ls doctor` must report it with exactly these
sentences. `failed` means that no question can be answered; `warning` means that it works, but you should know.
The addresses are examples. [Troubleshooting](troubleshooting.md) explains how to run the doctor.
"""
_EXAMPLES = {
    "port": "1234",
    "neighbour": "11434",
}


def page(rows: Iterable[Row]) -> str:
    """Return the Markdown of the page: one table for each check, in the doctor's order."""
    order = {step.id: place for place, step in enumerate(STEPS)}
    titles = {step.id: step.title for step in STEPS}
    sections = [_HEAD]
    in_order = sorted(rows, key=lambda row: order[row.check])
    for check, group in groupby(in_order, key=lambda row: row.check):
        lines = [
            f"## {titles[check]}",
            "",
            "| setup | status | finding | next step |",
            "|---|---|---|---|",
        ]
        lines += [_line(row) for row in group]
        sections.append("\n".join(lines) + "\n")
    return "\n".join(sections)


def _line(row: Row) -> str:
    entry = catalogue.section("doctor")[row.name]
    cells = (
        row.name,
        row.status,
        catalogue.fill(entry.message, _EXAMPLES),
        catalogue.fill(entry.hint or "", _EXAMPLES),
    )
    return "| " + " | ".join(cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells) + " |"


if __name__ == "__main__":
    PATH.write_text(page(ROWS), encoding="utf-8")
