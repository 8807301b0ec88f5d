"""The page of all broken setups (docs/findings.md), made of the rows of the test that tries them.

`python -m tests.doctor.page > docs/findings.md` writes it anew; a test says when that is due.
"""

import sys
from collections import defaultdict
from collections.abc import Iterable, Mapping
from itertools import groupby

from codex_ls.doctor.examine import STEPS
from tests.doctor.test_broken_setups import ROWS, Row

_HEAD = """# What the doctor finds

Every setup of this page is really arranged by a test, on real sockets, and the doctor has to say word for
word what stands here. `failed` keeps a question from being answered, `warning` does not. The addresses
are examples. [Troubleshooting](troubleshooting.md) tells how to ask the doctor.
"""
_EXAMPLES = defaultdict(
    lambda: "PORT",
    {
        "origin": "http://127.0.0.1:1234",
        "base_url": "http://127.0.0.1:1234/v1",
        "port": "1234",
        "neighbour": "11434",
    },
)


def page(rows: Iterable[Row]) -> str:
    """The Markdown of the page: one table for each check, in the doctor's order."""
    order = {step.id: place for place, step in enumerate(STEPS)}
    titles = {step.id: step.title for step in STEPS}
    sections = [_HEAD]
    in_order = sorted(rows, key=lambda row: order[row.check])
    for check, group in groupby(in_order, key=lambda row: row.check):
        lines = [
            f"## {titles[check]}",
            "",
            "| setup | | what it says | next step |",
            "|---|---|---|---|",
        ]
        lines += [_line(row, _EXAMPLES) for row in group]
        sections.append("\n".join(lines) + "\n")
    return "\n".join(sections)


def _line(row: Row, examples: Mapping[str, str]) -> str:
    cells = (
        row.arrange.__name__.replace("_", " "),
        row.status,
        row.detail.format_map(examples),
        (row.hint or "").format_map(examples),
    )
    return "| " + " | ".join(cell.replace("|", "\\|").replace("<", "&lt;") for cell in cells) + " |"


if __name__ == "__main__":
    sys.stdout.write(page(ROWS))
