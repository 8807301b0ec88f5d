local expect = require("expect")
local viewport = require("codex_ls.viewport")

---Rows needed when every line is one row, and `extra` rows stand under the last one.
local function needed(last, extra)
  return function(topline)
    return last - topline + 1 + extra
  end
end

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

return {
  ["what fits is not scrolled"] = function()
    expect.equal(viewport.topline({ topline = 1, limit = 5, height = 10 }, needed(5, 5)), 1)
  end,
  ["what does not fit is scrolled just so far"] = function()
    expect.equal(viewport.topline({ topline = 1, limit = 5, height = 10 }, needed(5, 8)), 4)
  end,
  ["the cursor is not scrolled away"] = function()
    expect.equal(viewport.topline({ topline = 1, limit = 2, height = 10 }, needed(5, 50)), 2)
  end,
  ["virtual lines under a line in the middle come into view"] = function()
    vim.cmd("new")
    window_with(7, 6)
    vim.fn.winrestview({ topline = 1, lnum = 8 })
    expect.equal(viewport.reveal(vim.api.nvim_get_current_win(), 7), 5)
    vim.cmd("bwipeout!")
  end,
  ["virtual lines under the last line come into view"] = function()
    vim.cmd("new")
    window_with(49, 6)
    vim.fn.winrestview({ topline = 41, lnum = 50 })
    expect.equal(viewport.reveal(vim.api.nvim_get_current_win(), 49), 47)
    vim.cmd("bwipeout!")
  end,
  ["a line that is out of view is left there"] = function()
    vim.cmd("new")
    window_with(40, 6)
    vim.fn.winrestview({ topline = 1, lnum = 1 })
    expect.equal(viewport.reveal(vim.api.nvim_get_current_win(), 40), 1)
    vim.cmd("bwipeout!")
  end,
}
