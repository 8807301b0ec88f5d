"""The code actions, as Neovim's own `gra` offers them: with the plugin, and with nothing but Neovim."""

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.editors.pages import snippets
from tests.nvim.editor import PLUGIN, Editor
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream

CODE = "def double(x):\n    # Why not 2 * x?\n    return x + x\n"

BARE_SETTINGS, MAP = snippets("neovim.md", "lua")[-3:-1]
BARE = f"vim.opt.runtimepath:remove([[{PLUGIN}]])\n{BARE_SETTINGS}{MAP}"
PLUGGED = f'vim.lsp.enable("codex_ls")\n{MAP}'

PICK = """
local wanted = ...
vim.ui.select = function(items, options, done)
  _G.offered = vim.tbl_map(options.format_item, items)
  for index, title in ipairs(_G.offered) do
    if vim.startswith(title, wanted) then return done(items[index], index) end
  end
end
"""


@pytest.fixture(params=[BARE, PLUGGED], ids=["without the plugin", "with the plugin"])
def attached(
    request: pytest.FixtureRequest, start: Callable[..., Editor], tmp_path: Path, path: str
) -> Editor:
    """A Neovim with a file open, to which the server is attached."""
    probe = "if vim.fn.has('nvim-0.11') == 1 then\n"
    editor = start(init=f"{probe}{request.param}end\n", env={"PATH": path})
    if not editor.lua("return vim.fn.has('nvim-0.11') == 1"):
        pytest.skip("vim.lsp.enable and `gra` came with 0.11")
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    # The server names a file of the test's own, long folder: in fewer rows Neovim would wait for a key.
    editor.command("set cmdheight=5")
    editor.open(project / "sample.py", CODE)
    editor.wait(
        "local clients = vim.lsp.get_clients({ bufnr = 0 })\n"
        "return #clients == 1 and clients[1].initialized"
    )
    assert has_plugin(editor) is (request.param is PLUGGED)
    return editor


def has_plugin(editor: Editor) -> bool:
    return bool(editor.lua("return vim.fn.exists(':Codex') == 2"))


def test_a_selection_is_asked_about_and_the_answer_is_shown(
    attached: Editor, model_server: ModelServer
) -> None:
    thinking, gate = Gate(), Gate()
    model_server.enqueue(
        chat_stream(reasoning=["Let me see.", thinking], content=["It ", gate, "could be."])
    )
    attached.lua(PICK, "Codex: Ask")
    attached.keys("ggVGgra")
    if has_plugin(attached):
        # Thinking and answer stream where they do for `:Codex ask`.
        attached.wait_for_text("Let me see.")
        thinking.open()
        attached.wait_for_text("│ It")
        attached.wait_for_text("╭ Why not 2 * x? · local")
    else:
        thinking.open()
        attached.wait("_G.last = vim.lsp.status(); return _G.last:find('It', 1, true) ~= nil")
        assert attached.lua("return _G.last").startswith("Codex")
    titles = [title.partition(" [")[0] for title in attached.lua("return _G.offered")]
    assert titles == ["Codex: Ask about this: Why not 2 * x?", "Codex: Explain"]
    gate.open()
    screen = "\n".join(attached.wait_for_text("It could be."))
    if not has_plugin(attached):
        assert "Let me see." in screen
    sent = str(model_server.turns[0].json["messages"])
    assert "Why not 2 * x?" in sent
    assert "return x + x" in sent


def test_a_problem_is_fixed(attached: Editor, model_server: ModelServer) -> None:
    fixed = CODE.replace("x + x", "2 * x")
    model_server.enqueue(chat_stream(content=[f"```python\n{fixed}```\nShorter."]))
    attached.lua(
        """
        vim.diagnostic.set(vim.api.nvim_create_namespace("test"), 0, {
          { lnum = 2, col = 4, end_col = 16, message = "use multiplication", severity = 2 },
        })
        """
    )
    attached.lua(PICK, "Codex: Fix this problem")
    attached.keys("3Ggrf")
    if has_plugin(attached):
        attached.wait_for_text("Proposal")
        attached.keys("<CR>")
    attached.wait("return vim.fn.getline(3) == '    return 2 * x'")
    assert "use multiplication" in str(model_server.turns[0].json["messages"])
    attached.keys("u")
    attached.wait("return vim.fn.getline(3) == '    return x + x'")


def test_an_action_follows_the_choice_of_the_session(
    attached: Editor, model_server: ModelServer
) -> None:
    if has_plugin(attached):
        attached.command("Codex model big")
        attached.command("Codex effort low")
    model_server.enqueue(chat_stream(content=["It could be."]))
    attached.lua(PICK, "Codex: Explain")
    attached.keys("ggVGgra")
    attached.wait_for_text("It could be.")
    request = model_server.turns[0].json
    expected = ("big", "low") if has_plugin(attached) else ("test-model", None)
    assert (request["model"], request.get("reasoning_effort")) == expected
