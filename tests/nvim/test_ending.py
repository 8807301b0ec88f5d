"""Every turn ends: stopped, failed, or with its server gone. The text stays."""

import os
import signal
from collections.abc import Callable
from pathlib import Path

from tests.nvim.editor import Editor
from tests.support.model_server import ModelServer
from tests.support.streams import Cut, Gate, chat_stream

SERVER_PID = """
local client = vim.lsp.get_clients({ name = "codex_ls" })[1]
local out = vim.system({ "ps", "-eo", "pid=,ppid=,args=" }, { text = true }):wait().stdout
for line in out:gmatch("[^\\n]+") do
  local pid, parent = line:match("^%s*(%d+)%s+(%d+)%s.*codex_ls serve")
  if tonumber(parent) == vim.uv.os_getpid() then
    return tonumber(pid)
  end
end
"""


def test_stop_keeps_the_text_and_closes_the_connection(
    editor: Editor, model_server: ModelServer
) -> None:
    gate = Gate()
    model_server.enqueue(chat_stream(reasoning=["Hm."], content=["Half of", gate, " it"]))
    editor.command("1,2Codex ask Tell me")
    editor.wait_for_text("│ Half of")
    editor.command("Codex stop")
    model_server.turn_blocking().hung_up.wait_blocking()
    screen = editor.wait_for_text("╰ Stopped after")
    assert any("│ Half of" in row for row in screen)
    assert editor.lua("return require('codex_ls.turns').latest().answer.status") == "cancelled"


def test_stop_while_nothing_has_come_yet(editor: Editor, model_server: ModelServer) -> None:
    gate = Gate()
    model_server.enqueue(chat_stream(reasoning=[gate]))
    editor.command("1,2Codex ask Tell me")
    model_server.turn_blocking()
    editor.command("Codex! stop")
    model_server.turn_blocking().hung_up.wait_blocking()
    editor.wait_for_text("╰ Stopped")


def test_the_death_of_the_language_server_ends_the_turn(
    editor: Editor, model_server: ModelServer
) -> None:
    gate = Gate()
    model_server.enqueue(
        chat_stream(content=["Half of", gate, " it"]), chat_stream(content=["new"])
    )
    editor.command("1,2Codex ask Tell me")
    editor.wait_for_text("│ Half of")
    os.kill(editor.lua(SERVER_PID), signal.SIGKILL)
    screen = editor.wait_for_text("The language server went away")
    assert any("│ Half of" in row for row in screen)
    editor.wait_for_text("╰ Cut short")
    model_server.turn_blocking().hung_up.wait_blocking()

    # The next question starts it anew.
    editor.command("1,2Codex! ask Again")
    editor.wait_for_text("│ new")


def test_the_death_of_the_language_server_ends_every_turn(
    editor: Editor, model_server: ModelServer
) -> None:
    gate = Gate()
    for number in range(5):
        model_server.enqueue(chat_stream(content=[f"half {number}", gate]))
    for line in range(5, 10):
        editor.command(f"{line}Codex ask Tell me")
    editor.wait(
        """
        local running = require("codex_ls.turns").running()
        return #running == 5 and vim.iter(running):all(function(turn)
          return not turn.answer.content:is_empty()
        end)
        """
    )
    os.kill(editor.lua(SERVER_PID), signal.SIGKILL)
    editor.wait_for_end(5)
    ends = editor.lua(
        """
        return vim.tbl_map(function(turn)
          local answer = turn.answer
          return { answer.status, answer.content:concat(), answer.error.message }
        end, require("codex_ls.turns").all())
        """
    )
    message = "The language server went away in the middle of the answer."
    assert sorted(ends) == [["truncated", f"half {number}", message] for number in range(5)]
    assert editor.lua("return require('codex_ls').statusline()") == "codex: local-oss"


def test_the_death_of_the_model_server_ends_the_turn(
    editor: Editor, model_server: ModelServer
) -> None:
    gate = Gate()
    model_server.enqueue(chat_stream(content=["Half of", gate, Cut.RESET]))
    editor.command("1,2Codex ask Tell me")
    editor.wait_for_text("│ Half of")
    gate.open()
    screen = editor.wait_for_text("╰ Cut short after")
    assert any("│ Half of" in row for row in screen)
    assert editor.lua("return #require('codex_ls.turns').latest().answer.notices") >= 1


def test_a_model_server_that_does_not_listen_is_an_error_with_a_hint(
    start: Callable[..., Editor], codex_home: Path, tmp_path: Path
) -> None:
    config = codex_home / "config.toml"
    with ModelServer() as gone:
        port = gone.port
    config.write_text(
        'profile = "p"\n[model_providers.t]\nname = "T"\nrequest_max_retries = 0\n'
        f'base_url = "http://127.0.0.1:{port}/v1"\n[profiles.p]\nmodel = "m"\nmodel_provider = "t"\n'
    )
    editor = start()
    editor.open(tmp_path / "a.py", "x = 1\n")
    editor.command("1Codex ask Hello")
    screen = editor.wait_for_text("╰ Failed")
    assert str(port) in "\n".join(screen)
    error = editor.lua("return require('codex_ls.turns').latest().answer.error")
    assert error["kind"] == "unreachable"
    assert error["hint"]


def test_a_language_server_that_is_not_installed_is_told(
    start: Callable[..., Editor], tmp_path: Path
) -> None:
    editor = start(cmd=["no-such-codex-ls", "serve"])
    editor.open(tmp_path / "a.py", "x = 1\n")
    editor.command("1Codex ask Hello")
    editor.wait_for_text("The language server `no-such-codex-ls serve` did not start.")
    editor.wait_for_text("╰ Failed")


def test_a_language_server_that_dies_at_once_is_told(
    start: Callable[..., Editor], tmp_path: Path
) -> None:
    editor = start(cmd=["false"])
    editor.open(tmp_path / "a.py", "x = 1\n")
    editor.command("1Codex ask Hello")
    editor.wait_for_text("╰ Failed")


def test_a_language_server_that_never_answers_a_stop_is_not_waited_for(
    start: Callable[..., Editor], tmp_path: Path, model_server: ModelServer
) -> None:
    gate = Gate()
    model_server.enqueue(chat_stream(content=["Half", gate]))
    editor = start()
    editor.lua("require('codex_ls').setup({ cmd = ..., stop_timeout_ms = 50 })", editor.cmd)
    editor.open(tmp_path / "a.py", "x = 1\n")
    editor.command("1Codex ask Hello")
    editor.wait_for_text("│ Half")
    pid = editor.lua(SERVER_PID)
    os.kill(pid, signal.SIGSTOP)
    try:
        editor.command("Codex stop")
        editor.wait_for_text("╰ Stopped")
    finally:
        os.kill(pid, signal.SIGCONT)


def test_closing_the_buffer_stops_its_turns(editor: Editor, model_server: ModelServer) -> None:
    gate = Gate()
    model_server.enqueue(chat_stream(content=["Half", gate]))
    editor.command("1,2Codex ask Tell me")
    editor.wait_for_text("│ Half")
    editor.command("bwipeout!")
    model_server.turn_blocking().hung_up.wait_blocking()
    assert editor.lua("return #require('codex_ls.turns').all()") == 0
