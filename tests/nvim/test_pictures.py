"""The pictures of the documentation are taken from the real screen.

`CODEX_WRITE_PICTURES=1 pytest tests/nvim/test_pictures.py` takes them anew.
"""

import os
from collections.abc import Callable
from pathlib import Path

from tests.nvim.editor import ROOT, Editor
from tests.nvim.picture import svg
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream

LOOK = "vim.o.laststatus = 3\nvim.o.ruler = false\nvim.o.termguicolors = true\n"
IMAGES = ROOT / "docs" / "images"

CODE = '''\
from collections.abc import Iterable


def dedupe(items: Iterable[str]) -> list[str]:
    """The items without repetitions, in order."""
    seen: list[str] = []
    for item in items:
        if item not in seen:
            seen.append(item)
    return seen


def main() -> None:
    print(dedupe(["b", "a", "b"]))


if __name__ == "__main__":
    main()
'''

THINKING = [
    "The user asks why this is slow.\n\n",
    "`item not in seen` looks through a list, so every item costs as much as there are items before",
    " it: quadratic.\n\n",
    "A set would make that constant, but loses the order. A dict keeps it.",
]

ANSWER = [
    "`item not in seen` searches the whole list for every item, so 10,000 items cost about",
    " 50 million comparisons. A dict remembers what it has seen *and* the order:\n\n",
    "```python\n",
    "def dedupe(items: Iterable[str]) -> list[str]:\n",
    '    """The items without repetitions, in order."""\n',
    "    return list(dict.fromkeys(items))\n",
    "```\n",
]


def normal(editor: Editor) -> tuple[str, str]:
    group = editor.lua("return vim.api.nvim_get_hl(0, { name = 'Normal' })")
    return f"#{group['fg']:06x}", f"#{group['bg']:06x}"


def take(editor: Editor, name: str, title: str, *expected: str) -> None:
    for text in expected:
        editor.wait_for_text(text)
    picture = svg(editor.picture(), normal=normal(editor), title=title)
    for text in expected:
        assert text in picture
    path = IMAGES / f"nvim-{name}.svg"
    if os.environ.get("CODEX_WRITE_PICTURES"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(picture)
    assert path.exists(), "take the pictures anew: see the docstring"


def test_the_pictures_show_what_the_documentation_says(
    start: Callable[..., Editor], model_server: ModelServer, tmp_path: Path
) -> None:
    half, whole = Gate("thinking"), Gate("answering")
    model_server.enqueue(
        chat_stream(
            reasoning=[*THINKING[:-1], half, THINKING[-1]],
            content=[*ANSWER[:5], whole, *ANSWER[5:]],
        )
    )
    editor = start(columns=120, lines=30, init=LOOK)
    project = tmp_path / "p"
    (project / ".git").mkdir(parents=True)
    editor.command(f"cd {project}")
    (project / "dedupe.py").write_text(CODE)
    editor.command("edit dedupe.py")
    editor.keys("10G")
    editor.command("4,10Codex ask Why is this slow with many items?")
    editor.wait_for_text("quadratic.")
    take(
        editor,
        "thinking",
        "Neovim: the model thinks beside the code",
        "quadratic.",
        "Why is this slow with many items?",
    )
    half.open()
    editor.wait_for_text('│     """The items without repetitions, in order."""')
    title = "Neovim: half an answer under the code"
    take(editor, "answering", title, "million", "Answering", "zo to read")
    whole.open()
    editor.wait_for_end()
    editor.command("Codex thinking close")
    editor.command("Codex answer replace")
    # The answer makes room for the change at once.
    editor.wait_for_no_text("╰ Answered")
    take(editor, "review", "Neovim: a change reviewed as a diff", "dict.fromkeys", "As it is")
