"""What the user sees while a model thinks and answers."""

from collections.abc import Callable
from pathlib import Path

from tests.nvim.editor import Editor
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream


def rows_with(screen: list[str], text: str) -> list[int]:
    return [row for row, line in enumerate(screen) if text in line]


def test_a_half_streamed_answer_stands_under_the_code_while_the_user_types_elsewhere(
    editor: Editor, model_server: ModelServer
) -> None:
    thinking, answering = Gate("thinking"), Gate("answering")
    model_server.enqueue(
        chat_stream(
            reasoning=["The user wants", " a word.", thinking],
            content=["It doubles", answering, " a number."],
        )
    )
    editor.command("1,2Codex ask What does it do?")

    # The thinking stands beside the code, open while it is live, before any of the answer is there.
    screen = editor.wait_for_text("The user wants a word.")
    thought = rows_with(screen, "The user wants a word.")[0]
    code = rows_with(screen, "return x + x")[0]
    assert screen[thought].index("The user wants") > len("    return x + x")
    assert rows_with(screen, "Thinking for")
    assert rows_with(screen, "╭ What does it do?") == [code + 1]

    # The first piece of the answer stands under the selection, above the line that follows it.
    thinking.open()
    screen = editor.wait_for_text("│ It doubles")
    assert rows_with(screen, "│ It doubles") == [code + 2]
    assert rows_with(screen, "╰ Answering")[0] == code + 3
    assert rows_with(screen, "# line 5")[0] > code + 3
    assert "a number." not in "\n".join(screen)

    # The user types above and below: the answer moves with its code, and nothing gets into the buffer.
    editor.keys("8Gohello from the user<Esc>ggO# new first line<Esc>")
    screen = editor.wait_for_text("# new first line")
    assert "hello from the user" in "\n".join(screen)
    code = rows_with(screen, "return x + x")[0]
    assert rows_with(screen, "│ It doubles") == [code + 2]
    assert editor.buffer()[:3] == ["# new first line", "def double(x):", "    return x + x"]
    assert "It doubles" not in "\n".join(editor.buffer())

    answering.open()
    screen = editor.wait_for_text("╰ Answered after")
    assert rows_with(screen, "│ It doubles a number.")
    # The thinking has closed to one row of the answer.
    screen = editor.wait_for_rows(lambda rows: len(rows_with(rows, "Thought for")) == 1)
    code = rows_with(screen, "return x + x")[0]
    assert screen[code + 2].startswith("│ ▸ Thought for ")
    assert ":Codex thinking shows it" in screen[code + 2]
    assert not rows_with(screen, "The user wants a word.")
    editor.keys(":Codex thinking<CR>")
    editor.wait_for_text("The user wants a word.")


def test_whoever_types_in_insert_mode_loses_no_key_and_stays_in_it(
    editor: Editor, model_server: ModelServer
) -> None:
    gates = [Gate(f"gate {number}") for number in range(3)]
    model_server.enqueue(
        chat_stream(
            reasoning=["Hm", gates[0], " hm"],
            content=["one\n", gates[1], "two\n", gates[2], "three\n"],
        )
    )
    editor.command("1,2Codex ask Count")
    editor.keys("GO")
    typed = ""
    for gate, word in zip(gates, ("alpha ", "beta ", "gamma "), strict=True):
        gate.reached.wait_blocking()
        for key in word:
            editor.keys(key)
            typed += key
        gate.open()
    editor.wait_for_end()
    editor.keys("omega")
    editor.wait("return vim.fn.getline('.'):find('omega') ~= nil")
    assert editor.nvim.current.line == typed + "omega"
    assert editor.nvim.api.get_mode() == {"mode": "i", "blocking": False}
    assert editor.lua("return vim.bo.filetype") == "python"


def test_the_request_tells_the_selected_lines_and_their_problems(
    editor: Editor, model_server: ModelServer
) -> None:
    model_server.enqueue(chat_stream(content=["ok"]))
    editor.lua(
        """
        local space = vim.api.nvim_create_namespace("test")
        vim.diagnostic.set(space, 0, {
          { lnum = 1, col = 4, message = "x is not a number", severity = 1, source = "checker" },
          { lnum = 9, col = 0, message = "elsewhere", severity = 1 },
        })
        """
    )
    editor.command("1,2Codex fix")
    editor.wait_for_text("╰ Answered")
    sent = str(model_server.turns[0].json["messages"])
    assert "return x + x" in sent
    assert "x is not a number" in sent
    assert "elsewhere" not in sent
    assert "# line 9" not in sent


def test_lines_that_move_while_the_server_starts_are_still_the_ones_that_are_sent(
    editor: Editor, model_server: ModelServer
) -> None:
    model_server.enqueue(chat_stream(content=["ok"]))
    editor.lua(
        """
        vim.cmd("2Codex ask What is it?")
        vim.api.nvim_buf_set_lines(0, 0, 0, true, { "# one", "# two", "# three" })
        """
    )
    editor.wait_for_text("╰ Answered")
    sent = str(model_server.turns[0].json["messages"])
    assert "5     return x + x" in sent
    assert "Selected there: line 5." in sent


def test_a_question_about_a_buffer_without_a_name(
    start: Callable[..., Editor], model_server: ModelServer
) -> None:
    model_server.always(chat_stream(content=["fine\n\n```\nBETA\n```"]))
    editor = start()
    editor.nvim.current.buffer[:] = ["alpha", "beta", "gamma"]
    editor.command("2Codex ask Is this Greek?")
    editor.wait_for_text("│ fine")
    editor.wait_for_end()
    sent = str(model_server.turns[0].json["messages"])
    assert "beta" in sent

    # Its text is known as it is now, so that its lines can be replaced.
    editor.command("Codex answer replace")
    editor.wait_for_text("Proposal")
    editor.keys("<CR>")
    editor.wait("return vim.fn.getline(2) == 'BETA'")

    # Without a selection it goes along as a small file does, with what was typed since.
    editor.keys("Godelta<Esc>")
    editor.wait("return vim.fn.line('$') == 4")
    editor.command("Codex ask And now?")
    editor.wait_for_end()
    sent = str(model_server.turns[1].json["messages"])
    assert [word for word in ("alpha", "BETA", "gamma", "delta") if word not in sent] == []


def test_two_buffers_without_a_name_are_two_documents(
    start: Callable[..., Editor], model_server: ModelServer
) -> None:
    model_server.always(chat_stream(content=["fine"]))
    editor = start()
    editor.nvim.current.buffer[:] = ["the first"]
    editor.command("Codex ask What is it?")
    editor.wait_for_end()
    editor.command("enew!")
    editor.nvim.current.buffer[:] = ["the second"]
    editor.command("Codex ask What is it?")
    editor.wait_for_end()
    editor.wait("return #require('codex_ls.turns').all() >= 1")
    model_server.turn_blocking(1)
    assert "the first" in str(model_server.turns[0].json["messages"])
    sent = str(model_server.turns[1].json["messages"])
    assert "the second" in sent
    assert "the first" not in sent


def test_the_answer_stands_under_the_lines_that_the_server_sent(
    start: Callable[..., Editor], model_server: ModelServer, tmp_path: Path
) -> None:
    model_server.always(chat_stream(content=["It adds."]))
    editor = start()
    code = "import sys\n\n\ndef add(a, b):\n    c = a + b\n    return c\n\n\nprint(add(1, 2))\n"
    editor.open(tmp_path / "a.py", code + "# more\n" * 60)
    editor.keys("5G")
    editor.command("Codex explain")
    screen = editor.wait_for_text("│ It adds.")
    sent = str(model_server.turns[0].json["messages"][-1])
    assert "def add(a, b)" in sent
    row = next(number for number, line in enumerate(screen) if "╭ Explain this · local" in line)
    assert screen[row - 1].strip() == "return c"


def test_a_long_answer_is_followed_to_its_end_and_the_cursor_stays(
    editor: Editor, model_server: ModelServer
) -> None:
    gate = Gate()
    lines = [f"answer row {number}\n" for number in range(1, 13)]
    model_server.enqueue(chat_stream(content=[*lines[:6], gate, *lines[6:]]))
    editor.keys("20G")
    editor.command("20Codex ask Go on")
    editor.wait_for_text("│ answer row 6")
    gate.open()
    editor.wait_for_text("╰ Answered after")
    screen = editor.screen()
    assert [row for row in screen if "│ answer row" in row][-1].strip() == "│ answer row 12"
    assert editor.nvim.current.window.cursor[0] == 20


def test_a_user_who_scrolls_away_is_not_brought_back(
    editor: Editor, model_server: ModelServer
) -> None:
    gate = Gate()
    lines = [f"answer row {number}\n" for number in range(1, 13)]
    model_server.enqueue(chat_stream(content=[lines[0], gate, *lines[1:]]))
    editor.keys("20G")
    editor.command("20Codex ask Go on")
    editor.wait_for_text("│ answer row 1")
    editor.keys("gg")
    gate.open()
    editor.wait_for_end()
    assert editor.lua("return vim.fn.line('w0')") == 1


def test_content_that_was_thinking_moves_there(editor: Editor, model_server: ModelServer) -> None:
    gate = Gate()
    model_server.enqueue(chat_stream(content=["Let me see. ", gate, "Hm.</think>", "It is 42."]))
    editor.command("1,2Codex ask What is it?")
    editor.wait_for_text("│ Let me see.")
    gate.open()
    screen = editor.wait_for_text("│ It is 42.")
    editor.wait_for_end()
    assert "│ Let me see." not in "\n".join(screen)
    editor.command("Codex thinking open")
    editor.wait_for_text("Let me see. Hm.")


def test_twenty_questions_at_once(editor: Editor, model_server: ModelServer) -> None:
    gate = Gate()
    for number in range(20):
        model_server.enqueue(
            chat_stream(reasoning=[f"about {number}"], content=["begin ", gate, f"end {number}"])
        )
    editor.lua(
        """
        for number = 1, 20 do
          vim.cmd(("%dCodex ask question %d"):format(number + 4, number))
        end
        """
    )
    model_server.turn_blocking(19)
    editor.wait(
        """
        local running = require("codex_ls.turns").running()
        if #running < 20 then return false end
        for _, turn in ipairs(running) do
          if turn.answer.content:concat() ~= "begin " then return false end
        end
        return true
        """
    )
    assert len(model_server.turns) == 20
    gate.open()
    editor.wait_for_end(20)
    texts = editor.lua(
        """
        return vim.tbl_map(function(turn)
          return turn.answer.status .. " " .. turn.answer.content:concat()
        end, require("codex_ls.turns").all())
        """
    )
    assert sorted(texts) == sorted(f"completed begin end {number}" for number in range(20))


def test_thinking_is_never_written_where_it_is_not_wanted(
    start: Callable[..., Editor], model_server: ModelServer, tmp_path: Path
) -> None:
    model_server.enqueue(chat_stream(reasoning=["secret thought"], content=["said"]))
    editor = start()
    editor.lua(
        "require('codex_ls').setup({ cmd = ..., thinking = { show = 'hidden' } })", editor.cmd
    )
    editor.open(tmp_path / "a.txt", "text\n")
    editor.command("1Codex ask Say it")
    screen = editor.wait_for_text("╰ Answered")
    assert "secret thought" not in "\n".join(screen)
    editor.command("Codex thinking")
    editor.wait_for_text("secret thought")
