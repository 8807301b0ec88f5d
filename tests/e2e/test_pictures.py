"""The pictures of the pages are taken from a real terminal.

`CODEX_WRITE_PICTURES=1 pytest tests/e2e/test_pictures.py` takes them anew, the README's from the built-in model.
"""

import json
import os
import re
import sys
from pathlib import Path

import pytest

from tests.cli.command import ROOT, Command
from tests.e2e.terminal_picture import picture
from tests.support.answers import Answer
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream

PICTURE = ROOT / "docs" / "images" / "terminal.svg"
TASK_PICTURE = ROOT / "docs" / "images" / "terminal-task.svg"
TASK = "Make test_calc.py pass."
QUESTION = "What does this Python function do? def f(n): return n if n < 2 else f(n-1) + f(n-2)"
MODELS = os.environ.get("CODEX_LS_MODELS", str(Path("~/.codex/codex-ls/models").expanduser()))


def test_the_readmes_picture_shows_thinking_the_answer_and_the_figures(tmp_path: Path) -> None:
    if os.environ.get("CODEX_WRITE_PICTURES"):
        profile = ("--profile", "embedded")
        command = Command(tmp_path, {"CODEX_LS_MODELS": MODELS})
        PICTURE.write_text(taken(command, profile), encoding="utf-8")
    drawn = PICTURE.read_text(encoding="utf-8")
    assert "Fibonacci" in drawn
    assert re.search(r'fill="#8b8ba7">\[The ', drawn)
    figures = r">Thinking after [0-9.]+ s, answer after [0-9.]+ s, \d+ tokens, [0-9.]+ tokens/s"
    assert re.search(figures, drawn)


def test_a_picture_shows_what_stands_on_the_terminal(tmp_path: Path) -> None:
    with ModelServer(chat_stream(reasoning=["h", "m"], content=["fo", "ur"])) as server:
        command = Command(tmp_path)
        command.configure(server.base_url)
        drawn = taken(command, ())
    texts = re.findall(r"<text[^>]*>(.*)</text>", drawn)
    assert [text for text in texts if not text.startswith(("$", "Thinking after", "&lt;"))][
        -3:
    ] == [
        "[hm]",
        "",
        "four",
    ]
    assert '"#8b8ba7">[hm]' in drawn


@pytest.mark.skipif(sys.platform != "linux", reason="the sandbox of this test is Linux'")
def test_the_picture_of_a_task_shows_the_approval_and_the_calls(tmp_path: Path) -> None:
    drawn = task_taken(tmp_path)
    if os.environ.get("CODEX_WRITE_PICTURES"):
        TASK_PICTURE.write_text(drawn, encoding="utf-8")
    kept = TASK_PICTURE.read_text(encoding="utf-8")
    assert texts(drawn)[:-1] == texts(kept)[:-1]  # the last line has the time
    assert "The model wants to change:" in kept
    assert "(+1 -1)" in kept


def task_taken(folder: Path) -> str:
    """The picture of a task at a terminal: a diff to allow, a command, the answer."""
    root = folder / "w"
    root.mkdir()
    (root / "calc.py").write_text("def add(a, b):\n    return a - b\n")
    (root / "test_calc.py").write_text(
        "from calc import add\n\nassert add(2, 3) == 5\nprint('1 test passed')\n"
    )
    answers = (
        tool_call("read_file", path="calc.py"),
        tool_call("edit_file", path="calc.py", old="return a - b", new="return a + b"),
        tool_call("shell", command="python3 test_calc.py"),
        chat_stream(content=["add subtracted. It adds now, and the test passes."], usage=(900, 30)),
    )
    with ModelServer(*answers) as server:
        command = Command(folder)
        command.configure(server.base_url)
        options = ("-C", str(root), "-s", "read-only", "-a", "on-request")
        with command.start_at_terminal("exec", *options, TASK) as terminal:
            terminal.until("q stop: ")
            terminal.type("y\n")
            terminal.finish()
            seen = terminal.text
    return picture(f'codex-ls exec -s read-only -a on-request "{TASK}"', seen)


def tool_call(name: str, **arguments: str) -> Answer:
    function = {"name": name, "arguments": json.dumps(arguments)}
    return chat_stream(
        tool_calls=[{"index": 0, "id": "c", "type": "function", "function": function}],
        finish_reason="tool_calls",
        usage=(800, 20),
    )


def texts(drawn: str) -> list[str]:
    return re.findall(r"<text[^>]*>(.*)</text>", drawn)


def taken(command: Command, arguments: tuple[str, ...]) -> str:
    """The picture of one question at a terminal."""
    with command.start_at_terminal("exec", *arguments, QUESTION) as terminal:
        terminal.finish()
        seen = terminal.text
    return picture(f'codex-ls exec "{QUESTION}"', seen)
