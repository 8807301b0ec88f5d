"""`:Codex do`: a task, the question whether the model may, and taking it back."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.nvim.editor import Editor
from tests.support.answers import Answer
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the sandbox of this test is Linux'"
)


def call(name: str, **arguments: Any) -> Answer:
    function = {"name": name, "arguments": json.dumps(arguments)}
    return chat_stream(
        tool_calls=[{"index": 0, "id": "c", "type": "function", "function": function}],
        finish_reason="tool_calls",
    )


def allow(codex_home: Path, mode: str) -> None:
    config = codex_home / "config.toml"
    config.write_text(f'sandbox_mode = "{mode}"\n{config.read_text()}')


EDIT = call("edit_file", path="sample.py", old="x + x", new="2 * x")


def test_a_task_changes_files_shows_its_calls_and_is_taken_back(
    editor: Editor, codex_home: Path, model_server: ModelServer
) -> None:
    allow(codex_home, "workspace-write")
    model_server.enqueue(
        call("read_file", path="sample.py"),
        EDIT,
        call("shell", command="cat sample.py | head -2; exit 3"),
        chat_stream(content=["It is *twice* now."]),
    )
    editor.command("Codex do Say it with a product")
    screen = "\n".join(editor.wait_for_text("It is"))
    for line in ("read_file", "edited", "sample.py", "exit code 3"):
        assert line in screen
    editor.wait_for_end()
    assert editor.buffer()[1] == "    return 2 * x"
    assert "sample.py" in model_server.turns[0].body.decode()
    editor.command("Codex undo")
    editor.wait("return vim.api.nvim_buf_get_lines(0, 1, 2, true)[1] == '    return x + x'")
    editor.wait("return vim.tbl_contains(_G.told, 'codex: restored 1 file')")


def test_calls_are_folded_in_the_conversation_and_one_key_shows_what_they_did(
    editor: Editor, codex_home: Path, model_server: ModelServer
) -> None:
    allow(codex_home, "workspace-write")
    model_server.enqueue(
        EDIT,
        call("shell", command="head -2 sample.py; exit 3"),
        chat_stream(content=["Twice."]),
    )
    editor.command("cd %:h | Codex do Say it with a product")
    rows = editor.wait_for_text("Twice.")
    at = next(index for index, row in enumerate(rows) if "edited `sample.py`" in row)
    assert [row.strip("│ ") for row in rows[at : at + 4]] == [
        "edited `sample.py`",
        "`$ head -2 sample.py; exit 3`, exit code 3",
        "",
        "Twice.",
    ]
    editor.wait_for_end()
    editor.command("Codex answer open")
    rows = editor.wait_for_text("▸ edited `sample.py`")
    assert "▸ `$ head -2 sample.py; exit 3`, exit code 3  · 4 lines, <CR> shows" in "\n".join(rows)
    assert not any(row.startswith("```") for row in rows)
    editor.command("call search('exit 3')")
    editor.keys("<CR>")
    rows = editor.wait_for_text("\n$ head -2")
    start = next(index for index, row in enumerate(rows) if row.startswith("$ head"))
    assert [row.rstrip() for row in rows[start - 1 : start + 5]] == [
        "```",
        "$ head -2 sample.py; exit 3",
        "def double(x):",
        "    return 2 * x",
        "exit code 3",
        "```",
    ]
    editor.keys("<CR>")
    editor.wait_for_text("exit code 3  · 4 lines, <CR> shows")


def three_files(editor: Editor, codex_home: Path, model_server: ModelServer) -> Path:
    """Have a task change one file, make one and change another one."""
    allow(codex_home, "workspace-write")
    project = Path(editor.lua("return vim.api.nvim_buf_get_name(0)")).parent
    (project / "other.py").write_text("".join(f"line_{number} = 1\n" for number in range(9)))
    editor.command(f"cd {project}")
    model_server.enqueue(
        EDIT,
        call("write_file", path="new.py", content="new = 1\n"),
        call("edit_file", path="other.py", old="line_7 = 1", new="line_7 = 2"),
        chat_stream(content=["All done."]),
    )
    editor.command("Codex do Change three files")
    rows = editor.wait_for_text("All done.")
    editor.wait_for_end()
    rows = editor.wait_for_text("3 files changed, :Codex review shows them")
    assert any("All done." in row for row in rows)
    return project


def test_changed_files_are_reviewed_one_by_one(
    editor: Editor, codex_home: Path, model_server: ModelServer
) -> None:
    project = three_files(editor, codex_home, model_server)
    editor.keys(":Codex review<CR>")
    rows = editor.wait_for_text("sample.py  edited, 1 of 3")
    assert "<CR> keep  x undo" in rows[1]
    assert any("return x + x" in row and "return 2 * x" in row for row in rows)
    editor.keys("<CR>")
    editor.wait_for_text("new.py  new, 2 of 3")
    editor.keys("x")
    rows = editor.wait_for_text("other.py  edited, 3 of 3")
    assert not (project / "new.py").exists()
    assert editor.lua("return vim.fn.line('.')") == 8
    editor.keys("x")
    editor.wait("return vim.tbl_contains(_G.told, 'codex: kept 1 file, undid 2')")
    assert editor.lua("return vim.fn.tabpagenr('$')") == 1
    assert "line_7 = 1" in (project / "other.py").read_text()
    assert "return 2 * x" in (project / "sample.py").read_text()
    editor.keys(":Codex review<CR>")
    editor.wait_for_text("sample.py  edited, 1 of 1")
    editor.keys(":q<CR>")
    editor.wait("return vim.fn.tabpagenr('$') == 1")
    editor.wait_for_text("All done.")


def test_a_hunk_is_undone_in_the_review_and_the_rest_is_kept(
    editor: Editor, codex_home: Path, model_server: ModelServer
) -> None:
    project = three_files(editor, codex_home, model_server)
    editor.keys(":Codex review<CR>")
    editor.wait_for_text("sample.py  edited, 1 of 3")
    editor.keys("dp<CR>")
    editor.wait_for_text("new.py  new, 2 of 3")
    assert "return x + x" in (project / "sample.py").read_text()
    editor.keys("q")


def test_one_file_is_undone_by_its_name(
    editor: Editor, codex_home: Path, model_server: ModelServer
) -> None:
    project = three_files(editor, codex_home, model_server)
    names = editor.lua("return vim.fn.getcompletion('Codex undo ', 'cmdline')")
    assert names == ["sample.py", "new.py", "other.py"]
    (project / "other.py").write_text("mine\n")
    editor.keys(":Codex undo new.py<CR>")
    editor.wait("return vim.tbl_contains(_G.told, 'codex: restored 1 file')")
    assert not (project / "new.py").exists()
    assert "return 2 * x" in (project / "sample.py").read_text()
    editor.keys(":Codex undo gone.py<CR>")
    editor.wait(
        "return vim.iter(_G.told):any(function(told) return told:find('nothing to undo') end)"
    )
    editor.keys(":Codex undo<CR>")
    editor.wait(
        "return vim.tbl_contains(_G.told, 'codex: other.py was changed since, and is left alone.')"
    )
    assert (project / "other.py").read_text() == "mine\n"
    assert "return x + x" in (project / "sample.py").read_text()


@pytest.mark.parametrize(("key", "line"), [("y", "2 * x"), ("n", "x + x")])
def test_the_user_is_asked_with_the_diff(
    editor: Editor, codex_home: Path, model_server: ModelServer, key: str, line: str
) -> None:
    allow(codex_home, "read-only")
    model_server.enqueue(EDIT, chat_stream(content=["Well then."]))
    editor.nvim.input(":Codex do Say it with a product<CR>")
    screen = "\n".join(editor.grid_until("Codex wants to change:"))
    assert "-    return x + x" in screen
    assert "+    return 2 * x" in screen
    editor.keys(key)
    editor.wait_for_text("Well then.")
    editor.wait_for_end()
    assert editor.buffer()[1] == f"    return {line}"
