import json
from collections.abc import Callable
from typing import Any

import pytest

from codex_ls.errors import Unreachable
from codex_ls.events import (
    AnsweredInThinking,
    ContentDelta,
    Event,
    Notice,
    Noticed,
    PhaseChanged,
    ReasoningDelta,
    Reclassified,
    RetryScheduled,
    Timing,
    ToolCallDelta,
    TurnFinished,
    TurnStarted,
    Usage,
    UsageReported,
)
from codex_ls.lsp.payloads import Names
from codex_ls.lsp.stream import ProgressTokens, ShownReasoning, Stream

STARTED = TurnStarted("u1", "h1", "m", "local", "local-oss")
TIMING = Timing(
    total_ms=4100,
    request_ms=2,
    first_content_ms=800,
    output_tokens_per_second=41.0,
    estimated=False,
)
FINISHED = TurnFinished("completed", "stop", "", "", TIMING, Usage(3, 4))
DONE = {
    "type": "done",
    "status": "completed",
    "usage": {"inputTokens": 3, "outputTokens": 4},
    "timing": {
        "requestMs": 2,
        "firstContentMs": 800,
        "totalMs": 4100,
        "outputTokensPerSecond": 41.0,
        "estimated": False,
    },
}
BEGIN = {
    "type": "begin",
    "threadId": "h1",
    "model": "m",
    "profile": "local-oss",
    "provider": "local",
    "isLocal": False,
}


class Timer:
    def __init__(self, when: float, callback: Callable[[], None]) -> None:
        self.when = when
        self.callback = callback
        self.cancelled = False

    def cancel(self) -> None:
        self.cancelled = True


class Clock:
    """An event loop's timers, whose time passes when the test says so."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[Timer] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Callable[[], None]) -> Timer:
        self.timers.append(Timer(when, callback))
        return self.timers[-1]

    @property
    def pending(self) -> list[Timer]:
        return [timer for timer in self.timers if not timer.cancelled]

    def sleep_ms(self, duration_ms: float) -> None:
        end = self.now + duration_ms / 1000
        while due := [timer for timer in self.pending if timer.when <= end + 1e-9]:
            timer = min(due, key=lambda timer: timer.when)
            self.timers.remove(timer)
            self.now = max(self.now, timer.when)
            timer.callback()
        self.now = end


class Progress:
    """A stream under test, and what it has sent."""

    def __init__(
        self,
        *,
        work_done: str | int | None = "w",
        partial: str | int | None = None,
        shown: ShownReasoning | None = None,
    ) -> None:
        self.clock = Clock()
        self.sent: list[tuple[Any, dict[str, Any]]] = []
        self.stream = Stream(
            send=self._take,
            tokens=ProgressTokens.of(work_done=work_done, partial=partial),
            names=Names("local", "local-oss"),
            shown=shown or ShownReasoning(),
            timers=self.clock,
        )

    def _take(self, token: Any, value: dict[str, Any]) -> None:
        self.sent.append((token, json.loads(json.dumps(value))))  # as it is now

    def handle(self, *events: Event) -> None:
        for event in events:
            self.stream.handle(event)

    @property
    def values(self) -> list[dict[str, Any]]:
        return [value for _, value in self.sent]

    def codex(self, token: str | int = "w") -> list[dict[str, Any]]:
        """The typed events, without what all of them have; `seq` must have no gap."""
        events = [
            value["codex"] for sent_to, value in self.sent if sent_to == token and "codex" in value
        ]
        assert [event.pop("seq") for event in events] == list(range(len(events)))
        assert {event.pop("turnId") for event in events} <= {"u1"}
        return events


def text(content: str, kind: str = "content") -> dict[str, str]:
    return {"type": kind, "text": content, **({"source": "raw"} if kind == "reasoning" else {})}


def test_on_one_token_everything_rides() -> None:
    progress = Progress()
    progress.handle(STARTED, PhaseChanged("connecting"), PhaseChanged("prompt", 0.5))
    progress.handle(ReasoningDelta("The user"), ContentDelta("4"), FINISHED)
    common = {"turnId": "u1"}
    assert progress.sent == [
        (
            "w",
            {
                "kind": "begin",
                "title": "Codex (local-oss)",
                "message": "Connecting",
                "cancellable": True,
                "codex": {**BEGIN, **common, "seq": 0},
            },
        ),
        (
            "w",
            {
                "kind": "report",
                "message": "Connecting",
                "codex": {"type": "phase", "phase": "connecting", **common, "seq": 1},
            },
        ),
        (
            "w",
            {
                "kind": "report",
                "message": "Reading the prompt, 50%",
                "codex": {"type": "phase", "phase": "prompt", "fraction": 0.5, **common, "seq": 2},
            },
        ),
        (
            "w",
            {
                "kind": "report",
                "message": "Thinking, 0.0 s",
                "codex": {**text("The user", "reasoning"), **common, "seq": 3},
            },
        ),
        (
            "w",
            {
                "kind": "report",
                "message": "Answering, 0.0 s",
                "codex": {**text("4"), **common, "seq": 4},
            },
        ),
        (
            "w",
            {
                "kind": "end",
                "message": "Answered in 4.1 s, first word after 0.8 s, 41 tokens/s",
                "codex": {**DONE, **common, "seq": 5},
            },
        ),
    ]
    assert progress.clock.pending == []


@pytest.mark.parametrize(
    ("work_done", "partial"), [("t", None), (None, "t"), ("t", "t"), (0, None), (None, 0)]
)
def test_a_single_token_is_the_same_wherever_it_stands(
    work_done: str | int | None, partial: str | int | None
) -> None:
    progress = Progress(work_done=work_done, partial=partial)
    progress.handle(STARTED, ContentDelta("x"), FINISHED)
    token = partial if work_done is None else work_done
    assert [sent_to for sent_to, _ in progress.sent] == [token] * 3
    assert [value["kind"] for value in progress.values] == ["begin", "report", "end"]


def test_with_two_tokens_events_go_to_one_and_words_to_the_other() -> None:
    progress = Progress(partial="p")
    progress.handle(STARTED, PhaseChanged("thinking"), ReasoningDelta("hm"))
    progress.clock.sleep_ms(600)
    progress.handle(FINISHED)
    begin, done = {**BEGIN, "turnId": "u1", "seq": 0}, {**DONE, "turnId": "u1", "seq": 3}
    assert progress.sent == [
        ("p", {"kind": "report", "codex": begin}),
        (
            "w",
            {
                "kind": "begin",
                "title": "Codex (local-oss)",
                "message": "Connecting",
                "cancellable": True,
                "codex": begin,
            },
        ),
        (
            "p",
            {
                "kind": "report",
                "codex": {"type": "phase", "phase": "thinking", "turnId": "u1", "seq": 1},
            },
        ),
        ("p", {"kind": "report", "codex": {**text("hm", "reasoning"), "turnId": "u1", "seq": 2}}),
        ("w", {"kind": "report", "message": "Thinking, 0.2 s"}),
        ("w", {"kind": "report", "message": "Thinking, 0.5 s"}),
        ("p", {"kind": "report", "codex": done}),
        (
            "w",
            {
                "kind": "end",
                "message": "Answered in 4.1 s, first word after 0.8 s, 41 tokens/s",
                "codex": done,
            },
        ),
    ]
    assert progress.clock.pending == []


def test_words_come_four_times_a_second_at_most_and_only_if_they_changed() -> None:
    progress = Progress(partial="p")
    progress.handle(STARTED, PhaseChanged("loading"))
    for number in range(100):
        progress.clock.sleep_ms(100)
        progress.handle(PhaseChanged("loading", number / 100))
    words = [value["message"] for token, value in progress.sent if token == "w"]
    assert len(words) <= 1 + 4 * 10
    before = len(progress.sent)
    progress.clock.sleep_ms(900)
    assert len(progress.sent) - before <= 1
    progress.clock.sleep_ms(60_000)
    assert len(progress.sent) - before <= 62


def test_without_a_token_nothing_is_sent() -> None:
    progress = Progress(work_done=None)
    progress.handle(STARTED, ContentDelta("x"), FINISHED)
    assert progress.sent == []
    assert progress.clock.timers == []


# ---- gathering ---------------------------------------------------------------------------------


def test_the_first_piece_of_each_kind_goes_at_once() -> None:
    progress = Progress()
    progress.handle(STARTED, ReasoningDelta("a"))
    assert progress.codex()[-1] == text("a", "reasoning")
    progress = Progress()
    progress.handle(STARTED, ReasoningDelta("a"), ReasoningDelta("b"), ContentDelta("c"))
    assert progress.codex() == [BEGIN, text("a", "reasoning"), text("b", "reasoning"), text("c")]


def test_at_sixty_a_second_no_piece_waits() -> None:
    progress = Progress()
    progress.handle(STARTED)
    for number in range(50):
        progress.handle(ContentDelta(f"{number} "))
        assert progress.codex()[-1] == text(f"{number} ")
        progress.sent.clear()
        progress.stream._seq = 0
        progress.clock.sleep_ms(1000 / 60)


def test_faster_pieces_are_gathered_for_sixteen_milliseconds() -> None:
    progress = Progress()
    progress.handle(STARTED, ContentDelta("0"))
    for number in range(1, 100):
        progress.clock.sleep_ms(1)
        progress.handle(ContentDelta(f" {number}"))
    progress.clock.sleep_ms(16)
    pieces = [event["text"] for event in progress.codex() if event["type"] == "content"]
    assert "".join(pieces) == " ".join(map(str, range(100)))
    assert 99 / 16 <= len(pieces) - 1 <= 99 / 14


def test_what_was_gathered_goes_even_if_nothing_more_comes() -> None:
    progress = Progress()
    progress.handle(STARTED, ContentDelta("a"), ContentDelta("b"), ContentDelta("c"))
    assert progress.codex() == [BEGIN, text("a")]
    progress.sent.clear()
    progress.stream._seq = 0
    progress.clock.sleep_ms(16)
    assert progress.codex() == [text("bc")]
    progress.clock.sleep_ms(1000)
    assert len(progress.sent) == 1


def test_a_loop_that_is_too_busy_for_its_timers_still_sends_in_time() -> None:
    progress = Progress()
    progress.handle(STARTED, ContentDelta("a"), ContentDelta("b"))
    progress.clock.now += 0.020  # no timer has run
    progress.handle(ContentDelta("c"))
    assert progress.codex() == [BEGIN, text("a"), text("bc")]
    assert progress.clock.pending == []


@pytest.mark.parametrize(
    ("event", "payload"),
    [
        (ReasoningDelta("r"), text("r", "reasoning")),
        (PhaseChanged("answering"), {"type": "phase", "phase": "answering"}),
        (
            PhaseChanged("prompt", waiting=3),
            {"type": "phase", "phase": "prompt", "waiting": 3},
        ),
        (
            PhaseChanged("thinking", silent_ms=5_012),
            {"type": "phase", "phase": "thinking", "silentMs": 5_012},
        ),
        (Reclassified(), {"type": "reclassify", "from": "content", "to": "reasoning"}),
        (
            AnsweredInThinking("4"),
            {"type": "reclassify", "from": "reasoning", "to": "content"},
        ),
        (
            Noticed(Notice("contextTruncated", "m", "h")),
            {"type": "notice", "kind": "contextTruncated", "message": "m", "hint": "h"},
        ),
        (
            RetryScheduled(2, 5, 300, "busy"),
            {"type": "retry", "attempt": 2, "maxAttempts": 5, "delayMs": 300, "reason": "busy"},
        ),
        (FINISHED, DONE),
    ],
)
def test_every_other_event_sends_what_was_gathered_first(
    event: Event, payload: dict[str, Any]
) -> None:
    progress = Progress()
    progress.handle(STARTED, ContentDelta("a"), ContentDelta("b"), event)
    assert progress.codex() == [BEGIN, text("a"), text("b"), payload]


def test_what_is_not_told_does_not_end_the_gathering() -> None:
    progress = Progress()
    progress.handle(STARTED, ContentDelta("a"), ContentDelta("b"))
    progress.handle(UsageReported(Usage(1, 1)), ToolCallDelta(0, "c1", "run"), ContentDelta("c"))
    progress.clock.sleep_ms(16)
    assert progress.codex() == [BEGIN, text("a"), text("bc")]


def test_thinking_of_another_source_is_another_kind() -> None:
    progress = Progress()
    progress.handle(STARTED, ReasoningDelta("a"), ReasoningDelta("b", "summary"))
    assert progress.codex()[1:] == [
        text("a", "reasoning"),
        {"type": "reasoning", "text": "b", "source": "summary"},
    ]


def test_a_failure_tells_who_failed() -> None:
    progress = Progress()
    error = Unreachable("Nothing listens there.", hint="Start it.")
    progress.handle(
        STARTED, TurnFinished("failed", "other", "", "", Timing(total_ms=5), error=error)
    )
    assert progress.codex()[-1] == {
        "type": "done",
        "status": "failed",
        "timing": {"requestMs": 0, "totalMs": 5, "estimated": True},
        "error": {
            "kind": "unreachable",
            "message": "Nothing listens there.",
            "hint": "Start it.",
            "nextStep": {"action": "checkSetup", "hint": "Start it."},
            "retryable": True,
            "provider": "local",
            "profile": "local-oss",
        },
    }


def test_hidden_thinking_is_not_sent_and_leaves_no_gap() -> None:
    progress = Progress(shown=ShownReasoning(raw=False))
    progress.handle(STARTED, ReasoningDelta("secret"), ReasoningDelta("sum", "summary"))
    progress.handle(ContentDelta("x"), FINISHED)
    assert progress.codex() == [
        BEGIN,
        {"type": "reasoning", "text": "sum", "source": "summary"},
        text("x"),
        DONE,
    ]


def test_a_closed_stream_sends_nothing_more() -> None:
    progress = Progress(partial="p")
    progress.handle(STARTED, ContentDelta("a"), ContentDelta("b"))
    before = len(progress.sent)
    progress.stream.close()
    progress.handle(ContentDelta("c"), FINISHED)
    progress.clock.sleep_ms(1000)
    assert len(progress.sent) == before
