---Scrolls a window so that what stands under a line can be seen, without taking the cursor along.
local M = {}

---The least first line with which `needed` rows fit, as far as the cursor allows.
---@param view { topline: integer, limit: integer, height: integer } lines from 1; `limit`: the last
---  line that may become the first one
---@param needed fun(topline: integer): integer rows from the top of that line to the end of the text
---@return integer topline
function M.topline(view, needed)
  local topline = view.topline
  while topline < view.limit and needed(topline) > view.height do
    topline = topline + 1
  end
  return topline
end

---Rows of the virtual lines under `row`.
---@param win integer
---@param row integer from 0
---@param last integer the last row of the buffer, from 0
---@return integer
local function rows_below(win, row, last)
  if row < last then
    return vim.api.nvim_win_text_height(win, { start_row = row + 1, end_row = row + 1 }).fill
  end
  local open = vim.api.nvim_win_text_height(win, { start_row = row }).all
  local shut = vim.api.nvim_win_text_height(win, { start_row = row, end_row = row }).all
  return open - shut
end

---Scrolls `win` down until the virtual lines under `row` are in view. The line itself must be in view
---already, the cursor stays where it is, and stays in view.
---@param win integer
---@param row integer from 0
---@return integer topline the first line of the window, from 1
function M.reveal(win, row)
  local info = vim.fn.getwininfo(win)[1]
  local last = vim.api.nvim_buf_line_count(info.bufnr) - 1
  if row + 1 < info.topline or row + 1 > info.botline then
    return info.topline
  end
  local cursor = vim.api.nvim_win_get_cursor(win)[1]
  local scrolloff = vim.api.nvim_get_option_value("scrolloff", { win = win })
  local below = rows_below(win, row, last)
  local topline = M.topline({
    topline = info.topline,
    limit = math.min(row + 1, cursor - math.min(scrolloff, math.floor(info.height / 2))),
    height = info.height,
  }, function(first)
    local range = { start_row = first - 1, start_vcol = 0, end_row = row }
    return vim.api.nvim_win_text_height(win, range).all + below
  end)
  if topline ~= info.topline then
    vim.api.nvim_win_call(win, function()
      vim.fn.winrestview({ topline = topline, topfill = 0 })
    end)
  end
  return topline
end

return M
