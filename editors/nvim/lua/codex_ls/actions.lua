---The commands behind the server's code actions, carried out here: what they ask streams under its lines, with
---its thinking beside it, as if it had been asked with `:Codex`.
local ask = require("codex_ls.ask")
local selections = require("codex_ls.selection")

local M = {}

---What the server puts into an action.
---@class codex_ls.ActionArgument
---@field textDocument { uri: string }
---@field range lsp.Range
---@field diagnostics? lsp.Diagnostic[]
---@field question? string the one that the server found in the selection
---@field prompt? string one of the user's own, as `/name`

---@param argument codex_ls.ActionArgument
---@return codex_ls.Selection
local function selection_of(argument)
  local from, to = argument.range.start, argument.range["end"]
  local last = to.line
  if to.character == 0 and last > from.line then
    last = last - 1
  end
  local selection = selections.lines(vim.uri_to_bufnr(argument.textDocument.uri), from.line, last)
  selection.explicit = not vim.deep_equal(from, to)
  selection.diagnostics = argument.diagnostics
  return selection
end

---@param method "ask"|"explain"|"fix"
---@return fun(command: lsp.Command)
local function run(method)
  return function(command)
    local argument = command.arguments[1] --[[@as codex_ls.ActionArgument]]
    ask[method]({
      prompt = argument.prompt or argument.question,
      selection = selection_of(argument),
      reviews = method == "fix",
    })
  end
end

---What Neovim carries out here, in place of sending it to the server.
---@type table<string, fun(command: lsp.Command)>
M.COMMANDS = {
  ["codex.ask"] = run("ask"),
  ["codex.explain"] = run("explain"),
  ["codex.fix"] = run("fix"),
}

return M
