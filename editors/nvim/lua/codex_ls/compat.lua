---Where Neovim 0.10, 0.11 and 0.12 differ. The only module that asks for a version.
local M = {}

M.HAS_LSP_CONFIG = vim.fn.has("nvim-0.11") == 1

---@param client vim.lsp.Client
---@param method string
---@param params table
---@param handler lsp.Handler
---@param bufnr? integer
---@return integer? request_id nil when the client is gone
function M.request(client, method, params, handler, bufnr)
  local sent, request_id
  if M.HAS_LSP_CONFIG then
    sent, request_id = client:request(method, params, handler, bufnr)
  else
    sent, request_id = client.request(method, params, handler, bufnr)
  end
  return sent and request_id or nil
end

---@param client vim.lsp.Client
---@param request_id integer
function M.cancel(client, request_id)
  if M.HAS_LSP_CONFIG then
    client:cancel_request(request_id)
  else
    client.cancel_request(request_id)
  end
end

---@param client vim.lsp.Client
---@param method string
---@param params table
function M.notify(client, method, params)
  if M.HAS_LSP_CONFIG then
    client:notify(method, params)
  else
    client.notify(method, params)
  end
end

---@param client vim.lsp.Client
---@return boolean
function M.is_stopped(client)
  if M.HAS_LSP_CONFIG then
    return client:is_stopped()
  end
  return client.is_stopped()
end

---The position in `line` of a byte, counted as the server counts.
---@param line string
---@param encoding "utf-8"|"utf-16"|"utf-32"
---@param byte integer from 0
---@return integer
function M.character(line, encoding, byte)
  byte = math.min(byte, #line)
  if M.HAS_LSP_CONFIG then
    return vim.str_utfindex(line, encoding, byte, false)
  elseif encoding == "utf-8" then
    return byte
  end
  local utf32, utf16 = vim.str_utfindex(line, byte)
  return encoding == "utf-32" and utf32 or utf16
end

---Starts a client for no buffer in particular, or finds one that fits.
---@param config vim.lsp.ClientConfig
---@return integer? client_id
local function start_detached(config)
  if M.HAS_LSP_CONFIG then
    return vim.lsp.start(config, { attach = false, silent = true })
  end
  for _, client in ipairs(vim.lsp.get_clients({ name = config.name })) do
    if client.config.root_dir == config.root_dir then
      return client.id
    end
  end
  return (vim.lsp.start_client(config))
end

---Starts a client, or finds one that fits, and attaches it where there is a file to attach it to.
---@param config vim.lsp.ClientConfig
---@param bufnr? integer
---@return integer? client_id
function M.start(config, bufnr)
  if bufnr then
    return vim.lsp.start(config, { bufnr = bufnr, silent = true })
  end
  return start_detached(config)
end

---JSON null, which 0.12 hands on as vim.NIL, as nothing.
---@generic T
---@param value T
---@return T?
function M.present(value)
  if value == vim.NIL then
    return nil
  end
  return value
end

return M
