"""What a command asks, and about which lines."""

from pathlib import Path
from typing import Any

import pytest

from codex_ls.errors import InvalidParams
from codex_ls.lsp.documents import Snapshot
from codex_ls.lsp.edits.compute import edits_of
from codex_ls.lsp.edits.text_edit import Edit
from codex_ls.lsp.prompts import MAX_CHANGED_LINES
from codex_ls.lsp.target import Target, ask_prompt, explain_prompt, fix_prompt
from codex_ls.protocol import AskArguments, ExecParams, Position, Range, TextDocument

URI = "file:///w/a.py"
LONG = "".join(f"x{number} = {number}\n" for number in range(600))


def span(first: int, start: int, last: int, end: int) -> Range:
    return Range(Position(first, start), Position(last, end))


def target(source: str, place: Range | None, *, language: str = "python") -> Target:
    snapshot = Snapshot(source, path=Path("/w/a.py"), language=language)
    return Target(URI, snapshot, place)


def arguments(place: Range | None = None, **more: Any) -> AskArguments:
    return AskArguments(text_document=TextDocument(URI), range=place, **more)


def test_a_question_that_is_all_there_is_is_about_what_is_around_it() -> None:
    place = span(0, 0, 1, 0)
    asked = ask_prompt(arguments(place), target("# why?\nx = 1\n", place), is_answer=False)
    assert (asked.title, asked.prompt, asked.question) == ("why?", "why?", "why?")
    assert asked.place == span(0, 0, 0, 0)
    place = span(0, 0, 2, 0)
    asked = ask_prompt(arguments(place), target("# why?\nx = 1\n", place), is_answer=False)
    assert (asked.prompt, asked.place) == ("why?", place)


def test_a_prompt_goes_before_a_question_in_the_selection() -> None:
    place = span(0, 0, 2, 0)
    given = arguments(place, prompt="how?", thread_id="h", profile="p")
    asked = ask_prompt(given, target("# why?\nx = 1\n", place), is_answer=False)
    assert (asked.prompt, asked.place, asked.thread_id, asked.profile) == ("how?", place, "h", "p")


def test_without_a_question_a_general_one_is_asked() -> None:
    place = span(1, 0, 1, 5)
    asked = ask_prompt(arguments(place), target("# why?\nx = 1\n", place), is_answer=False)
    assert asked.title == "About a.py, line 2"
    assert asked.question is None
    assert asked.prompt.endswith("?")
    with pytest.raises(InvalidParams, match="no question"):
        ask_prompt(AskArguments(), None, is_answer=False)


def test_below_an_answer_the_selection_is_asked_whatever_it_is() -> None:
    source = "# T\n\nThread `h1`, profile `p`. To go on, write below.\n\nMake it shorter\n"
    place = span(4, 0, 5, 0)
    asked = ask_prompt(arguments(place), target(source, place, language="markdown"), is_answer=True)
    assert (asked.prompt, asked.thread_id, asked.profile) == ("Make it shorter", "h1", "p")
    assert "textDocument" not in asked.exec_params()
    elsewhere = ask_prompt(
        arguments(place), target(source, place, language="markdown"), is_answer=False
    )
    assert (elsewhere.thread_id, elsewhere.profile) == (None, None)


def test_a_fix_is_of_the_lines_that_were_chosen() -> None:
    place = span(100, 3, 110, 0)
    asked = fix_prompt(arguments(place), target(LONG, place))
    assert asked.edit_range == (100, 109)
    assert (asked.intent, asked.place, asked.prompt) == ("fix", place, "")
    assert asked.title == "Fix: a.py, lines 101 to 110"
    backwards = span(109, 3, 100, 0)
    assert fix_prompt(arguments(backwards), target(LONG, backwards)).edit_range == (100, 109)


@pytest.mark.parametrize("place", [span(0, 0, 2, 0), span(0, 0, 2, 1), span(0, 0, 9, 9)])
def test_a_fix_to_behind_the_end_keeps_the_last_line_end(place: Range) -> None:
    source = "a = 1\nb = 2\n"
    assert fix_prompt(arguments(place), target(source, place)).edit_range == (0, 1)
    answer = "```\na = 1\nb = 3\n```"
    edits = edits_of(answer, source, span(0, 0, 1, 5), encoding="utf-16")
    assert edits == (Edit((1, 0), (2, 0), "b = 3\n"),)


def test_a_fix_of_too_much_is_refused_before_it_is_asked() -> None:
    with pytest.raises(InvalidParams, match="600 lines are too many") as refused:
        fix_prompt(arguments(), target(LONG, None))
    assert str(MAX_CHANGED_LINES) in (refused.value.hint or "")


@pytest.mark.parametrize("place", [None, span(0, 0, 0, 0), span(9, 9, 9, 9)])
@pytest.mark.parametrize("source", ["", "\n", "x", "x\n"])
def test_a_place_outside_of_the_document_is_its_end(source: str, place: Range | None) -> None:
    asked = fix_prompt(arguments(place), target(source, place))
    assert asked.edit_range == (0, 0)
    assert target(source, place).question() is None


def test_every_plan_is_good_for_a_turn() -> None:
    place = span(0, 0, 1, 0)
    for asked in (
        ask_prompt(arguments(place), target(LONG, place), is_answer=False),
        explain_prompt(arguments(place, prompt="x"), target(LONG, place)),
        fix_prompt(arguments(place), target(LONG, place)),
    ):
        assert ExecParams.read(asked.exec_params()).prompt == asked.prompt


def test_a_selection_may_be_given_from_either_end_and_a_cursor_is_its_line() -> None:
    source = "\U0001f600a\nb"
    assert target(source, span(0, 2, 1, 1)).selection == "a\nb"
    assert target(source, span(1, 1, 0, 2)).selection == "a\nb"
    assert target(source, span(0, 2, 0, 2)).selection == "\U0001f600a\n"
    assert target(source, span(1, 1, 1, 1)).selection == "b"
    assert target(source, span(9, 0, 9, 0)).selection == ""
    assert target(source, None).selection == ""
