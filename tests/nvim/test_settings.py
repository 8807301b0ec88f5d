"""Profiles, what other plugins see of a turn, and the health check."""

from collections.abc import Callable
from pathlib import Path

from tests.nvim.editor import Editor
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream, error_answer

ON_011 = "vim.lsp.config('codex_ls', { settings = { codex = { profile = 'other' } } })\n"


def has_lsp_config(editor: Editor) -> bool:
    return bool(editor.lua("return vim.fn.has('nvim-0.11') == 1"))


def test_a_project_names_its_profile(
    start: Callable[..., Editor], model_server: ModelServer, tmp_path: Path
) -> None:
    model_server.enqueue(chat_stream(content=["ok"]))
    editor = start(init=f"if vim.fn.has('nvim-0.11') == 1 then\n{ON_011}end\n")
    if not has_lsp_config(editor):
        return
    editor.open(tmp_path / "a.py", "x = 1\n")
    editor.command("1Codex ask Hello")
    editor.wait_for_text("╰ Answered")
    assert model_server.turns[0].json["model"] == "other-model"


def test_a_profile_is_picked_for_the_session(editor: Editor, model_server: ModelServer) -> None:
    model_server.always(chat_stream(content=["ok"]))
    editor.lua(
        """
        vim.ui.select = function(items, options, done)
          _G.offered = vim.tbl_map(options.format_item, items)
          for _, item in ipairs(items) do
            if item.name == "other" then done(item) end
          end
        end
        """
    )
    editor.command("Codex profile")
    editor.wait("return _G.offered")
    offered = "\n".join(editor.lua("return _G.offered"))
    assert "● local-oss  test-model, this machine" in offered
    editor.command("1,2Codex ask Hello")
    editor.wait_for_text("╰ Answered")
    assert model_server.turns[0].json["model"] == "other-model"
    assert editor.lua("return vim.fn.getcompletion('Codex profile ', 'cmdline')") != []

    editor.command("Codex! profile")
    editor.command("1,2Codex ask Hello again")
    editor.wait_for_end(2)
    assert model_server.turns[1].json["model"] == "test-model"


def test_an_unknown_profile_is_refused_when_it_is_chosen(
    editor: Editor, model_server: ModelServer
) -> None:
    model_server.always(chat_stream(content=["ok"]))
    editor.lua(
        """
        _G.said = {}
        vim.notify = function(text, level) table.insert(_G.said, { text, level or 0 }) end
        """
    )
    editor.command("1,2Codex ask Hello")
    editor.wait_for_text("╰ Answered")
    for good, bad in (("other", "nope"), (None, "nope")):
        if good is None:
            editor.command("Codex! profile")
        else:
            editor.command(f"Codex profile {good}")
        editor.command(f"Codex profile {bad}")
        editor.wait("return #_G.said > 0 and _G.said[#_G.said][2] == 4")
        assert editor.lua("return _G.said[#_G.said]") == [
            "codex: there is no profile nope. The profiles are local-oss, other, embedded.",
            4,
        ]
        assert editor.lua("return require('codex_ls.overrides').session().profile") == good
        editor.lua("_G.said = {}")


def test_a_profile_that_goes_away_is_an_error_and_never_another_one(
    editor: Editor, model_server: ModelServer
) -> None:
    editor.lua("require('codex_ls.overrides').choose('profile', 'nope')")
    editor.command("1,2Codex ask Hello")
    screen = "\n".join(editor.wait_for_text("╰ Failed"))
    assert "nope" in screen
    assert "local-oss" in screen
    assert model_server.turns == []


def test_other_plugins_hear_of_a_turn(editor: Editor, model_server: ModelServer) -> None:
    model_server.enqueue(chat_stream(reasoning=["Hm", " hm"], content=["4", "2"]))
    editor.lua(
        """
        _G.heard = {}
        vim.api.nvim_create_autocmd("User", {
          pattern = "CodexTurn*",
          callback = function(event)
            table.insert(_G.heard, { event.match, event.data.status, event.data.profile })
          end,
        })
        """
    )
    editor.command("1,2Codex ask Hello")
    editor.wait_for_text("╰ Answered")
    editor.wait("return #_G.heard >= 4")
    assert editor.lua("return _G.heard") == [
        ["CodexTurnStarted", "running", "local-oss"],
        ["CodexTurnThinking", "running", "local-oss"],
        ["CodexTurnAnswering", "running", "local-oss"],
        ["CodexTurnFinished", "completed", "local-oss"],
    ]


def test_a_failed_turn_is_heard_of_too(editor: Editor, model_server: ModelServer) -> None:
    model_server.enqueue(error_answer(401, "bad key"))
    editor.lua(
        """
        vim.api.nvim_create_autocmd("User", {
          pattern = "CodexTurnFinished",
          callback = function(event) _G.status = event.data.status end,
        })
        """
    )
    editor.command("1,2Codex ask Hello")
    editor.wait_for_text("╰ Failed")
    editor.wait("return _G.status")
    assert editor.lua("return _G.status") == "failed"
    assert any("bad key" in message for message in editor.told())


def test_the_statusline_tells_what_goes_on(editor: Editor, model_server: ModelServer) -> None:
    gate = Gate()
    model_server.enqueue(chat_stream(reasoning=["Hm", gate], content=["ok"]))
    assert editor.lua("return require('codex_ls').statusline()") == ""
    editor.command("1,2Codex ask Hello")
    editor.wait("return require('codex_ls').statusline():match('^codex: Thinking, [%d.]+ s$')")
    gate.open()
    editor.wait("return require('codex_ls').statusline() == 'codex: local-oss'")


def test_a_key_that_is_not_there_is_asked_for(
    editor: Editor, model_server: ModelServer, codex_home: Path
) -> None:
    config = codex_home / "config.toml"
    config.write_text(config.read_text().replace("wire_api", 'env_key = "TEST_KEY"\nwire_api'))
    model_server.enqueue(chat_stream(content=["ok"]))
    editor.lua(
        """
        vim.fn.inputsecret = function(prompt)
          _G.asked = prompt
          return "s3cret"
        end
        """
    )
    editor.command("1,2Codex ask Hello")
    editor.wait_for_text("╰ Answered")
    asked = editor.lua("return _G.asked")
    assert "TEST_KEY" in asked
    assert model_server.origin in asked
    assert model_server.turns[0].headers["authorization"] == "Bearer s3cret"


def test_a_project_can_keep_the_thinking_closed(
    start: Callable[..., Editor], model_server: ModelServer, tmp_path: Path
) -> None:
    model_server.enqueue(chat_stream(reasoning=["a thought"], content=["ok"]))
    editor = start()
    if not has_lsp_config(editor):
        return
    editor.lua(
        "vim.lsp.config('codex_ls', { settings = { codex = { thinking = { show = 'hidden' } } } })"
    )
    editor.open(tmp_path / "a.py", "x = 1\n")
    editor.command("1Codex ask Hello")
    screen = editor.wait_for_text("╰ Answered")
    assert "a thought" not in "\n".join(screen)
    assert editor.lua("return vim.fn.winnr('$')") == 1


def test_conversations_are_not_offered_by_every_server(
    editor: Editor, model_server: ModelServer
) -> None:
    editor.lua(
        """
        local client = require("codex_ls.client")
        client.supports = function() return false end
        """
    )
    editor.command("Codex threads")
    editor.wait("return #_G.told > 0")
    assert editor.told() == ["codex: This server does not offer codex/threads yet."]


def health(editor: Editor) -> str:
    editor.command("checkhealth codex_ls")
    return "\n".join(editor.buffer())


def test_checkhealth_of_a_good_installation(editor: Editor, model_server: ModelServer) -> None:
    model_server.always(chat_stream(content=["ok"]))
    report = health(editor)
    assert "Server and plugin are both" in report
    assert "It starts, and shakes hands" in report
    assert "local-oss" in report
    assert "config.toml" in report
    # The doctor's own checks.
    assert f"http://127.0.0.1:{model_server.port}" in report
    assert "ERROR" not in report


def test_checkhealth_without_a_server(start: Callable[..., Editor], tmp_path: Path) -> None:
    editor = start(cmd=["no-such-codex-ls", "serve"])
    editor.open(tmp_path / "a.py", "x = 1\n")
    report = health(editor)
    assert "`no-such-codex-ls` is not executable" in report
    assert "pipx install codex-ls" in report


def test_the_plugin_loads_nothing_before_it_is_used(
    start: Callable[..., Editor], tmp_path: Path
) -> None:
    editor = start()
    editor.open(tmp_path / "a.py", "x = 1\n")
    loaded = editor.lua(
        """
        return vim.tbl_filter(function(name)
          return vim.startswith(name, "codex_ls")
        end, vim.tbl_keys(package.loaded))
        """
    )
    assert loaded == ["codex_ls.highlight"]
    assert editor.lua("return #vim.lsp.get_clients()") == 0


def test_lsp_enable_attaches_to_files_alone(start: Callable[..., Editor], tmp_path: Path) -> None:
    editor = start()
    if not has_lsp_config(editor):
        return
    editor.command("enew")
    editor.lua("vim.lsp.enable('codex_ls')")
    editor.open(tmp_path / "a.py", "x = 1\n")
    editor.wait("return #vim.lsp.get_clients({ bufnr = 0, name = 'codex_ls' }) == 1")
    editor.command("enew")
    editor.lua("vim.bo.filetype = 'text'")
    assert editor.lua("return #vim.lsp.get_clients({ bufnr = 0 })") == 0


def test_the_profile_that_is_shown_is_the_one_that_is_asked(
    editor: Editor, model_server: ModelServer, codex_home: Path
) -> None:
    model_server.always(chat_stream(content=["ok"]))
    editor.command("1Codex ask Hello")
    editor.wait_for_text("╭ Hello · local")
    editor.wait_for_end()
    editor.wait("return require('codex_ls').statusline() == 'codex: local-oss'")
    config = codex_home / "config.toml"
    config.write_text(config.read_text().replace('profile = "local-oss"', 'profile = "other"'))

    # Whatever the server says of the change, and when: what stands on the screen is the old name.
    editor.lua(
        """
        local progress = require("codex_ls.protocol").METHOD
        for _, client in ipairs(vim.lsp.get_clients({ name = "codex_ls" })) do
          client.handlers[progress.DID_CHANGE_PROFILES] = function() end
        end
        vim.ui.select = function(items, options, done)
          _G.asked, _G.offered, _G.done = options.prompt, items, done
        end
        """
    )
    editor.command("5Codex ask Who is it?")
    assert "not to the profile `local-oss` as shown" in editor.wait("return _G.asked")
    assert len(model_server.turns) == 1
    assert editor.lua("return _G.offered") == ["Ask other", "Do not ask"]
    editor.lua("_G.done(_G.offered[1])")
    editor.wait_for_text("│ ok")
    model_server.turn_blocking(1)
    assert model_server.turns[1].json["model"] == "other-model"


def test_a_change_of_the_configuration_is_shown(
    editor: Editor, model_server: ModelServer, codex_home: Path
) -> None:
    model_server.always(chat_stream(content=["ok"]))
    editor.command("1Codex ask Hello")
    editor.wait_for_end()
    editor.wait("return require('codex_ls').statusline() == 'codex: local-oss'")
    config = codex_home / "config.toml"
    config.write_text(config.read_text().replace('profile = "local-oss"', 'profile = "other"'))
    editor.wait("return require('codex_ls').statusline() == 'codex: other'")
    editor.command("5Codex ask Who is it?")
    editor.wait_for_end(2)
    assert [turn.json["model"] for turn in model_server.turns] == ["test-model", "other-model"]
