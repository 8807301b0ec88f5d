---The lines that a question is about, and what the server has to know of them.
local compat = require("codex_ls.compat")

local M = {}

---@class codex_ls.Selection
---@field bufnr integer
---@field first integer row, from 0
---@field last integer row, from 0, inclusive
---@field explicit boolean the user chose these lines; otherwise they only say where the answer goes
---@field diagnostics? lsp.Diagnostic[] those that are meant; all of these lines, unless told

---@param bufnr integer
---@param first integer
---@param last integer
---@return codex_ls.Selection
function M.lines(bufnr, first, last)
  local bottom = vim.api.nvim_buf_line_count(bufnr) - 1
  first = math.max(0, math.min(first, bottom))
  return {
    bufnr = bufnr,
    first = first,
    last = math.max(first, math.min(last, bottom)),
    explicit = true,
  }
end

---The line of the cursor, only as a place for an answer.
---@return codex_ls.Selection
function M.cursor()
  local row = vim.api.nvim_win_get_cursor(0)[1] - 1
  return { bufnr = vim.api.nvim_get_current_buf(), first = row, last = row, explicit = false }
end

---@param diagnostic vim.Diagnostic
---@param encoding string
---@return lsp.Diagnostic
local function to_lsp(diagnostic, encoding)
  local original = vim.tbl_get(diagnostic, "user_data", "lsp")
  if original and original.range then
    return original
  end
  ---@param row integer
  ---@param column integer
  ---@return lsp.Position
  local function position(row, column)
    local line = vim.api.nvim_buf_get_lines(diagnostic.bufnr, row, row + 1, false)[1] or ""
    return { line = row, character = compat.character(line, encoding, column) }
  end
  return {
    range = {
      start = position(diagnostic.lnum, diagnostic.col),
      ["end"] = position(
        diagnostic.end_lnum or diagnostic.lnum,
        diagnostic.end_col or diagnostic.col
      ),
    },
    severity = diagnostic.severity,
    message = diagnostic.message,
    source = diagnostic.source,
    code = diagnostic.code,
  }
end

---@param selection codex_ls.Selection
---@return vim.Diagnostic[]
function M.diagnostics(selection)
  return vim.tbl_filter(function(diagnostic)
    return diagnostic.lnum <= selection.last
      and (diagnostic.end_lnum or diagnostic.lnum) >= selection.first
  end, vim.diagnostic.get(selection.bufnr))
end

---Whole lines as a range of LSP, without the end of the last one.
---@param bufnr integer
---@param first integer row, from 0
---@param last integer row, from 0, inclusive
---@param encoding string
---@return lsp.Range
function M.range(bufnr, first, last, encoding)
  local final = vim.api.nvim_buf_get_lines(bufnr, last, last + 1, true)[1]
  return {
    start = { line = first, character = 0 },
    ["end"] = { line = last, character = compat.character(final, encoding, #final) },
  }
end

---The part of the params that says what the question is about.
---@param selection codex_ls.Selection
---@param encoding string
---@return { range: lsp.Range, diagnostics?: lsp.Diagnostic[] }
function M.params(selection, encoding)
  local params = {}
  if selection.explicit then
    params.range = M.range(selection.bufnr, selection.first, selection.last, encoding)
  else
    -- An empty range is a cursor: the server takes what is around it.
    local cursor = { line = selection.first, character = 0 }
    params.range = { start = cursor, ["end"] = cursor }
  end
  local diagnostics = selection.diagnostics
    or vim.tbl_map(function(diagnostic)
      return to_lsp(diagnostic, encoding)
    end, M.diagnostics(selection))
  if #diagnostics > 0 then
    params.diagnostics = diagnostics
  end
  return params
end

return M
