"""What a user sees: a stream at a steady pace, on screens of usual sizes, and nothing drawn by the test.

What the plugin sets is logged inside Neovim with the time of the monotonic clock; what is seen comes from
the UI with the time of the same clock.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.nvim.editor import Editor
from tests.nvim.grid import Frame
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, Pause, chat_stream

SIZES = [(40, 24), (80, 24), (100, 30), (110, 34), (200, 50)]
RATES = [20, 40, 100]
STALE_SECONDS = 0.3

LOG = """
_G.set = {}
local set_extmark = vim.api.nvim_buf_set_extmark
vim.api.nvim_buf_set_extmark = function(bufnr, namespace, row, column, options)
  if options.virt_lines then
    local rows = {}
    for index, chunks in ipairs(options.virt_lines) do
      rows[index] = table.concat(vim.tbl_map(function(chunk) return chunk[1] end, chunks))
    end
    table.insert(_G.set, { vim.uv.hrtime() / 1e9, rows })
  end
  return set_extmark(bufnr, namespace, row, column, options)
end
"""


@dataclass(frozen=True)
class Set:
    at: float
    rows: list[str]


def paced(texts: list[str], rate: int) -> Iterator[str | Pause]:
    """Yield the texts so many times a second."""
    for text in texts:
        yield text
        yield Pause(1 / rate)


def prose(count: int) -> list[str]:
    """Return numbered words: wide ones, paragraphs, a list, and a block of code among them."""
    words = []
    for number in range(count):
        word = f"w{number} "
        if number % 7 == 3:
            word = f"宽w{number}字 "
        if number % 13 == 12:
            word += "\n\n"
        elif number % 17 == 16:
            word += "\n- "
        words.append(word)
    return words


@pytest.fixture
def look(start: Callable[..., Editor], tmp_path: Path) -> Callable[..., Editor]:
    """Start a Neovim of a size with a file of 60 lines."""

    def run(columns: int, lines: int, *, init: str = "") -> Editor:
        editor = start(columns=columns, lines=lines, init=LOG + init)
        project = tmp_path / "project"
        (project / ".git").mkdir(parents=True, exist_ok=True)
        code = "".join(f"line {number} = {number}\n" for number in range(1, 61))
        editor.open(project / "sample.py", code)
        return editor

    return run


def sets(editor: Editor) -> list[Set]:
    return [Set(at, [row.rstrip() for row in rows]) for at, rows in editor.lua("return _G.set")]


def stale(editor: Editor) -> list[str]:
    """Return what was set and neither it nor anything newer was seen in time."""
    logged, frames = sets(editor), editor.grid.frames
    late = []
    for index, one in enumerate(logged):
        newer = [other for other in logged[index:] if other.at <= one.at + STALE_SECONDS]
        seen = [frame for frame in frames if frame.at <= one.at + STALE_SECONDS][-1:]
        seen += [frame for frame in frames if one.at <= frame.at <= one.at + STALE_SECONDS]
        if not any(frame.shows(other.rows) for frame in seen for other in newer):
            late.append(
                f"set at {one.at:.3f}:\n" + "\n".join(one.rows) + "\nseen:\n" + picture(seen)
            )
    return late


def picture(frames: list[Frame]) -> str:
    return "\n".join(frames[-1].rows) if frames else "(nothing)"


@pytest.mark.parametrize(("columns", "lines"), SIZES)
def test_what_is_set_is_what_is_seen(
    look: Callable[..., Editor], model_server: ModelServer, columns: int, lines: int
) -> None:
    editor = look(columns, lines)
    for number, rate in enumerate(RATES):
        thoughts = [f"t{number} " for number in range(rate // 2)]
        model_server.enqueue(
            chat_stream(reasoning=paced(thoughts, rate), content=paced(prose(rate * 2), rate))
        )
        editor.keys(f"{number * 20 + 12}G:-2,.Codex ask At {rate}<CR>")
        editor.wait_for_text(f"╭ At {rate} ")
        editor.wait_for_text("╰ Answered")
        editor.wait_for_end()
        late = stale(editor)
        assert late == [], f"at {rate}/s: {len(late)} of {len(sets(editor))}\n{late[-1]}"
        editor.keys(":Codex answer dismiss<CR>")
        editor.wait_for_no_text("╰ Answered")
        editor.lua("_G.set = {}")


@pytest.mark.parametrize(("columns", "lines"), [(40, 24), (80, 24), (110, 34)])
def test_a_long_paragraph_of_thinking_is_followed_to_its_end(
    look: Callable[..., Editor], model_server: ModelServer, columns: int, lines: int
) -> None:
    thoughts = [f"t{number} " if number % 5 else f"思t{number}考 " for number in range(160)]
    gate = Gate()
    model_server.enqueue(chat_stream(reasoning=[*paced(thoughts, 60), gate], content=["Done."]))
    editor = look(columns, lines)
    editor.keys(":10,12Codex ask Go on<CR>")
    gate.reached.wait_blocking()
    told = editor.grid.wait(lambda rows: "t159" in "\n".join(rows), STALE_SECONDS)
    assert told, picture(editor.grid.frames)
    first_seen: dict[int, float] = {}
    for frame in editor.grid.frames:
        text = "\n".join(frame.rows)
        for number in range(160):
            if re.search(rf"\bt{number}\b|t{number}考", text):
                first_seen.setdefault(number, frame.at)
    assert sorted(first_seen) == list(range(160)), "some thoughts were never on the screen"
    gate.open()
    editor.wait_for_text("╰ Answered")


SELECTIONS = {
    "one line": "30GV",
    "taller than the window, cursor at its end": "5GV58G",
    "taller than the window, cursor at its beginning": "58GV5G",
    "everything": "ggVG",
    "the last line": "GV",
    "near the top": "10GV12G",
}
CRAMPED = {"few rows": "<C-w>s<C-w>b5<C-w>_", "few columns": "<C-w>v<C-w>t16<C-w>|"}


@pytest.mark.parametrize(("columns", "lines"), [(40, 24), (80, 24), (110, 34)])
def test_the_answer_is_in_view_from_its_first_word_on(
    look: Callable[..., Editor], model_server: ModelServer, columns: int, lines: int
) -> None:
    editor = look(columns, lines)
    for name, keys in SELECTIONS.items():
        first, rest = Gate(), Gate()
        model_server.enqueue(chat_stream(content=["first ", first, *prose(150), rest]))
        editor.keys(f"{keys}:Codex ask Go on<CR>")
        first.reached.wait_blocking()
        editor.wait_for_text("│ first")
        first.open()
        rest.reached.wait_blocking()
        seen = editor.grid.wait(lambda rows: "w149" in "\n".join(rows), 2 * STALE_SECONDS)
        assert seen, f"{name}\n{picture(editor.grid.frames)}"
        rest.open()
        screen = "\n".join(editor.wait_for_text("╰ Answered"))
        assert "╭ Go on" in screen, name
        assert "│ first w0" in screen, name
        assert re.search(r"│ ↓ \d+ more rows", screen), name
        assert stale(editor) == [], name
        editor.keys(":Codex answer dismiss<CR>")
        editor.wait_for_no_text("╰ Answered")
        editor.lua("_G.set = {}")


def test_lines_that_are_out_of_view_are_brought_into_it(
    look: Callable[..., Editor], model_server: ModelServer
) -> None:
    model_server.enqueue(chat_stream(content=["first"]))
    editor = look(80, 24)
    editor.keys("58G:2,3Codex ask Go on<CR>")
    editor.wait_for_text("│ first")
    editor.wait_for_text("╰ Answered")
    editor.keys("``")
    editor.wait("return vim.fn.line('.') == 58")


@pytest.mark.parametrize("keys", CRAMPED.values(), ids=CRAMPED)
def test_a_window_without_room_leaves_the_answer_to_a_document(
    look: Callable[..., Editor], model_server: ModelServer, keys: str
) -> None:
    rest = Gate()
    words = prose(150)
    model_server.enqueue(chat_stream(content=[*paced(words, 100), rest]))
    editor = look(80, 24)
    editor.keys(f"{keys}30G:Codex ask Go on<CR>")
    rest.reached.wait_blocking()
    assert editor.grid.wait(lambda rows: "w149" in "\n".join(rows), STALE_SECONDS), picture(
        editor.grid.frames
    )
    rest.open()
    screen = editor.wait_for_rows(lambda rows: "## Go on" in rows)
    assert screen[screen.index("## Go on") + 2].startswith("w0 w1 w2")
    assert editor.lua("return vim.bo.filetype") == "python", "the user stays where they are"


def test_a_follow_up_in_an_earlier_conversation_is_in_view(
    look: Callable[..., Editor], model_server: ModelServer
) -> None:
    rest = Gate()
    model_server.enqueue(
        chat_stream(content=prose(200)), chat_stream(content=[*paced(prose(300), 100), rest])
    )
    editor = look(80, 24)
    editor.keys("30G:Codex ask Go on<CR>")
    editor.wait_for_text("╰ Answered")
    editor.lua("vim.ui.select = function(items, _, done) done(items[1]) end")
    editor.keys(":Codex threads<CR>")
    editor.wait_for_text("## Go on")
    editor.keys(":Codex ask And then?<CR>")
    editor.wait_for_text("## And then?")
    rest.reached.wait_blocking()
    assert editor.grid.wait(lambda rows: "w299" in "\n".join(rows), STALE_SECONDS), picture(
        editor.grid.frames
    )
    seen = "\n".join("\n".join(frame.rows) for frame in editor.grid.frames)
    assert [
        number for number in range(300) if not re.search(rf"\bw{number}\b|w{number}字", seen)
    ] == []
    rest.open()
    editor.wait_for_end(2)
    screen = editor.wait_for_rows(lambda rows: "## And then?" in rows)
    assert screen[screen.index("## And then?") + 2].startswith("w0 w1 w2")


def test_the_answer_goes_on_while_the_user_types_a_command(
    look: Callable[..., Editor], model_server: ModelServer
) -> None:
    rest = Gate()
    model_server.enqueue(chat_stream(content=["one ", rest, "two"]))
    editor = look(80, 24)
    editor.keys("30G:Codex ask Go on<CR>")
    editor.wait_for_text("│ one")
    editor.keys(":echo 'a")
    editor.wait_for_text(":echo 'a")
    rest.open()
    screen = editor.wait_for_text("│ one two")
    assert screen[-1] == ":echo 'a"
    editor.keys("<Esc>")


def test_whoever_moves_is_left_alone(
    look: Callable[..., Editor], model_server: ModelServer
) -> None:
    rest = Gate()
    model_server.enqueue(chat_stream(content=["one\n", rest, *[f"row {n}\n" for n in range(40)]]))
    editor = look(80, 24)
    editor.keys("30G:Codex ask Go on<CR>")
    editor.wait_for_text("│ one")
    editor.keys("20G")
    before = editor.lua("return vim.fn.line('w0')")
    rest.open()
    editor.wait_for_end()
    assert editor.lua("return { vim.fn.line('w0'), vim.fn.line('.') }") == [before, 20]


def test_whoever_types_below_sees_the_newest_words_and_stays_where_they_are(
    look: Callable[..., Editor], model_server: ModelServer
) -> None:
    rest, end = Gate(), Gate()
    rows = [f"row {number}\n" for number in range(40)]
    model_server.enqueue(chat_stream(content=["one\n", rest, *rows, end]))
    editor = look(80, 24)
    editor.keys("10G:Codex ask Go on<CR>")
    editor.wait_for_text("│ one")
    editor.keys("5joHello")
    editor.wait_for_text("Hello")
    rest.open()
    end.reached.wait_blocking()
    screen = editor.wait_for_text("│ row 39")
    hello = next(number for number, row in enumerate(screen) if row == "Hello")
    assert editor.lua("return vim.fn.line('w0')") == 1
    end.open()
    screen = editor.wait_for_text("╰ Answered")
    assert screen.index("Hello") == hello or hello < len(screen) - 2
    assert "│ one" in screen
    assert stale(editor) == []
    # In another view there is room for more of it.
    editor.keys("<Esc>10Gzt")
    editor.wait_for_text("│ row 12")


def test_the_whole_conversation_opens(
    look: Callable[..., Editor], model_server: ModelServer
) -> None:
    for answer in ("The first.", "The second.", "The third."):
        model_server.enqueue(chat_stream(content=[answer]))
    editor = look(80, 24)
    editor.keys("10G")
    for number, question in enumerate(("What?", "Why?", "How?"), 1):
        editor.keys(f":Codex ask {question}<CR>")
        editor.wait_for_text(f"╭ {question} · local")
        editor.wait_for_end(number)
    screen = editor.wait_for_text("│ The third.")
    at = next(number for number, row in enumerate(screen) if row.startswith("▸ What?"))
    assert screen[at + 1].startswith("▸ Why?")
    assert screen[at + 2].startswith("╭ How?")
    editor.keys(":Codex answer open<CR>")
    editor.wait_for_text("## How?")
    told = [line for line in editor.buffer() if line and line[0] not in "*-"]
    expected = ["## What?", "The first.", "## Why?", "The second.", "## How?", "The third."]
    assert told == expected


def test_the_thinking_of_every_question_is_dimmed_wrapped_and_folded(
    look: Callable[..., Editor], model_server: ModelServer
) -> None:
    gates = [Gate(), Gate()]
    for number, gate in enumerate(gates):
        thoughts = [f"thought {number} " * 10]
        model_server.enqueue(chat_stream(reasoning=[*thoughts, gate], content=["ok"]))
    editor = look(100, 30)
    for number, gate in enumerate(gates):
        editor.keys(f"{number * 10 + 5}G:Codex ask Go on<CR>")
        screen = editor.wait_for_text(f"thought {number}")
        cells = editor.picture()
        row = next(at for at, line in enumerate(screen) if f"thought {number}" in line)
        column = screen[row].index(f"thought {number}")
        normal = editor.lua("return vim.api.nvim_get_hl(0, { name = 'Comment', link = false }).fg")
        assert cells[row][column].attributes.get("foreground") == normal, "dimmed"
        assert "thought" in screen[row + 1][column:], "wrapped"
        gate.open()
        editor.wait_for_end(number + 1)
        editor.wait_for_text("│ ▸ Thought for ")
        assert len(editor.lua("return vim.api.nvim_tabpage_list_wins(0)")) == 1


def test_code_is_coloured_by_its_language(
    look: Callable[..., Editor], model_server: ModelServer
) -> None:
    """Neovim has a parser for Lua; a block of a language without one has one colour."""
    text = "So:\n```lua\nlocal x = 1 -- one\n```\nAnd:\n```nonsense\nlocal x = 1\n```\nDone."
    model_server.enqueue(chat_stream(content=[text]))
    editor = look(80, 24)
    editor.keys(":10,12Codex ask Colours<CR>")
    editor.wait_for_text("│ Done.")
    editor.wait_for_end()

    def colours(row_text: str) -> dict[str, object]:
        (row,) = (
            cells for cells in editor.picture() if row_text in "".join(cell.text for cell in cells)
        )
        line = "".join(cell.text for cell in row)
        return {word: row[line.index(word)].attributes for word in row_text.split()}

    lua = colours("local x = 1 -- one")
    assert len({str(lua[word]) for word in ("local", "x", "1", "--")}) >= 3
    plain = [row for row in editor.screen() if row.startswith("│ local x = 1") and "--" not in row]
    assert len(plain) == 1


def test_what_can_be_pressed_stands_behind_an_answer(
    look: Callable[..., Editor], model_server: ModelServer
) -> None:
    gate = Gate()
    model_server.enqueue(chat_stream(content=["One.", gate]), chat_stream(content=["Two."]))
    maps = "vim.keymap.set('n', '<Space>r', '<Plug>(codex-replace)')\n"
    maps += "vim.keymap.set('n', '<Space>y', '<Plug>(codex-yank)')\n"
    editor = look(100, 24)
    editor.keys(":10,12Codex ask Keys<CR>")
    editor.wait_for_text(":Codex stop stops it")
    gate.open()
    editor.wait_for_text(":Codex lists what can be done")
    editor.wait_for_end()
    editor.lua(maps)
    editor.keys(":30Codex ask Mapped<CR>")
    editor.wait_for_text("<Space>r replace  <Space>y yank")
