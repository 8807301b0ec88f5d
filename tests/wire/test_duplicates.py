"""Deltas that repeat the whole text: told once; a model that repeats itself keeps every word."""

import time

import pytest

from codex_ls.events import ContentDelta, ReasoningDelta, WireEvent
from codex_ls.wire import Quirks
from codex_ls.wire.text import MessageText
from codex_ls.wire.tool_calls import ToolCallAssembler
from tests.wire.splitting import coalesced

R, C = ReasoningDelta, ContentDelta

Deltas = list[tuple[str, str]]


def read(deltas: Deltas) -> list[WireEvent]:
    text = MessageText(Quirks(), ToolCallAssembler())
    events: list[WireEvent] = []
    for channel, piece in deltas:
        events += text.reasoning(piece) if channel == "r" else text.feed(piece)
    return coalesced(events + text.finish())


def content(*pieces: str) -> Deltas:
    return [("c", piece) for piece in pieces]


RESENT: dict[str, tuple[Deltas, list[WireEvent]]] = {
    "a table": (
        content("| a |", "| a | b |", "| a | b |\n| 1 |", "| a | b |\n| 1 |"),
        [C("| a | b |\n| 1 |")],
    ),
    "short words": (content("I", "I am", "I am here"), [C("I am here")]),
    "thinking, then the answer": (
        [("r", "We"), ("r", "We add."), *content("| a |", "| a | b |", "| a | b | c |")],
        [R("We add."), C("| a | b | c |")],
    ),
    "thinking in tags": (
        content("<think>We", "<think>We add.</think>", "<think>We add.</think>4"),
        [R("We add."), C("4")],
    ),
    "the same again in between": (content("It", "It is", "It is", "It is 4"), [C("It is 4")]),
    "a shorter one in between": (
        content("It is", "It is 4", "It is 4.", "It is 4", "It is 4. Yes"),
        [C("It is 4. Yes")],
    ),
    "pieces after all": (content("It is", "It is 4", "It is 4.", " Yes."), [C("It is 4. Yes.")]),
}
PLAIN: dict[str, Deltas] = {
    "a laugh": content("ha", "haha", "hahaha"),
    "the same word": content("no ", "no ", "no ", "no "),
    "a refrain": content("Row, ", "Row, row, ", "row your boat"),
    "the same beginning, not all of it": content("very ", "very ", "very good", " it is"),
    "one growth, then the end": content("We", "We add."),
    "one growth, then others": content("a", "ab", "c", "d"),
    "white space": content("\n", "\n\n", "\n\n\n"),
    "rows of a table": content("| - |", "| - |\n", "| - |\n"),
    "a letter a delta": content(*"aardvark aardvark"),
    "thinking that repeats": [("r", "Hm. "), ("r", "Hm. Hm. "), ("r", "Right."), *content("4")],
}


@pytest.mark.parametrize("case", RESENT)
def test_text_that_comes_again_is_told_once(case: str) -> None:
    deltas, expected = RESENT[case]
    assert read(deltas) == expected


@pytest.mark.parametrize("case", PLAIN)
def test_a_model_that_repeats_itself_loses_nothing(case: str) -> None:
    deltas = PLAIN[case]
    expected = [R(piece) if channel == "r" else C(piece) for channel, piece in deltas]
    assert read(deltas) == coalesced(expected)


def test_the_second_delta_is_handed_on_at_once() -> None:
    for second in ("b", "a", "A", "\n"):
        text = MessageText(Quirks(), ToolCallAssembler())
        assert text.feed("a") == [C("a")]
        assert text.feed(second) == [C(second)]


def test_few_deltas_wait() -> None:
    text = MessageText(Quirks(), ToolCallAssembler())
    text.feed("a")
    shown: list[WireEvent] = []
    for piece in ("ab", "ab", "ab", "ab", "ab"):
        shown = text.feed(piece) or shown
    assert coalesced(shown) == [C("ab" * 5)]


def test_a_long_text_that_comes_again_costs_what_it_holds() -> None:
    words = [f"word{number} " for number in range(2_000)]
    whole = [("c", "".join(words[: end + 1])) for end in range(len(words))]
    started = time.thread_time()
    assert read(whole) == [C("".join(words))]
    assert time.thread_time() - started < 5
