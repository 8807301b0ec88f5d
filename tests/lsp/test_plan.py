"""What a command asks, and about which lines."""

from pathlib import Path
from typing import Any

import pytest

from codex_ls.errors import InvalidParams
from codex_ls.lsp.command_params import AskArguments
from codex_ls.lsp.context import Snapshot
from codex_ls.lsp.params import ExecParams, Position, Range
from codex_ls.lsp.plan import MAX_FIX_LINES, ask_plan, explain_plan, fix_plan
from codex_ls.lsp.replacement import Edit, edits_from
from codex_ls.lsp.subject import Subject

URI = "file:///w/a.py"
LONG = "".join(f"x{number} = {number}\n" for number in range(600))


def span(first: int, start: int, last: int, end: int) -> Range:
    return Range(Position(first, start), Position(last, end))


def subject(source: str, place: Range | None, *, language: str = "python") -> Subject:
    snapshot = Snapshot(source, path=Path("/w/a.py"), language=language)
    return Subject(URI, snapshot, place)


def arguments(place: Range | None = None, **more: Any) -> AskArguments:
    from codex_ls.lsp.params import TextDocument

    return AskArguments(textDocument=TextDocument(URI), range=place, **more)


def test_a_question_that_is_all_there_is_is_about_what_is_around_it() -> None:
    place = span(0, 0, 1, 0)
    plan = ask_plan(arguments(place), subject("# why?\nx = 1\n", place), is_answer=False)
    assert (plan.title, plan.prompt, plan.question) == ("why?", "why?", "why?")
    assert plan.place == span(0, 0, 0, 0)
    place = span(0, 0, 2, 0)
    plan = ask_plan(arguments(place), subject("# why?\nx = 1\n", place), is_answer=False)
    assert (plan.prompt, plan.place) == ("why?", place)


def test_a_prompt_goes_before_a_question_in_the_selection() -> None:
    place = span(0, 0, 2, 0)
    given = arguments(place, prompt="how?", threadId="h", profile="p")
    plan = ask_plan(given, subject("# why?\nx = 1\n", place), is_answer=False)
    assert (plan.prompt, plan.place, plan.thread_id, plan.profile) == ("how?", place, "h", "p")


def test_without_a_question_a_general_one_is_asked() -> None:
    place = span(1, 0, 1, 5)
    plan = ask_plan(arguments(place), subject("# why?\nx = 1\n", place), is_answer=False)
    assert plan.title == "About a.py, line 2"
    assert plan.question is None
    assert plan.prompt.endswith("?")
    with pytest.raises(InvalidParams, match="no question"):
        ask_plan(AskArguments(), None, is_answer=False)


def test_below_an_answer_the_selection_is_asked_whatever_it_is() -> None:
    source = "# T\n\nThread `h1`, profile `p`. To go on, write below.\n\nMake it shorter\n"
    place = span(4, 0, 5, 0)
    plan = ask_plan(arguments(place), subject(source, place, language="markdown"), is_answer=True)
    assert (plan.prompt, plan.thread_id, plan.profile) == ("Make it shorter", "h1", "p")
    assert "textDocument" not in plan.exec_params()
    elsewhere = ask_plan(
        arguments(place), subject(source, place, language="markdown"), is_answer=False
    )
    assert (elsewhere.thread_id, elsewhere.profile) == (None, None)


def test_a_fix_is_of_the_lines_that_were_chosen() -> None:
    place = span(100, 3, 110, 0)
    plan = fix_plan(arguments(place), subject(LONG, place))
    assert plan.region == (100, 109)
    assert plan.place == Range(Position(100, 0), Position(109, 2**31 - 1))
    assert "all of lines 101 to 110" in plan.prompt
    assert plan.title == "Fix: a.py, lines 101 to 110"
    backwards = span(109, 3, 100, 0)
    assert fix_plan(arguments(backwards), subject(LONG, backwards)).region == (100, 109)


@pytest.mark.parametrize("place", [span(0, 0, 2, 0), span(0, 0, 2, 1), span(0, 0, 9, 9)])
def test_a_fix_to_behind_the_end_keeps_the_last_line_end(place: Range) -> None:
    source = "a = 1\nb = 2\n"
    region = fix_plan(arguments(place), subject(source, place)).region
    assert region == (0, 1)
    answer = "```\na = 1\nb = 3\n```"
    edits = edits_from(answer, source, first=region[0], last=region[1], encoding="utf-16")
    assert edits == (Edit((1, 0), (2, 0), "b = 3\n"),)


def test_a_fix_of_too_much_is_refused_before_it_is_asked() -> None:
    with pytest.raises(InvalidParams, match="600 lines are too many") as refused:
        fix_plan(arguments(), subject(LONG, None))
    assert str(MAX_FIX_LINES) in (refused.value.hint or "")


@pytest.mark.parametrize("place", [None, span(0, 0, 0, 0), span(9, 9, 9, 9)])
@pytest.mark.parametrize("source", ["", "\n", "x", "x\n"])
def test_a_place_outside_of_the_document_is_its_end(source: str, place: Range | None) -> None:
    plan = fix_plan(arguments(place), subject(source, place))
    assert plan.region == (0, 0)
    assert subject(source, place).question() is None


def test_every_plan_is_good_for_a_turn() -> None:
    place = span(0, 0, 1, 0)
    for plan in (
        ask_plan(arguments(place), subject(LONG, place), is_answer=False),
        explain_plan(arguments(place, prompt="x"), subject(LONG, place)),
        fix_plan(arguments(place), subject(LONG, place)),
    ):
        assert ExecParams.read(plan.exec_params()).prompt == plan.prompt


def test_a_selection_may_be_given_from_either_end_and_a_cursor_is_its_line() -> None:
    source = "\U0001f600a\nb"
    assert subject(source, span(0, 2, 1, 1)).selection == "a\nb"
    assert subject(source, span(1, 1, 0, 2)).selection == "a\nb"
    assert subject(source, span(0, 2, 0, 2)).selection == "\U0001f600a\n"
    assert subject(source, span(1, 1, 1, 1)).selection == "b"
    assert subject(source, span(9, 0, 9, 0)).selection == ""
    assert subject(source, None).selection == ""
