"""`codex-ls stats`: which model is fast enough here, from the log of turns."""

import json
import os
import re
import sys
from collections.abc import Sequence
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from codex_ls.cli.argument_parser import ArgumentParser
from codex_ls.cli.output import Output, OutputFailed
from codex_ls.cli.table import table
from codex_ls.errors import InvalidParams

if TYPE_CHECKING:
    from codex_ls.turn.statistics import Figure, Summary
    from codex_ls.turn.turn_log import LoggedTurn

_UNITS = {"h": 1, "d": 24, "w": 24 * 7}
_HEADINGS = (
    "profile",
    "model",
    "turns",
    "failed",
    "first word: median",
    "95 %",
    "tokens/s: median",
    "slowest 5 %",
    "prompt tokens/s",
    "window: 95 %",
    "trend",
)


def run(argv: Sequence[str]) -> int:
    """Print the figures; 1 if there are none. Raises InvalidParams, OutputFailed."""
    parser = ArgumentParser(
        prog="codex-ls stats",
        description="Show response times on this machine, by profile and model. The log"
        " contains numbers only, no text of prompts or answers.",
    )
    parser.add_argument("-p", "--profile", metavar="NAME", help="only this profile")
    parser.add_argument("--since", metavar="AGE", help="such as 12h, 7d or 4w; default: everything")
    parser.add_argument("--plot", metavar="FILE.svg", type=Path, help="plot every turn")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parsed = parser.parse_args(argv)

    from codex_ls.turn.statistics import since, summaries
    from codex_ls.turn.turn_log import logged_turns

    age = None if parsed.since is None else _age(parsed.since)
    turns = logged = list(logged_turns(os.environ))
    if parsed.profile is not None:
        turns = [turn for turn in turns if parsed.profile == (turn.profile or turn.provider)]
    if age is not None:
        turns = since(turns, age, now=datetime.now(UTC))
    out = Output(sys.stdout)
    found = summaries(turns)
    if parsed.json:
        figures = {"summaries": [asdict(summary) for summary in found]}
        out.write(json.dumps(figures, ensure_ascii=False, indent=2) + "\n")
    elif not found:
        out.write(_nothing(logged, profile=parsed.profile, since=parsed.since))
    else:
        out.write(_table(found, out))
    if parsed.plot is not None and found:
        _draw(parsed.plot, turns)
        Output(sys.stderr, lossy=True).write(f"Drew {parsed.plot}.\n")
    return 0 if found else 1


def _age(text: str) -> timedelta:
    match = re.fullmatch(r"(\d{1,4})([hdw])", text)
    if match is None:
        what = text if text.strip() else "An empty text"
        raise InvalidParams(
            f"{what} is not a valid age.", hint="Use a value such as --since 12h, 7d or 4w."
        )
    return timedelta(hours=int(match[1]) * _UNITS[match[2]])


def _nothing(logged: Sequence["LoggedTurn"], *, profile: str | None, since: str | None) -> str:
    """What to say where no turn is left to count."""
    if not logged:
        return "The log contains no turns yet.\n"
    known = sorted({turn.profile or turn.provider for turn in logged})
    whose = "" if profile is None else f" of {profile}"
    when = "" if since is None else f" from the last {since}"
    hint = (
        f"hint: there are turns of {', '.join(known)}.\n" if profile not in (None, *known) else ""
    )
    return f"The log contains no turns{whose}{when}.\n{hint}"


def _table(found: Sequence["Summary"], out: Output) -> str:
    rows = table([_row(summary) for summary in found], out, headings=_HEADINGS, left=2, fold_at=2)
    lines = [f"{row}\n" for row in rows]
    if any(summary.is_estimated or summary.is_prompt_estimated for summary in found):
        lines.append("\n* partly measured here: the server reported no speed\n")
    return "".join(lines)


def _row(summary: "Summary") -> tuple[str, ...]:
    speed, mark = summary.tokens_per_second, "*" if summary.is_estimated else ""
    prompt, share = summary.prompt_tokens_per_second, summary.window_share
    prompt_mark = "*" if summary.is_prompt_estimated else ""
    return (
        summary.profile,
        summary.model,
        str(summary.turns),
        str(summary.failed or "-"),
        *_seconds(summary.first_word_ms),
        "-" if speed is None else f"{speed.median:.1f}{mark}",
        "-" if speed is None else f"{speed.p95:.1f}{mark}",
        "-" if prompt is None else f"{prompt.median:.0f}{prompt_mark}",
        "-" if share is None else f"{share.p95:.0%}",
        _trend(summary.trend),
    )


def _seconds(figure: "Figure | None") -> tuple[str, str]:
    if figure is None:
        return "-", "-"
    return f"{figure.median / 1000:.2f} s", f"{figure.p95 / 1000:.2f} s"


def _trend(trend: float | None) -> str:
    from codex_ls.turn.statistics import has_changed

    if trend is None:
        return "-"
    if not has_changed(trend):
        return "steady"
    return f"{abs(trend):.0%} {'slower' if trend > 0 else 'faster'}"


def _draw(path: Path, turns: Sequence["LoggedTurn"]) -> None:
    """Write the picture. Raises InvalidParams, OutputFailed."""
    from codex_ls.render.plot import Point, first_word_plot
    from codex_ls.turn.statistics import first_word_ms, when

    series: dict[str, list[Point]] = {}
    for turn in turns:
        at, first_ms = when(turn), first_word_ms(turn)
        if at is not None and first_ms is not None:
            name = turn.profile or turn.provider
            series.setdefault(f"{name}: {turn.model}", []).append(
                (at.astimezone(), first_ms / 1000)
            )
    if not series:
        raise InvalidParams("Nothing to plot: no turn produced any text.")
    try:
        path.write_text(first_word_plot(series), encoding="utf-8")
    except OSError as error:
        raise OutputFailed(f"{path} can't be written: {error.strerror}.") from error
