---The language server as a client of this Neovim: how it is started, found, and asked.
local compat = require("codex_ls.compat")
local config = require("codex_ls.config")
local documents = require("codex_ls.documents")
local errors = require("codex_ls.errors")
local protocol = require("codex_ls.protocol")

local M = {}

M.NAME = "codex_ls"

local ROOT_MARKERS = { ".nvim.lua", ".git", ".hg", ".jj" }
local LIVENESS_MS = 100

---How many requests a client has that the user knows nothing of.
---@type table<integer, integer>
local asides = {}

---Asks the user for a key that the server's environment does not have. The server keeps it in memory.
---@param params { provider: string, origin: string, envKey: string }
---@param context { client_id: integer }
---@return { value?: string }
local function secret(_, params, context)
  local is_typing = vim.api.nvim_get_mode().mode:sub(1, 1) == "c"
  if is_typing and (asides[context.client_id] or 0) > 0 then
    -- It is for the names of models, which nobody needs so badly.
    return vim.empty_dict()
  end
  local question = ("Key for %s at %s (%s is not set): "):format(
    params.provider,
    params.origin,
    params.envKey
  )
  local ok, value = pcall(vim.fn.inputsecret, question)
  if not ok or value == "" then
    return vim.empty_dict()
  end
  return { value = value }
end

---@param bufnr integer
---@param markers? (string|string[])[]
---@return string
local function root_of(bufnr, markers)
  return vim.fs.root(bufnr, markers or ROOT_MARKERS) or assert(vim.uv.cwd())
end

---@return lsp.ClientCapabilities
local function capabilities()
  return vim.tbl_deep_extend("force", vim.lsp.protocol.make_client_capabilities(), {
    experimental = {
      codex = {
        protocolVersion = protocol.VERSION,
        secret = true,
        approve = true,
        didChangeProfiles = true,
      },
    },
  })
end

---What lsp/codex_ls.lua returns, and what 0.10 starts.
---@return vim.lsp.Config
function M.config()
  return {
    name = M.NAME,
    cmd = config.get().cmd or { "codex-ls", "serve" },
    -- A function keeps the server away from buffers that are no files.
    root_dir = function(bufnr, on_dir)
      if documents.is_file(bufnr) then
        on_dir(root_of(bufnr))
      end
    end,
    capabilities = capabilities(),
    handlers = {
      ["$/progress"] = require("codex_ls.progress").handler,
      [protocol.METHOD.SECRET] = secret,
      [protocol.METHOD.APPROVE] = require("codex_ls.task").approve,
      [protocol.METHOD.DID_CHANGE_PROFILES] = function(_, _, context)
        require("codex_ls.profile").refresh(context.client_id)
      end,
    },
    commands = require("codex_ls.actions").COMMANDS,
    before_init = function(params, client_config)
      local settings = vim.tbl_get(client_config, "settings", "codex")
      if settings then
        params.initializationOptions =
          vim.tbl_deep_extend("force", params.initializationOptions or {}, { codex = settings })
      end
    end,
  }
end

---The configuration with what the user said through `vim.lsp.config`, for one buffer.
---@param bufnr integer
---@return vim.lsp.ClientConfig
local function resolved_config(bufnr)
  local resolved = vim.deepcopy(compat.HAS_LSP_CONFIG and vim.lsp.config[M.NAME] or M.config())
  resolved.name = M.NAME
  if type(resolved.root_dir) ~= "string" then
    resolved.root_dir = root_of(bufnr, resolved.root_markers)
  end
  return resolved
end

---The folder whose server a buffer has, or would have.
---@param bufnr integer
---@return string
function M.root(bufnr)
  return resolved_config(bufnr).root_dir --[[@as string]]
end

---The profile that the settings of a buffer's server name.
---@param bufnr integer
---@return string? profile nil where config.toml selects it
function M.settings_profile(bufnr)
  local client = M.attached(bufnr)
  local settings = client and client.config.settings or resolved_config(bufnr).settings
  return vim.tbl_get(settings or {}, "codex", "profile")
end

---The client that is attached to a buffer.
---@param bufnr integer
---@return vim.lsp.Client?
function M.attached(bufnr)
  for _, client in ipairs(vim.lsp.get_clients({ name = M.NAME, bufnr = bufnr })) do
    if not compat.is_stopped(client) then
      return client
    end
  end
end

---The client that questions about a buffer go to, where there is one.
---@param bufnr integer
---@return vim.lsp.Client?
function M.find(bufnr)
  local client = M.attached(bufnr)
  if client or documents.is_file(bufnr) then
    return client
  end
  local root = M.root(bufnr)
  for _, other in ipairs(vim.lsp.get_clients({ name = M.NAME })) do
    if other.config.root_dir == root and not compat.is_stopped(other) then
      return other
    end
  end
end

---@param client_id integer
---@return vim.lsp.Client? client nil when it is gone
function M.alive(client_id)
  local client = vim.lsp.get_client_by_id(client_id)
  if client and not compat.is_stopped(client) then
    return client
  end
end

---@param cmd string[]
---@return codex_ls.Error
local function no_server(cmd)
  return errors.new(
    errors.CODE.NO_SERVER,
    ("The language server `%s` did not start."):format(table.concat(cmd, " ")),
    "Install it with `pipx install codex-ls`, or say in `cmd` where it is. See :checkhealth codex_ls"
  )
end

---Called with an error or with a client, never with both or with neither.
---@alias codex_ls.ClientCallback fun(err: codex_ls.Error?, client: vim.lsp.Client?)

---Who waits for the handshake of which client.
---@type table<integer, codex_ls.ClientCallback[]>
local waiting = {}

---@param client_id integer
---@param err? codex_ls.Error
---@param client? vim.lsp.Client
local function release(client_id, err, client)
  local callbacks = waiting[client_id] or {}
  waiting[client_id] = nil
  for _, callback in ipairs(callbacks) do
    callback(err, client)
  end
end

---Calls back when the client has shaken hands with its server, or when it is clear that it won't.
---@param client_id integer
---@param cmd string[]
---@param callback codex_ls.ClientCallback
local function when_ready(client_id, cmd, callback)
  if waiting[client_id] then
    table.insert(waiting[client_id], callback)
    return
  end
  waiting[client_id] = { callback }
  local deadline = vim.uv.now() + config.get().start_timeout_ms
  local timer = assert(vim.uv.new_timer())
  local autocmd ---@type integer
  local look = vim.schedule_wrap(function()
    if not waiting[client_id] then
      return
    end
    local client = M.alive(client_id)
    local is_ready = client and client.initialized
    if not is_ready and client and vim.uv.now() < deadline then
      return
    end
    timer:close()
    vim.api.nvim_del_autocmd(autocmd)
    if is_ready then
      release(client_id, nil, client)
    else
      release(client_id, no_server(cmd))
    end
  end)
  autocmd = vim.api.nvim_create_autocmd("LspAttach", { callback = look })
  -- A server that dies before the handshake fires nothing.
  timer:start(LIVENESS_MS, LIVENESS_MS, look)
end

---A client for a buffer, started if need be.
---@param bufnr integer
---@param callback codex_ls.ClientCallback
function M.ensure(bufnr, callback)
  local client = M.attached(bufnr)
  if client and client.initialized then
    return callback(nil, client)
  end
  local resolved = resolved_config(bufnr)
  local cmd = type(resolved.cmd) == "table" and resolved.cmd or { "(function)" }
  if type(resolved.cmd) == "table" and vim.fn.executable(cmd[1]) == 0 then
    return callback(no_server(cmd))
  end
  local client_id = compat.start(resolved, documents.is_file(bufnr) and bufnr or nil)
  if not client_id then
    return callback(no_server(cmd))
  end
  client = M.alive(client_id)
  if client and client.initialized then
    return callback(nil, client)
  end
  when_ready(client_id, cmd, callback)
end

---@param client vim.lsp.Client
---@param method codex_ls.Method
---@return boolean
function M.supports(client, method)
  local methods = vim.tbl_get(client.server_capabilities or {}, "experimental", "codex", "methods")
  return type(methods) == "table" and vim.tbl_contains(methods, method)
end

---@param method codex_ls.Method
---@return codex_ls.Error
local function not_supported(method)
  return errors.new(
    errors.CODE.NOT_SUPPORTED,
    ("This server does not offer %s yet."):format(method)
  )
end

---Asks the server of a buffer without a word to the user, who is in the middle of something else. The
---callback has an error or a result, unless the server dies.
---@param bufnr integer
---@param method codex_ls.Method
---@param params table
---@param callback fun(err?: codex_ls.Error, result?: table)
function M.ask_aside(bufnr, method, params, callback)
  M.ensure(bufnr, function(err, client)
    if not client then
      return callback(err)
    elseif not M.supports(client, method) then
      return callback(not_supported(method))
    end
    asides[client.id] = (asides[client.id] or 0) + 1
    compat.request(client, method, params, function(reply_error, result)
      asides[client.id] = asides[client.id] - 1
      callback(reply_error and errors.from_reply(reply_error) or nil, result)
    end, bufnr)
  end)
end

---Asks the server of the current buffer, and tells the user when that does not work.
---@param method codex_ls.Method
---@param params table
---@param callback fun(result: table, client: vim.lsp.Client)
function M.ask(method, params, callback)
  local bufnr = vim.api.nvim_get_current_buf()
  M.ensure(bufnr, function(err, client)
    if not client then
      return errors.notify(assert(err))
    end
    if not M.supports(client, method) then
      return errors.notify(not_supported(method))
    end
    compat.request(client, method, params, function(reply_error, result)
      if reply_error then
        return errors.notify(errors.from_reply(reply_error))
      end
      callback(result, client)
    end, bufnr)
  end)
end

return M
