---Shows a proposed change as a diff in a tab page of its own, to be taken whole or hunk by hunk.
---
---The left side is the user's buffer, the right side a copy of it with the change. Nothing is written
---until the user takes it.
local errors = require("codex_ls.errors")
local Place = require("codex_ls.place")

local M = {}

---@class codex_ls.Review
---@field turn codex_ls.Turn
---@field original codex_ls.Place
---@field proposal codex_ls.Place
---@field tabpage integer

---@type table<integer, codex_ls.Review> by the buffer of the proposal
local reviews = {}

-- Both windows have a title, so that their lines stand side by side.
local BEFORE_TITLE = "%#CodexTitle#As it is"
local AFTER_TITLE = "%#CodexTitle#Proposal%<  %#CodexHint#<CR> all  dp hunk  q leave"

---@param bufnr integer
---@return codex_ls.Review?
function M.of(bufnr)
  return reviews[bufnr]
end

---@param review codex_ls.Review
local function close(review)
  reviews[review.proposal.bufnr] = nil
  if vim.api.nvim_tabpage_is_valid(review.tabpage) and #vim.api.nvim_list_tabpages() > 1 then
    local number = vim.api.nvim_tabpage_get_number(review.tabpage)
    vim.cmd(number .. "tabclose")
  end
  if review.proposal:exists() then
    vim.api.nvim_buf_delete(review.proposal.bufnr, { force = true })
  end
end

---Takes the whole proposal. What the user changed elsewhere in the meantime stays.
---@param review codex_ls.Review
function M.take(review)
  if not review.original:exists() then
    errors.notify(errors.new(errors.CODE.NO_PLACE, "The buffer is gone."))
    return close(review)
  end
  local lines = review.proposal:lines()
  local first, last = review.original:rows()
  vim.api.nvim_buf_set_lines(review.original.bufnr, first, last + 1, true, lines)
  close(review)
  review.turn:dismiss()
end

---Leaves the review; hunks that were taken stay.
---@param review codex_ls.Review
function M.leave(review)
  close(review)
  review.turn:set_hidden(false)
end

---A copy of the buffer with the change in it.
---@param turn codex_ls.Turn
---@param lines string[]
---@return codex_ls.Place proposal where the change stands in the copy
local function copy_with(turn, lines)
  local source = turn.place.bufnr
  local first, last = turn.place:rows()
  local bufnr = vim.api.nvim_create_buf(false, true)
  local name = vim.fs.basename(vim.api.nvim_buf_get_name(source))
  vim.api.nvim_buf_set_name(bufnr, ("codex://proposal/%d/%s"):format(turn.id, name))
  local whole = vim.api.nvim_buf_get_lines(source, 0, -1, true)
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, true, whole)
  vim.api.nvim_buf_set_lines(bufnr, first, last + 1, true, lines)
  pcall(function()
    vim.bo[bufnr].filetype = vim.bo[source].filetype
  end)
  vim.bo[bufnr].bufhidden = "hide"
  return Place.new(bufnr, first, first + #lines - 1)
end

---@param review codex_ls.Review
local function set_keys(review)
  ---@param lhs string
  ---@param description string
  ---@param action fun(review: codex_ls.Review)
  local function map(lhs, description, action)
    vim.keymap.set("n", lhs, function()
      action(review)
    end, { buffer = review.proposal.bufnr, nowait = true, desc = description })
  end
  map("<CR>", "Take the whole proposal", M.take)
  map("q", "Leave the proposal", M.leave)
end

---@param win integer
---@param title string
local function set_title(win, title)
  vim.api.nvim_set_option_value("winbar", title, { win = win, scope = "local" })
end

---@param turn codex_ls.Turn
---@param lines string[] what is to stand in place of the lines that the turn is about
function M.open(turn, lines)
  for _, review in pairs(reviews) do
    if review.turn == turn then
      close(review)
    end
  end
  local proposal = copy_with(turn, lines)
  vim.cmd("tab split")
  vim.api.nvim_win_set_buf(0, turn.place.bufnr)
  local original_win = vim.api.nvim_get_current_win()
  vim.cmd("diffthis")
  set_title(original_win, BEFORE_TITLE)
  vim.cmd("rightbelow vertical split")
  vim.api.nvim_win_set_buf(0, proposal.bufnr)
  vim.cmd("diffthis")
  set_title(vim.api.nvim_get_current_win(), AFTER_TITLE)
  vim.api.nvim_win_set_cursor(0, { (proposal:rows()) + 1, 0 })
  local review = {
    turn = turn,
    original = turn.place,
    proposal = proposal,
    tabpage = vim.api.nvim_win_get_tabpage(original_win),
  }
  reviews[proposal.bufnr] = review
  set_keys(review)
  turn:set_hidden(true)
end

return M
