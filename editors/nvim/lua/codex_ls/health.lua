---`:checkhealth codex_ls`
local client_of = require("codex_ls.client")
local compat = require("codex_ls.compat")
local config = require("codex_ls.config")
local overrides = require("codex_ls.overrides")
local protocol = require("codex_ls.protocol")
local version = require("codex_ls.version")

local M = {}

local VERSION_TIMEOUT_MS = 10000
local START_TIMEOUT_MS = 10000
local DOCTOR_TIMEOUT_MS = 60000

local function check_editor()
  vim.health.start("codex_ls: Neovim")
  local found = tostring(vim.version())
  if vim.fn.has("nvim-0.10") == 1 then
    vim.health.ok("Neovim " .. found)
  else
    vim.health.error("Neovim " .. found .. " is too old", "Use 0.10 or later.")
  end
  local problems = config.problems(vim.g.codex_ls or {})
  for _, problem in ipairs(problems) do
    vim.health.warn("vim.g.codex_ls: " .. problem, "See :help codex_ls-options")
  end
  vim.health.info("Log file: " .. require("codex_ls.log").path())
end

---@return string[]|function cmd
local function command()
  local resolved = compat.HAS_LSP_CONFIG and vim.lsp.config[client_of.NAME] or client_of.config()
  return resolved.cmd
end

---A call of the same program with other arguments: `python -m codex_ls serve` is a program, too.
---@param cmd string[]
---@param arguments string[]
---@param timeout_ms integer
---@return string? output nil when it can't be run
local function run(cmd, arguments, timeout_ms)
  local call = {}
  for _, word in ipairs(cmd) do
    if word == "serve" then
      break
    end
    call[#call + 1] = word
  end
  vim.list_extend(call, arguments)
  local ok, process = pcall(vim.system, call, { text = true, timeout = timeout_ms })
  return ok and process:wait().stdout or nil
end

---@param cmd string[]
---@return string? version
local function version_of(cmd)
  return (run(cmd, { "--version" }, VERSION_TIMEOUT_MS) or ""):match("(%d+%.%d+[%w.+-]*)")
end

---@return boolean found
local function check_server()
  vim.health.start("codex_ls: language server")
  local cmd = command()
  if type(cmd) ~= "table" then
    vim.health.info("cmd is a function: nothing to check before it runs")
    return true
  end
  if vim.fn.executable(cmd[1]) == 0 then
    vim.health.error(("`%s` is not executable"):format(cmd[1]), {
      "Install the server: `pipx install codex-ls`",
      'Or say where it is: `vim.g.codex_ls = { cmd = { "/path/to/codex-ls", "serve" } }`',
    })
    return false
  end
  vim.health.ok("Server: " .. table.concat(cmd, " "))
  local found = version_of(cmd)
  if not found then
    vim.health.warn("The server did not tell its version")
  elseif found == version then
    vim.health.ok("Server and plugin are both " .. version)
  else
    vim.health.warn(
      ("The server is %s, the plugin %s"):format(found, version),
      "Update the older one: they are made for each other."
    )
  end
  return true
end

---@return vim.lsp.Client?
local function start()
  local failure ---@type codex_ls.Error?
  local client ---@type vim.lsp.Client?
  client_of.ensure(vim.api.nvim_get_current_buf(), function(err, ready)
    failure, client = err, ready
  end)
  vim.wait(START_TIMEOUT_MS, function()
    return failure ~= nil or client ~= nil
  end, 20)
  if client then
    vim.health.ok("It starts, and shakes hands")
    return client
  end
  local hint = failure and failure.hint or ("See " .. vim.lsp.log.get_filename())
  vim.health.error(failure and failure.message or "It does not answer", hint)
end

---@param check codex_ls.DoctorCheck
local function report(check)
  local line = check.title .. (check.detail ~= "" and ": " .. check.detail or "")
  if check.status == "ok" then
    vim.health.ok(line)
  elseif check.status == "warning" then
    vim.health.warn(line, check.hint and { check.hint } or nil)
  elseif check.status == "failed" then
    vim.health.error(line, check.hint and { check.hint } or nil)
  else
    vim.health.info("skipped: " .. line)
  end
end

---Asks and waits: a health check has no other choice.
---@param client vim.lsp.Client
---@param method codex_ls.Method
---@param params table
---@param timeout_ms integer
---@return table? result
---@return string? reason
local function ask(client, method, params, timeout_ms)
  local is_done, failure, result = false, nil, nil
  compat.request(client, method, next(params) and params or vim.empty_dict(), function(err, reply)
    is_done, failure, result = true, err, reply
  end)
  vim.wait(timeout_ms, function()
    return is_done or client_of.alive(client.id) == nil
  end, 20)
  if failure then
    return nil, failure.message
  end
  return result, not result and "no reply" or nil
end

---@param client vim.lsp.Client
local function check_profiles(client)
  local result, reason = ask(client, protocol.METHOD.PROFILES, {}, START_TIMEOUT_MS)
  if not result then
    vim.health.error("Profiles: " .. reason)
    return
  end
  for _, problem in ipairs(result.problems or {}) do
    vim.health.warn(problem.message, problem.hint and { problem.hint } or nil)
  end
  vim.health.info("Configuration: " .. (result.configPath or "none"))
  local active = compat.present(result.active)
  if active then
    vim.health.ok(("Profile %s (from %s)"):format(active, result.source))
  else
    vim.health.info(("No profile is named (%s)"):format(result.source or "default"))
  end
end

---What the doctor finds: from the server, or from its command line where the server has none.
---@param client vim.lsp.Client
---@return codex_ls.DoctorCheck[]? checks
---@return string? reason
local function doctor(client)
  local profile = overrides.session().profile
  if client_of.supports(client, protocol.METHOD.DOCTOR) then
    local result, reason =
      ask(client, protocol.METHOD.DOCTOR, { profile = profile }, DOCTOR_TIMEOUT_MS)
    return result and result.checks, reason
  end
  local cmd = command()
  if type(cmd) ~= "table" then
    return nil, "the server has none"
  end
  local arguments = { "doctor", "--json" }
  if profile then
    vim.list_extend(arguments, { "--profile", profile })
  end
  local output = run(cmd, arguments, DOCTOR_TIMEOUT_MS)
  local ok, reply = pcall(vim.json.decode, output or "")
  return ok and type(reply) == "table" and reply.checks or nil, "it did not report"
end

---Whether the server has the model that was chosen for this session.
---@param client vim.lsp.Client
---@param session codex_ls.Overrides
local function check_session_model(client, session)
  if not client_of.supports(client, protocol.METHOD.MODELS) then
    return
  end
  local params = { profile = session.profile }
  local result = ask(client, protocol.METHOD.MODELS, params, DOCTOR_TIMEOUT_MS)
  local names = vim.tbl_map(function(model)
    return model.name
  end, result and result.models or {})
  if #names > 0 and not vim.tbl_contains(names, session.model) then
    vim.health.warn(
      ("The server tells of no model %s"):format(session.model),
      { "It has " .. table.concat(names, ", "), "`:Codex! model` goes back to the profile's" }
    )
  end
end

---What was chosen for this session, over what the configuration says.
---@param client vim.lsp.Client
local function check_session(client)
  vim.health.start("codex_ls: this session")
  local session = overrides.session()
  if not next(session) then
    vim.health.info("Profile, model and effort are as the configuration says")
    return
  end
  for _, field in ipairs(overrides.FIELDS) do
    if session[field] then
      vim.health.info(
        ("%s %s, until `:Codex! %s`"):format(
          field:sub(1, 1):upper() .. field:sub(2),
          session[field],
          field
        )
      )
    end
  end
  if session.model then
    check_session_model(client, session)
  end
end

---@param client vim.lsp.Client
local function check_models(client)
  vim.health.start("codex_ls: models")
  if client_of.supports(client, protocol.METHOD.PROFILES) then
    check_profiles(client)
  end
  local checks, reason = doctor(client)
  if not checks then
    vim.health.error("The doctor: " .. reason)
    return
  end
  for _, check in ipairs(checks) do
    report(check)
  end
end

function M.check()
  check_editor()
  if not check_server() then
    return
  end
  local client = start()
  if client then
    check_session(client)
    check_models(client)
  end
end

return M
