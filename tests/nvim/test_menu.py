"""`:Codex` alone, the user's own prompts, the review's cursor and `:q`, and conversations of the folder."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.nvim.editor import PLUGIN, Editor
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream

OFFER = """
vim.ui.select = function(items, options, done)
  _G.offered = vim.tbl_map(options.format_item, items)
  _G.choose = function(index) done(items[index]) end
end
"""


@pytest.fixture
def prompts(codex_home: Path) -> None:
    folder = codex_home / "prompts"
    folder.mkdir()
    (folder / "review.md").write_text(
        "---\ndescription: Look at it\n---\nReview this for $ARGUMENTS.\n"
    )
    (folder / "typed.md").write_text("---\nintent: edit\n---\nAdd types.\n")


def user_text(server: ModelServer, number: int = 0) -> str:
    return str(server.turns[number].json["messages"][-1]["content"])


def select(editor: Editor, title: str) -> None:
    """Choose by its number, as Neovim asks for it."""
    rows = editor.wait_for_text("Type number")
    (number,) = (
        match[1] for row in rows if (match := re.match(rf" *(\d+): {re.escape(title)}", row))
    )
    editor.keys(f"{number}<CR>")


@pytest.mark.usefixtures("prompts")
def test_codex_alone_is_a_menu(editor: Editor, model_server: ModelServer) -> None:
    model_server.always(chat_stream(content=["It doubles."]))
    editor.keys(":1,2Codex<CR>")
    select(editor, "Explain these lines")
    editor.wait_for_text("╰ Answered")
    assert "return x + x" in user_text(model_server)
    editor.wait_for_end()
    editor.keys("2G:Codex<CR>")
    rows = editor.wait_for_text("Type number")
    titles = [match[1] for row in rows if (match := re.match(r" *\d+: (.*?) *$", row))]
    assert titles == [
        "The answer: insert, replace, yank, open, dismiss...",
        "Ask again",
        "Ask about this...",
        "Change this...",
        "Explain this",
        "Fix this",
        "Do a task in the workspace...",
        "/review  Look at it",
        "/typed",
        "Conversations...",
        "Profile...",
        "Model...",
        "Effort...",
        "Thinking: open or close",
    ]
    editor.keys("<Esc>")
    assert len(model_server.turns) == 1


@pytest.mark.usefixtures("prompts")
def test_a_prompt_is_asked_by_its_name_and_completed(
    editor: Editor, model_server: ModelServer
) -> None:
    model_server.always(chat_stream(content=["Fine."]))
    editor.lua("require('codex_ls.own_prompts').known()")
    editor.wait("return #require('codex_ls.own_prompts').known() == 2")
    editor.keys(":1,2Codex /rev<Tab> locks<CR>")
    editor.wait_for_text("│ Fine.")
    assert "Review this for locks." in user_text(model_server)
    assert "return x + x" in user_text(model_server)
    assert editor.lua("return vim.fn.getcompletion('Codex ask /', 'cmdline')") == [
        "/review",
        "/typed",
    ]
    assert editor.lua("return vim.fn.getcompletion('Codex ask effort=low /r', 'cmdline')") == [
        "/review"
    ]


@pytest.mark.usefixtures("prompts")
def test_a_prompt_that_edits_is_reviewed(editor: Editor, model_server: ModelServer) -> None:
    code = "```python\ndef double(x):\n    return 2 * x\n```"
    model_server.always(chat_stream(content=[code]))
    editor.lua("require('codex_ls.own_prompts').known()")
    editor.wait("return #require('codex_ls.own_prompts').known() == 2")
    editor.keys(":1,2Codex /typed<CR>")
    editor.wait_for_text("Proposal")
    assert "Add types." in user_text(model_server)
    assert editor.nvim.current.window.cursor[0] == 2  # the first line that changes


@pytest.mark.usefixtures("prompts")
def test_a_name_that_no_prompt_has_is_told(editor: Editor, model_server: ModelServer) -> None:
    editor.keys(":Codex /reveiw<CR>")
    editor.wait_for_text("There is no prompt /reveiw. Did you mean /review?")
    assert model_server.turns == []


def test_edit_rewrites_lines_with_review_and_q_keeps_the_answer(
    editor: Editor, model_server: ModelServer
) -> None:
    model_server.always(chat_stream(content=["```python\ndef double(x):\n    return 2 * x\n```"]))
    editor.keys(":1,2Codex edit Multiply<CR>")
    editor.wait_for_text("Proposal")
    assert editor.nvim.current.window.cursor[0] == 2
    editor.keys(":q<CR>")
    editor.wait_for_text("╰ Answered")
    assert editor.lua("return #vim.api.nvim_list_tabpages()") == 1
    assert editor.buffer()[1] == "    return x + x"
    editor.keys(":Codex answer replace<CR>")
    editor.wait_for_text("Proposal")
    editor.keys("<CR>")
    editor.wait_for_no_text("Proposal")
    assert editor.buffer()[:2] == ["def double(x):", "    return 2 * x"]


def test_conversations_of_the_folder_come_first_and_words_find_them(
    start: Callable[..., Editor], tmp_path: Path, model_server: ModelServer
) -> None:
    model_server.always(chat_stream(content=["Yes."]))
    for name, question in (("here", "Of here?"), ("there", "Of there?")):
        folder = tmp_path / name
        (folder / ".git").mkdir(parents=True)
        editor = start(init=OFFER)
        editor.open(folder / "a.py", "x = 1\n")
        editor.keys(f":Codex ask {question}<CR>")
        editor.wait_for_text("╰ Answered")
        editor.wait_for_end()
    editor = start(init=OFFER)
    editor.open(tmp_path / "here" / "a.py", "x = 1\n")
    editor.keys(":Codex threads<CR>")
    offered = editor.wait("return _G.offered")
    assert [re.sub(r"^\S+ \S+  ", "", line) for line in offered] == [
        "Of here? (1 turn, here, local-oss)",
        "Of there? (1 turn, local-oss)",
    ]
    editor.lua("_G.offered = nil")
    editor.keys(":Codex threads THERE of<CR>")
    (found,) = editor.wait("return _G.offered")
    assert "Of there?" in found
    editor.keys(":Codex threads nothing of that<CR>")
    editor.wait("return vim.tbl_contains(_G.told, 'codex: no conversation holds nothing of that')")


def test_the_help_is_found(editor: Editor) -> None:
    editor.keys(":help codex_ls<CR>")
    editor.wait("return vim.bo.filetype == 'help'")
    editor.wait_for_text("codex_ls.txt")


def test_the_tags_of_the_help_are_those_of_its_text(editor: Editor, tmp_path: Path) -> None:
    doc = tmp_path / "doc"
    doc.mkdir()
    (doc / "codex_ls.txt").write_bytes((PLUGIN / "doc" / "codex_ls.txt").read_bytes())
    editor.command(f"helptags {doc}")
    assert (doc / "tags").read_text() == (PLUGIN / "doc" / "tags").read_text()
