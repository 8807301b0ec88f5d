---Takes the values of our own tokens out of `$/progress` and hands the rest on.
---
---Neovim's own handler keeps the last fifty values and fires an autocommand for each: right for a
---status, wrong for an answer that streams.
local M = {}

local PREFIX = "codex_ls/"

---@type table<string, fun(value: codex_ls.ProgressValue)>
local listeners = {}
local count = 0

---A token of which every value goes to `listener`.
---@param listener fun(value: codex_ls.ProgressValue)
---@return string token
function M.listen(listener)
  count = count + 1
  local token = PREFIX .. count
  listeners[token] = listener
  return token
end

---A token of which every value goes to the editor's own handler, and so to `vim.lsp.status()`.
---@return string token no other Neovim that asks the same server has it
function M.unheard()
  count = count + 1
  return ("codex-status-%d-%d"):format(vim.uv.os_getpid(), count)
end

---@param token string
function M.forget(token)
  listeners[token] = nil
end

---The handler of `$/progress` for our client.
---@type lsp.Handler
function M.handler(err, params, context, config)
  local token = params and params.token
  if type(token) ~= "string" or token:sub(1, #PREFIX) ~= PREFIX then
    return vim.lsp.handlers["$/progress"](err, params, context, config)
  end
  local listener = listeners[token]
  if listener and type(params.value) == "table" then
    listener(params.value)
  end
end

return M
