---Offers to fetch the built-in model when a question needs it and it is not there yet.
local client_of = require("codex_ls.client")
local compat = require("codex_ls.compat")
local errors = require("codex_ls.errors")
local progress = require("codex_ls.progress")
local protocol = require("codex_ls.protocol")

local M = {}

local BUILT_IN = "embedded"

---The models that the user is being asked about, or that are being fetched.
---@type table<string, true>
local pending = {}

---The built-in model that a turn would have needed.
---@param turn codex_ls.Turn
---@return string? name
local function missing(turn)
  local err = turn.answer.error
  if not err or err.kind ~= protocol.ERROR_KIND.NOT_FOUND or turn.answer.provider ~= BUILT_IN then
    return nil
  end
  return (err.hint or ""):match("codex%-ls model pull (%S+)")
end

---@param name string
---@param models { name: string, size?: integer }[]
---@return string
local function size_of(name, models)
  for _, model in ipairs(models) do
    if model.name == name and model.size then
      return (" (%.1f GB)"):format(model.size / 1e9)
    end
  end
  return ""
end

---@param value codex_ls.ProgressValue
local function show(value)
  if value.message then
    vim.api.nvim_echo({ { "codex: " .. value.message } }, false, {})
  end
end

---@param client vim.lsp.Client
---@param name string
---@param callback fun()
local function fetch(client, name, callback)
  local token = progress.listen(show)
  local params = { name = name, workDoneToken = token }
  compat.request(client, protocol.METHOD.MODEL_PULL, params, function(err)
    progress.forget(token)
    pending[name] = nil
    if err then
      return errors.notify(errors.from_reply(err))
    end
    vim.notify(("codex: %s is here"):format(name))
    callback()
  end)
end

---@param turn codex_ls.Turn
---@param client vim.lsp.Client
---@param name string
---@param size string
local function ask(turn, client, name, size)
  local yes = ("Fetch %s%s, and ask again"):format(name, size)
  vim.ui.select({ yes, "Not now" }, {
    prompt = "The built-in model is not on this machine",
  }, function(choice)
    if choice ~= yes then
      pending[name] = nil
      return
    end
    fetch(client, name, function()
      require("codex_ls.ask").again(turn)
    end)
  end)
end

---Offers the model that a turn failed for, if that is what it failed for.
---@param turn codex_ls.Turn
function M.offer(turn)
  local name = missing(turn)
  local client = turn.client_id and client_of.alive(turn.client_id)
  if not name or not client or pending[name] then
    return
  end
  if not client_of.supports(client, protocol.METHOD.MODEL_PULL) then
    return
  end
  pending[name] = true
  local params = turn.answer.profile
      and turn.answer.profile ~= BUILT_IN
      and { profile = turn.answer.profile }
    or vim.empty_dict()
  compat.request(client, protocol.METHOD.MODELS, params, function(err, result)
    ask(turn, client, name, size_of(name, not err and result and result.models or {}))
  end)
end

return M
