---The files that a task changed, one after the other as a diff, each to be kept or undone. The server says
---which they are and what they were (`codex/changes`), and undoes (`codex/undo`).
local client_of = require("codex_ls.client")
local errors = require("codex_ls.errors")
local protocol = require("codex_ls.protocol")

local M = {}

---@class codex_ls.ChangesReview
---@field turn codex_ls.Turn
---@field files codex_ls.ChangedFile[]
---@field index integer the file that is shown
---@field undone integer
---@field tabpage integer
---@field before_win integer
---@field after_win integer
---@field scratch integer[] buffers of ours
---@field watch integer the autocommand that sees a window close

-- No wider than half of 80 columns.
local KEYS = "%#CodexHint#<CR> keep  x undo  dp hunk  q leave"
local KINDS = { add = "new", update = "edited", delete = "deleted" }

---@param uri string
---@return string
local function name_of(uri)
  return vim.fn.fnamemodify(vim.uri_to_fname(uri), ":.")
end

---@param count integer
---@return string
function M.files(count)
  return ("%d %s"):format(count, count == 1 and "file" or "files")
end

---@param review codex_ls.ChangesReview
---@param lines string[]
---@return integer bufnr
local function scratch(review, lines)
  local bufnr = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_lines(bufnr, 0, -1, true, lines)
  vim.bo[bufnr].modifiable = false
  review.scratch[#review.scratch + 1] = bufnr
  return bufnr
end

---@param review codex_ls.ChangesReview
local function close(review)
  pcall(vim.api.nvim_del_autocmd, review.watch)
  local tabpage = review.tabpage
  if vim.api.nvim_tabpage_is_valid(tabpage) and #vim.api.nvim_list_tabpages() > 1 then
    vim.cmd(vim.api.nvim_tabpage_get_number(tabpage) .. "tabclose")
  end
  for _, bufnr in ipairs(review.scratch) do
    pcall(vim.api.nvim_buf_delete, bufnr, { force = true })
  end
  review.turn:set_hidden(false)
end

---The buffer of a file as it is now; an empty one where it is deleted.
---@param review codex_ls.ChangesReview
---@param file codex_ls.ChangedFile
---@return integer
local function after(review, file)
  if file.kind == "delete" then
    return scratch(review, {})
  end
  local bufnr = vim.uri_to_bufnr(file.uri)
  vim.fn.bufload(bufnr)
  vim.bo[bufnr].buflisted = true
  return bufnr
end

---The row of the first difference, in the text before.
---@param before string[]
---@param bufnr integer
---@return integer line
local function first_difference(before, bufnr)
  local now = vim.api.nvim_buf_get_lines(bufnr, 0, -1, true)
  local hunks = vim.diff(
    table.concat(before, "\n") .. "\n",
    table.concat(now, "\n") .. "\n",
    { result_type = "indices" }
  )
  local hunk = type(hunks) == "table" and hunks[1] or { 1 }
  return math.max(1, math.min(hunk[1], #before))
end

---@param win integer
---@param title string
local function set_title(win, title)
  vim.api.nvim_set_option_value("winbar", title, { win = win, scope = "local" })
end

---@param review codex_ls.ChangesReview
local show

---Goes to the next file, or ends the review.
---@param review codex_ls.ChangesReview
local function advance(review)
  review.index = review.index + 1
  if review.index <= #review.files then
    return show(review)
  end
  close(review)
  local kept = #review.files - review.undone
  vim.notify(("codex: kept %s, undid %d"):format(M.files(kept), review.undone))
end

---@param review codex_ls.ChangesReview
local function keep(review)
  local bufnr = vim.api.nvim_win_get_buf(review.after_win)
  -- Hunks that were undone are part of what is kept.
  if vim.bo[bufnr].buftype == "" and vim.bo[bufnr].modified then
    vim.api.nvim_buf_call(bufnr, function()
      vim.cmd("silent update")
    end)
  end
  advance(review)
end

---Shows in their buffers that files are as they were. A new one is gone, and with it its buffer.
---@param uris string[]
local function reload(uris)
  for _, uri in ipairs(uris) do
    local bufnr = vim.uri_to_bufnr(uri)
    local is_gone = not vim.uv.fs_stat(vim.uri_to_fname(uri))
    if is_gone and not vim.bo[bufnr].modified then
      for _, win in ipairs(vim.fn.win_findbuf(bufnr)) do
        vim.api.nvim_win_set_buf(win, vim.api.nvim_create_buf(false, true))
      end
      vim.api.nvim_buf_delete(bufnr, {})
    end
  end
  vim.cmd("silent! checktime")
end

---Has the server undo files, and tells what it left alone.
---@param turn_id string
---@param uris string[] all of the turn's where there are none
---@param callback fun(result: codex_ls.UndoResult)
function M.undo(turn_id, uris, callback)
  local params = { turnId = turn_id, uris = uris }
  client_of.ask(protocol.METHOD.UNDO, params, function(result)
    reload(result.restored)
    for _, uri in ipairs(result.changedSince) do
      local message = ("%s was changed since, and is left alone."):format(name_of(uri))
      errors.notify(errors.new(errors.CODE.NO_PLACE, message))
    end
    callback(result)
  end)
end

---@param review codex_ls.ChangesReview
local function undo(review)
  M.undo(review.turn.answer.turn_id, { review.files[review.index].uri }, function(result)
    review.undone = review.undone + #result.restored
    if vim.api.nvim_win_is_valid(review.before_win) then
      advance(review)
    end
  end)
end

---@param review codex_ls.ChangesReview
function show(review)
  local file = review.files[review.index]
  local now = after(review, file)
  local is_text = file.before or file.kind == "add"
  local text = (file.before or ""):gsub("\r\n", "\n"):gsub("\n$", "")
  local lines = vim.split(is_text and text or file.diff, "\n", { plain = true })
  local before = scratch(review, lines)
  vim.api.nvim_buf_set_name(before, ("codex://before/%d/%s"):format(before, name_of(file.uri)))
  for lhs, action in pairs({ ["<CR>"] = keep, x = undo, q = close }) do
    vim.keymap.set("n", lhs, function()
      action(review)
    end, { buffer = before, nowait = true })
  end
  for win, bufnr in pairs({ [review.before_win] = before, [review.after_win] = now }) do
    vim.api.nvim_win_call(win, function()
      vim.cmd("diffoff")
    end)
    vim.api.nvim_win_set_buf(win, bufnr)
    if is_text then
      vim.api.nvim_win_call(win, function()
        vim.cmd("diffthis")
      end)
    end
  end
  vim.bo[before].filetype = vim.bo[now].filetype
  local since = file.changedSince and ", changed since" or ""
  local title = ("%%#CodexTitle#%s%%<  %%#CodexHint#%s%s, %d of %d"):format(
    name_of(file.uri):gsub("%%", "%%%%"),
    KINDS[file.kind],
    since,
    review.index,
    #review.files
  )
  set_title(review.before_win, KEYS)
  set_title(review.after_win, title)
  vim.api.nvim_set_current_win(review.before_win)
  local line = is_text and first_difference(lines, now) or 1
  vim.api.nvim_win_set_cursor(review.before_win, { line, 0 })
end

---Shows what is left of the changes of a task, file by file.
---@param turn codex_ls.Turn
function M.review(turn)
  client_of.ask(protocol.METHOD.CHANGES, { turnId = turn.answer.turn_id }, function(result)
    if #result.files == 0 then
      local message = "The files are as they were before the task."
      return errors.notify(errors.new(errors.CODE.NOTHING_TO_DO, message))
    end
    vim.cmd("silent! checktime")
    -- Its rows would stand between those of one side.
    turn:set_hidden(true)
    vim.cmd("tab split")
    local after_win = vim.api.nvim_get_current_win()
    vim.cmd("leftabove vertical split")
    local review = {
      turn = turn,
      files = result.files,
      index = 1,
      undone = 0,
      tabpage = vim.api.nvim_get_current_tabpage(),
      before_win = vim.api.nvim_get_current_win(),
      after_win = after_win,
      scratch = {},
    }
    review.watch = vim.api.nvim_create_autocmd("WinClosed", {
      pattern = { tostring(review.before_win), tostring(after_win) },
      once = true,
      desc = "Whoever closes a window of the review leaves it",
      callback = vim.schedule_wrap(function()
        close(review)
      end),
    })
    show(review)
  end)
end

return M
