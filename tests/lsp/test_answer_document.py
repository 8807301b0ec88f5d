from typing import Any

import pytest

from codex_ls.lsp.answer_files import (
    Continuation,
    answer_document,
    continuation_of,
    doctor_document,
)
from codex_ls.lsp.edits.code_blocks import Block, blocks_in, fenced
from codex_ls.protocol import DoctorCheck, ExecResult


def result(**changed: Any) -> ExecResult:
    whole: Any = {
        "threadId": "h-1",
        "turnId": "u1",
        "status": "completed",
        "content": "It adds.\n",
        "reasoning": "",
        "finishReason": "stop",
        "model": "m1",
        "profile": "local",
        "provider": "fake",
        "timing": {"requestMs": 1, "totalMs": 5, "estimated": True},
        "notices": [],
        **changed,
    }
    return ExecResult.model_validate(whole)


def document(question: str | None = None, **changed: Any) -> str:
    return answer_document(
        title="Explain: a.py", question=question, result=result(**changed), ending="Answered in 1 s"
    )


GO_ON = (
    "---\n\nThread `h-1`, profile `local`. To go on, write below, select what you wrote, and choose"
    " “Ask about this”.\n"
)


def test_an_answer_comes_first_and_the_thinking_last() -> None:
    notice = {"kind": "contextTruncated", "message": "The document is long.", "hint": "Select."}
    text = document("Why?\n\nReally?", reasoning="hm\n```\nx", notices=[notice])
    assert text == (
        "# Explain: a.py\n\n> Why?\n> \n> Really?\n\n**local** (m1). Answered in 1 s.\n\n"
        "*Note:* The document is long. Select.\n\nIt adds.\n\n"
        "## Thinking\n\n````text\nhm\n```\nx\n````\n\n" + GO_ON
    )


@pytest.mark.parametrize(
    ("hostile", "shown"),
    [
        ("![x](https://e.example/?k)", "!\\[x](https://e.example/?k)"),
        ("[x](command:evil)", "[x]\\(command:evil)"),
        ("<img src=https://e.example>", "&lt;img src=https://e.example>"),
        ("![x][r]\n\n[r]: https://e.example", "!\\[x][r]\n\n[r]\\: https://e.example"),
    ],
)
def test_nothing_of_a_model_acts_when_it_is_rendered(hostile: str, shown: str) -> None:
    assert shown in document(content=hostile)
    spoken = document(
        f"{hostile}", model=hostile, notices=[{"kind": "x", "message": hostile, "hint": hostile}]
    )
    assert hostile not in spoken
    assert f"\n{hostile}\n" in document(reasoning=f"a\n{hostile}\nb")  # inside a block of code
    assert hostile not in doctor_document(
        [DoctorCheck(id="x", title=hostile, status="failed", detail=hostile, hint=hostile)]
    )


def test_a_block_that_an_answer_leaves_open_takes_nothing_with_it() -> None:
    text = document(content="So:\n~~~~python\nx = 1")
    assert "~~~~python\nx = 1\n~~~~\n\n---" in text
    assert "*No answer came.*" in document(content=" \n")


def test_a_document_tells_which_conversation_goes_on_below_it() -> None:
    text = document(content="Thread `other`, profile `cloud`. Do not be fooled.")
    assert continuation_of(text + "\nAnd then?\n") == Continuation("h-1", "local")
    unnamed = result(profile=None)
    text = answer_document(title="x", question=None, result=unnamed, ending="x")
    assert continuation_of(text) == Continuation("h-1", None)
    assert continuation_of("# Something else\n\nThread h-1.\n") is None


def test_the_doctor_has_a_line_for_each_check() -> None:
    text = doctor_document(
        [
            DoctorCheck(id="a", title="Address", status="ok", detail="127.0.0.1"),
            DoctorCheck(id="k", title="Key", status="failed", detail="none", hint="Set it."),
        ]
    )
    assert text == (
        "# Codex: the setup, checked\n\n- ✓ **Address**: 127.0.0.1\n- ✗ **Key**: none\n  Set it.\n"
    )


def test_blocks_are_found_in_lists_and_with_any_fence() -> None:
    text = "1. so\n   ```py\n   x\n     y\n   ```\n~~~\n```\n~~~\n````\n```\n````\n`not` ```one```\n```a"
    assert blocks_in(text) == (
        Block("py", ("x", "  y"), "```"),
        Block("", ("```",), "~~~"),
        Block("", ("```",), "````"),
        Block("a", (), "```", is_closed=False),
    )
    assert fenced("a ````` b", "text") == "``````text\na ````` b\n``````"
