"""Model and effort: for one question, for the session, and never from a project."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from tests.nvim.editor import Editor
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream, models_answer

MODELS = ("GET", "/v1/models")

CHOOSE = """
local wanted = ...
vim.ui.select = function(items, options, done)
  _G.offered = vim.tbl_map(options.format_item, items)
  for index, title in ipairs(_G.offered) do
    if title:find(wanted, 1, true) then return done(items[index], index) end
  end
  done(nil)
end
"""

TYPE = """
_G.prompts = {}
_G.texts = { ... }
vim.ui.input = function(options, done)
  table.insert(_G.prompts, { options.prompt, options.default })
  done(table.remove(_G.texts, 1))
end
"""

COUNT = """
local wanted = ...
local compat = require("codex_ls.compat")
local request = compat.request
_G.asked = 0
compat.request = function(client, method, ...)
  _G.asked = _G.asked + (method == wanted and 1 or 0)
  return request(client, method, ...)
end
"""


def asked(model_server: ModelServer, number: int = -1) -> tuple[str, str | None, str]:
    """Return model, effort and the last line of the prompt of a request."""
    request = model_server.turns[number].json
    prompt = request["messages"][-1]["content"]
    return request["model"], request.get("reasoning_effort"), prompt.rpartition("\n")[2]


def completed(editor: Editor, line: str) -> list[str]:
    choices: list[str] = editor.lua("return vim.fn.getcompletion(..., 'cmdline')", line)
    return choices


def test_a_question_says_its_model_and_effort(editor: Editor, model_server: ModelServer) -> None:
    gate = Gate()
    model_server.enqueue(chat_stream(reasoning=["Hm", gate], content=["ok"]))
    model_server.always(chat_stream(content=["ok"]))
    editor.command("set columns=160")
    editor.command("1,2Codex ask effort=high model=qwen3:30b why is model=x a problem?")
    editor.wait_for_text("╭ why is model=x a problem? · local, qwen3:30b, effort high")
    editor.wait(
        "for _, win in ipairs(vim.api.nvim_list_wins()) do\n"
        "  if vim.wo[win].winbar:find('tokens · qwen3:30b, effort high', 1, true) then return true end\n"
        "end"
    )
    said = "^codex: Thinking, [%d.]+ s, qwen3:30b, effort high$"
    editor.wait(f"return require('codex_ls').statusline():match('{said}')")
    gate.open()
    editor.wait_for_end()
    assert asked(model_server) == ("qwen3:30b", "high", "why is model=x a problem?")
    assert editor.lua("return require('codex_ls').statusline()") == "codex: local-oss"

    # It was for that question: the next one is asked as the profile says.
    editor.command("3Codex ask -- model=x: why?")
    editor.wait_for_end(2)
    assert asked(model_server) == ("test-model", None, "model=x: why?")


def test_what_goes_on_keeps_model_and_effort(editor: Editor, model_server: ModelServer) -> None:
    model_server.always(chat_stream(content=["ok"]))
    editor.command("1,2Codex ask model=big effort=low Hello")
    editor.wait_for_text("╰ Answered")
    editor.keys("1G")
    editor.command("Codex ask And now?")
    editor.wait("return #require('codex_ls.turns').running() == 0")
    assert len(model_server.turns[-1].json["messages"]) > 2
    assert asked(model_server) == ("big", "low", "And now?")
    editor.command("Codex again effort=high")
    editor.wait("return #require('codex_ls.turns').running() == 0")
    assert asked(model_server)[:2] == ("big", "high")
    editor.command("Codex again other")
    editor.wait("return #require('codex_ls.turns').running() == 0")
    assert asked(model_server)[:2] == ("other-model", "high")
    editor.command("Codex effort none")
    editor.command("Codex again")
    editor.wait("return #require('codex_ls.turns').running() == 0")
    assert asked(model_server)[:2] == ("other-model", "none")


@pytest.mark.parametrize(
    ("line", "complaint"),
    [
        ("1,2Codex ask effort=hgih why?", "There is no effort hgih."),
        ("1,2Codex explain modle=x", "does not know what to do with `modle=x`"),
        ("1,2Codex ask model= why?", "The model is blank."),
        ("Codex effort highest", "There is no effort highest."),
        (
            "lua require('codex_ls').ask({ prompt = 'a', effort = 'max' })",
            "There is no effort max.",
        ),
    ],
)
def test_what_makes_no_sense_is_told_and_not_asked(
    editor: Editor, model_server: ModelServer, line: str, complaint: str
) -> None:
    editor.command(line)
    editor.wait("return #_G.told > 0")
    assert complaint in editor.told()[0]
    assert editor.lua("return #require('codex_ls.turns').all()") == 0
    assert model_server.turns == []


def test_explaining_and_lua_take_them_too(editor: Editor, model_server: ModelServer) -> None:
    model_server.always(chat_stream(content=["ok"]))
    editor.command("1,2Codex explain effort=minimal")
    editor.wait_for_end()
    assert asked(model_server)[:2] == ("test-model", "minimal")
    editor.lua(
        "require('codex_ls').ask({ prompt = 'effort=low?', model = 'm', effort = 'none', is_new = true })"
    )
    editor.wait_for_end(2)
    # A prompt that is given is a prompt, whatever it looks like.
    assert asked(model_server) == ("m", "none", "effort=low?")


def test_they_can_be_typed_where_the_question_is(editor: Editor, model_server: ModelServer) -> None:
    model_server.always(chat_stream(content=["ok"]))
    editor.lua(TYPE, "effort=hgih why?", "effort=high", "model=big why?")
    editor.command("1,2Codex ask")
    editor.wait_for_end()
    assert editor.lua("return _G.prompts") == [
        ["Ask codex: "],
        ["There is no effort hgih. Ask codex: ", "effort=hgih why?"],
        ["Ask codex (effort high): "],
    ]
    assert asked(model_server) == ("big", "high", "why?")


def test_the_prompt_completes_them(editor: Editor, model_server: ModelServer) -> None:
    model_server.always(chat_stream(content=["ok"]))
    editor.keys(":1,2Codex ask<CR>")
    editor.wait("return vim.fn.getcmdtype() == '@'")
    editor.keys("eff<Tab>")
    editor.wait("return vim.fn.getcmdline() == 'effort='")
    editor.keys("me<Tab>")
    editor.wait("return vim.fn.getcmdline() == 'effort=medium'")
    editor.keys(" why?<CR>")
    editor.wait_for_end()
    assert asked(model_server) == ("test-model", "medium", "why?")


def test_both_are_chosen_for_the_session(editor: Editor, model_server: ModelServer) -> None:
    model_server.always(chat_stream(content=["ok"]))
    model_server.route(*MODELS, models_answer("test-model", "qwen3:30b"))
    editor.lua(CHOOSE, "qwen3:30b")
    editor.command("Codex model")
    editor.wait("return _G.offered and #_G.told > 0")
    assert editor.told() == ["codex: model qwen3:30b"]
    assert [title.split()[0] for title in editor.lua("return _G.offered")] == [
        "test-model",
        "qwen3:30b",
    ]
    editor.lua(CHOOSE, "minimal")
    editor.command("Codex effort")
    assert editor.lua("return _G.offered[6]") == "● as the profile says"
    assert editor.lua("return require('codex_ls').statusline()") == (
        "codex: local-oss, qwen3:30b, effort minimal"
    )
    editor.command("1,2Codex ask Hello")
    editor.wait_for_text("╭ Hello · local, qwen3:30b, effort minimal")
    editor.wait_for_end()
    assert asked(model_server)[:2] == ("qwen3:30b", "minimal")
    assert editor.lua("return require('codex_ls').statusline()") == (
        "codex: local-oss, qwen3:30b, effort minimal"
    )
    # A model belongs to its server; the effort does not.
    editor.command("1,2Codex! ask profile=other Hello")
    editor.wait_for_end(2)
    assert asked(model_server)[:2] == ("other-model", "minimal")
    editor.command("Codex! model")
    editor.command("Codex! effort")
    editor.command("1,2Codex! ask Hello")
    editor.wait_for_end(3)
    assert asked(model_server)[:2] == ("test-model", None)


def test_names_of_models_are_completed_and_typing_never_waits(
    editor: Editor, model_server: ModelServer
) -> None:
    gate = Gate()
    listed = models_answer("qwen3:30b", "with space")
    model_server.route(*MODELS, replace(listed, before=(gate,)))
    editor.lua(COUNT, "codex/models")
    editor.keys(":1,2Codex ask mod<Tab>")
    editor.wait("return vim.fn.getcmdline() == '1,2Codex ask model='")
    editor.keys("q<Tab>")
    # The server has not answered: the key is done with all the same.
    gate.reached.wait_blocking()
    editor.keys("w")
    editor.wait("return vim.fn.getcmdline() == '1,2Codex ask model=qw'")
    editor.keys("<C-U>")
    editor.wait("return vim.fn.getcmdline() == ''")
    gate.open()
    editor.wait("return #vim.fn.getcompletion('Codex ask model=', 'cmdline') == 2")
    editor.keys("1,2Codex ask model=q<Tab>")
    editor.wait("return vim.fn.getcmdline() == '1,2Codex ask model=qwen3:30b'")
    editor.keys("<Esc>")
    assert completed(editor, "Codex ask effort=low model=w") == ["model=with\\ space"]
    assert completed(editor, "Codex model ") == ["qwen3:30b", "with\\ space"]
    assert completed(editor, "Codex ask why model=") == []
    # Asked once for all of this.
    assert editor.lua("return _G.asked") == 1
    assert editor.told() == []


def test_completion_asks_for_no_key(
    editor: Editor, model_server: ModelServer, codex_home: Path
) -> None:
    config = codex_home / "config.toml"
    config.write_text(config.read_text().replace("wire_api", 'env_key = "TEST_KEY"\nwire_api'))
    model_server.always(chat_stream(content=["ok"]))
    editor.lua(
        """
        _G.asked = {}
        vim.fn.inputsecret = function(prompt)
          table.insert(_G.asked, vim.api.nvim_get_mode().mode)
          return "s3cret"
        end
        local models, log = require("codex_ls.models"), require("codex_ls.log")
        log.debug = function(format, ...)
          if format:find("no models", 1, true) then _G.logged = format:format(...) end
        end
        """
    )
    editor.keys(":Codex ask model=<Tab>")
    editor.wait("return _G.logged")
    assert "TEST_KEY" in editor.lua("return _G.logged")
    assert editor.lua("return _G.asked") == []
    editor.keys("<Esc>")
    editor.command("1,2Codex ask Hello")
    editor.wait_for_end()
    assert editor.lua("return _G.asked") == ["n"]
    assert model_server.turns[0].headers["authorization"] == "Bearer s3cret"


def test_a_project_names_a_profile_and_neither_model_nor_effort(
    start: Callable[..., Editor], model_server: ModelServer, tmp_path: Path
) -> None:
    model_server.always(chat_stream(content=["ok"]))
    editor = start()
    if not editor.lua("return vim.fn.has('nvim-0.11') == 1"):
        pytest.skip("vim.lsp.config came with 0.11")
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    (project / ".nvim.lua").write_text(
        "vim.lsp.config('codex_ls', { settings = { codex = {\n"
        "  profile = 'other', model = 'evil', effort = 'high', model_reasoning_effort = 'high',\n"
        "} } })\n"
    )
    editor.lua(
        "vim.secure.read = function(path) return table.concat(vim.fn.readfile(path), '\\n') end"
    )
    editor.command(f"cd {project}")
    editor.lua("loadstring(vim.secure.read('.nvim.lua'))()")
    editor.open(project / "a.py", "x = 1\n")
    editor.command("1Codex ask Hello")
    screen = "\n".join(editor.wait_for_text("╰ Answered"))
    assert asked(model_server)[:2] == ("other-model", None)
    assert "model" in screen  # the server says which keys it did not read
    assert "╭ Hello · local\n" in screen
    problems = editor.lua(
        "return require('codex_ls.config').problems({ model = 'evil', effort = 'high' })"
    )
    assert problems == ["there is no option effort", "there is no option model"]


def test_autocommands_and_the_health_check_tell_them(
    editor: Editor, model_server: ModelServer
) -> None:
    model_server.always(chat_stream(content=["ok"]))
    editor.lua(
        """
        vim.api.nvim_create_autocmd("User", {
          pattern = "CodexTurnFinished",
          callback = function(event)
            _G.heard = { event.data.model, event.data.effort }
          end,
        })
        """
    )
    editor.command("Codex model nowhere")
    editor.command("Codex effort low")
    editor.command("1,2Codex ask Hello")
    editor.wait("return _G.heard")
    assert editor.lua("return _G.heard") == ["nowhere", "low"]
    editor.command("checkhealth codex_ls")
    report = "\n".join(editor.buffer())
    assert "Model nowhere, until `:Codex! model`" in report
    assert "Effort low, until `:Codex! effort`" in report
    assert "The server tells of no model nowhere" in report
    assert "It has test-model" in report
