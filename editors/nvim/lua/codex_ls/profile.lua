---Which profile the questions of this session go to.
local client_of = require("codex_ls.client")
local compat = require("codex_ls.compat")
local overrides = require("codex_ls.overrides")
local protocol = require("codex_ls.protocol")

local M = {}

---The names that the server told last, for completion.
---@type string[]
local names = {}

---The names that are known. Without a server there are none: one is started meanwhile, and tells them.
---@return string[]
function M.names()
  local bufnr = vim.api.nvim_get_current_buf()
  if not client_of.attached(bufnr) then
    vim.schedule(function()
      if vim.api.nvim_buf_is_valid(bufnr) then
        client_of.ensure(bufnr, function(_, client)
          if client then
            M.fetch(client)
          end
        end)
      end
    end)
  end
  return names
end

---@param result codex_ls.ProfilesResult
local function remember(result)
  names = vim.tbl_map(function(profile)
    return profile.name
  end, result.profiles)
end

---The clients that were asked for their profiles.
---@type table<integer, true>
local fetched = {}

---Asks for the names, once, so that they are there to be completed.
---@param client vim.lsp.Client
function M.fetch(client)
  if fetched[client.id] or not client_of.supports(client, protocol.METHOD.PROFILES) then
    return
  end
  fetched[client.id] = true
  compat.request(client, protocol.METHOD.PROFILES, vim.empty_dict(), function(err, result)
    if not err and result then
      remember(result)
    end
  end)
end

---Sends the questions of this session to a profile, and to its own model. Code actions follow it, too.
---@param name? string nil goes back to what the settings say
function M.set(name)
  overrides.choose("profile", name)
  for _, client in ipairs(vim.lsp.get_clients({ name = client_of.NAME })) do
    local settings = vim.deepcopy(client.config.settings or {})
    settings.codex = settings.codex or {}
    settings.codex.profile = name or settings.codex.profile
    client.settings = settings
    compat.notify(client, "workspace/didChangeConfiguration", { settings = client.settings })
  end
  vim.notify("codex: " .. (name and "profile " .. name or "profile as the settings say"))
end

---@param profile codex_ls.ProfileSummary
---@param active? string
---@return string
local function describe(profile, active)
  local mark = profile.name == active and "● " or "  "
  local where = profile.isLocal and "this machine" or profile.origin
  local problem = profile.problems and profile.problems[1]
  return ("%s%s  %s, %s%s"):format(
    mark,
    profile.name,
    profile.model,
    where,
    problem and "  ! " .. problem.message or ""
  )
end

---Lets the user pick a profile.
function M.pick()
  local params = vim.empty_dict()
  if require("codex_ls.selection").is_file(vim.api.nvim_get_current_buf()) then
    params = { textDocument = { uri = vim.uri_from_bufnr(0) } }
  end
  client_of.ask(protocol.METHOD.PROFILES, params, function(result)
    remember(result)
    if #result.profiles == 0 then
      vim.notify(("codex: no profiles in %s"):format(result.configPath or "config.toml"))
      return
    end
    local active = overrides.session().profile or compat.present(result.active)
    vim.ui.select(result.profiles, {
      prompt = "Codex profile for this session",
      format_item = function(profile)
        return describe(profile, active)
      end,
    }, function(profile)
      if profile then
        M.set(profile.name)
      end
    end)
  end)
end

return M
