"""Earlier conversations, as the language server keeps them."""

import re

from tests.nvim.editor import Editor
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream, error_answer

PICK_FIRST = """
vim.ui.select = function(items, options, done)
  _G.offered = vim.tbl_map(options.format_item, items)
  done(items[1])
end
"""


def text_lines(editor: Editor) -> list[str]:
    return [line for line in editor.buffer() if line and not line.startswith("*")]


def test_a_conversation_is_picked_shown_and_gone_on_with(
    editor: Editor, model_server: ModelServer
) -> None:
    model_server.enqueue(
        chat_stream(content=["It doubles.\n```\nnot closed"]),
        chat_stream(content=["See ![x](http://evil)"]),
        chat_stream(content=["Because."]),
    )
    editor.command("1,2Codex ask What is it?")
    editor.wait_for_text("╰ Answered")
    editor.keys("2G")
    editor.command("Codex ask And ```?")
    editor.wait_for_text("│ See")
    editor.wait_for_end()
    editor.command("Codex answer dismiss")

    editor.lua(PICK_FIRST)
    editor.command("Codex threads")
    editor.wait("return vim.bo.filetype == 'markdown'")
    (offered,) = editor.lua("return _G.offered")
    assert re.fullmatch(
        r"\d{4}-\d\d-\d\d \d\d:\d\d  What is it\? \(2 turns, here, local-oss\)", offered
    )
    expected = [
        "## What is it?",
        "It doubles.",
        "```",
        "not closed",
        "```",
        "---",
        "## And ```?",
        "See !\\[x](http://evil)",
    ]
    assert text_lines(editor) == expected

    editor.command("Codex ask And now?")
    editor.wait("return vim.fn.search('Because', 'n') > 0")
    editor.wait_for_end()
    assert text_lines(editor) == [*expected, "---", "## And now?", "Because."]
    sent = str(model_server.turns[2].json["messages"])
    assert "It doubles." in sent
    assert "And now?" in sent


def test_without_conversations_there_is_nothing_to_pick(editor: Editor) -> None:
    editor.command("Codex threads")
    editor.wait("return #_G.told > 0")
    assert editor.told() == ["codex: there are no earlier conversations"]


def test_a_question_that_failed_says_so_in_its_conversation(
    editor: Editor, model_server: ModelServer
) -> None:
    model_server.enqueue(chat_stream(content=["Yes."]), error_answer(401, "the key is bad"))
    editor.command("1,2Codex ask What is it?")
    editor.wait_for_text("╰ Answered")
    editor.keys("2G")
    editor.command("Codex ask And then?")
    editor.wait_for_text("╰ Failed")
    editor.lua(PICK_FIRST)
    editor.command("Codex threads")
    editor.wait("return vim.bo.filetype == 'markdown'")
    *lines, failure = text_lines(editor)
    assert lines == ["## What is it?", "Yes.", "---", "## And then?"]
    assert failure.startswith("> ")
    assert "the key is bad" in failure
