"""A real Helix with the settings of its page."""

import os
import sys
from pathlib import Path

import pytest

from tests.editors.conftest import needed
from tests.editors.pages import snippets
from tests.editors.problem_server import PROBLEM
from tests.editors.terminal import Terminal, find_program, take_picture
from tests.nvim.editor import Editor
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream

QUIET = """
theme = "base16_default_dark"
editor.soft-wrap.enable = true
editor.statusline.left = ["mode", "spinner", "file-base-name"]
"""


@pytest.fixture
def helix(screen: Editor, project: Path, path: str, codex_home: Path) -> Terminal:
    """Helix with a file open, two servers, and a problem that one of them has found."""
    program = needed(find_program("hx", variable="CODEX_TEST_HX"), "Helix")
    languages, _, keys = snippets("helix.md", "toml")
    folder = screen.home / "CONFIG" / "helix"
    folder.mkdir(parents=True)
    (folder / "languages.toml").write_text(languages)
    # The tests' own home is not at `~/.codex`.
    (folder / "config.toml").write_text(QUIET + keys.replace("~/.codex", str(codex_home)))
    server = Path(path.partition(os.pathsep)[0]) / "pylsp"
    server.write_text(f"#!/bin/sh\nexec {sys.executable} -m tests.editors.problem_server\n")
    server.chmod(0o755)
    terminal = Terminal(screen, [program, "sample.py"], cwd=project, env={"PATH": path})
    terminal.wait_for("●")
    # Helix does not show that a server is ready, so it is asked for actions until there are ours.
    for _ in range(10):
        terminal.type("<Space>a")
        if terminal.shows("Codex: ", within_ms=2000):
            break
        terminal.type("<Esc>")
    terminal.type("<Esc>")
    terminal.wait_until_gone("Codex: ")
    return terminal


def act(helix: Terminal, title: str) -> None:
    """Choose a code action by its title."""
    helix.type("<Space>a")
    rows = [row for row in helix.wait_for(title) if "Codex: " in row]
    (number,) = (number for number, row in enumerate(rows) if title in row)
    helix.type("<Down>" * number + "<CR>")


def open_answer(helix: Terminal) -> None:
    """Open the latest answer once it is named in a message, or shown (from 25.07 on)."""
    helix.wait_for("test-model")
    helix.type("<Space><Space>o")


def test_a_selection_is_asked_about_while_the_user_types_on(
    helix: Terminal, model_server: ModelServer
) -> None:
    gate = Gate()
    model_server.enqueue(chat_stream(reasoning=["Let me see."], content=["It ", gate, "could be."]))
    helix.type("xx")
    act(helix, "Codex: Ask about this: Why not 2 * x?")
    gate.reached.wait_blocking()
    sent = str(model_server.turns[0].json["messages"])
    assert "Why not 2 * x?" in sent
    helix.type("geo# typed meanwhile<Esc>")
    helix.wait_for("# typed meanwhile")
    gate.open()
    open_answer(helix)
    screen = "\n".join(helix.wait_for("It could be."))
    assert "Let me see." in screen


def test_the_problem_of_another_server_is_fixed_and_the_fix_taken_back(
    helix: Terminal, model_server: ModelServer
) -> None:
    fixed = "def double(x):\n    return 2 * x\n\n\nprint(double('ab'))"
    model_server.enqueue(chat_stream(content=[f"```python\n{fixed}\n```\nShorter."]))
    helix.type("jjx")
    act(helix, "Codex: Fix this problem")
    helix.wait_for("return 2 * x")
    sent = str(model_server.turns[0].json["messages"])
    assert PROBLEM in sent
    helix.type("u")
    helix.wait_for("return x + x")


def test_a_command_stops_it_and_what_had_come_is_kept(
    helix: Terminal, model_server: ModelServer, codex_home: Path
) -> None:
    gate = Gate()
    model_server.enqueue(chat_stream(content=["Half of", gate, " it"]))
    helix.type("xxx")
    act(helix, "Codex: Explain")
    helix.wait_for("Half of")
    helix.type("<Space><Space>s")
    model_server.turn_blocking().hung_up.wait_blocking()
    helix.wait_for("stopped. What had come")
    assert "Half of" in (codex_home / "codex-ls" / "answers" / "latest.md").read_text()


def test_the_picture_of_the_page_is_taken_from_the_screen(
    helix: Terminal, model_server: ModelServer
) -> None:
    answer = "It could be: `2 * x` and `x + x` are the same for numbers *and* for strings."
    model_server.enqueue(
        chat_stream(reasoning=["`x + x` works for strings too; so does `2 * x`."], content=[answer])
    )
    helix.type(":vsplit<CR>xx")
    act(helix, "Codex: Ask about this: Why not 2 * x?")
    open_answer(helix)
    take_picture(helix, "helix-answer", "Helix: the answer in its buffer", "It could be", "double")
