"""Where code begins and ends in Markdown, however the text is cut."""

import pytest

from codex_ls.wire.code_spans import CodeSpans

INSIDE = [
    "`a",
    "a `b` and `c",
    "``a ` b",
    "```\n",
    "```python\nx = 1\n",
    "~~~\n```\n",
    "````\n```\n",
    "> ```\n> x\n",
    "- ```\n  x\n",
    "1. ```sh\n   x\n",
    "   ```\nx",
    "```\nx\n``` y",
    "```\nx\n``` y\n",
]
OUTSIDE = [
    "",
    "a",
    "`a`",
    "`a\nb",
    "```\nx\n```\n",
    "```\nx\n````\n",
    "```\nx\n```",
    "```\nx\n```  ",
    "```\nx\n``` y\n```\n",
    "> ```\n> x\n> ```\n",
    "- ```\n  x\n  ```\n",
    "```x``` y",
    "```x```\n",
    "```x`` y```",
    "it's ~~gone~~",
    "--- \n",
    "a ``` b\n",
]


@pytest.mark.parametrize("text", INSIDE + OUTSIDE)
def test_a_place_is_inside_or_outside_of_code_however_it_is_cut(text: str) -> None:
    expected = text in INSIDE
    for pieces in ([text], list(text), *([text[:at], text[at:]] for at in range(len(text)))):
        code = CodeSpans()
        for piece in pieces:
            code.feed(piece)
        assert code.inside is expected, pieces
