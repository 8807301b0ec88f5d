"""What each combination of terminals, flags and environment shows where."""

import io
import os
import pty
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from codex_ls.cli.output import Output
from codex_ls.cli.terminal import Color, Thinking, plan_layout
from codex_ls.render.human import EVERY_SOURCE, Layout


@pytest.fixture
def screen() -> Iterator[Output]:
    """A terminal of 80 columns."""
    master, slave = pty.openpty()
    with os.fdopen(slave, "w", encoding="utf-8") as stream:
        yield Output(stream)
    os.close(master)


@pytest.fixture
def file(tmp_path: Path) -> Iterator[Output]:
    with (tmp_path / "out").open("w", encoding="utf-8") as stream:
        yield Output(stream)


def planned(
    out: Output,
    err: Output,
    *,
    color: Color = "auto",
    thinking: Thinking = "auto",
    env: Mapping[str, str] | None = None,
) -> Layout:
    return plan_layout(
        out=out, err=err, env=env or {}, color=color, thinking=thinking, sources=EVERY_SOURCE
    )


ON_SCREEN = Layout(
    thinking="out",
    status="out",
    out_is_terminal=True,
    one_screen=True,
    dim_out=True,
    dim_err=True,
    wraps_out=True,
    wraps_err=True,
)


def test_a_terminal_shows_everything(screen: Output) -> None:
    assert planned(screen, screen, env={"TERM": "xterm"}) == ON_SCREEN


def test_a_pipe_gets_the_answer_and_the_terminal_the_rest(screen: Output, file: Output) -> None:
    assert planned(file, screen) == Layout(
        thinking="err", status="err", dim_err=True, wraps_err=True
    )
    assert planned(screen, file) == replace(
        ON_SCREEN, one_screen=False, dim_err=False, wraps_err=False
    )
    assert planned(file, file) == Layout(thinking="err")


@pytest.mark.parametrize(
    ("thinking", "where"), [("stdout", "out"), ("stderr", "err"), ("off", "off")]
)
def test_thinking_goes_where_it_is_sent(
    screen: Output, file: Output, thinking: Thinking, where: str
) -> None:
    assert planned(screen, screen, thinking=thinking).thinking == where
    assert planned(file, file, thinking=thinking).thinking == where


@pytest.mark.parametrize(
    ("env", "color", "dim"),
    [
        ({}, "auto", True),
        ({"NO_COLOR": "1"}, "auto", False),
        ({"NO_COLOR": ""}, "auto", True),
        ({"NO_COLOR": "1"}, "always", True),
        ({"CLICOLOR": "0"}, "auto", False),
        ({"CLICOLOR": "0", "CLICOLOR_FORCE": "1"}, "auto", True),
        ({"NO_COLOR": "1", "CLICOLOR_FORCE": "1"}, "auto", False),
        ({"TERM": "dumb"}, "auto", False),
        ({}, "never", False),
    ],
)
def test_whether_thinking_is_dim(
    screen: Output, env: dict[str, str], color: Color, dim: bool
) -> None:
    assert planned(screen, screen, color=color, env=env).dim_out is dim


def test_color_can_be_forced_into_a_pipe(file: Output) -> None:
    assert planned(file, file, env={"CLICOLOR_FORCE": "1"}).dim_err
    assert not planned(file, file, env={"CLICOLOR_FORCE": "0"}).dim_err


def test_a_dumb_terminal_has_no_status_line(screen: Output) -> None:
    assert planned(screen, screen, env={"TERM": "dumb"}).status == "off"


def test_a_stream_that_is_no_file_is_no_terminal() -> None:
    text = Output(io.StringIO())
    assert planned(text, text) == Layout(thinking="err")
    assert planned(Output(None), Output(None)) == Layout(thinking="err")
