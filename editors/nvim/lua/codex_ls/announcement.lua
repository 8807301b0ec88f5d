---The `User CodexTurn*` autocommands, by which other plugins hear of a turn.
local log = require("codex_ls.log")

local M = {}

---What a callback finds in `event.data`.
---@class codex_ls.AnnouncementData
---@field id integer
---@field bufnr integer
---@field status codex_ls.AnswerStatus
---@field thread_id? string
---@field profile? string
---@field model? string
---@field effort? codex_ls.Effort that was asked for

---Fires `User CodexTurn<name>`. What somebody's autocommand does wrong is not the turn's end.
---@param name "Started"|"Thinking"|"Answering"|"Finished"
---@param data codex_ls.AnnouncementData
function M.make(name, data)
  local ok, reason = pcall(vim.api.nvim_exec_autocmds, "User", {
    pattern = "CodexTurn" .. name,
    modeline = false,
    data = data,
  })
  if not ok then
    log.warn("an autocommand on CodexTurn%s failed: %s", name, reason)
  end
end

return M
