---Which models the server of a profile has: to complete their names, and to pick one.
---
---Completion never waits. It takes what is known and asks for the rest meanwhile, of that one server
---alone, and only when the user completes something that a model's name may follow.
local client_of = require("codex_ls.client")
local documents = require("codex_ls.documents")
local errors = require("codex_ls.errors")
local log = require("codex_ls.log")
local overrides = require("codex_ls.overrides")
local protocol = require("codex_ls.protocol")

local M = {}

local FRESH_MS = 60000
local RETRY_MS = 5000
local PATIENCE_MS = 30000

---@class codex_ls.KnownModels
---@field names string[]
---@field due integer when to ask anew, in ms of the loop's clock

---@type table<string, codex_ls.KnownModels> by root folder and profile
local known = {}

---@param bufnr integer
---@param profile? string
---@return string
local function key_of(bufnr, profile)
  return client_of.root(bufnr) .. "\0" .. (profile or "")
end

---@param bufnr integer
---@param profile? string the settings' one, unless told
---@return table
local function params_of(bufnr, profile)
  local params = { profile = profile }
  if documents.is_file(bufnr) then
    params.textDocument = { uri = vim.uri_from_bufnr(bufnr) }
  end
  return next(params) and params or vim.empty_dict()
end

---@param models codex_ls.ServedModel[]
---@return codex_ls.KnownModels
local function fresh(models)
  local names = vim.tbl_map(function(model)
    return model.name
  end, models)
  return { names = names, due = vim.uv.now() + FRESH_MS }
end

---@param key string
---@param bufnr integer
---@param profile? string
local function refresh(key, bufnr, profile)
  if not vim.api.nvim_buf_is_valid(bufnr) then
    return
  end
  local params = params_of(bufnr, profile)
  client_of.ask_aside(bufnr, protocol.METHOD.MODELS, params, function(err, result)
    if result then
      known[key] = fresh(result.models)
    else
      known[key].due = vim.uv.now() + RETRY_MS
      log.debug("no models to complete: %s", errors.format(assert(err)))
    end
  end)
end

---The names that are known of a profile's models; asks for them if they are not, or have grown old.
---@param profile? string the session's, unless told, or else the settings'
---@return string[]
function M.names(profile)
  profile = profile or overrides.session().profile
  local bufnr = vim.api.nvim_get_current_buf()
  local key = key_of(bufnr, profile)
  local entry = known[key]
  if not entry then
    entry = { names = {}, due = 0 }
    known[key] = entry
  end
  if vim.uv.now() >= entry.due then
    -- A server that dies never answers: then it is asked once more.
    entry.due = vim.uv.now() + PATIENCE_MS
    -- Later: it may have to be started, and someone is typing.
    vim.schedule(function()
      refresh(key, bufnr, profile)
    end)
  end
  return entry.names
end

---@param model codex_ls.ServedModel
---@param active? string
---@return string
function M.describe(model, active)
  local facts = {}
  if model.loaded then
    facts[#facts + 1] = "loaded"
  end
  if model.contextWindow then
    facts[#facts + 1] = ("window of %d tokens"):format(model.contextWindow)
  end
  if model.size then
    facts[#facts + 1] = ("%.1f GB"):format(model.size / 1e9)
  end
  local mark = model.name == active and "● " or "  "
  return mark .. model.name .. (#facts > 0 and "  " .. table.concat(facts, ", ") or "")
end

---Asks for the models of the session's profile, and tells the user when that does not work.
---@param callback fun(models: codex_ls.ServedModel[])
function M.fetch(callback)
  local bufnr = vim.api.nvim_get_current_buf()
  local profile = overrides.session().profile
  client_of.ask(protocol.METHOD.MODELS, params_of(bufnr, profile), function(result)
    known[key_of(bufnr, profile)] = fresh(result.models)
    callback(result.models)
  end)
end

return M
