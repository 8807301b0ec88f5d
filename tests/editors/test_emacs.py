"""A real Emacs with the settings of its page, and nothing else of ours."""

from pathlib import Path

import pytest

from tests.editors.conftest import needed
from tests.editors.pages import snippets
from tests.editors.terminal import Terminal, find_program, take_picture
from tests.nvim.editor import Editor
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream

QUIET = """
(setq inhibit-startup-screen t make-backup-files nil auto-save-default nil
      native-comp-jit-compilation nil)
(menu-bar-mode -1)
(setq frame-background-mode 'dark)
(mapc #'frame-set-background-mode (frame-list))
"""


@pytest.fixture
def emacs(screen: Editor, project: Path, path: str) -> Terminal:
    """Emacs with a file open, connected to the server."""
    program = needed(find_program("emacs", variable="CODEX_TEST_EMACS"), "Emacs")
    settings, _, commands, _ = snippets("emacs.md", "elisp")
    init = project.parent / "init.el"
    init.write_text(QUIET + settings + commands)
    argv = [program, "-nw", "-Q", "-l", str(init), "sample.py"]
    terminal = Terminal(screen, argv, cwd=project, env={"PATH": path})
    terminal.wait_for("[eglot:project]")
    return terminal


def run(emacs: Terminal, command: str) -> None:
    """Type a command's name once Emacs asks for it: letters of one burst with M-x can get lost there.

    After a command Emacs waits to suggest a shorter name for it, and swallows what comes with the key that ends that.
    """
    emacs.type("<M-x>")
    emacs.wait_for_row("M-x")
    emacs.type(f"{command}<CR>")


def test_a_region_is_asked_about_and_the_answer_shown_beside_it(
    emacs: Terminal, model_server: ModelServer
) -> None:
    gate = Gate()
    model_server.enqueue(chat_stream(reasoning=["Let me see."], content=["It ", gate, "could be."]))
    emacs.type("<C-Space><Down><Down><Down>")
    run(emacs, "eglot-code-actions")
    emacs.wait_for("(default Codex: Ask about this: Why not 2 * x?)")
    emacs.type("<CR>")
    gate.reached.wait_blocking()
    # Emacs is not waiting: the user types on.
    emacs.type("<M-gt># typed meanwhile")
    emacs.wait_for("# typed meanwhile")
    gate.open()
    screen = "\n".join(emacs.wait_for("It could be."))
    assert "# typed meanwhile" in screen
    assert "Let me see." in screen
    sent = str(model_server.turns[0].json["messages"])
    assert "Why not 2 * x?" in sent
    assert "return x + x" in sent


def test_a_question_is_typed_and_stopped_in_mid_answer(
    emacs: Terminal, model_server: ModelServer, codex_home: Path
) -> None:
    gate = Gate()
    model_server.enqueue(chat_stream(content=["Half of", gate, " it"]))
    run(emacs, "codex-ask")
    emacs.wait_for("Ask codex:")
    emacs.type("Is this Greek?<CR>")
    emacs.wait_for("Half of")
    assert "Is this Greek?" in str(model_server.turns[0].json["messages"])
    run(emacs, "codex-stop")
    model_server.turn_blocking().hung_up.wait_blocking()
    emacs.wait_for("stopped. What had come is in")
    latest = codex_home / "codex-ls" / "answers" / "latest.md"
    assert "Half of" in latest.read_text()


def test_model_and_effort_are_chosen_for_a_question_and_for_the_session(
    emacs: Terminal, model_server: ModelServer
) -> None:
    gate = Gate()
    model_server.enqueue(chat_stream(content=[gate, "ok"]), chat_stream(content=["ok"]))

    def asked(number: int) -> tuple[str, str | None]:
        request = model_server.turn_blocking(number).json
        return request["model"], request.get("reasoning_effort")

    run(emacs, "codex-effort")
    emacs.wait_for("Effort:")
    emacs.type("low<CR>")
    emacs.wait_for("asked with the effort low from now on")
    run(emacs, "codex-model")
    emacs.wait_for("Model (empty")
    emacs.type("qwen3:30b<CR>")
    emacs.wait_for("qwen3:30b (local-oss) answers from now on")
    run(emacs, "codex-ask")
    emacs.wait_for("Ask codex:")
    emacs.type("Is this Greek?<CR>")
    assert asked(0) == ("qwen3:30b", "low")
    run(emacs, "codex-ask-hard")
    emacs.wait_for("Ask codex, hard:")
    emacs.type("Why?<CR>")
    assert asked(1) == ("qwen3:30b", "high")


def test_a_fix_changes_the_buffer_and_can_be_taken_back(
    emacs: Terminal, model_server: ModelServer
) -> None:
    fixed = "def double(x):\n    return 2 * x"
    model_server.enqueue(chat_stream(content=[f"```python\n{fixed}\n```\nShorter."]))
    emacs.type("<C-Space><Down><Down><Down>")
    run(emacs, "codex-fix")
    screen = "\n".join(emacs.wait_for("return 2 * x"))
    assert "return x + x" not in screen
    emacs.wait_for("sample.py was changed")
    emacs.type("<C-_>")
    emacs.wait_for("return x + x")


def test_the_picture_of_the_page_is_taken_from_the_screen(
    emacs: Terminal, model_server: ModelServer
) -> None:
    answer = "It could be: `2 * x` and `x + x` are the same for numbers *and* for strings."
    model_server.enqueue(
        chat_stream(reasoning=["`x + x` works for strings too; so does `2 * x`."], content=[answer])
    )
    emacs.type("<C-Space><Down><Down><Down>")
    run(emacs, "eglot-code-actions")
    emacs.wait_for("Why not 2 * x?)")
    emacs.type("<CR>")
    emacs.wait_for("Thinking")
    take_picture(
        emacs, "emacs-answer", "Emacs: the answer beside the code", "It could be", "double"
    )
