"""An answer's Markdown as it stands on a terminal, whatever the pieces in which it comes."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_ls.render.terminal_markdown import TerminalMarkdown
from tests.support.screen import Screen

CASES = {
    "a heading": ("# Top\n## Below\n#hashtag\n#include", ["Top", "Below", "#hashtag", "#include"]),
    "bold and code": ("Use **two words** and `a b` here.", ["Use two words and a b here."]),
    "no opener": ("2 ** 3 and a**b and **", ["2 ** 3 and a**b and **"]),
    "never closed": ("Pass **kwargs on\nand `this\n", ["Pass **kwargs on", "and `this", ""]),
    "closed and not": ("**A** and **kwargs", ["A and **kwargs"]),
    "markers in code": ("`**a**` and ``b`c``", ["**a** and b`c"]),
    "escaped": (r"a \`b and \**c", [r"a \`b and \**c"]),
    "a list": ("- one\n  - two\n1. three\n* four", ["- one", "  - two", "1. three", "* four"]),
    "a rule": ("---\n***\n___\n", ["---", "***", "___", ""]),
    "a fence": (
        "```py\n**a** = `b`\n# no heading\n```\n**after**",
        ["```py", "**a** = `b`", "# no heading", "```", "after"],
    ),
    "a span of three": ("```a``` here\n**b**", ["```a``` here", "b"]),
    "a table": ("| a | `b` |\n|---|---|", ["| a | `b` |", "|---|---|"]),
    "line ends of Windows": ("a\r\n**b**\r\n", ["a", "b", ""]),
    "only markers": ("**\n`\n#\n- ", ["**", "`", "#", "-"]),
}


def shown(*pieces: str, columns: int = 60, styled: bool = True) -> Screen:
    screen = Screen(columns)
    markdown = TerminalMarkdown(lambda: columns, styled=styled)
    for piece in pieces:
        screen.write(markdown.feed(piece))
        assert screen.is_plain
    return screen.write(markdown.end())


@pytest.mark.parametrize("name", CASES)
def test_an_answer_looks_the_same_at_every_cut(name: str) -> None:
    answer, rows = CASES[name]
    assert shown(answer).rows == rows
    assert shown(*answer).rows == rows
    for at in range(len(answer)):
        assert shown(answer[:at], answer[at:]).rows == rows


def test_headings_bold_text_and_code_are_styled() -> None:
    screen = shown("# Top\n### Low\nUse **this** or `that`.\n```sh\nls **x**\n```\n")
    assert screen.styled("bold") == ["Top", "Low", "this"]
    assert screen.styled("underline") == ["Top"]
    assert screen.styled("cyan") == ["that", "ls **x**"]
    assert screen.styled("dim") == ["```sh", "```"]


def test_a_line_whose_marker_is_not_closed_has_no_style() -> None:
    screen = shown("Pass **kwargs and `args\nplain **bold**")
    assert screen.styled("bold") == ["bold"]
    assert screen.styled("cyan") == []


def test_every_word_is_there_at_once() -> None:
    markdown = TerminalMarkdown(lambda: 40, styled=True)
    for piece in ("Fo", "ur is", " **bo", "ld", "** and `co", "de"):
        word = piece.replace("**", "").replace("`", "").rstrip()
        assert Screen(40).write(markdown.feed(piece)).rows == [word]


def test_a_word_that_does_not_fit_moves_to_the_next_row() -> None:
    screen = Screen(12)
    markdown = TerminalMarkdown(lambda: 12, styled=True)
    assert screen.write(markdown.feed("one two thr")).rows == ["one two thr"]
    assert screen.write(markdown.feed("ee")).rows == ["one two", "three"]
    assert screen.write(markdown.feed(" four")).rows == ["one two", "three four"]


@pytest.mark.parametrize(
    ("answer", "columns", "rows"),
    [
        ("- a long item here", 12, ["- a long", "  item here"]),
        ("10. a long item", 12, ["10. a long", "    item"]),
        ("abcdefghijklmnop q", 10, ["abcdefghi", "jklmnop q"]),
        ("x abcdefghijklmnop", 10, ["x", "abcdefghi", "jklmnop"]),
        ("中文字符中文字符", 9, ["中文字符", "中文字符"]),
        ("| a | b | c |", 8, ["| a | b ", "| c |"]),
        ("```\nlong code here\n```", 8, ["```", "long cod", "e here", "```"]),
        ("a **bold and wide** b", 10, ["a bold", "and wide", "b"]),
        ("pass **kwargs on to it", 10, ["pass", "**kwargs", "on to it"]),
    ],
)
def test_rows_break_between_words(answer: str, columns: int, rows: list[str]) -> None:
    rows = [row.rstrip() for row in rows]
    assert shown(answer, columns=columns).rows == rows
    assert shown(*answer, columns=columns).rows == rows


def test_without_styles_every_marker_stays_and_words_still_wrap() -> None:
    screen = shown("# Top\n**bold** `code` and more", columns=14, styled=False)
    assert screen.rows == ["# Top", "**bold**", "`code` and", "more"]


@settings(max_examples=200, deadline=None)
@given(st.text("ab *`#-1.\n|中", max_size=60), st.integers(5, 30), st.integers(1, 9))
def test_nothing_depends_on_the_pieces(answer: str, columns: int, size: int) -> None:
    pieces = [answer[at : at + size] for at in range(0, len(answer), size)]
    whole, cut = shown(answer, columns=columns), shown(*pieces, columns=columns)
    assert whole.rows == cut.rows
    kept = "".join(character for character in answer if character in "ab1.中")
    assert "".join(c for row in whole.rows for c in row if c in "ab1.中") == kept


def test_time_grows_with_the_text() -> None:
    def seconds(count: int) -> float:
        markdown = TerminalMarkdown(lambda: 80, styled=True)
        since = time.process_time()
        for _ in range(count):
            markdown.feed("word **b ")
        markdown.end()
        return time.process_time() - since

    assert min(seconds(8_000) for _ in range(3)) < 20 * min(seconds(1_000) for _ in range(3))
