"""Pictures of what changes over time, one panel below the other: an SVG file that needs nothing else."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from xml.sax.saxutils import escape

# Okabe and Ito's colours, which people of every kind of colour vision tell apart.
_COLOURS = ("#0072B2", "#D55E00")
_WIDTH, _PANEL = 800, 170
_LEFT, _RIGHT, _TOP, _GAP, _BOTTOM = 60, 16, 40, 40, 44
_TICKS = 4


@dataclass(frozen=True, slots=True)
class Panel:
    """One picture: lines of (seconds, value), from zero upwards."""

    name: str
    lines: Mapping[str, Sequence[tuple[float, float]]]


def over_time(title: str, *panels: Panel) -> str:
    """The panels over one scale of time."""
    height = _TOP + len(panels) * (_PANEL + _GAP) - _GAP + _BOTTOM
    end_s = max(at for panel in panels for line in panel.lines.values() for at, _ in line)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {height}"'
        ' font-family="sans-serif" font-size="12">',
        f'<rect width="{_WIDTH}" height="{height}" fill="white"/>',
        _text(_LEFT, 18, title, anchor="start", size=15),
    ]
    for number, panel in enumerate(panels):
        parts += _panel(panel, _TOP + number * (_PANEL + _GAP), end_s)
    is_long = end_s > 120
    for at in _steps(end_s / 60 if is_long else end_s):
        x = _x(at * 60 if is_long else at, end_s)
        parts.append(_text(x, height - _BOTTOM + 18, f"{at:g}"))
    unit = "minutes" if is_long else "seconds"
    parts.append(_text((_LEFT + _WIDTH - _RIGHT) / 2, height - 8, unit))
    return "\n".join([*parts, "</svg>", ""])


def _panel(panel: Panel, top: float, end_s: float) -> list[str]:
    ticks = _steps(max(value for line in panel.lines.values() for _, value in line))

    def y_of(value: float) -> float:
        return top + 20 + (1 - value / ticks[-1]) * (_PANEL - 20)

    parts = [_text(_LEFT, top + 8, panel.name, anchor="start")]
    for tick in ticks:
        y = y_of(tick)
        parts.append(
            f'<line x1="{_LEFT}" x2="{_WIDTH - _RIGHT}" y1="{y:.1f}" y2="{y:.1f}" stroke="#ddd"/>'
            + _text(_LEFT - 8, y + 4, f"{tick:g}", anchor="end")
        )
    for number, (name, line) in enumerate(panel.lines.items()):
        places = " ".join(f"{_x(at, end_s):.1f},{y_of(value):.1f}" for at, value in line)
        colour = _COLOURS[number]
        parts.append(
            f'<polyline points="{places}" fill="none" stroke="{colour}" stroke-width="1.5"/>'
        )
        if len(panel.lines) > 1:
            x = _WIDTH - _RIGHT - 100 * (len(panel.lines) - number)
            parts.append(f'<circle cx="{x}" cy="{top + 4:.1f}" r="5" fill="{colour}"/>')
            parts.append(_text(x + 10, top + 8, name, anchor="start"))
    return parts


def _x(at_s: float, end_s: float) -> float:
    return _LEFT + at_s / end_s * (_WIDTH - _LEFT - _RIGHT)


def _steps(largest: float) -> list[float]:
    """Round numbers from 0 to beyond `largest`."""
    raw = max(largest, 1e-9) / _TICKS
    power = 10.0 ** math.floor(math.log10(raw))
    step = next(power * factor for factor in (1, 2, 2.5, 5, 10) if power * factor >= raw)
    return [step * number for number in range(math.ceil(largest / step) + 1)]


def _text(x: float, y: float, text: str, *, anchor: str = "middle", size: int = 12) -> str:
    return (
        f'<text x="{x:.1f}" y="{y:.1f}" font-size="{size}" text-anchor="{anchor}">'
        f"{escape(text)}</text>"
    )
