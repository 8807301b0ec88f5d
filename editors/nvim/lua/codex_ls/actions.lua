---The commands behind the server's code actions, asked with what was chosen for this session.
---
---The profile needs no help: the server learns it as a setting.
local compat = require("codex_ls.compat")
local log = require("codex_ls.log")
local overrides = require("codex_ls.overrides")

local M = {}

---@param command lsp.Command
---@param context { client_id: integer, bufnr?: integer }
local function run(command, context)
  local client = vim.lsp.get_client_by_id(context.client_id)
  if not client then
    return
  end
  local set = vim.tbl_get(client.config.settings or {}, "codex", "profile")
  local session = overrides.resolve({}, nil, set)
  local chosen = { model = session.model, effort = session.effort }
  local argument = vim.tbl_extend("keep", (command.arguments or {})[1] or {}, chosen)
  local params = { command = command.command, arguments = { argument } }
  -- The server tells the user itself of what went wrong.
  compat.request(client, "workspace/executeCommand", params, function(err)
    if err then
      log.warn("%s: %s", command.command, err.message)
    end
  end, context.bufnr)
end

---What Neovim carries out here, in place of sending it as it is.
---@type table<string, fun(command: lsp.Command, context: { client_id: integer, bufnr?: integer })>
M.COMMANDS = {
  ["codex.ask"] = run,
  ["codex.explain"] = run,
  ["codex.fix"] = run,
}

return M
