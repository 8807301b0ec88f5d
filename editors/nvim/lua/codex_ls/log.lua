---The plugin's own log. Prompts, answers and thinking are never written to it.
local M = {}

---@alias codex_ls.LogHandler fun(level: integer, line: string)

---Lines below this level are dropped.
---@type integer
M.level = vim.log.levels.WARN

local MAX_BYTES = 1024 * 1024

---@type table<integer, string>
local NAMES = {}
for name, level in pairs(vim.log.levels) do
  NAMES[level] = name
end

---@type codex_ls.LogHandler?
local handler

---@return string
function M.path()
  return vim.fs.joinpath(vim.fn.stdpath("log") --[[@as string]], "codex_ls.log")
end

---A handler that appends to the log file, or one that drops everything where that can't be opened.
---@return codex_ls.LogHandler
local function file_handler()
  local path = M.path()
  local stat = vim.uv.fs_stat(path)
  if stat and stat.size > MAX_BYTES then
    vim.uv.fs_rename(path, path .. ".1")
  end
  vim.fn.mkdir(vim.fs.dirname(path), "p")
  local file, reason = io.open(path, "a")
  if not file then
    vim.notify_once("codex: no log: " .. reason, vim.log.levels.WARN)
    return function() end
  end
  file:setvbuf("line")
  return function(_, line)
    file:write(line, "\n")
  end
end

---Sends every line to `replacement` and not to the file; nil goes back to the file.
---@param replacement? codex_ls.LogHandler
function M.set_handler(replacement)
  handler = replacement
end

---@param level integer one of vim.log.levels
---@param format string as string.format takes it
---@param ... any tables are shown with vim.inspect
function M.log(level, format, ...)
  if level < M.level then
    return
  end
  local values = vim.F.pack_len(...)
  for index = 1, values.n do
    if type(values[index]) == "table" then
      values[index] = vim.inspect(values[index], { newline = " ", indent = "" })
    end
  end
  local text = format:format(vim.F.unpack_len(values))
  handler = handler or file_handler()
  handler(level, ("%s [%s] %s"):format(os.date("%Y-%m-%d %H:%M:%S"), NAMES[level], text))
end

---@param format string
---@param ... any
function M.debug(format, ...)
  M.log(vim.log.levels.DEBUG, format, ...)
end

---@param format string
---@param ... any
function M.info(format, ...)
  M.log(vim.log.levels.INFO, format, ...)
end

---@param format string
---@param ... any
function M.warn(format, ...)
  M.log(vim.log.levels.WARN, format, ...)
end

---@param format string
---@param ... any
function M.error(format, ...)
  M.log(vim.log.levels.ERROR, format, ...)
end

return M
