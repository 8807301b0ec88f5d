---Folds the details of tool calls in the document of a conversation: a row with the call, and one key away
---what it did.
local wrap = require("codex_ls.wrap")

local M = {}

---The details by buffer: their first row, which shows the call, and their last one.
---@type table<integer, [integer, integer][]>
local folds = {}

---Forgets the folds from a row on: it is written again.
---@param bufnr integer
---@param row integer from 0
function M.clear(bufnr, row)
  folds[bufnr] = vim.tbl_filter(function(fold)
    return fold[2] < row
  end, folds[bufnr] or {})
end

---@param bufnr integer
---@param first integer row, from 0
---@param last integer row, from 0, inclusive
function M.add(bufnr, first, last)
  table.insert(folds[bufnr], { first, last })
end

---The value of 'foldexpr'.
---@param line integer
---@return string
function M.level(line)
  for _, fold in ipairs(folds[vim.api.nvim_get_current_buf()] or {}) do
    if line == fold[1] + 1 then
      return ">1"
    elseif fold[1] + 1 < line and line <= fold[2] + 1 then
      return "1"
    end
  end
  return "0"
end

---The value of 'foldtext'.
---@return string
function M.text()
  local first, last = vim.v.foldstart, vim.v.foldend
  local call = vim.fn.getline(first)
  -- Two of the rows are the fences.
  local count = last - first - 2
  local hint = ("  · %d %s, <CR> shows"):format(count, count == 1 and "line" or "lines")
  local room = vim.api.nvim_win_get_width(0) - vim.api.nvim_strwidth(hint) - 2
  return "▸ " .. wrap.shorten(call, math.max(1, room)) .. hint
end

---Opens or closes the details at the cursor.
local function toggle()
  local line = vim.fn.line(".")
  if vim.fn.foldlevel(line) > 0 then
    vim.cmd("normal! za")
  end
end

---@param bufnr integer
function M.attach(bufnr)
  folds[bufnr] = {}
  vim.keymap.set("n", "<CR>", toggle, { buffer = bufnr, desc = "Show what a tool call did" })
  vim.api.nvim_create_autocmd("BufWipeout", {
    buffer = bufnr,
    once = true,
    desc = "Its folds go with it",
    callback = function()
      folds[bufnr] = nil
    end,
  })
end

---Has a window fold them.
---@param win integer
function M.dress(win)
  for name, value in pairs({
    foldmethod = "expr",
    foldexpr = "v:lua.require'codex_ls.call_folds'.level(v:lnum)",
    foldtext = "v:lua.require'codex_ls.call_folds'.text()",
    foldlevel = 0,
    foldenable = true,
    foldminlines = 0,
    fillchars = "fold: ",
    winhighlight = "Folded:CodexHint",
  }) do
    vim.api.nvim_set_option_value(name, value, { win = win, scope = "local" })
  end
end

return M
