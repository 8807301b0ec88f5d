"""CodeCompanion's agent panel with `codex-ls acp`, configured as docs/editors/acp.md says.

It runs where `CODEX_TEST_CODECOMPANION` names a folder with clones of olimorris/codecompanion.nvim and
nvim-lua/plenary.nvim (as `codecompanion` and `plenary`): no package registry has them. Elsewhere the messages that
CodeCompanion sent in this test are replayed instead (tests/acp/test_panel_replay.py).

`CODEX_WRITE_PICTURES=1` takes the picture of the documentation anew.
"""

import json
import os
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.nvim.editor import ROOT, Editor
from tests.nvim.picture import svg
from tests.nvim.test_pictures import ANSWER, CODE, LOOK, THINKING, normal
from tests.support.answers import Answer
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream

PLUGINS = os.environ.get("CODEX_TEST_CODECOMPANION", "")
PICTURE = ROOT / "docs" / "images" / "acp-codecompanion.svg"
RECORDING = ROOT / "tests" / "fixtures" / "acp" / "codecompanion.jsonl"

pytestmark = pytest.mark.skipif(
    not PLUGINS, reason="CODEX_TEST_CODECOMPANION names no folder with CodeCompanion"
)


def init() -> str:
    """The documented configuration, with both plugins on the runtime path."""
    page = (ROOT / "docs" / "editors" / "acp.md").read_text()
    (documented,) = re.findall(r"```lua\n(.*?)```", page, re.DOTALL)
    paths = "".join(
        f"vim.opt.runtimepath:prepend([[{PLUGINS}/{name}]])\n"
        for name in ("plenary", "codecompanion")
    )
    return f"{paths}{LOOK}{documented}\n"


def edit(path: str, old: str, new: str) -> Answer:
    arguments = json.dumps({"path": path, "old": old, "new": new})
    function = {"name": "edit_file", "arguments": arguments}
    return chat_stream(
        reasoning=THINKING,
        tool_calls=[{"index": 0, "id": "c", "type": "function", "function": function}],
        finish_reason="tool_calls",
        usage=(10, 5),
    )


def test_thinking_a_permission_and_the_answer_are_shown(
    start: Callable[..., Editor],
    model_server: ModelServer,
    codex_home: Path,
    tmp_path: Path,
    path: str,
) -> None:
    config = codex_home / "config.toml"
    config.write_text(
        'sandbox_mode = "workspace-write"\napproval_policy = "untrusted"\n' + config.read_text()
    )
    program, sent = tmp_path / "bin" / "codex-ls", tmp_path / "sent.jsonl"
    program.write_text(program.read_text().replace("exec ", f"tee {sent} | exec "))
    gate = Gate("answering")
    model_server.enqueue(
        edit("dedupe.py", "seen: list[str] = []", "seen: set[str] = set()"),
        chat_stream(content=[*ANSWER[:5], gate, *ANSWER[5:]], usage=(20, 9)),
    )
    editor = start(columns=120, lines=44, init=init(), env={"PATH": path})
    project = tmp_path / "p"
    (project / ".git").mkdir(parents=True)
    (project / "dedupe.py").write_text(CODE)
    editor.command(f"cd {project}")
    editor.command("edit dedupe.py")
    editor.command("CodeCompanionChat")
    editor.keys("iWhy is this slow with many items?<Esc>")
    editor.keys("<CR>")
    editor.wait_for_text("quadratic.")
    editor.wait_for_text("+    seen: set[str] = set()")
    editor.wait_for_text("`g2` - Accept")
    assert (project / "dedupe.py").read_text() == CODE
    editor.keys("g2")
    editor.wait_for_text("remembers what it has seen")
    assert "seen: set[str] = set()" in (project / "dedupe.py").read_text()
    take(editor)
    gate.open()
    editor.wait_for_text("list(dict.fromkeys(items))")
    if os.environ.get("CODEX_WRITE_PICTURES"):
        text = sent.read_text().replace(str(project), "{folder}")
        RECORDING.write_text(re.sub('"sessionId":"[^"]*"', '"sessionId":"{session}"', text))


def take(editor: Editor) -> None:
    if os.environ.get("CODEX_WRITE_PICTURES"):
        title = "Neovim: CodeCompanion's chat with codex-ls acp"
        PICTURE.write_text(svg(editor.picture(), normal=normal(editor), title=title))
