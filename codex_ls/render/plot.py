"""A picture of how long the first word took, turn by turn: an SVG file that needs nothing else.

Time goes from left to right, seconds upwards in a logarithmic scale; each profile has its colour, and
its median a line.
"""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime
from xml.sax.saxutils import escape

Point = tuple[datetime, float]
"""A moment, and seconds."""

_WIDTH, _HEIGHT = 900, 420
_LEFT, _RIGHT, _TOP, _BOTTOM = 70, 20, 50, 60
# Okabe and Ito's colours, which people of every kind of colour vision tell apart.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
_LEAST_S = 0.01


def first_word_plot(series: Mapping[str, Sequence[Point]]) -> str:
    """The picture of these series, none of which is empty."""
    points = [point for values in series.values() for point in values]
    times = [at.timestamp() for at, _ in points]
    low, high = min(times), max(times)
    seconds = [max(value, _LEAST_S) for _, value in points]
    bottom = math.floor(math.log10(min(seconds)))
    top = max(bottom + 1, math.ceil(math.log10(max(seconds))))
    inner_width, inner_height = _WIDTH - _LEFT - _RIGHT, _HEIGHT - _TOP - _BOTTOM

    def x_of(at: datetime) -> float:
        share = (at.timestamp() - low) / (high - low) if high > low else 0.5
        return _LEFT + share * inner_width

    def y_of(value: float) -> float:
        share = (math.log10(max(value, _LEAST_S)) - bottom) / (top - bottom)
        return _TOP + (1 - share) * inner_height

    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
        f'<text x="{_LEFT}" y="20" font-size="15">Time to the first word, seconds</text>',
    ]
    for power in range(bottom, top + 1):
        y = y_of(10.0**power)
        parts.append(_grid_line(y, f"{10.0**power:g}"))
    first, last = min(at for at, _ in points), max(at for at, _ in points)
    for at, anchor in ((first, "start"), (last, "end")) if last > first else ((first, "middle"),):
        shown = at.strftime("%Y-%m-%d %H:%M")
        parts.append(
            f'<text x="{x_of(at):.1f}" y="{_HEIGHT - _BOTTOM + 20}" text-anchor="{anchor}">'
            f"{shown}</text>"
        )
    for number, (name, values) in enumerate(series.items()):
        colour = _COLOURS[number % len(_COLOURS)]
        middle = sorted(value for _, value in values)[len(values) // 2]
        parts += [
            f'<circle cx="{x_of(at):.1f}" cy="{y_of(value):.1f}" r="3.5" fill="{colour}"'
            ' fill-opacity="0.6"/>'
            for at, value in values
        ]
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y_of(middle):.1f}"'
            f' y2="{y_of(middle):.1f}" stroke="{colour}" stroke-dasharray="6 4"/>'
        )
        x = _LEFT + number * inner_width / max(len(series), 1)
        y = _HEIGHT - 15
        parts.append(f'<circle cx="{x + 5:.1f}" cy="{y - 4}" r="5" fill="{colour}"/>')
        parts.append(f'<text x="{x + 15:.1f}" y="{y}">{escape(name)}</text>')
    return "\n".join([*parts, "</svg>", ""])


def _grid_line(y: float, label: str) -> str:
    return (
        f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
        f'<text x="{_LEFT - 8}" y="{y + 4:.1f}" text-anchor="end">{label}</text>'
    )
