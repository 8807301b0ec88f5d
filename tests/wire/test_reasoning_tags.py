"""Thinking between tags: where it begins, where it ends, what is only a mention."""

import pytest

from codex_ls.events import ContentDelta, ReasoningDelta, Reclassified, ToolCallDelta, WireEvent
from codex_ls.wire import Quirks
from codex_ls.wire.families import PAIRS
from codex_ls.wire.markers import TagPair
from codex_ls.wire.reasoning_tags import TagSplitter
from codex_ls.wire.text import MessageText
from codex_ls.wire.tool_calls import ToolCallAssembler
from tests.wire.splitting import coalesced

R, C, T, MOVE = ReasoningDelta, ContentDelta, ToolCallDelta, Reclassified()


def read(pieces: list[str], quirks: Quirks | None = None) -> list[WireEvent]:
    text = MessageText(quirks or Quirks(), ToolCallAssembler())
    events = [event for piece in pieces for event in text.feed(piece)]
    return coalesced(events + text.finish())


def every_cut(text: str) -> list[list[str]]:
    return [[text], list(text), *([text[:at], text[at:]] for at in range(1, len(text)))]


CASES: dict[str, tuple[str, list[WireEvent]]] = {
    "a pair": ("<think>hm</think>4", [R("hm"), C("4")]),
    "white space around the pair": ("\n <think>\nhm\n</think>\n\n4\n", [R("\nhm\n"), C("4\n")]),
    "white space before an answer stays": ("\n\n 4", [C("\n\n 4")]),
    "an empty pair": ("<think></think>4", [C("4")]),
    "a blank pair": ("<think>\n\n</think>\n\n4", [C("4")]),
    "two pairs in a row": ("<think>a</think>\n<think>b</think>4", [R("ab"), C("4")]),
    "an opener after the answer began": (
        "<think>a</think>4 <think>b</think>5",
        [R("a"), C("4 <think>b</think>5")],
    ),
    "use in a sentence": ("use <think> in HTML", [C("use <think> in HTML")]),
    "a pair in a sentence": ("a <think>b</think> c", [C("a <think>b</think> c")]),
    "a fence": ("```\n<think>x</think>\n```\n", [C("```\n<think>x</think>\n```\n")]),
    "a closer in a fence": ("```xml\n</think>\n```\nok", [C("```xml\n</think>\n```\nok")]),
    "a closer in a span": ("Close it with `</think>`.", [C("Close it with `</think>`.")]),
    "a stray closer": ("hm</think>4", [C("hm"), MOVE, C("4")]),
    "a stray closer behind a closed fence": (
        "```\nx\n```\n</think>4",
        [C("```\nx\n```\n"), MOVE, C("4")],
    ),
    "a closer with nothing before it": ("</think>\n4", [C("4")]),
    "a comparison at the end": ("2 <", [C("2 <")]),
    "half an opener at the end": ("<thi", [C("<thi")]),
    "half a closer at the end": ("<think>hm</thi", [R("hm</thi")]),
    "never closed": ("<think>hm", [R("hm")]),
    "attributes are no opener": ('<think a="1">x', [C('<think a="1">x')]),
    "upper case is no opener": ("<THINK>x", [C("<THINK>x")]),
    "another family's closer inside": ("<think>a[/THINK]b</think>4", [R("a[/THINK]b"), C("4")]),
    "only white space": (" \n", [C(" \n")]),
    "white space behind thinking only": ("<think>a</think>\n", [R("a")]),
    "comparisons in code": ("if a < b and c <= d:", [C("if a < b and c <= d:")]),
    "surrogates across the tag": ("<think>🙂</think>🙃", [R("🙂"), C("🙃")]),
    "harmony": (
        "<|channel|>analysis<|message|>hm<|end|><|start|>assistant<|channel|>final<|message|>4<|return|>",
        [R("hm"), C("4")],
    ),
    "harmony without an end": (
        "<|channel|>analysis<|message|>hm<|channel|>final<|message|>4",
        [R("hm"), C("4")],
    ),
    "harmony, text with no header": ("<|channel|>analysis<|message|>hm<|end|>4", [R("hm"), C("4")]),
    "harmony, a channel nobody named": ("<|channel|>musing<|message|>hm<|end|>", [R("hm")]),
    "harmony, words to the user": ("<|channel|>commentary<|message|>wait<|end|>", [C("wait")]),
    "harmony mentioned": ("the <|channel|> marker", [C("the <|channel|> marker")]),
}


@pytest.mark.parametrize("case", CASES)
def test_every_cut_gives_the_same_texts(case: str) -> None:
    text, expected = CASES[case]
    for pieces in every_cut(text):
        assert read(pieces) == expected, pieces


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair.opener)
def test_every_pair_of_tags(pair: TagPair) -> None:
    model = pair.model.partition("|")[0]
    for opener in pair.openers:
        for closer in pair.closers:
            for pieces in every_cut(f"{opener}hm{closer}\n\n4"):
                assert read(pieces, Quirks(model=model)) == [R("hm"), C("4")]


def test_thinking_that_the_prompt_opened() -> None:
    for pieces in every_cut("hm</think>4"):
        assert read(pieces, Quirks(forced_open=True)) == [R("hm"), C("4")]


def test_an_opener_of_its_own_where_the_prompt_was_said_to_open() -> None:
    for pieces in every_cut("\n<think>hm</think>4"):
        assert read(pieces, Quirks(forced_open=True)) == [R("hm"), C("4")]


def test_a_closer_that_is_left_out() -> None:
    quirks = Quirks(model="Qwen3.5-9B")
    for pieces in every_cut('<think>hm<tool_call>{"name": "f"}</tool_call>'):
        assert read(pieces, quirks) == [R("hm"), T(0, "call_0", "f", "{}")]
    for pieces in every_cut("<think>hm<tool_call>{} now</think>4"):
        assert read(pieces, quirks) == [R("hm<tool_call>{} now"), C("4")]


def test_stripped_harmony_only_where_the_model_speaks_it() -> None:
    text = "analysisUser asks.assistantfinal4"
    for pieces in every_cut(text):
        assert read(pieces) == [C(text)]
        assert read(pieces, Quirks(harmony=True)) == [R("User asks."), C("4")]
    for pieces in every_cut("analysis of the text"):
        assert read(pieces, Quirks(harmony=True)) == [C("analysis of the text")]


def test_a_harmony_model_leaks_its_markers_anywhere() -> None:
    for pieces in every_cut("4<|return|>"):
        assert read(pieces, Quirks(harmony=True)) == [C("4")]


def test_a_copy_of_thinking_that_came_in_a_field_is_dropped() -> None:
    splitter = TagSplitter()
    splitter.reasoning_came_apart("h m")
    assert splitter.feed("<think>\nhm</think>4") + splitter.finish() == [C("4")]


def test_a_pair_that_says_something_else_is_the_answer() -> None:
    for pieces in every_cut("<think> opens a block, </think> ends it"):
        splitter = TagSplitter()
        splitter.reasoning_came_apart("hm")
        events = [event for piece in pieces for event in splitter.feed(piece)]
        assert coalesced(events + splitter.finish()) == [
            C("<think> opens a block, </think> ends it")
        ]


def test_an_opener_in_the_text_before_the_field_begins() -> None:
    splitter = TagSplitter()
    events = splitter.feed("<think>")
    for piece in ("h", "m"):
        splitter.reasoning_came_apart(piece)
        events += splitter.feed(piece)
    assert events + splitter.feed("</think>4") + splitter.finish() == [C("4")]


def test_thinking_is_handed_on_as_it_comes() -> None:
    splitter = TagSplitter()
    assert splitter.feed("<think>a") == [R("a")]
    assert splitter.feed("b <") == [R("b ")]
    assert splitter.feed("c") == [R("<c")]
    assert splitter.open


@pytest.mark.parametrize("text", ["<think>" + "x" * 200_000, " " * 200_000 + "x", "<" * 200_000])
def test_time_is_linear_for_single_characters(text: str) -> None:
    # 200,000 pieces; anything quadratic takes minutes and hits the suite's time limit.
    assert read(list(text))
