---Which profile the questions of this session go to.
local client_of = require("codex_ls.client")
local compat = require("codex_ls.compat")
local documents = require("codex_ls.documents")
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

---What the servers told last, by client.
---@type table<integer, codex_ls.ProfilesResult>
local known = {}

---@param client vim.lsp.Client
---@param result codex_ls.ProfilesResult
local function remember(client, result)
  result.active = compat.present(result.active)
  known[client.id] = result
  names = vim.tbl_map(function(profile)
    return profile.name
  end, result.profiles)
  vim.cmd.redrawstatus({ bang = true })
end

---@param client vim.lsp.Client
---@param callback? fun(result: codex_ls.ProfilesResult)
local function ask(client, callback)
  if not client_of.supports(client, protocol.METHOD.PROFILES) then
    return
  end
  compat.request(client, protocol.METHOD.PROFILES, vim.empty_dict(), function(err, result)
    if not err and result then
      remember(client, result)
      if callback then
        callback(result)
      end
    end
  end)
end

---Asks, once, which profiles there are and which one is active, so that they can be shown and completed.
---@param client vim.lsp.Client
function M.fetch(client)
  if not known[client.id] then
    ask(client)
  end
end

---Asks again: the user's configuration has changed.
---@param client_id integer
function M.refresh(client_id)
  local client = client_of.alive(client_id)
  if client then
    ask(client)
  end
end

---@param bufnr integer
---@return codex_ls.ProfilesResult? told nil as long as the server has told nothing
local function told(bufnr)
  local client = client_of.find(bufnr)
  return client and known[client.id]
end

---@param result? codex_ls.ProfilesResult
---@param name string
---@return codex_ls.ProfileSummary?
local function summary(result, name)
  for _, profile in ipairs(result and result.profiles or {}) do
    if profile.name == name then
      return profile
    end
  end
end

---The profile that a question would go to, as far as that is known.
---@param bufnr integer
---@return string?
function M.active(bufnr)
  local result = told(bufnr)
  return overrides.session().profile or result and result.active
end

---Whom the user sees as the one that answers: who was named, who answered before, or who is shown for a
---buffer. Nobody is shown before the server has told who there is.
---@param bufnr integer
---@param asked_with codex_ls.AskedWith
---@param previous? codex_ls.Turn
---@return codex_ls.ExpectedProfile?
function M.expected(bufnr, asked_with, previous)
  local result = told(bufnr)
  local before = previous and previous.answer.turn_id and previous.question
  if before and asked_with.profile == before.asked_with.profile then
    return {
      profile = previous.answer.profile or "",
      origin = before.expected and before.expected.origin,
    }
  elseif not asked_with.profile and (not result or #result.problems > 0) then
    return nil
  end
  local name = asked_with.profile or result and result.active or ""
  local profile = summary(result, name)
  return { profile = name, origin = profile and profile.origin }
end

---Asks the user when a question would go to somebody else than was shown, and asks that one after a yes.
---@param turn codex_ls.Turn
function M.offer(turn)
  local err = turn.answer.error
  if not err or err.kind ~= protocol.ERROR_KIND.PROFILE_CHANGED then
    return
  end
  if turn.client_id then
    M.refresh(turn.client_id)
  end
  local yes = "Ask " .. (err.profile or "the model at the top of config.toml")
  vim.ui.select({ yes, "Do not ask" }, { prompt = err.message }, function(choice)
    if choice == yes then
      require("codex_ls.ask").again(turn, {}, { profile = err.profile or "" })
    end
  end)
end

---How often a profile was chosen, and found to exist or not.
local choices = 0

---@param name? string
---@param callback? fun(result: codex_ls.ProfilesResult) what the servers then have
local function apply(name, callback)
  overrides.choose("profile", name)
  for _, client in ipairs(vim.lsp.get_clients({ name = client_of.NAME })) do
    local settings = vim.deepcopy(client.config.settings or {})
    settings.codex = settings.codex or {}
    settings.codex.profile = name or settings.codex.profile
    client.settings = settings
    compat.notify(client, "workspace/didChangeConfiguration", { settings = client.settings })
    -- What it told before holds no more.
    known[client.id] = nil
    ask(client, callback)
  end
end

---Sends the questions of this session to a profile, and to its own model. Code actions follow it, too.
---A name that the server does not know is refused, and what held before holds again.
---@param name? string nil goes back to what the settings say
function M.set(name)
  local before = overrides.session().profile
  choices = choices + 1
  local choice = choices
  if not name or #vim.lsp.get_clients({ name = client_of.NAME }) == 0 then
    apply(name)
    vim.notify("codex: " .. (name and "profile " .. name or "profile as the settings say"))
    return
  end
  apply(name, function(result)
    if choice ~= choices then
      return
    end
    choices = choices + 1
    if summary(result, name) then
      vim.notify("codex: profile " .. name)
      return
    end
    apply(before)
    vim.notify(
      ("codex: there is no profile %s. The profiles are %s."):format(
        name,
        table.concat(names, ", ")
      ),
      vim.log.levels.ERROR
    )
  end)
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
  if documents.is_file(vim.api.nvim_get_current_buf()) then
    params = { textDocument = { uri = vim.uri_from_bufnr(0) } }
  end
  client_of.ask(protocol.METHOD.PROFILES, params, function(result, client)
    remember(client, result)
    if #result.profiles == 0 then
      vim.notify(("codex: no profiles in %s"):format(result.configPath or "config.toml"))
      return
    end
    local active = overrides.session().profile or result.active
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
