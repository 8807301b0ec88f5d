---What can go wrong, as a code with a severity and a sentence with the one next step.
local M = {}

---@class codex_ls.Error
---@field code codex_ls.ErrorCode
---@field message string
---@field hint? string
---@field kind? codex_ls.ErrorKind what the server called it
---@field profile? string the one that it is about

---@enum codex_ls.ErrorCode
M.CODE = {
  -- There is nothing to do it to: no answer here, no such profile, no diagnostics.
  NOTHING_TO_DO = 1,
  -- The command line makes no sense.
  BAD_COMMAND = 2,
  -- The language server has no such method.
  NOT_SUPPORTED = 3,
  -- The language server could not be started.
  NO_SERVER = 4,
  -- The language server went away in the middle of something.
  SERVER_DIED = 5,
  -- The language server refused, or the model server failed.
  REQUEST_FAILED = 6,
  -- The text changed so much that an edit has no place any more.
  NO_PLACE = 7,
}

---@param code codex_ls.ErrorCode
---@return integer level one of vim.log.levels
function M.level(code)
  if code == M.CODE.NOTHING_TO_DO or code == M.CODE.NOT_SUPPORTED then
    return vim.log.levels.INFO
  elseif code == M.CODE.BAD_COMMAND or code == M.CODE.NO_PLACE then
    return vim.log.levels.WARN
  end
  return vim.log.levels.ERROR
end

---@param code codex_ls.ErrorCode
---@param message string
---@param hint? string
---@return codex_ls.Error
function M.new(code, message, hint)
  return { code = code, message = message, hint = hint }
end

---The error of a word that is none of those that may stand in its place.
---@param message string
---@param choices string[]
---@return codex_ls.Error
function M.none_of(message, choices)
  return M.new(M.CODE.BAD_COMMAND, message, ("It may be %s."):format(table.concat(choices, ", ")))
end

---The error that a failed request stands for.
---@param reply { code?: integer, message?: string, data?: any }
---@return codex_ls.Error
function M.from_reply(reply)
  local data = type(reply.data) == "table" and reply.data or {}
  return {
    code = M.CODE.REQUEST_FAILED,
    message = reply.message or "The request failed.",
    hint = type(data.hint) == "string" and data.hint or nil,
    kind = type(data.kind) == "string" and data.kind or nil,
    profile = type(data.profile) == "string" and data.profile or nil,
  }
end

---The sentence and what to do next, in one line: two of them would ask for a key press.
---@param err codex_ls.Error
---@return string
function M.format(err)
  local text = err.message
  if err.hint and err.hint ~= "" then
    text = text .. " " .. err.hint
  end
  return (text:gsub("%s*\n%s*", " "))
end

---Tells the user, and the log. Later, because an error message would end the script that is running.
---@param err codex_ls.Error
function M.notify(err)
  local level = M.level(err.code)
  require("codex_ls.log").log(level, "%s", M.format(err))
  vim.schedule(function()
    vim.notify("codex: " .. M.format(err), level)
  end)
end

---Tells the user of an error whose whole text stands elsewhere: no more than fits in the last row, or
---Neovim would wait for a key in the middle of whatever the user is typing.
---@param err codex_ls.Error
function M.notify_briefly(err)
  local room = vim.v.echospace - #"codex: "
  local text = M.format({ code = err.code, message = err.message })
  if vim.api.nvim_strwidth(text) > room then
    text = vim.fn.strcharpart(text, 0, math.max(1, room - 1)) .. "…"
  end
  M.notify({ code = err.code, message = text })
end

return M
