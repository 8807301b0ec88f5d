"""The code block of an answer, whatever the pieces are in which it comes."""

import pytest

from codex_ls.render.code_block import FirstCodeBlock

CASES = {
    "between prose": ("Here:\n```python\nx = 1\n```\nThat is all.\n", "x = 1\n"),
    "the first of two": ("```\na\n```\n```\nb\n```\n", "a\n"),
    "a longer fence": ("````md\n```\ncode\n```\n````\n", "```\ncode\n```\n"),
    "tildes": ("~~~\n```\n~~~\n", "```\n"),
    "in a list": ("1. Do:\n   ```sh\n   ls\n     -l\n   ```\n", "ls\n  -l\n"),
    "not closed": ("```\na\nb", "a\nb"),
    "closed without a line end": ("```\na\n```", "a\n"),
    "blank lines": ("```\n\na\n\n\n```\n", "\na\n\n\n"),
    "backticks in code": ("```\n`a`\n``\n```\n", "`a`\n``\n"),
    "none": ("Just `this`.\nAnd ```that``` too.\n", "Just `this`.\nAnd ```that``` too.\n"),
    "CRLF": ("```\r\na\r\n```\r\nb", "a\r\n"),
}


def extracted(*pieces: str) -> str:
    block = FirstCodeBlock()
    text = "".join(block.feed(piece) for piece in pieces)
    return text + block.finish()


@pytest.mark.parametrize("name", CASES)
def test_a_block_is_the_same_at_every_cut(name: str) -> None:
    answer, code = CASES[name]
    assert extracted(answer) == code
    assert extracted(*answer) == code
    for at in range(len(answer)):
        assert extracted(answer[:at], answer[at:]) == code


def test_code_is_there_in_the_call_that_brought_it() -> None:
    block = FirstCodeBlock()
    assert [
        block.feed(piece) for piece in ("Hi\n```py\nde", "f f", "():", "\n", " ", " x", "\n``")
    ] == [
        "de",
        "f f",
        "():",
        "\n",
        "",
        "  x",
        "\n",
    ]
