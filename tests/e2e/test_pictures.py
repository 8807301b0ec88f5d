"""The README's picture is taken from a real terminal.

`CODEX_WRITE_PICTURES=1 pytest tests/e2e/test_pictures.py` takes it anew, from the built-in model.
"""

import os
import re
from pathlib import Path

from tests.cli.command import ROOT, Command
from tests.e2e.terminal_picture import picture
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream

PICTURE = ROOT / "docs" / "images" / "terminal.svg"
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


def taken(command: Command, arguments: tuple[str, ...]) -> str:
    """The picture of one question at a terminal."""
    with command.start_at_terminal("exec", *arguments, QUESTION) as terminal:
        terminal.finish()
        seen = terminal.text
    return picture(f'codex-ls exec "{QUESTION}"', seen)
