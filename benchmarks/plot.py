"""Line plots as SVG files that need nothing else: both scales logarithmic, one line per series."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

# Okabe and Ito's colours, which people of every kind of colour vision tell apart.
_COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_WIDTH, _HEIGHT = 640, 360
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 44, 78


@dataclass(frozen=True, slots=True)
class Point:
    """One measured place of a line, and how far the measurements lay apart."""

    x: float
    y: float
    least: float
    most: float


@dataclass(frozen=True, slots=True)
class Plot:
    """What is drawn: the axes' names say the units."""

    title: str
    x_name: str
    y_name: str
    series: Mapping[str, Sequence[Point]]

    def svg(self) -> str:
        """The picture."""
        points = [point for line in self.series.values() for point in line]
        x_axis = _Axis.over([p.x for p in points], _LEFT, _WIDTH - _RIGHT)
        low_high = [y for p in points for y in (p.least, p.most)]
        y_axis = _Axis.over(low_high, _HEIGHT - _BOTTOM, _TOP)
        parts = [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {_HEIGHT}"'
            ' font-family="sans-serif" font-size="12">',
            f'<rect width="{_WIDTH}" height="{_HEIGHT}" fill="white"/>',
            _text(_LEFT, 20, f"{self.title}: {self.y_name}", size=15, anchor="start"),
            *(_grid_line(y_axis.at(tick), tick) for tick in y_axis.ticks()),
            *(
                _text(x_axis.at(tick), _HEIGHT - _BOTTOM + 18, f"{tick:,.0f}")
                for tick in x_axis.ticks()
            ),
            _text((_LEFT + _WIDTH - _RIGHT) / 2, _HEIGHT - _BOTTOM + 38, self.x_name),
        ]
        for number, (name, line) in enumerate(self.series.items()):
            parts += _line(number, name, line, x_axis, y_axis, share=1 / len(self.series))
        return "\n".join([*parts, "</svg>", ""])


@dataclass(frozen=True, slots=True)
class _Axis:
    """A logarithmic scale from one power of ten to another, between two places of the picture."""

    low: int
    high: int
    start: float
    end: float

    @classmethod
    def over(cls, values: Sequence[float], start: float, end: float) -> "_Axis":
        low = math.floor(math.log10(min(values)))
        return cls(low, max(low + 1, math.ceil(math.log10(max(values)))), start, end)

    def at(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def _line(
    number: int, name: str, line: Sequence[Point], x_axis: _Axis, y_axis: _Axis, *, share: float
) -> list[str]:
    colour = _COLOURS[number % len(_COLOURS)]
    places = [(x_axis.at(point.x), y_axis.at(point.y)) for point in line]
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in places)
    legend_x = _LEFT + number * (_WIDTH - _LEFT - _RIGHT) * share
    return [
        f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
        *(f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3.5" fill="{colour}"/>' for x, y in places),
        *(
            f'<line x1="{x:.1f}" x2="{x:.1f}" y1="{y_axis.at(point.least):.1f}"'
            f' y2="{y_axis.at(point.most):.1f}" stroke="{colour}"/>'
            for (x, _), point in zip(places, line, strict=True)
        ),
        f'<circle cx="{legend_x + 5:.1f}" cy="{_HEIGHT - 18}" r="5" fill="{colour}"/>',
        _text(legend_x + 15, _HEIGHT - 14, name, anchor="start"),
    ]


def _grid_line(y: float, value: float) -> str:
    line = f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
    return line + _text(_LEFT - 8, y + 4, f"{value:g}", anchor="end")


def _text(x: float, y: float, text: str, *, size: int = 12, anchor: str = "middle") -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )
