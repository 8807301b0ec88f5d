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
---@field watch? integer the autocommand that sees a window close

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
  pcall(vim.api.nvim_del_autocmd, review.watch)
  if vim.api.nvim_tabpage_is_valid(review.tabpage) and #vim.api.nvim_list_tabpages() > 1 then
    local number = vim.api.nvim_tabpage_get_number(review.tabpage)
    vim.cmd(number .. "tabclose")
  end
  if review.proposal:exists() then
    vim.api.nvim_buf_delete(review.proposal.bufnr, { force = true })
  end
  review.original:clear()
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
  review.turn:dismiss_all()
end

---Leaves the review; hunks that were taken stay.
---@param review codex_ls.Review
function M.leave(review)
  close(review)
  review.turn:set_hidden(false)
end

---The rows that edits touch, and one more, so that there is something of them left whatever they delete.
---@param edits lsp.TextEdit[]
---@param count integer lines of the buffer
---@return integer first row, from 0
---@return integer last row, from 0, inclusive
local function touched(edits, count)
  local first, last = math.huge, 0
  for _, edit in ipairs(edits) do
    first = math.min(first, edit.range.start.line)
    last = math.max(last, edit.range["end"].line)
  end
  last = math.min(last, count - 1)
  return math.min(first, last, last == count - 1 and math.max(0, count - 2) or last), last
end

---The first row of a text that is not in another one.
---@param before string[]
---@param after string[]
---@return integer? row from 0; nil where they are the same
local function first_change(before, after)
  ---@param lines string[]
  ---@return string
  local function text(lines)
    return table.concat(lines, "\n") .. "\n"
  end
  local hunks = vim.diff(text(before), text(after), { result_type = "indices" })
  local hunk = type(hunks) == "table" and hunks[1] or nil
  return hunk and math.max(0, hunk[3] - 1) or nil
end

---A copy of the buffer with the change in it.
---@param turn codex_ls.Turn
---@param edits lsp.TextEdit[]
---@param encoding string
---@return codex_ls.Place original the rows that change
---@return codex_ls.Place proposal the same in the copy
---@return integer row of the copy, the first one that is another
local function copy_with(turn, edits, encoding)
  local source = turn.place.bufnr
  local bufnr = vim.api.nvim_create_buf(false, true)
  local name = vim.fs.basename(vim.api.nvim_buf_get_name(source))
  vim.api.nvim_buf_set_name(bufnr, ("codex://proposal/%d/%s"):format(turn.id, name))
  local whole = vim.api.nvim_buf_get_lines(source, 0, -1, true)
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, true, whole)
  vim.lsp.util.apply_text_edits(vim.deepcopy(edits), bufnr, encoding)
  vim.bo[bufnr].buflisted = false
  pcall(function()
    vim.bo[bufnr].filetype = vim.bo[source].filetype
  end)
  vim.bo[bufnr].bufhidden = "hide"
  local first, last = touched(edits, #whole)
  local grown = vim.api.nvim_buf_line_count(bufnr) - #whole
  local changed = vim.api.nvim_buf_get_lines(bufnr, 0, -1, true)
  local row = first_change(whole, changed) or edits[1].range.start.line
  return Place.new(source, first, last), Place.new(bufnr, first, last + grown), row
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
---@param edits lsp.TextEdit[] what is to change in its buffer
---@param encoding string of their positions
function M.open(turn, edits, encoding)
  for _, review in pairs(reviews) do
    if review.turn == turn then
      close(review)
    end
  end
  local original, proposal, row = copy_with(turn, edits, encoding)
  vim.cmd("tab split")
  vim.api.nvim_win_set_buf(0, turn.place.bufnr)
  local original_win = vim.api.nvim_get_current_win()
  vim.cmd("diffthis")
  set_title(original_win, BEFORE_TITLE)
  vim.cmd("rightbelow vertical split")
  vim.api.nvim_win_set_buf(0, proposal.bufnr)
  vim.cmd("diffthis")
  set_title(vim.api.nvim_get_current_win(), AFTER_TITLE)
  local bottom = vim.api.nvim_buf_line_count(proposal.bufnr)
  vim.api.nvim_win_set_cursor(0, { math.min(row + 1, bottom), 0 })
  local review = {
    turn = turn,
    original = original,
    proposal = proposal,
    tabpage = vim.api.nvim_win_get_tabpage(original_win),
  }
  reviews[proposal.bufnr] = review
  set_keys(review)
  -- `:q` leaves the review as `q` does: the answer stands under the code again.
  review.watch = vim.api.nvim_create_autocmd("WinClosed", {
    pattern = { tostring(original_win), tostring(vim.api.nvim_get_current_win()) },
    callback = vim.schedule_wrap(function()
      if reviews[proposal.bufnr] == review then
        M.leave(review)
      end
    end),
  })
  turn:set_hidden(true)
end

return M
