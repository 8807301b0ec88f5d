"""What each intent sends, and what its answer is about."""

from pathlib import Path

import pytest

from codex_ls.errors import InvalidParams
from codex_ls.events import Notice
from codex_ls.lsp.documents import Snapshot
from codex_ls.lsp.prompts import MAX_CHANGED_LINES, Prompt, compose
from codex_ls.protocol import Diagnostic, Intent, Position, Range
from codex_ls.turn.prompt_context import prompt_with_context

HEAD = [f"import m{number}" for number in range(50)]
BODY = ["def area(r):", "    if r:", "        return 3 * r", "", "    return 0"]
SOURCE = "\n".join([*HEAD, "", "", *BODY, "", "", "x = 1"]) + "\n"
TOP = len(HEAD) + 2


def at(first: int, start: int, last: int | None = None, end: int | None = None) -> Range:
    last, end = first if last is None else last, start if end is None else end
    return Range(Position(first, start), Position(last, end))


def problem(place: Range) -> Diagnostic:
    return Diagnostic(place, "no area", 1)


def asked(
    intent: Intent,
    place: Range | None,
    words: str = "",
    *,
    source: str = SOURCE,
    diagnostics: tuple[Diagnostic, ...] = (),
) -> tuple[Prompt, str]:
    """What is composed, and the text that the model gets."""
    snapshot = Snapshot(source, path=Path("/w/a.py"), folder=Path("/w"), language="python")
    prompt = compose(intent, words, snapshot=snapshot, place=place, diagnostics=diagnostics)
    return prompt, prompt_with_context(prompt.words, prompt.context)


@pytest.mark.parametrize(
    "place", [at(TOP + 2, 8), at(TOP + 2, 15, TOP + 2, 20), at(TOP + 1, 0, TOP + 2, 0)]
)
def test_a_fix_sends_the_block_and_says_which_lines_it_is_about(place: Range) -> None:
    prompt, text = asked("fix", place, diagnostics=(problem(at(TOP + 2, 15)),))
    first, last = TOP + 1, TOP + len(BODY)
    assert text == (
        f"From a.py, lines {first} to {last}:\n```python\n" + "\n".join(BODY) + "\n```\n\n"
        f"Problems reported there:\n- line {TOP + 3}, error: no area\n  at: `return 3 * r`\n\n"
        "Fix the problem that is reported here, and change nothing else.\n"
        f"Answer with all of lines {first} to {last}, corrected, in one block of code and without line"
        " numbers, with nothing left out; then say in one or two sentences what was wrong."
    )
    assert prompt.place == at(first - 1, 0, last - 1, len(BODY[-1]))


def test_a_fix_of_lines_that_were_chosen_is_of_those() -> None:
    prompt, text = asked("fix", at(TOP + 1, 4, TOP + 2, 12), "Round it.")
    assert f"lines {TOP + 2} to {TOP + 3}:\n```python\n    if r:\n        return 3 * r\n```" in text
    assert "\nRound it.\n" in f"\n{text}"
    assert prompt.place == at(TOP + 1, 0, TOP + 2, 20)


@pytest.mark.parametrize(
    ("place", "lines"),
    [
        (at(TOP + 2, 15, TOP + 2, 20), (TOP + 2, TOP + 2)),
        (at(TOP + 1, 9, TOP + 3, 0), (TOP + 1, TOP + 2)),
        (at(TOP + 2, 15), (TOP, TOP + 4)),
        (at(9999, 0), (len(HEAD) + 9, len(HEAD) + 9)),
    ],
)
def test_an_edit_is_of_the_lines_of_the_selection_or_of_the_block(
    place: Range, lines: tuple[int, int]
) -> None:
    prompt, text = asked("edit", place, "Make it round.")
    assert prompt.place is not None
    assert (prompt.place.start.line, prompt.place.end.line) == lines
    wanted = SOURCE.split("\n")[lines[0] : lines[1] + 1]
    assert (
        "```python\n" + "\n".join(wanted) + "\n```\n\nMake it round.\nAnswer with all of " in text
    )


@pytest.mark.parametrize("intent", ["fix", "edit"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_what_is_to_be_written_again_has_no_line_numbers(intent: Intent, end: str) -> None:
    _, text = asked(intent, None, "x", source=end.join(BODY))
    assert "From a.py, lines 1 to 5:\n```python\n" + "\n".join(BODY) + "\n```" in text


@pytest.mark.parametrize(
    ("place", "about", "selected"),
    [
        (at(TOP + 2, 8), (TOP, TOP + 4), None),
        (at(TOP + 2, 15, TOP + 2, 20), (TOP + 2, TOP + 2), "line 55: `3 * r`"),
        (at(TOP + 1, 0, TOP + 3, 0), (TOP + 1, TOP + 2), "lines 54 to 55"),
    ],
)
def test_an_explanation_gets_the_block_around_the_place(
    place: Range, about: tuple[int, int], selected: str | None
) -> None:
    prompt, text = asked("explain", place)
    assert "\n53 def area(r):\n54     if r:\n55         return 3 * r\n" in text
    assert text.endswith("\n\nExplain what this does, and what in it is not obvious.")
    assert prompt.place is not None
    assert (prompt.place.start.line, prompt.place.end.line) == about
    assert ("Selected there" in text) is (selected is not None)
    assert selected is None or selected in text


def test_an_explanation_of_a_problem_gets_the_block_around_it() -> None:
    prompt, text = asked("explain", None, diagnostics=(problem(at(TOP + 2, 15)),))
    assert "\n53 def area(r):\n54     if r:\n55         return 3 * r\n" in text
    assert "- line 55, error: no area\n\nExplain the problem that is reported here" in text
    assert prompt.place == at(TOP + 2, 0, TOP + 2, 20)


def test_own_words_go_before_what_an_intent_asks_by_itself() -> None:
    for blank in ("", " \n", "\u200b"):
        assert asked("explain", None, blank)[0].words.startswith("Explain what")
    assert asked("explain", None, "Why?")[0].words == "Why?"
    assert asked("fix", None, "Why?", source="x")[0].words == "Why?"


def test_to_ask_is_about_no_lines_and_needs_no_document() -> None:
    assert asked("ask", at(TOP, 0), "Why?")[0].place is None
    alone = compose("ask", "Why?", snapshot=None, place=None, diagnostics=())
    assert alone == Prompt("Why?")
    about = compose("ask", "Why?", snapshot=None, place=None, diagnostics=(problem(at(0, 0)),))
    assert prompt_with_context(about.words, about.context) == (
        "Problems reported there:\n- line 1, error: no area\n\nWhy?"
    )


@pytest.mark.parametrize("intent", ["fix", "edit"])
def test_what_no_answer_can_hold_is_refused(intent: Intent) -> None:
    with pytest.raises(InvalidParams, match=f"401 lines are too many for one {intent}") as many:
        asked(intent, at(0, 0, 400, 1), "x", source="x\n" * 500)
    assert many.value.hint == f"Select at most {MAX_CHANGED_LINES}."
    with pytest.raises(InvalidParams, match="too long"):
        asked(intent, at(0, 0, 1, 0), "x", source="x" * 70_000 + "\ny\n")
    assert asked(intent, at(0, 0, 399, 1), "x", source="x\n" * 500)[0].place == at(0, 0, 399, 1)


@pytest.mark.parametrize("source", ["", "\n", "x", "x\n"])
@pytest.mark.parametrize("place", [None, at(0, 0), at(9, 9), at(0, 0, 9, 9)])
@pytest.mark.parametrize("intent", ["explain", "fix", "edit"])
def test_a_place_outside_of_the_document_is_its_end(
    intent: Intent, place: Range | None, source: str
) -> None:
    prompt, _ = asked(intent, place, "x", source=source)
    assert prompt.place == at(0, 0, 0, len(source.rstrip("\n")))


def test_of_a_large_document_without_a_place_a_part_is_explained() -> None:
    prompt, _ = asked("explain", None, source="x = 1\n" * 10_000)
    assert [notice.kind for notice in prompt.notices] == ["contextTruncated"]
    assert isinstance(prompt.notices[0], Notice)
    endless, text = asked("explain", at(0, 5), source="x" * 1_000_000)
    assert len(text) < 40_000
    assert endless.place == at(0, 0, 0, 1_000_000)


def test_to_continue_sends_no_code_again() -> None:
    prompt, text = asked("continue", at(TOP + 1, 4, TOP + 2, 12))
    assert text.startswith("Your last answer was cut off before its end. Continue it exactly where")
    assert SOURCE.splitlines()[TOP] not in text
    assert prompt.place is None
