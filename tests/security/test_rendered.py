"""Markdown that the program writes: whatever the model said, nothing in it acts when it is rendered."""

import pytest

from codex_ls.lsp.answer_files import answer_document
from codex_ls.markdown import neutral_markdown
from codex_ls.protocol import ExecResult, Timing
from tests.cli.command import Command
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream

IMAGE = "![x](https://evil.test/a.png)"
THINKING = f"hm\n```\n{IMAGE} <img src=x>\n```\n~~~\n{IMAGE}\n~~~~~~"
OPEN_FENCES = [
    "x\n\n    ```",
    "- a\n  ```",
    "1. x\n\n       ```",
    "```\ncode\n    ```",
    "> ```",
    "~~~~ <b>\n```",
    "\t```",
]
"""Texts of which one Markdown parser says that a block of code is open at their end, and another not."""


@pytest.mark.parametrize("content", OPEN_FENCES)
def test_thinking_never_acts_however_the_answer_leaves_its_fences(content: str) -> None:
    result = ExecResult(
        thread_id="t",
        turn_id="u",
        status="completed",
        content=content,
        reasoning=THINKING,
        finish_reason="stop",
        model="m",
        provider="p",
        timing=Timing(request_ms=1, total_ms=2, estimated=True),
        notices=(),
    )
    document = answer_document(title="x", question=content, result=result, ending="Answered")
    assert document == neutral_markdown(document), "one more pass finds something that acts"


@pytest.mark.parametrize("content", OPEN_FENCES)
def test_a_conversation_that_goes_into_a_file_does_nothing_there(
    command: Command, server: ModelServer, content: str
) -> None:
    server.enqueue(chat_stream(reasoning=[THINKING], content=[content, f"\n{IMAGE}"]))
    server.enqueue(chat_stream(content=[f"```\n{IMAGE}\n```"]))
    command.run("exec", "x")
    command.run("exec", "resume", "--last", "y")
    short_id = command.run("threads").out.split()[0]
    text = command.run("threads", short_id).out
    assert "evil.test" in text
    assert text == neutral_markdown(text)
    with command.start_at_terminal("threads", short_id) as terminal:
        assert f"> {IMAGE} <img src=x>" in terminal.finish().out  # to read, it is as it was said
