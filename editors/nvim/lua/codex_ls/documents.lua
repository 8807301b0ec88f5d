---Which document a buffer is for the server, and its text where Neovim's own client does not send that: of
---buffers without a name, and of those that are no files.
local compat = require("codex_ls.compat")

local M = {}

---The buffers that were opened by hand, by client.
---@type table<integer, table<integer, true>>
local opened = {}

---Whether Neovim's own client can tell the server of this buffer: it has a name, and it is a file.
---@param bufnr integer
---@return boolean
function M.is_file(bufnr)
  return vim.bo[bufnr].buftype == "" and vim.api.nvim_buf_get_name(bufnr) ~= ""
end

---Whether a buffer is a view of ours, and no text of the user's.
---@param bufnr integer
---@return boolean
function M.is_ours(bufnr)
  return vim.startswith(vim.api.nvim_buf_get_name(bufnr), "codex://")
end

---@param bufnr integer
---@return string
local function text_of(bufnr)
  local lines = vim.api.nvim_buf_get_lines(bufnr, 0, -1, true)
  return table.concat(lines, "\n") .. (vim.bo[bufnr].eol and "\n" or "")
end

---The document that a buffer is. The server has its text as it is now.
---@param client vim.lsp.Client
---@param bufnr integer
---@return { uri: string }
function M.identify(client, bufnr)
  if vim.lsp.buf_is_attached(bufnr, client.id) then
    return { uri = vim.uri_from_bufnr(bufnr) }
  end
  local known = opened[client.id] or {}
  opened[client.id] = known
  local uri = ("untitled:buffer-%d"):format(bufnr)
  local version, text = vim.api.nvim_buf_get_changedtick(bufnr), text_of(bufnr)
  if known[bufnr] then
    compat.notify(client, "textDocument/didChange", {
      textDocument = { uri = uri, version = version },
      contentChanges = { { text = text } },
    })
    return { uri = uri }
  end
  known[bufnr] = true
  compat.notify(client, "textDocument/didOpen", {
    textDocument = {
      uri = uri,
      languageId = vim.bo[bufnr].filetype,
      version = version,
      text = text,
    },
  })
  vim.api.nvim_create_autocmd({ "BufUnload", "LspAttach" }, {
    buffer = bufnr,
    once = true,
    desc = "The server need not keep the text of this buffer any more",
    callback = function()
      known[bufnr] = nil
      if not compat.is_stopped(client) then
        compat.notify(client, "textDocument/didClose", { textDocument = { uri = uri } })
      end
    end,
  })
  return { uri = uri }
end

---The document that a buffer is, for a question that only names it.
---@param client vim.lsp.Client
---@param bufnr integer
---@return { uri: string }
function M.share(client, bufnr)
  if not M.is_file(bufnr) then
    return M.identify(client, bufnr)
  elseif vim.api.nvim_buf_is_loaded(bufnr) then
    vim.lsp.buf_attach_client(bufnr, client.id)
  end
  return { uri = vim.uri_from_bufnr(bufnr) }
end

return M
