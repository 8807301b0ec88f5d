import json
from contextlib import ExitStack
from typing import Any

import pytest

from codex_ls.events import (
    ContentDelta,
    PhaseChanged,
    ReasoningDelta,
    Timing,
    TurnFinished,
    TurnStarted,
)
from codex_ls.lsp.ask_command import LINE_CHARS, LastLine, TurnProgress
from codex_ls.lsp.progress import WorkDoneProgress
from codex_ls.lsp.stream import ShownReasoning
from tests.lsp.test_stream import Clock

STARTED = TurnStarted("u1", "h1", "m", "local", "local-oss")
TIMING = Timing(total_ms=4100, first_content_ms=800)
FINISHED = TurnFinished("completed", "stop", "", "", TIMING)


EVERYTHING = ShownReasoning()


class Bench:
    """A progress, its clock, and the values that it has sent."""

    def __init__(self, *, shown: ShownReasoning = EVERYTHING) -> None:
        self.sent: list[Any] = []
        self.clock = Clock()
        self.is_held = True
        held = ExitStack()
        held.callback(self._let_go)
        self.progress = TurnProgress(
            WorkDoneProgress(self._send, "w"),
            title="Codex (a)",
            shown=shown,
            held=held,
            timers=self.clock,
        )

    def _let_go(self) -> None:
        self.is_held = False

    def _send(self, token: object, value: Any) -> None:
        assert token == "w"
        self.sent.append(value)

    def tick(self, seconds: float = 0.25) -> None:
        """Let time pass, and what is due then happen."""
        self.clock.now += seconds
        due = [t for t in self.clock.timers if t.when <= self.clock.now and not t.cancelled]
        for timer in due:
            self.clock.timers.remove(timer)
            timer.callback()


def test_a_turn_is_told_four_times_a_second_with_the_line_that_is_written() -> None:
    bench = Bench()
    bench.progress.handle(STARTED)
    bench.progress.handle(PhaseChanged("prompt"))
    bench.tick()
    for piece in ("Let me", " think\n", "\n", "about"):
        bench.progress.handle(ReasoningDelta(piece))
    bench.tick()
    bench.progress.handle(ContentDelta(" it\n"))
    bench.tick()
    bench.tick()
    bench.progress.handle(FINISHED)
    bench.tick()
    bench.progress.close()
    assert bench.sent == [
        {"kind": "begin", "title": "Codex (a)", "cancellable": True, "message": "Connecting"},
        {"kind": "report", "message": "Connecting"},
        {"kind": "report", "message": "Reading the prompt"},
        {"kind": "report", "message": "Thinking, 0.2 s: about"},
        {"kind": "report", "message": "Answering, 0.2 s: about it"},
        {"kind": "report", "message": "Answering, 0.5 s: about it"},
        {"kind": "end", "message": "Answered in 4.1 s, first word after 0.8 s"},
    ]
    assert bench.progress.ending == bench.sent[-1]["message"]
    assert not bench.is_held


def test_thinking_that_is_not_shown_stands_in_no_progress() -> None:
    bench = Bench(shown=ShownReasoning(raw=False, summary=True))
    bench.progress.handle(STARTED)
    bench.progress.handle(ReasoningDelta("secret"))
    bench.progress.handle(ReasoningDelta("in short", "summary"))
    bench.tick()
    assert bench.sent[-1]["message"] == "Thinking, 0.2 s: in short"
    assert "secret" not in json.dumps(bench.sent)


def test_a_turn_without_an_end_ends_its_progress_all_the_same() -> None:
    bench = Bench()
    bench.progress.close()
    bench.progress.close()
    bench.progress.handle(STARTED)
    assert [value["kind"] for value in bench.sent] == ["begin", "end"]
    assert not bench.is_held


@pytest.mark.parametrize(
    ("pieces", "shown"),
    [
        ((), ""),
        (("a", "b\n\n  \n"), "ab"),
        (("one\ntwo", "\tthree\n fo", "ur"), "four"),
        (("x" * 1000,), "…" + "x" * (LINE_CHARS - 1)),
        (("word " * 20,), "…" + ("word " * 20)[:-1][1 - LINE_CHARS :].lstrip()),
    ],
)
def test_the_last_line_with_text_is_kept(pieces: tuple[str, ...], shown: str) -> None:
    line = LastLine()
    for piece in pieces:
        line.add(piece)
    assert line.shown == shown
    assert len(line.shown) <= LINE_CHARS


def test_a_line_without_end_takes_no_more_memory() -> None:
    line = LastLine()
    for _ in range(1000):
        line.add("x" * 100)
    assert len(line._current) <= 400
