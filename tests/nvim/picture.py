"""The screen of an editor as an SVG: text stays text, so that a picture can be read and searched."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any
from xml.sax.saxutils import escape

from tests.nvim.grid import Cell

CELL_WIDTH = 8.4
CELL_HEIGHT = 18
BASELINE = 13.5
MARGIN = 10

Colours = tuple[str, str]


def colours(attributes: Mapping[str, Any], normal: Colours) -> Colours:
    """Return foreground and background of a cell as `#rrggbb`."""
    front, back = (
        f"#{attributes[key]:06x}" if key in attributes else default
        for key, default in zip(("foreground", "background"), normal, strict=True)
    )
    return (back, front) if attributes.get("reverse") else (front, back)


def runs(row: Sequence[Cell]) -> Iterator[tuple[int, int, str, Mapping[str, Any]]]:
    """Yield start, width, text and attributes of the stretches of a row that look the same."""
    start = 0
    for attributes, cells in groupby(row, key=lambda cell: dict(cell.attributes)):
        texts = [cell.text for cell in cells]
        yield start, len(texts), "".join(texts), attributes
        start += len(texts)


def svg(screen: Sequence[Sequence[Cell]], *, normal: Colours, title: str) -> str:
    """Return the picture of a screen."""
    width = len(screen[0]) * CELL_WIDTH + 2 * MARGIN
    height = len(screen) * CELL_HEIGHT + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img">',
        f"<title>{escape(title)}</title>",
        f'<rect width="100%" height="100%" rx="6" fill="{normal[1]}"/>',
        "<g font-family=\"ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace\""
        ' font-size="14" xml:space="preserve">',
    ]
    for number, row in enumerate(screen):
        top = MARGIN + number * CELL_HEIGHT
        for start, columns, text, attributes in runs(row):
            parts += _run(MARGIN + start * CELL_WIDTH, top, columns, text, attributes, normal)
    return "\n".join([*parts, "</g>", "</svg>", ""])


def _run(
    left: float, top: float, columns: int, text: str, attributes: Mapping[str, Any], normal: Colours
) -> Iterator[str]:
    front, back = colours(attributes, normal)
    width = columns * CELL_WIDTH
    if back != normal[1]:
        yield (
            f'<rect x="{left:g}" y="{top:g}" width="{width:g}" height="{CELL_HEIGHT}" fill="{back}"/>'
        )
    if not text.strip():
        return
    # One length for each stretch keeps the columns straight, whatever font the reader has.
    indent = len(text) - len(text.lstrip())
    shown = text.strip()
    look = ' font-weight="bold"' if attributes.get("bold") else ""
    look += ' font-style="italic"' if attributes.get("italic") else ""
    yield (
        f'<text x="{left + indent * CELL_WIDTH:g}" y="{top + BASELINE:g}" fill="{front}"'
        f' textLength="{len(shown) * CELL_WIDTH:g}"{look}>{escape(shown)}</text>'
    )
