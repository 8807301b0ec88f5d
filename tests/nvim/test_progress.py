"""The editor's own progress, and what plugins that show it are given."""

from typing import Any

from tests.nvim.editor import Editor
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream

RECORD = """
_G.values = {}
vim.api.nvim_create_autocmd("LspProgress", {
  callback = function(event)
    table.insert(_G.values, event.data.params)
  end,
})
"""


def recorded(editor: Editor) -> list[dict[str, Any]]:
    values: list[dict[str, Any]] = editor.lua("return _G.values")
    return values


def test_consumers_of_progress_see_well_formed_values_and_no_deltas(
    editor: Editor, model_server: ModelServer
) -> None:
    editor.lua(RECORD)
    pieces = [f"piece {number} " for number in range(200)]
    model_server.enqueue(chat_stream(reasoning=["Hm"], content=pieces))
    editor.command("1,2Codex ask Talk")
    editor.wait_for_text("╰ Answered")
    editor.wait(
        "for _, v in ipairs(_G.values) do if v.value.kind == 'end' then return true end end"
    )
    values = recorded(editor)
    kinds = [each["value"]["kind"] for each in values]
    assert kinds[0] == "begin"
    assert kinds[-1] == "end"
    assert set(kinds[1:-1]) <= {"report"}
    assert len({each["token"] for each in values}) == 1
    assert all(isinstance(each["value"]["title"], str) for each in values)
    assert all(isinstance(each["value"].get("message", ""), str) for each in values)
    # At most four a second, however long it takes on a crowded machine: never one for each piece.
    assert len(values) < len(pieces) // 2
    assert not any("piece" in str(each) for each in values)


def test_lsp_status_tells_the_phase(editor: Editor, model_server: ModelServer) -> None:
    gate = Gate()
    model_server.enqueue(chat_stream(reasoning=["Hm", gate], content=["ok"]))
    editor.command("1,2Codex ask Talk")
    editor.wait("_G.last = vim.lsp.status(); return _G.last:find('Thinking', 1, true) ~= nil")
    assert editor.lua("return _G.last").startswith("Codex")
    gate.open()
    editor.wait_for_end()
    editor.lua("return vim.lsp.status()")


def test_the_answer_goes_on_when_somebody_else_takes_the_progress(
    editor: Editor, model_server: ModelServer
) -> None:
    editor.lua(
        """
        _G.seen = 0
        vim.lsp.handlers["$/progress"] = function(_, params)
          _G.seen = _G.seen + 1
          assert(params.value.kind)
        end
        """
    )
    model_server.enqueue(chat_stream(content=["ok"]))
    editor.command("1,2Codex ask Talk")
    editor.wait_for_text("│ ok")
    editor.wait_for_end()
    editor.wait("return _G.seen >= 2")
