"""What a person sees: each test is a list of events and the exact text on each stream."""

from collections.abc import Callable, Sequence
from dataclasses import replace

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
from codex_ls.render.human import HumanRenderer, Layout

STARTED = TurnStarted(turn_id="u1", thread_id="h1", model="gpt-oss", provider="lmstudio")
TIMING = Timing(
    total_ms=2_000, first_content_ms=500, output_tokens_per_second=20.0, estimated=False
)
USAGE = Usage(input_tokens=9, output_tokens=30)
FIGURES = "First word after 0.50 s, 30 tokens, 20.0 tokens/s, 2.00 s total\n"
DONE = TurnFinished(
    status="completed",
    finish_reason="stop",
    reasoning="",
    content="",
    timing=TIMING,
    usage=USAGE,
)
CANCELLED = TurnFinished(
    status="cancelled",
    finish_reason="cancelled",
    reasoning="",
    content="",
    timing=TIMING,
    usage=USAGE,
)

TERMINAL = Layout(thinking="out", status="out", out_is_terminal=True, one_screen=True)
PIPED = Layout(thinking="err")


class Screen:
    """Both streams: the writes of each, and all of them in the order in which they were made."""

    def __init__(self) -> None:
        self.out: list[str] = []
        self.err: list[str] = []
        self.all: list[str] = []

    def renderer(self, layout: Layout) -> HumanRenderer:
        return HumanRenderer(out=self._writer(self.out), err=self._writer(self.err), layout=layout)

    def _writer(self, stream: list[str]) -> Callable[[str], None]:
        def write(text: str) -> None:
            stream.append(text)
            self.all.append(text)

        return write


def shown(layout: Layout, *events: Event) -> tuple[str, str]:
    """What stands on standard output and on standard error after `events`."""
    screen = Screen()
    renderer = screen.renderer(layout)
    for event in events:
        renderer.render(event)
    return "".join(screen.out), "".join(screen.err)


def truncated(finish_reason: str = "other", notices: Sequence[Notice] = ()) -> TurnFinished:
    return TurnFinished(
        status="truncated",
        finish_reason=finish_reason,  # type: ignore[arg-type]
        reasoning="",
        content="",
        timing=TIMING,
        usage=USAGE,
        notices=tuple(notices),
    )


def test_on_a_terminal_thinking_answer_and_figures_stand_below_each_other() -> None:
    assert shown(
        TERMINAL,
        STARTED,
        PhaseChanged("connecting"),
        PhaseChanged("thinking"),
        ReasoningDelta("The user"),
        ReasoningDelta(" asks.\n"),
        PhaseChanged("answering"),
        ContentDelta("\n\n"),
        ContentDelta("Four"),
        ContentDelta("."),
        UsageReported(USAGE),
        DONE,
    ) == (f"[The user asks.]\n\nFour.\n{FIGURES}", "")


def test_every_piece_is_one_write_made_when_it_comes() -> None:
    screen = Screen()
    renderer = screen.renderer(TERMINAL)
    written: list[list[str]] = []
    for event in (ReasoningDelta("a"), ReasoningDelta("b"), ContentDelta("c"), ContentDelta("d")):
        renderer.render(event)
        written.append(list(screen.all))
    assert written == [["[a"], ["[a", "b"], ["[a", "b", "]\n\nc"], ["[a", "b", "]\n\nc", "d"]]


def test_thinking_is_dim_where_the_layout_says_so() -> None:
    layout = Layout(thinking="out", out_is_terminal=True, one_screen=True, dim_out=True)
    assert shown(layout, ReasoningDelta("a"), ContentDelta("b"))[0] == (
        "\x1b[2m[a\x1b[22m\x1b[2m]\x1b[22m\n\nb"
    )


def test_off_a_terminal_the_answer_is_alone_and_exact_on_standard_output() -> None:
    assert shown(
        PIPED, STARTED, ReasoningDelta("hm"), ContentDelta("\n\nFour"), ContentDelta("."), DONE
    ) == ("\n\nFour.\n", f"[hm]\n{FIGURES}")


def test_an_answer_that_ends_its_last_line_gets_no_other_newline() -> None:
    assert shown(PIPED, ContentDelta("Four.\n"), DONE) == ("Four.\n", FIGURES)


def test_thinking_that_is_forced_to_standard_output_stands_before_the_answer() -> None:
    assert shown(Layout(thinking="out"), ReasoningDelta("hm"), ContentDelta("Four"), DONE) == (
        "[hm]\n\nFour\n",
        FIGURES,
    )


def test_thinking_that_is_off_is_not_shown_anywhere() -> None:
    assert shown(Layout(thinking="off"), ReasoningDelta("hm"), ContentDelta("Four"), DONE) == (
        "Four\n",
        FIGURES,
    )


def test_raw_thinking_is_left_out_where_only_summaries_are_wanted() -> None:
    layout = Layout(thinking="err", sources=frozenset({"summary"}))
    assert shown(
        layout, ReasoningDelta("raw"), ReasoningDelta("short", source="summary"), DONE
    ) == ("", f"[short]\n{FIGURES}")


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        (TERMINAL, ("[a]\n\nb\n[c]\n\nd", "")),
        (Layout(thinking="out"), ("[a]\n\nb\n[c]\n\nd", "")),
        (PIPED, ("bd", "[a]\n[c]\n")),
        (Layout(thinking="err", out_is_terminal=True, one_screen=True), ("b\nd", "[a]\n\n[c]\n\n")),
    ],
)
def test_a_model_that_thinks_again_gets_brackets_again(
    layout: Layout, text: tuple[str, str]
) -> None:
    events = (ReasoningDelta("a"), ContentDelta("b"), ReasoningDelta("c"), ContentDelta("d"))
    assert shown(layout, *events) == text


def test_brackets_close_at_the_end_where_no_answer_came() -> None:
    assert shown(TERMINAL, ReasoningDelta("hm"), CANCELLED) == (
        f"[hm]\n{FIGURES}",
        "interrupted\n",
    )


def test_content_that_turns_out_to_be_thinking_is_said_in_one_line() -> None:
    events = (ContentDelta("Let me see."), Reclassified(), ContentDelta("\n\nFour"), DONE)
    assert shown(TERMINAL, *events) == (
        f"Let me see.\n[the text above was thinking]\n\nFour\n{FIGURES}",
        "",
    )
    assert shown(PIPED, *events) == (
        "Let me see.\n\n\nFour\n",
        f"note: the text written so far was thinking; the answer follows\n{FIGURES}",
    )


def test_thinking_that_turns_out_to_be_the_answer_is_written_as_one() -> None:
    events = (ReasoningDelta("Four"), AnsweredInThinking("Four"), DONE)
    assert shown(TERMINAL, *events) == (f"[Four]\n\nFour\n{FIGURES}", "")
    assert shown(PIPED, *events) == ("Four\n", f"[Four]\n{FIGURES}")


def test_reclassifying_nothing_says_nothing() -> None:
    assert shown(TERMINAL, Reclassified(), ContentDelta("Four")) == ("Four", "")


def test_retries_are_lines_on_standard_error() -> None:
    retry = RetryScheduled(
        attempt=2, max_attempts=5, delay_ms=450, reason="The server is overloaded."
    )
    assert shown(TERMINAL, STARTED, retry) == (
        "",
        "attempt 2 of 5 in 0.5 s: The server is overloaded.\n",
    )


def test_a_notice_before_the_text_is_told_at_once_and_only_once() -> None:
    notice = Notice("contextTruncated", "The selection was shortened.", hint="Select less.")
    done = TurnFinished(
        status="completed",
        finish_reason="stop",
        reasoning="",
        content="Four",
        timing=TIMING,
        usage=USAGE,
        notices=(notice,),
    )
    told = "note: The selection was shortened.\nhint: Select less.\n"
    assert shown(PIPED, Noticed(notice)) == ("", told)
    assert shown(PIPED, Noticed(notice), ContentDelta("Four"), done) == ("Four\n", told + FIGURES)


def test_a_notice_in_the_middle_of_a_text_waits_for_its_end() -> None:
    notice = Notice("toolCallIgnored", "The model asked for a tool.")
    done = TurnFinished(
        status="completed",
        finish_reason="stop",
        reasoning="",
        content="ab",
        timing=TIMING,
        usage=USAGE,
        notices=(notice,),
    )
    assert shown(PIPED, ContentDelta("a"), Noticed(notice), ContentDelta("b"), done) == (
        "ab\n",
        f"note: The model asked for a tool.\n{FIGURES}",
    )


def test_tool_calls_are_not_text() -> None:
    assert shown(PIPED, ToolCallDelta(index=0, name="shell", arguments="{}")) == ("", "")


@pytest.mark.parametrize(
    ("finished", "mark"),
    [
        (truncated("length"), "cut off: The model reached its limit of output tokens.\n"),
        (
            truncated("contentFilter"),
            "cut off: The model server's content filter stopped the answer.\n",
        ),
        (truncated(), "cut off: The answer ended too early and may not be complete.\n"),
        (
            truncated(notices=[Notice("streamBroken", "The connection broke.", hint="Ask again.")]),
            "cut off: The connection broke.\nhint: Ask again.\n",
        ),
    ],
)
def test_a_cut_answer_is_kept_and_marked(finished: TurnFinished, mark: str) -> None:
    assert shown(PIPED, ContentDelta("Fo"), finished) == ("Fo\n", mark + FIGURES)


def test_an_answer_that_reached_its_limit_is_marked_whatever_its_status() -> None:
    done = replace(DONE, finish_reason="length", content="Fo")
    mark = "cut off: The model reached its limit of output tokens.\n"
    assert shown(PIPED, ContentDelta("Fo"), done) == ("Fo\n", mark + FIGURES)
    empty = Notice("emptyAnswer", "All tokens went into thinking.")
    assert shown(PIPED, replace(done, notices=(empty,))) == (
        "",
        "note: All tokens went into thinking.\n",
    )


def test_a_failure_is_a_sentence_and_a_hint() -> None:
    failed = TurnFinished(
        status="failed",
        finish_reason="other",
        reasoning="",
        content="",
        timing=TIMING,
        error=Unreachable(
            "Connection refused: nothing listens at http://127.0.0.1:1234.", hint="Start LM Studio."
        ),
    )
    assert shown(TERMINAL, STARTED, failed) == (
        "",
        "error: Connection refused: nothing listens at http://127.0.0.1:1234.\nhint: Start LM"
        " Studio.\n",
    )


HOSTILE = "\x1b]0;evil\x07 boom\x1b[2J\u202e\x9b31m"


def test_nothing_that_a_server_says_of_itself_reaches_the_terminal_as_it_is() -> None:
    failed = TurnFinished(
        status="failed",
        finish_reason="other",
        reasoning="",
        content="",
        timing=TIMING,
        error=Unreachable(HOSTILE, hint=HOSTILE),
    )
    retry = RetryScheduled(attempt=2, max_attempts=5, delay_ms=0, reason=HOSTILE)
    events = (
        TurnStarted(turn_id="u1", thread_id="h1", model=HOSTILE, provider=HOSTILE),
        retry,
        Noticed(Notice("kind", HOSTILE, HOSTILE)),
        failed,
    )
    assert shown(PIPED, *events) == (
        "",
        "attempt 2 of 5 in 0.0 s:  boom\nnote: boom\nhint: boom\nerror: boom\nhint: boom\n",
    )


def test_the_status_line_tells_the_phase_and_is_gone_before_the_first_word() -> None:
    screen = Screen()
    renderer = screen.renderer(TERMINAL)
    renderer.render(STARTED)
    renderer.tick(250)
    renderer.tick(500)
    renderer.tick(1_000)
    renderer.render(PhaseChanged("loading"))
    renderer.tick(2_000)
    renderer.render(PhaseChanged("prompt", fraction=0.62))
    renderer.tick(3_000)
    renderer.render(PhaseChanged("prompt", waiting=3))
    renderer.tick(3_500)
    renderer.render(ReasoningDelta("hm"))
    renderer.tick(4_000)
    assert screen.all == [
        "\r\x1b[Kconnecting to lmstudio, 0 s",
        "\r\x1b[Kwaiting for lmstudio, 1 s",
        "\r\x1b[Kloading gpt-oss, 2 s",
        "\r\x1b[Kreading the prompt 62%, 3 s",
        "\r\x1b[Kwaiting for lmstudio, queue of 3, 3 s",
        "\r\x1b[K",
        "[hm",
    ]


def test_the_status_line_never_wraps() -> None:
    screen = Screen()
    renderer = screen.renderer(Layout(status="err", columns=lambda: 12))
    renderer.render(STARTED)
    renderer.tick(0)
    assert screen.err == ["\r\x1b[Kconnecting "]


def test_the_status_line_is_erased_before_a_line_and_painted_again_below_it() -> None:
    screen = Screen()
    renderer = screen.renderer(Layout(status="err"))
    renderer.tick(0)
    renderer.render(RetryScheduled(attempt=2, max_attempts=5, delay_ms=1_000, reason="503"))
    renderer.tick(0)
    renderer.close()
    assert screen.err == [
        "\r\x1b[Kconnecting to , 0 s",
        "\r\x1b[K",
        "attempt 2 of 5 in 1.0 s: 503\n",
        "\r\x1b[Kconnecting to , 0 s",
        "\r\x1b[K",
    ]


def test_hidden_thinking_shows_in_the_status_line() -> None:
    screen = Screen()
    renderer = screen.renderer(Layout(thinking="off", status="err"))
    renderer.render(PhaseChanged("thinking"))
    renderer.render(ReasoningDelta("hm"))
    renderer.tick(1_000)
    assert screen.err == ["\r\x1b[Kthinking, 1 s"]


def test_closing_leaves_no_open_bracket_and_no_open_line() -> None:
    screen = Screen()
    renderer = screen.renderer(PIPED)
    renderer.render(ReasoningDelta("hm"))
    renderer.close()
    renderer.close()
    assert (screen.out, screen.err) == ([], ["[hm", "]", "\n"])


def test_the_status_line_counts_cells_and_follows_the_width_of_the_terminal() -> None:
    width = [12]
    screen = Screen()
    renderer = screen.renderer(Layout(status="err", columns=lambda: width[0]))
    renderer.render(TurnStarted("turn", "thread", model="模型模型", provider="fake"))
    renderer.render(PhaseChanged("loading"))
    renderer.tick(0)
    width[0] = 15
    renderer.tick(0)
    assert screen.err == ["\r\x1b[Kloading 模", "\r\x1b[Kloading 模型模"]


# ---- a silence in the middle of an answer -----------------------------------------------------

SHOW_BELOW = "\x1bD\x1b[A\x1b7\x1b[B\r\x1b[2K"
ERASE_BELOW = "\x1b7\x1b[B\r\x1b[2K\x1b8"


def test_a_silence_is_counted_below_the_text_and_gone_before_the_next_word() -> None:
    out, _ = shown(
        TERMINAL,
        STARTED,
        ReasoningDelta("First,"),
        PhaseChanged("thinking", silent_ms=5_004),
        PhaseChanged("thinking", silent_ms=12_100),
        ReasoningDelta(" second."),
        ContentDelta("Four."),
        DONE,
    )
    assert out == (
        f"[First,{SHOW_BELOW}thinking, no text for 5 s\x1b8"
        f"{SHOW_BELOW}thinking, no text for 12 s\x1b8{ERASE_BELOW}"
        f" second.]\n\nFour.\n{FIGURES}"
    )


def test_behind_a_whole_line_a_silence_stands_on_the_next_one() -> None:
    out, _ = shown(
        TERMINAL,
        STARTED,
        ContentDelta("Four.\n"),
        PhaseChanged("answering", silent_ms=6_000),
        DONE,
    )
    assert out == f"Four.\n\r\x1b[Kanswering, no text for 6 s\r\x1b[K{FIGURES}"


def test_a_silence_fits_into_the_line() -> None:
    out, _ = shown(
        replace(TERMINAL, columns=lambda: 12),
        STARTED,
        ContentDelta("Four.\n"),
        PhaseChanged("answering", silent_ms=6_000),
    )
    assert out == "Four.\n\r\x1b[Kanswering, "


def test_a_silence_is_not_written_into_a_pipe_or_before_the_first_word() -> None:
    quiet = (STARTED, PhaseChanged("prompt", silent_ms=6_000))
    assert shown(TERMINAL, *quiet) == ("", "")
    assert shown(PIPED, *quiet, ContentDelta("a"), PhaseChanged("answering", silent_ms=6_000)) == (
        "a",
        "",
    )
