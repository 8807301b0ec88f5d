import pytest

from codex_ls.lsp.target import MAX_CHARS, Question, question_in


@pytest.mark.parametrize(
    ("selection", "language", "question", "is_all"),
    [
        ("# why?\n", "python", "why?", True),
        ("    # make this\n    # faster\n", "python", "make this\nfaster", True),
        ("// why so?\nx = 1;", "c", "why so?", False),
        ("x = 1;\n//why so?\ny();", "c", "why so?", False),
        ("/* why\n * so? */\nx();", "c", "why\nso?", False),
        ("/*\n * why?\n */", "c", "why?", True),
        ('"""Why?"""', "python", "Why?", True),
        ("<!-- why? -->\n<p>", "html", "why?", False),
        ("-- why?\nlocal x", "lua", "why?", False),
        ("; why?", "clojure", "why?", True),
        ("# codex: name it better\nx = 1", "python", "name it better", False),
        ("# 为什么？\nx = 1", "python", "为什么？", False),
        ("# a note\nx = 1\n# and why?\ny = 2", "python", "and why?", False),
        ("Which is it?", "markdown", "Which is it?", True),
        ("codex, shorten this", "plaintext", "shorten this", True),
    ],
)
def test_a_question_is_found_in_what_is_selected(
    selection: str, language: str, question: str, is_all: bool
) -> None:
    assert question_in(selection, language=language) == Question(question, is_all)


@pytest.mark.parametrize(
    ("selection", "language"),
    [
        ("", "python"),
        ("\n  \n", "python"),
        ("# a note\nx = 1", "python"),
        ("#include <x.h>", "c"),
        ("#!/bin/sh\nx", "shellscript"),
        ("x = a ? b : c", "c"),
        ('x = "why?"', "python"),
        ("--x;", "c"),
        ("A paragraph.", "markdown"),
        ("# A heading", "markdown"),
        ("#\n#\n", "python"),
        ("# why?" + "x" * MAX_CHARS, "python"),
    ],
)
def test_other_text_asks_nothing(selection: str, language: str) -> None:
    assert question_in(selection, language=language) is None
