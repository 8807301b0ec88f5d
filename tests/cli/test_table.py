"""Tables: aligned where they fit, folded where the terminal is too narrow, whole in a pipe."""

import os
import struct
from collections.abc import Iterator
from contextlib import contextmanager
from io import StringIO

import pytest

from codex_ls.cli.output import Output
from codex_ls.cli.table import clipped, folded, table

pytest.importorskip("termios", reason="no pseudo-terminals on this system")

ROWS = [("a", "model-one", "12", "3.5"), ("longer", "m", "-", "120.25")]
HEADINGS = ("profile", "model", "turns", "speed")


@contextmanager
def terminal(columns: int) -> Iterator[Output]:
    import fcntl
    import termios

    master, slave = os.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 24, columns, 0, 0))
    with os.fdopen(slave, "w", encoding="utf-8") as stream:
        yield Output(stream)
    os.close(master)


@pytest.fixture
def pipe() -> Output:
    return Output(StringIO())


def test_rows_that_fit_are_aligned(pipe: Output) -> None:
    aligned = [
        "profile  model      turns   speed",
        "a        model-one     12     3.5",
        "longer   m              -  120.25",
    ]
    assert table(ROWS, pipe, headings=HEADINGS, left=2, fold_at=2) == aligned
    with terminal(33) as screen:
        assert table(ROWS, screen, headings=HEADINGS, left=2, fold_at=2) == aligned


def test_rows_that_do_not_fit_are_folded() -> None:
    with terminal(32) as screen:
        assert table(ROWS, screen, headings=HEADINGS, left=2, fold_at=2) == [
            "a        model-one\n     turns 12, speed 3.5",
            "longer   m\n     speed 120.25",
        ]
    with terminal(20) as screen:
        assert table([("x", "y" * 10, "z" * 12)], screen) == [
            f"x\n     {'y' * 10},\n     {'z' * 12}"
        ]


def test_wide_characters_count_as_two(pipe: Output) -> None:
    assert table([("中", "a"), ("xyz", "b")], pipe) == ["中   a", "xyz  b"]


def test_a_line_is_cut_or_folded_at_a_terminal_alone(pipe: Output) -> None:
    line = "one two three four"
    assert (clipped(line, pipe), folded(line, pipe, indent="  ")) == (line, line)
    with terminal(12) as screen:
        assert clipped(line, screen) == "one two thr…"
        assert clipped("short", screen) == "short"
    with terminal(20) as screen:
        assert folded(f"* {line} five", screen, indent="    ") == "* one two three four\n    five"


def test_no_rows_are_no_lines(pipe: Output) -> None:
    assert table([], pipe) == []
