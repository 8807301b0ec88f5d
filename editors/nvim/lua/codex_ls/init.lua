---Ask a local or cloud model from Neovim, and watch it think and answer.
---
---Everything works without `setup()`. Modules are loaded when they are needed first.
local M = {}

---Sets options. Those that are not given keep their defaults.
---@param options? codex_ls.Options
function M.setup(options)
  local config = require("codex_ls.config")
  config.set(options)
  local cmd = config.get().cmd
  if cmd and require("codex_ls.compat").HAS_LSP_CONFIG then
    vim.lsp.config("codex_ls", { cmd = cmd })
  end
end

---@param options? codex_ls.AskOptions
function M.ask(options)
  require("codex_ls.ask").ask(options)
end

---@param options? codex_ls.AskOptions
function M.edit(options)
  require("codex_ls.ask").edit(options)
end

---@param options? codex_ls.AskOptions
function M.explain(options)
  require("codex_ls.ask").explain(options)
end

---@param options? codex_ls.AskOptions
function M.fix(options)
  require("codex_ls.ask").fix(options)
end

---What a statusline shows: `%{v:lua.require'codex_ls'.statusline()}`, or a component of lualine.
---@return string
function M.statusline()
  return require("codex_ls.statusline").text()
end

---Sends the questions of this session to a profile; nil goes back to the settings.
---@param name? string
function M.set_profile(name)
  require("codex_ls.profile").set(name)
end

---Asks another model of the profile's server in this session; nil goes back to the profile's.
---@param name? string
function M.set_model(name)
  require("codex_ls.session").set_model(name)
end

---Has the models of this session think harder, or less; nil goes back to what the profile says.
---@param effort? codex_ls.Effort
function M.set_effort(effort)
  require("codex_ls.session").set_effort(effort)
end

return M
