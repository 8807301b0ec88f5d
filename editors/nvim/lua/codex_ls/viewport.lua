---Scrolls a window so that the virtual lines under a line are in view, and has Neovim draw them.
local M = {}

---What a window shows. Two of them differ when someone has scrolled, moved the cursor or resized.
---@class codex_ls.View
---@field topline integer from 1
---@field cursor integer its line, from 1
---@field height integer rows for text
---@field width integer cells for text

---@param win integer
---@return codex_ls.View
function M.view(win)
  local info = vim.fn.getwininfo(win)[1]
  return {
    -- Unlike `info.topline` this is up to date before the next redraw.
    topline = vim.fn.line("w0", win),
    cursor = vim.api.nvim_win_get_cursor(win)[1],
    height = info.height,
    width = info.width - info.textoff,
  }
end

---Rows of lines as they are drawn, without what stands above the first one.
---@param win integer
---@param first integer line, from 1
---@param last integer line, from 1
---@return integer
local function rows_of(win, first, last)
  local range = { start_row = first - 1, start_vcol = 0, end_row = last - 1 }
  return vim.api.nvim_win_text_height(win, range).all
end

---The first line of the window with which lines down to `last` take no more than `budget` rows.
---@param win integer
---@param last integer line, from 1
---@param budget integer
---@return integer line `last` itself if even that one takes more
local function highest_topline(win, last, budget)
  return vim.api.nvim_win_call(win, function()
    local topline = last
    local used = rows_of(win, last, last)
    while topline > 1 do
      local fold = vim.fn.foldclosed(topline - 1)
      local previous = fold > 0 and fold or topline - 1
      local here = { start_row = topline - 1, end_row = topline - 1 }
      used = used + vim.api.nvim_win_text_height(win, here).fill + rows_of(win, previous, previous)
      if used > budget then
        break
      end
      topline = previous
    end
    return topline
  end)
end

---@param win integer
---@param view codex_ls.View
---@return integer rows that stay between the cursor and the edges of the window
local function margin(win, view)
  local scrolloff = vim.api.nvim_get_option_value("scrolloff", { win = win })
  return math.min(scrolloff, math.floor((view.height - 1) / 2))
end

---How many rows are free under a line if a line is the first of the window, the cursor's rows not counted.
---@param win integer
---@param view codex_ls.View
---@param line integer from 1
---@param topline integer from 1
---@return integer
local function room_under(win, view, line, topline)
  local room = view.height - rows_of(win, topline, line)
  if topline == view.topline then
    room = room - vim.api.nvim_win_call(win, vim.fn.winsaveview).topfill
  end
  if view.cursor > line then
    room = room - rows_of(win, line + 1, view.cursor) - margin(win, view)
  end
  return math.max(0, room)
end

---The first line of the window with which `needed` rows are free under a line, or as many as can be. What
---the window shows changes no more than that takes; the cursor stays where it is, and in view.
---@param win integer
---@param view codex_ls.View
---@param line integer from 1
---@param needed integer
---@return integer topline
local function best_topline(win, view, line, needed)
  local below = view.cursor > line and rows_of(win, line + 1, view.cursor) + margin(win, view) or 0
  local topline = highest_topline(win, line, view.height - needed - below)
  local lowest = math.min(line, math.max(1, view.cursor - margin(win, view)))
  if view.topline > line then
    return math.min(topline, lowest)
  end
  return math.max(view.topline, math.min(topline, lowest))
end

---Sees to it that there can be `wanted` rows under a line with the cursor in view: opens a fold around it,
---and moves the cursor there if it is too far away (`` takes it back).
---@param win integer
---@param row integer from 0
---@param wanted integer
function M.enter(win, row, wanted)
  local line = row + 1
  vim.api.nvim_win_call(win, function()
    if vim.fn.foldclosed(line) > 0 then
      vim.cmd(("silent! %dfoldopen!"):format(line))
    end
  end)
  local view = M.view(win)
  local topline = best_topline(win, view, line, wanted)
  if view.cursor == line or room_under(win, view, line, topline) >= wanted then
    return
  end
  vim.api.nvim_win_call(win, function()
    vim.cmd("mark '")
  end)
  local column = vim.api.nvim_win_get_cursor(win)[2]
  vim.api.nvim_win_set_cursor(win, { line, column })
end

---Scrolls a window until there are `needed` rows under a line, or as many as can be.
---@param win integer
---@param row integer from 0
---@param needed integer
---@return integer rows that there are
function M.make_room(win, row, needed)
  local line = row + 1
  local view = M.view(win)
  local topline = best_topline(win, view, line, needed)
  if topline ~= view.topline then
    vim.api.nvim_win_call(win, function()
      vim.fn.winrestview({ topline = topline, topfill = 0, skipcol = 0 })
    end)
    if vim.api.nvim_get_option_value("scrolloff", { win = win }) > margin(win, view) then
      -- Who keeps the cursor in the middle gets another view; this has Neovim decide it now.
      vim.api.nvim_win_set_cursor(win, vim.api.nvim_win_get_cursor(win))
    end
  end
  return M.room(win, row) or 0
end

---How many rows are free under a line as the window is now.
---@param win integer
---@param row integer from 0
---@return integer? rows nil where the line is out of view
function M.room(win, row)
  local view = M.view(win)
  if view.topline <= row + 1 and row + 1 <= vim.fn.line("w$", win) then
    return room_under(win, view, row + 1, view.topline)
  end
end

---Has Neovim draw the windows of a buffer at the next chance. Virtual lines below a line are drawn with the
---next line, and where that one is out of view, a change of them marks nothing as to be drawn.
---@param bufnr integer
function M.draw(bufnr)
  -- On a command line, and where a key is waited for, there is no next chance.
  local mode = vim.api.nvim_get_mode().mode:sub(1, 1)
  local is_waiting = mode == "c" or mode == "r"
  for _, win in ipairs(vim.fn.win_findbuf(bufnr)) do
    if not pcall(vim.api.nvim__redraw, { win = win, valid = false, flush = is_waiting }) then
      -- Setting this option marks the window, whatever its value was.
      local list = vim.api.nvim_get_option_value("list", { win = win })
      vim.api.nvim_set_option_value("list", list, { win = win, scope = "local" })
    end
  end
end

return M
