local expect = require("expect")
local viewport = require("codex_ls.viewport")

---A window of ten rows on fifty lines, with virtual lines under one of them.
---@param row integer
---@param height integer
local function window_with(row, height)
  vim.cmd("enew!")
  local lines = {}
  for index = 1, 50 do
    lines[index] = "line " .. index
  end
  vim.api.nvim_buf_set_lines(0, 0, -1, false, lines)
  local virtual = {}
  for index = 1, height do
    virtual[index] = { { "answer " .. index } }
  end
  vim.api.nvim_buf_set_extmark(0, vim.api.nvim_create_namespace("spec"), row, 0, {
    virt_lines = virtual,
  })
  vim.api.nvim_win_set_height(0, 10)
  vim.o.scrolloff = 0
end

---@param row integer
---@param rows integer
---@return integer room
---@return integer topline
local function after_making_room(row, rows)
  local room = viewport.make_room(vim.api.nvim_get_current_win(), row, rows)
  return room, vim.fn.line("w0")
end

---Runs in a window of its own.
---@param test fun()
---@return fun()
local function in_split(test)
  return function()
    vim.cmd("new")
    test()
    vim.cmd("bwipeout!")
  end
end

if vim.fn.has("nvim-0.11") == 0 then
  -- Before, a Neovim without a screen has no view: the cursor's line is the first of every window.
  return {}
end

return {
  ["what fits is not scrolled"] = in_split(function()
    window_with(3, 6)
    vim.fn.winrestview({ topline = 1, lnum = 4 })
    expect.equal({ after_making_room(3, 6) }, { 6, 1 })
  end),
  ["virtual lines under a line in the middle come into view"] = in_split(function()
    window_with(7, 6)
    vim.fn.winrestview({ topline = 1, lnum = 8 })
    expect.equal({ after_making_room(7, 6) }, { 6, 5 })
  end),
  ["virtual lines under the last line come into view"] = in_split(function()
    window_with(49, 6)
    vim.fn.winrestview({ topline = 41, lnum = 50 })
    expect.equal({ after_making_room(49, 6) }, { 6, 47 })
  end),
  ["the cursor is not scrolled away: there is no more room than under it"] = in_split(function()
    window_with(7, 6)
    vim.fn.winrestview({ topline = 1, lnum = 3 })
    expect.equal({ after_making_room(7, 9) }, { 4, 3 })
  end),
  ["a cursor below the line keeps its rows"] = in_split(function()
    window_with(4, 4)
    vim.fn.winrestview({ topline = 1, lnum = 8 })
    expect.equal({ after_making_room(4, 9) }, { 6, 5 })
  end),
  ["'scrolloff' leaves as many rows above the cursor"] = in_split(function()
    window_with(7, 6)
    vim.o.scrolloff = 2
    vim.fn.winrestview({ topline = 1, lnum = 8 })
    expect.equal({ after_making_room(7, 9) }, { 7, 6 })
    vim.o.scrolloff = 0
  end),
  ["the cursor comes to a line that is far away, and a mark leads back"] = in_split(function()
    window_with(40, 6)
    vim.fn.winrestview({ topline = 1, lnum = 2 })
    viewport.enter(vim.api.nvim_get_current_win(), 40, 5)
    expect.equal(vim.api.nvim_win_get_cursor(0)[1], 41)
    expect.equal(vim.fn.line("''"), 2)
    expect.equal(after_making_room(40, 6), 6)
  end),
  ["a fold around the line is opened"] = in_split(function()
    window_with(7, 6)
    vim.cmd("setlocal foldmethod=manual | 5,9fold")
    viewport.enter(vim.api.nvim_get_current_win(), 7, 5)
    expect.equal(vim.fn.foldclosed(8), -1)
  end),
  ["lines above the view are brought back into it"] = in_split(function()
    window_with(4, 6)
    vim.fn.winrestview({ topline = 30, lnum = 30 })
    viewport.enter(vim.api.nvim_get_current_win(), 4, 5)
    local room = after_making_room(4, 6)
    expect.equal(room >= 6, true)
  end),
}
