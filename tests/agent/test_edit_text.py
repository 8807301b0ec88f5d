"""Replacing what a model quotes."""

import pytest

from codex_ls.agent.edit_text import replaced
from codex_ls.agent.workspace import ToolError

TEXT = "def f():\n    if a:\n        return 1\n    return 2\n"


@pytest.mark.parametrize(
    ("text", "old", "new", "result"),
    [
        ("one two", "two", "three", "one three"),
        (TEXT, "return 1", "return 3", TEXT.replace("return 1", "return 3")),
        ("a\r\nb\r\nc\r\n", "a\nb\n", "x\ny\nz\n", "x\r\ny\r\nz\r\nc\r\n"),
        ("a  \nb\t\nc\n", "a\nb", "x", "x\nc\n"),
        ("a\nb\nc\n", "a  \nb", "x", "x\nc\n"),
        # One indentation for all lines, in either direction, and the new lines follow.
        (TEXT, "if a:\n    return 1", "if b:\n    return 1\n    pass", TEXT.replace("if a:\n        return 1", "if b:\n        return 1\n        pass")),
        ("x = 1\n", "    x = 1", "    y = 2", "y = 2\n"),
        ("\tif a:\n\t\tb\n", "if a:\n\tb", "if c:\n\td", "\tif c:\n\t\td\n"),
        ('say "hi" - now\n', "say “hi” – now", "bye", "bye\n"),
        ("say “hi”\n", 'say "hi"', "bye", "bye\n"),
        ("a\nb\nc\n", "\nb\n", "\n", "a\nc\n"),
        ("a\nb", "b", "", "a\n"),
    ],
)  # fmt: skip
def test_what_is_quoted_is_replaced(text: str, old: str, new: str, result: str) -> None:
    assert replaced(text, old, new) == result


def test_all_places_on_request() -> None:
    assert replaced("a b a", "a", "c", replace_all=True) == "c b c"


@pytest.mark.parametrize(
    ("text", "old", "new", "words"),
    [
        ("x = 1\ny\nx = 1\n", "x = 1", "z", r"stands in 2 places \(line 1: x = 1; line 3: x = 1\)"),
        ("  x\ny\n    x\n", "\tx", "z", "stands in 2 places"),
        ("abc", "abd", "z", "was not found"),
        ("the cat sat\n", "the bat sat", "z", "was not found"),  # nothing by similarity
        (
            "if a:\n    b\n",
            "if a:\nb",
            "z",
            "was not found",
        ),  # another shape, not another indentation
        ("abc", "", "z", "old is empty"),
        ("abc", "abc", "abc", "are the same"),
        ("abc\n\n", "\n\n\n", "z", "was not found"),
    ],
)
def test_what_is_not_one_place_is_an_error(text: str, old: str, new: str, words: str) -> None:
    with pytest.raises(ToolError, match=words):
        replaced(text, old, new)


def test_a_large_file_of_equal_lines_takes_no_time() -> None:
    with pytest.raises(ToolError, match="was not found"):
        replaced("a\n" * 500_000, "a\n" * 5_000 + "b", "c")
