"""Rows in columns, folded where the terminal is too narrow for them.

A pipe gets one line a row, whatever its length: programs take lines apart.
"""

import textwrap
from collections.abc import Sequence

from codex_ls.cli.output import Output
from codex_ls.render.cells import cell_width, clip

_GAP = "  "


def table(
    rows: Sequence[Sequence[str]],
    out: Output,
    *,
    headings: Sequence[str] = (),
    left: int | None = None,
    fold_at: int = 1,
) -> list[str]:
    """A text for each row, of several lines where it is folded, without the last line's end.

    The headings stand in front as a row of their own, unless the rows are folded. `left` columns are
    aligned to the left, the others to the right; None: all of them. Where a line would be wider than
    the terminal, each row becomes its first `fold_at` cells with the others below them, each behind
    its heading if there are `headings`.
    """
    shown = [list(headings), *rows] if headings else list(rows)
    if not shown:
        return []
    widths = [max(map(cell_width, column)) for column in zip(*shown, strict=True)]
    columns = out.columns() if out.is_terminal else None
    if columns is not None and sum(widths) + len(_GAP) * (len(widths) - 1) > columns:
        return [_folded(row, headings, columns, fold_at, widths) for row in rows]
    count = len(widths) if left is None else left
    return [
        _GAP.join(
            _aligned(cell, width, is_left=number < count)
            for number, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in shown
    ]


def clipped(line: str, out: Output) -> str:
    """A line of a list, cut at the terminal's edge; whole in a pipe."""
    columns = out.columns() if out.is_terminal else None
    if columns is None or cell_width(line) <= columns:
        return line
    return clip(line, columns - 1).rstrip() + "…"


def folded(line: str, out: Output, *, indent: str) -> str:
    """A line that is wrapped between words where the terminal is too narrow; whole in a pipe."""
    if not out.is_terminal:
        return line
    width = max(out.columns(), 20)
    lines = textwrap.wrap(
        line, width, subsequent_indent=indent, drop_whitespace=True, break_on_hyphens=False
    )
    return "\n".join(lines) or line


def _folded(
    row: Sequence[str],
    headings: Sequence[str],
    columns: int,
    fold_at: int,
    widths: Sequence[int],
) -> str:
    first = _GAP.join(
        _aligned(cell, width, is_left=True)
        for cell, width in zip(row[:fold_at], widths, strict=False)
    ).rstrip()
    cells = [
        f"{headings[number]} {cell}" if headings else cell
        for number, cell in enumerate(row)
        if number >= fold_at and cell not in ("", "-")
    ]
    rest = textwrap.wrap(
        ", ".join(cells),
        max(columns, 20),
        initial_indent="     ",
        subsequent_indent="     ",
        break_on_hyphens=False,
    )
    return "\n".join([first, *rest])


def _aligned(cell: str, width: int, *, is_left: bool) -> str:
    blanks = " " * (width - cell_width(cell))
    return cell + blanks if is_left else blanks + cell
