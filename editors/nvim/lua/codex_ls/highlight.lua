---The colours, as links that a colour scheme or a user can set otherwise.
local M = {}

---@type table<string, string>
M.LINKS = {
  CodexAnswer = "Normal",
  CodexBorder = "NonText",
  CodexCode = "String",
  CodexError = "DiagnosticError",
  CodexFence = "Comment",
  CodexHeading = "Title",
  CodexHint = "Comment",
  CodexNotice = "DiagnosticWarn",
  CodexQuestion = "Title",
  CodexStatus = "Comment",
  CodexStatusLive = "DiagnosticInfo",
  CodexThinking = "Comment",
  CodexTitle = "Title",
}

function M.define()
  for name, target in pairs(M.LINKS) do
    vim.api.nvim_set_hl(0, name, { link = target, default = true })
  end
end

return M
