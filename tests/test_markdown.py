"""What a model wrote does nothing when it is rendered, and what is harmless stays as it was.

The table is shared with the VS Code extension, whose suite renders every expected text with the two
Markdown parsers of VS Code and finds nothing in it that loads, runs or hides.
"""

import json
import re
import time
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ls.markdown import neutral_markdown

CASES: dict[str, Any] = json.loads(
    (Path(__file__).parent / "fixtures/markdown/cases.json").read_text()
)


@pytest.mark.parametrize("case", CASES["attacks"], ids=lambda case: case["text"][:40])
def test_what_would_act_is_escaped_as_the_extension_escapes_it(case: dict[str, str]) -> None:
    assert neutral_markdown(case["text"]) == case["safe"]


@pytest.mark.parametrize("text", CASES["kept"])
def test_what_is_harmless_comes_through_untouched(text: str) -> None:
    assert neutral_markdown(text) == text


pieces = st.sampled_from(
    [
        *[
            "`",
            "``",
            "```",
            "~~~",
            "\n",
            "\n\n",
            " ",
            "    ",
            "- ",
            "> ",
            "|",
            "*",
            "a",
            "\\",
            "\r",
        ],
        *["![x](https://evil.test)", "[x](command:y)", "<img src=x>", "[x]:", "](", "www.", "é"],
    ]
)


@given(st.lists(pieces, max_size=20).map("".join))
def test_nothing_is_lost_but_the_kind_of_line_end(text: str) -> None:
    bare = neutral_markdown(text + ".").replace("\\", "").replace("&lt;", "<")
    assert bare == re.sub("\r\n|\r", "\n", text + ".").replace("\\", "")


@given(st.lists(pieces, max_size=20).map("".join))
def test_a_second_time_adds_nothing(text: str) -> None:
    once = neutral_markdown(text + ".")
    assert neutral_markdown(once) == once


@given(st.text("abc !&<>[]()`~#*_\n", max_size=60).filter(lambda code: "```" not in code))
def test_a_block_of_code_is_never_touched(code: str) -> None:
    text = f"Look:\n\n```python\n{code}\n```\n"
    assert neutral_markdown(text) == text


@pytest.mark.parametrize(
    "unit",
    [">", "](", "![", "` ", "`a` ", "@` ", "*a", "<b", "\\`", "www.a ` ", "> - 1. "],
)
def test_time_grows_with_the_text_alone(unit: str) -> None:
    def cost(times: int) -> float:
        text = unit * times + "x"
        took = []
        for _ in range(3):
            start = time.process_time()
            neutral_markdown(text)
            took.append(time.process_time() - start)
        return min(took)

    assert cost(80_000) < 12 * max(cost(20_000), 0.002)
