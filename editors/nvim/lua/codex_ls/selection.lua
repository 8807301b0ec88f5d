---The lines that a question is about, and what the server has to know of them.
local compat = require("codex_ls.compat")

local M = {}

---@class codex_ls.Selection
---@field bufnr integer
---@field first integer row, from 0
---@field last integer row, from 0, inclusive
---@field explicit boolean the user chose these lines; otherwise they only say where the answer goes

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

---The function or class around a row, where a parser is installed.
---@param bufnr integer
---@param row integer
---@return integer? first
---@return integer? last
local function enclosing_node(bufnr, row)
  local ok, node = pcall(function()
    vim.treesitter.get_parser(bufnr):parse()
    local line = vim.api.nvim_buf_get_lines(bufnr, row, row + 1, true)[1]
    return vim.treesitter.get_node({ bufnr = bufnr, pos = { row, #line:match("^%s*") } })
  end)
  while ok and node do
    local kind = node:type()
    if kind:match("function") or kind:match("method") or kind:match("class") then
      local first, _, last, column = node:range()
      if last > first then
        return first, column == 0 and last - 1 or last
      end
    end
    node = node:parent()
  end
end

---The lines around a row up to the next blank ones.
---@param bufnr integer
---@param row integer
---@return integer first
---@return integer last
local function paragraph(bufnr, row)
  local lines = vim.api.nvim_buf_get_lines(bufnr, 0, -1, true)
  local first, last = row, row
  while first > 0 and lines[first]:match("%S") do
    first = first - 1
  end
  while last + 1 < #lines and lines[last + 2]:match("%S") do
    last = last + 1
  end
  return lines[first + 1]:match("%S") and first or math.min(first + 1, row), last
end

---What the cursor stands in: the function or class, or else the paragraph.
---@return codex_ls.Selection
function M.around_cursor()
  local here = M.cursor()
  local first, last = enclosing_node(here.bufnr, here.first)
  if not first or not last then
    first, last = paragraph(here.bufnr, here.first)
  end
  return M.lines(here.bufnr, first, last)
end

---Whether the server can know this buffer: it has a name, and it is a file.
---@param bufnr integer
---@return boolean
function M.is_file(bufnr)
  return vim.bo[bufnr].buftype == "" and vim.api.nvim_buf_get_name(bufnr) ~= ""
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

---@param selection codex_ls.Selection
---@return string[]
function M.text(selection)
  return vim.api.nvim_buf_get_lines(selection.bufnr, selection.first, selection.last + 1, true)
end

---The part of the params that says what the question is about.
---@param selection codex_ls.Selection
---@param encoding string
---@return { textDocument: { uri: string }, range: lsp.Range, diagnostics?: lsp.Diagnostic[] }
function M.params(selection, encoding)
  local params = { textDocument = { uri = vim.uri_from_bufnr(selection.bufnr) } }
  if not selection.explicit then
    -- An empty range is a cursor: of a large file the server takes what is around it.
    local cursor = { line = selection.first, character = 0 }
    params.range = { start = cursor, ["end"] = cursor }
    return params
  end
  local lines = M.text(selection)
  local final = lines[#lines]
  params.range = {
    start = { line = selection.first, character = 0 },
    ["end"] = { line = selection.last, character = compat.character(final, encoding, #final) },
  }
  local diagnostics = vim.tbl_map(function(diagnostic)
    return to_lsp(diagnostic, encoding)
  end, M.diagnostics(selection))
  if #diagnostics > 0 then
    params.diagnostics = diagnostics
  end
  return params
end

---The question with the selected lines in it, for a buffer that the server cannot know.
---@param prompt string
---@param selection codex_ls.Selection
---@return string
function M.inline_prompt(prompt, selection)
  if not selection.explicit then
    return prompt
  end
  local text = table.concat(M.text(selection), "\n")
  local fence = "```"
  while text:find(fence, 1, true) do
    fence = fence .. "`"
  end
  local language = vim.bo[selection.bufnr].filetype
  return ("%s\n\n%s%s\n%s\n%s"):format(prompt, fence, language, text, fence)
end

return M
