"""agent-shell, Emacs's agent panel, with `codex-ls acp`, configured as docs/editors/acp.md says.

It runs where `CODEX_TEST_AGENT_SHELL` names a folder with clones of xenodium's agent-shell, shell-maker and acp.el:
no package registry has them. Elsewhere the messages that agent-shell sent in this test are replayed instead
(tests/acp/test_panel_replay.py).

`CODEX_WRITE_PICTURES=1` takes the picture of the documentation anew, and the recording.
"""

import json
import os
import re
from pathlib import Path

import pytest

from tests.editors.conftest import needed
from tests.editors.pages import snippets
from tests.editors.terminal import Terminal, find_program, take_picture
from tests.editors.test_emacs import QUIET, run
from tests.nvim.editor import ROOT, Editor
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream

PACKAGES = os.environ.get("CODEX_TEST_AGENT_SHELL", "")
RECORDING = ROOT / "tests" / "fixtures" / "acp" / "agent-shell.jsonl"

pytestmark = pytest.mark.skipif(
    not PACKAGES, reason="CODEX_TEST_AGENT_SHELL names no folder with agent-shell"
)


def init() -> str:
    """The documented configuration, with the packages on the load path."""
    (documented,) = snippets("acp.md", "elisp")
    names = ("acp.el", "shell-maker", "agent-shell")
    paths = "".join(f'(add-to-list \'load-path "{PACKAGES}/{name}")\n' for name in names)
    return f"{QUIET}{paths}{documented}"


def test_thinking_a_permission_and_the_answer_are_shown(
    screen: Editor,
    project: Path,
    path: str,
    model_server: ModelServer,
    codex_home: Path,
    tmp_path: Path,
) -> None:
    emacs = needed(find_program("emacs", variable="CODEX_TEST_EMACS"), "Emacs")
    config = codex_home / "config.toml"
    config.write_text(
        'sandbox_mode = "workspace-write"\napproval_policy = "untrusted"\n' + config.read_text()
    )
    program, sent = tmp_path / "bin" / "codex-ls", tmp_path / "sent.jsonl"
    program.write_text(program.read_text().replace("exec ", f"tee {sent} | exec "))
    (tmp_path / "init.el").write_text(init())
    gate = Gate("answering")
    arguments = json.dumps({"path": "sample.py", "old": "return x + x", "new": "return 2 * x"})
    function = {"name": "edit_file", "arguments": arguments}
    model_server.enqueue(
        chat_stream(
            reasoning=["`2 * x` says it more plainly, ", "and is the same for strings."],
            tool_calls=[{"index": 0, "id": "c", "type": "function", "function": function}],
            finish_reason="tool_calls",
            usage=(10, 5),
        ),
        chat_stream(
            content=["`double` multiplies now: ", gate, "the result is the same."], usage=(20, 9)
        ),
    )
    argv = [emacs, "-nw", "-Q", "-l", str(tmp_path / "init.el"), "sample.py"]
    terminal = Terminal(screen, argv, cwd=project, env={"PATH": path})
    terminal.wait_for("return x + x")
    run(terminal, "codex-ls")
    terminal.wait_for("Start shell")
    terminal.type("<CR>")
    terminal.wait_for_row("codex-ls>")
    terminal.type("Double it more plainly<CR>")
    terminal.wait_for("Allow")
    assert "return x + x" in (project / "sample.py").read_text()
    terminal.type("y")
    terminal.wait_for("double multiplies now")
    assert "return 2 * x" in (project / "sample.py").read_text()
    gate.open()
    terminal.wait_for("the result is the same.")
    take_picture(
        terminal, "acp-agent-shell", "Emacs: agent-shell with codex-ls acp", "multiplies now"
    )
    if os.environ.get("CODEX_WRITE_PICTURES"):
        text = sent.read_text().replace(str(project), "{folder}")
        RECORDING.write_text(re.sub('"sessionId":"[^"]*"', '"sessionId":"{session}"', text))
