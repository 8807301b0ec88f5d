"""What can be done with an answer."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.nvim.editor import Editor
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream

CODE = "Use this:\n\n```python\ndef double(x):\n    return 2 * x\n```\nIt is *faster*.\n"
BEFORE = ["def double(x):", "    return x + x", "", "", "# line 5"]


def ask(editor: Editor, model_server: ModelServer, answer: str, *, lines: str = "1,2") -> None:
    model_server.enqueue(chat_stream(content=[answer]))
    editor.command(f"{lines}Codex ask Make it better")
    editor.wait_for_text("╰ Answered")


def accept(editor: Editor, what: str = "accept") -> None:
    """Take an answer over, and wait until it is."""
    editor.command(f"Codex answer {what}")
    editor.wait("return #require('codex_ls.turns').all() == 0")


def choose(editor: Editor, wanted: str) -> None:
    """Choose what begins like this where the user is given a choice, and note what there was."""
    editor.lua(CHOOSE, wanted)


CHOOSE = """
local wanted = ...
vim.ui.select = function(items, options, done)
  _G.asked = options.prompt
  _G.offered = vim.tbl_map(options.format_item or tostring, items)
  for index, title in ipairs(_G.offered) do
    if vim.startswith(title, wanted) then return done(items[index], index) end
  end
end
"""


def first_lines(editor: Editor) -> list[str]:
    return editor.buffer()[:5]


def test_accept_inserts_the_code_below_and_one_undo_takes_it_back(
    editor: Editor, model_server: ModelServer
) -> None:
    ask(editor, model_server, CODE)
    accept(editor)
    assert editor.buffer()[:6] == [*BEFORE[:2], "def double(x):", "    return 2 * x", *BEFORE[2:4]]
    editor.wait_for_no_text("╰ Answered")
    editor.command("undo")
    assert first_lines(editor) == BEFORE


def test_accept_text_inserts_all_of_it(editor: Editor, model_server: ModelServer) -> None:
    ask(editor, model_server, CODE)
    editor.command("Codex answer accept text")
    assert editor.buffer()[2:9] == CODE.strip().split("\n")


def test_code_from_the_margin_gets_the_indent_of_its_place(
    editor: Editor, model_server: ModelServer
) -> None:
    ask(editor, model_server, "```\nreturn 2 * x\n```", lines="2")
    accept(editor)
    assert editor.buffer()[:3] == ["def double(x):", "    return x + x", "    return 2 * x"]


def test_replace_shows_a_diff_and_takes_it_whole_in_one_undo_step(
    editor: Editor, model_server: ModelServer
) -> None:
    ask(editor, model_server, CODE)
    editor.command("Codex answer replace")
    screen = editor.wait_for_text("Proposal")
    assert any("return x + x" in row and "return 2 * x" in row for row in screen)
    assert "╰ Answered" not in "\n".join(screen)
    assert editor.lua("return vim.fn.tabpagenr('$')") == 2
    editor.keys("<CR>")
    editor.wait("return vim.fn.tabpagenr('$') == 1")
    assert first_lines(editor) == ["def double(x):", "    return 2 * x", *BEFORE[2:]]
    editor.command("undo")
    assert first_lines(editor) == BEFORE


def test_replace_can_be_left_without_a_change(editor: Editor, model_server: ModelServer) -> None:
    ask(editor, model_server, CODE)
    editor.command("Codex answer replace")
    editor.wait_for_text("Proposal")
    editor.keys("q")
    editor.wait("return vim.fn.tabpagenr('$') == 1")
    assert first_lines(editor) == BEFORE
    editor.wait_for_text("╰ Answered")


def test_hunks_can_be_taken_one_by_one(editor: Editor, model_server: ModelServer) -> None:
    changed = "```\ndef double(x):\n    return 2 * x\n\n\n# line five\n# line 6\n```"
    ask(editor, model_server, changed, lines="1,6")
    editor.command("Codex answer replace")
    editor.wait_for_text("Proposal")
    editor.keys("]c")
    editor.keys("dp")
    editor.keys("q")
    editor.wait("return vim.fn.tabpagenr('$') == 1")
    changes = [editor.buffer()[1], editor.buffer()[4]]
    assert changes in (["    return 2 * x", "# line 5"], ["    return x + x", "# line five"])


def test_what_was_changed_elsewhere_during_the_review_stays(
    editor: Editor, model_server: ModelServer
) -> None:
    ask(editor, model_server, CODE)
    editor.command("Codex answer replace")
    editor.wait_for_text("Proposal")
    editor.lua(
        """
        local bufnr = vim.fn.bufnr("sample.py")
        vim.api.nvim_buf_set_lines(bufnr, 0, 0, true, { "# new above" })
        vim.api.nvim_buf_set_lines(bufnr, 5, 6, true, { "# changed below" })
        """
    )
    editor.keys("<CR>")
    editor.wait("return vim.fn.tabpagenr('$') == 1")
    assert editor.buffer()[:6] == [
        "# new above",
        "def double(x):",
        "    return 2 * x",
        "",
        "",
        "# changed below",
    ]


def test_of_several_code_blocks_the_user_picks_one(
    editor: Editor, model_server: ModelServer
) -> None:
    ask(editor, model_server, "```sh\npip install x\n```\nthen\n```python\nimport x\n```\n")
    choose(editor, "1 line of python")
    accept(editor)
    assert editor.buffer()[:4] == [*BEFORE[:2], "import x", ""]
    assert editor.lua("return _G.offered") == [
        "1 line of sh: pip install x",
        "1 line of python: import x",
        "Ask again for the whole block",
    ]


def test_what_is_refused_says_why_and_the_whole_block_is_asked_for(
    editor: Editor, model_server: ModelServer
) -> None:
    ask(editor, model_server, "```python\ndef double(x):\n    # ... existing code ...\n```")
    model_server.enqueue(chat_stream(content=[CODE]))
    choose(editor, "Ask again")
    editor.command("Codex answer replace")
    assert "leaves out some of the code" in editor.wait("return _G.asked")
    assert editor.lua("return _G.offered") == ["Ask again for the whole block"]
    editor.wait_for_end(2)
    sent = str(messages(model_server, 1))
    assert "existing code" in sent, "the same conversation goes on"
    assert "return x + x" in str(messages(model_server, 1)[-1])
    editor.wait_for_text("▸ Make it better · 4 lines")
    assert first_lines(editor) == BEFORE
    editor.command("Codex answer replace")
    editor.wait_for_text("Proposal")
    editor.keys("<CR>")
    editor.wait("return vim.fn.tabpagenr('$') == 1")
    assert first_lines(editor) == ["def double(x):", "    return 2 * x", *BEFORE[2:]]


def test_repeated_line_numbers_are_not_written(editor: Editor, model_server: ModelServer) -> None:
    ask(editor, model_server, "```python\n1 def double(x):\n2     return 2 * x\n```")
    editor.command("Codex answer replace")
    editor.wait_for_text("Proposal")
    editor.keys("<CR>")
    editor.wait("return vim.fn.tabpagenr('$') == 1")
    assert first_lines(editor) == ["def double(x):", "    return 2 * x", *BEFORE[2:]]


def test_code_that_was_changed_since_is_not_replaced(
    editor: Editor, model_server: ModelServer
) -> None:
    ask(editor, model_server, CODE)
    editor.keys("2G0C    return x * 3<Esc>")
    editor.wait("return vim.fn.getline(2) == '    return x * 3'")
    editor.command("Codex answer replace")
    editor.wait("return #_G.told > 0")
    assert "The code has changed since the question." in editor.told()[-1]
    assert editor.lua("return vim.fn.tabpagenr('$')") == 1


def test_a_follow_up_is_applied_to_the_lines_of_its_conversation(
    editor: Editor, model_server: ModelServer
) -> None:
    ask(editor, model_server, "It doubles.")
    editor.keys("2G")
    model_server.enqueue(chat_stream(content=[CODE]))
    editor.command("Codex ask Shorter, please")
    editor.wait_for_end(2)
    editor.command("Codex answer replace")
    editor.wait_for_text("Proposal")
    editor.keys("<CR>")
    editor.wait("return vim.fn.tabpagenr('$') == 1")
    assert first_lines(editor) == ["def double(x):", "    return 2 * x", *BEFORE[2:]]


def test_without_code_there_is_nothing_to_insert(editor: Editor, model_server: ModelServer) -> None:
    ask(editor, model_server, "It doubles.")
    choose(editor, "nothing")
    editor.command("Codex answer accept")
    assert "no block of code" in editor.wait("return _G.asked")
    assert first_lines(editor) == BEFORE


def test_an_edit_is_proposed_as_soon_as_it_is_there(
    editor: Editor, model_server: ModelServer
) -> None:
    model_server.enqueue(chat_stream(content=[CODE]))
    editor.keys("2G")
    editor.command("1,2Codex edit multiply instead")
    screen = editor.wait_for_text("Proposal")
    assert any("return x + x" in row and "return 2 * x" in row for row in screen)
    assert "multiply instead" in str(messages(model_server, 0)[-1])
    editor.keys("q")
    editor.wait_for_text("╭ multiply instead · local")


@pytest.mark.parametrize("format", ["unix", "dos"])
@pytest.mark.parametrize("ending", [True, False], ids=["last line ended", "last line not ended"])
def test_the_last_line_and_its_end_stay_as_they_are(
    start: Callable[..., Editor],
    model_server: ModelServer,
    tmp_path: Path,
    format: str,
    ending: bool,
) -> None:
    end = "\r\n" if format == "dos" else "\n"
    path = tmp_path / "a.py"
    path.write_bytes(f"def f():{end}\treturn 1{end if ending else ''}".encode())
    editor = start()
    editor.command(f"edit {path}")
    model_server.enqueue(chat_stream(content=["```\ndef f():\n\treturn 2\n```"]))
    editor.command("%Codex ask Make it two")
    editor.wait_for_text("╰ Answered")
    editor.command("Codex answer replace")
    editor.wait_for_text("Proposal")
    editor.keys("<CR>")
    editor.wait("return vim.fn.tabpagenr('$') == 1")
    editor.command("write")
    expected = f"def f():{end}\treturn 2{end if ending else ''}".encode()
    assert path.read_bytes() in (expected, expected + end.encode())


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("Codex answer yank", CODE.rstrip("\n") + "\n"),
        ("Codex answer yank code", "def double(x):\n    return 2 * x\n"),
    ],
)
def test_yank(editor: Editor, model_server: ModelServer, command: str, expected: str) -> None:
    ask(editor, model_server, CODE)
    editor.command(command)
    assert editor.lua("return vim.fn.getreg('\"')") == expected


def test_dismiss_leaves_nothing_behind(editor: Editor, model_server: ModelServer) -> None:
    ask(editor, model_server, CODE)
    editor.command("Codex answer dismiss")
    editor.wait_for_no_text("Make it better")
    assert first_lines(editor) == BEFORE
    assert editor.lua("return #require('codex_ls.turns').all()") == 0


def test_nothing_is_taken_while_the_answer_is_written(
    editor: Editor, model_server: ModelServer
) -> None:
    gate = Gate()
    model_server.enqueue(chat_stream(content=["```\nhalf", gate, "\n```"]))
    editor.command("1,2Codex ask Make it better")
    editor.wait_for_text("│ half")
    editor.command("Codex answer accept")
    editor.wait("return #_G.told > 0")
    assert editor.told()[-1].startswith("codex: The answer is still being written.")
    assert first_lines(editor) == BEFORE


def test_the_document_streams_and_its_images_are_harmless(
    editor: Editor, model_server: ModelServer
) -> None:
    gate = Gate()
    model_server.enqueue(
        chat_stream(
            content=["See ![x](http://evil/", gate, "x.png) <img src=y>\n```html\n<b>\n```"]
        )
    )
    editor.command("1,2Codex ask Show me")
    editor.wait_for_text("│ See")
    editor.command("Codex answer open")
    assert editor.buffer()[:3] == ["## Show me", "", "See !\\[x](http://evil/"]
    gate.open()
    editor.wait_for_end()
    lines = editor.buffer()
    assert lines[2:6] == ["See !\\[x](http://evil/x.png) \\<img src=y>", "```html", "<b>", "```"]
    assert lines[-1].startswith("*Answered after")
    assert editor.lua("return { vim.bo.filetype, vim.bo.modifiable, vim.bo.buftype }") == [
        "markdown",
        False,
        "nofile",
    ]


def test_a_document_knows_that_its_turn_was_dismissed(
    editor: Editor, model_server: ModelServer
) -> None:
    gate = Gate()
    model_server.enqueue(chat_stream(content=["half", gate]))
    editor.command("1,2Codex ask Show me")
    editor.wait_for_text("│ half")
    editor.command("Codex answer open")
    editor.command("Codex answer dismiss")
    editor.wait("return vim.fn.getline('$'):match('^%*Stopped') ~= nil")


def messages(model_server: ModelServer, turn: int) -> list[dict[str, Any]]:
    sent: list[dict[str, Any]] = model_server.turns[turn].json["messages"]
    return sent


def test_a_question_on_an_answer_goes_on_with_it(editor: Editor, model_server: ModelServer) -> None:
    ask(editor, model_server, "It doubles.")
    model_server.enqueue(chat_stream(content=["Because."]))
    editor.keys("2G")
    editor.command("Codex ask Why?")
    editor.wait_for_text("│ Because.")
    editor.wait_for_end(2)
    screen = editor.wait_for_text("╰ Answered")
    above = [row.strip() for row in screen].index("▸ Make it better · 1 line")
    assert screen[above + 1].startswith("╭ Why?")
    texts = str(messages(model_server, 1))
    assert "Make it better" in texts
    assert "It doubles." in texts
    assert "Why?" in texts


def test_a_question_on_an_answer_that_is_still_written_comes_after_it(
    editor: Editor, model_server: ModelServer
) -> None:
    gate = Gate()
    model_server.enqueue(
        chat_stream(content=["It doub", gate, "les."]), chat_stream(content=["Because."])
    )
    editor.command("1,2Codex ask Make it better")
    editor.wait_for_text("│ It doub")
    editor.keys("2G")
    editor.command("Codex ask Why?")
    editor.wait_for_text("╭ Why?")
    assert len(model_server.turns) == 1
    gate.open()
    editor.wait_for_text("│ Because.")
    editor.wait_for_text("▸ Make it better · 1 line")
    assert "It doubles." in str(messages(model_server, 1))


def test_a_question_in_the_document_goes_on_with_it(
    editor: Editor, model_server: ModelServer
) -> None:
    ask(editor, model_server, "It doubles.\n```\nunclosed")
    editor.command("Codex answer open")
    model_server.enqueue(chat_stream(content=["Because."]))
    editor.command("Codex ask Why?")
    editor.wait("return vim.fn.search('Because', 'n') > 0")
    editor.wait_for_end()
    lines = [line for line in editor.buffer() if line and not line.startswith("*")]
    assert lines == [
        "## Make it better",
        "It doubles.",
        "```",
        "unclosed",
        "```",
        "---",
        "## Why?",
        "Because.",
    ]
    assert "It doubles." in str(messages(model_server, 1))


def test_a_bang_begins_anew(editor: Editor, model_server: ModelServer) -> None:
    ask(editor, model_server, "It doubles.")
    model_server.enqueue(chat_stream(content=["Fresh."]))
    editor.keys("2G")
    editor.command("Codex! ask Why?")
    editor.wait_for_text("│ Fresh.")
    assert "It doubles." not in str(messages(model_server, 1))


def test_again_asks_the_same_of_the_lines_as_they_are_now(
    editor: Editor, model_server: ModelServer
) -> None:
    ask(editor, model_server, "It doubles.")
    editor.keys("2G0C    return x * 2<Esc>")
    editor.wait("return vim.fn.getline(2) == '    return x * 2'")
    model_server.enqueue(chat_stream(content=["Still."]))
    editor.command("Codex again other")
    screen = editor.wait_for_text("│ Still.")
    assert "│ It doubles." not in "\n".join(screen)
    request = model_server.turns[1].json
    assert request["model"] == "other-model"
    assert "return x * 2" in str(request["messages"])
    assert "It doubles." not in str(request["messages"])


def test_keys_can_be_mapped(editor: Editor, model_server: ModelServer) -> None:
    model_server.enqueue(chat_stream(content=["It doubles."]))
    editor.lua(
        """
        vim.keymap.set({ "n", "x" }, "<Space>a", "<Plug>(codex-ask)")
        vim.keymap.set("n", "<Space>d", "<Plug>(codex-dismiss)")
        vim.ui.input = function(_, done) done("What is it?") end
        """
    )
    editor.keys("1GVj<Space>a")
    editor.wait_for_text("│ It doubles.")
    assert "return x + x" in str(messages(model_server, 0))
    editor.wait_for_end()
    editor.keys("<Space>d")
    editor.wait("return #require('codex_ls.turns').all() == 0")


def test_a_wrong_command_says_what_it_may_be(start: Callable[..., Editor], tmp_path: Path) -> None:
    editor = start()
    editor.open(tmp_path / "a.txt", "x\n")
    for command in ("Codex nothing", "Codex answer eat", "Codex answer yank half", "Codex stop"):
        editor.command(command)
    editor.wait("return #_G.told == 4")
    assert editor.told() == [
        "codex: `:Codex nothing` is nothing. It may be again, answer, ask, do, edit, effort, explain, "
        "fix, model, profile, review, stop, thinking, threads, undo.",
        "codex: `:Codex answer eat` is nothing. It may be accept, replace, yank, open, dismiss.",
        "codex: `:Codex answer yank` does not take `half`. It may be code, text.",
        "codex: Nothing is running.",
    ]
