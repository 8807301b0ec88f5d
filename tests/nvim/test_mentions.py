"""`@file` and `#buffer` in a question: completed on the command line, sent by the server."""

from collections.abc import Callable
from pathlib import Path

from tests.nvim.editor import Editor
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream


def asked(model_server: ModelServer) -> str:
    text: str = model_server.turns[-1].json["messages"][-1]["content"]
    return text


def project_of(editor: Editor) -> Path:
    return Path(editor.lua("return vim.api.nvim_buf_get_name(0)")).parent


def test_files_and_buffers_go_along_as_they_are_in_the_editor(
    editor: Editor, model_server: ModelServer
) -> None:
    project = project_of(editor)
    (project / "src").mkdir()
    (project / "src" / "a.py").write_text("a = 1\n")
    (project / "long.txt").write_text("one\ntwo\nthree\nfour\n")
    editor.open(project / "b.py", "b = 1\n")
    editor.command("call setline(1, 'b = 2')")
    editor.open(project / "Makefile", "all:\n")
    editor.command("call setline(1, 'none:')")
    editor.command(f"set hidden | edit {project}/sample.py")
    model_server.always(chat_stream(content=["ok"]))
    editor.keys(":cd " + str(project) + "<CR>")
    editor.keys(
        ":Codex ask explain @src/a.py with #b.py, (@long.txt:2-3) and @Makefile. "
        "See @property, #12, #include `a @b/c.d` and x@y.z<CR>"
    )
    editor.wait_for_end()
    files, question = asked(model_server).split("From sample.py", 1)
    assert files == (
        "From src/a.py, line 1:\n```python\n1 a = 1\n```\n\n"
        "From b.py, line 1:\n```python\n1 b = 2\n```\n\n"
        "From long.txt, lines 2 to 3:\n```\n2 two\n3 three\n```\n\n"
        "From Makefile, line 1:\n```make\n1 none:\n```\n\n"
    )
    assert question.endswith("See @property, #12, #include `a @b/c.d` and x@y.z")
    assert (project / "b.py").read_text() == "b = 1\n"


def test_names_are_completed_on_the_command_line(editor: Editor) -> None:
    project = project_of(editor)
    (project / "src").mkdir()
    for name in ("alpha.py", "alone.py", "beta.py"):
        (project / "src" / name).touch()
    editor.command(f"cd {project} | badd src/beta.py")
    editor.keys(":Codex ask explain @s<Tab>")
    editor.wait_for_rows(lambda rows: rows[-1].startswith(":Codex ask explain @s"))
    names = editor.lua("return vim.fn.getcompletion('Codex ask explain @s', 'cmdline')")
    assert names == ["@sample.py", "@src/"]
    editor.keys("<C-U>Codex ask explain @src/b<Tab> with #src<Tab>")
    editor.wait_for_text(":Codex ask explain @src/beta.py with #src/beta.py")
    editor.keys("<Esc>")


def test_an_unknown_name_is_one_sentence(editor: Editor, model_server: ModelServer) -> None:
    editor.command("Codex ask compare with #gone.py")
    editor.wait("return #_G.told == 1")
    assert editor.told() == ["codex: There is no buffer gone.py. @gone.py names a file."]
    editor.command("Codex ask compare with @src/gone.py")
    rows = editor.wait_for_text("There is no file src/gone.py in the workspace.")
    assert any("Give its path relative to the workspace folder." in row for row in rows)
    editor.wait_for_end()
    assert model_server.turns == []


def test_buffers_of_one_name_need_more_of_their_path(
    editor: Editor, model_server: ModelServer
) -> None:
    project = project_of(editor)
    for folder in ("one", "two"):
        (project / folder).mkdir()
        (project / folder / "same.py").write_text(f"{folder} = 1\n")
    editor.command(f"cd {project} | badd one/same.py | badd two/same.py")
    editor.command("Codex ask compare #same.py")
    editor.wait("return #_G.told == 1")
    (told,) = editor.told()
    assert told == (
        "codex: Several buffers are named same.py: one/same.py, two/same.py. Give more of the path."
    )
    model_server.always(chat_stream(content=["ok"]))
    editor.command("Codex ask compare #two/same.py")
    editor.wait_for_end()
    assert asked(model_server).startswith("From two/same.py, line 1:\n```python\n1 two = 1\n```\n")


def test_what_is_typed_at_the_prompt_is_kept_when_a_name_is_wrong(
    start: Callable[..., Editor], tmp_path: Path, model_server: ModelServer
) -> None:
    editor = start()
    editor.open(tmp_path / "a.py", "a = 1\n")
    editor.keys(":Codex ask<CR>")
    editor.grid_until("Ask codex")
    editor.keys("compare #gone.py<CR>")
    editor.grid_until("There is no buffer gone.py. Ask codex")
    editor.grid_until("compare #gone.py")
    model_server.always(chat_stream(content=["ok"]))
    editor.keys("<C-U>compare #a.py<CR>")
    editor.wait_for_end()
    assert asked(model_server).startswith("From a.py, line 1:")
