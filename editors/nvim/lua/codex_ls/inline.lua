---Shows the answers of a conversation as virtual lines under the lines that it is about: the latest one, and
---above it a row for each earlier one.
local Frame = require("codex_ls.frame")
local Redraw = require("codex_ls.redraw")
local config = require("codex_ls.config")
local overrides = require("codex_ls.overrides")
local phrase = require("codex_ls.phrase")
local viewport = require("codex_ls.viewport")

---@class codex_ls.Inline
---@field turns codex_ls.Turn[] the oldest first, never empty
---@field private frames table<codex_ls.Turn, codex_ls.Frame>
---@field private redraw codex_ls.Redraw
---@field private bufnr integer
---@field private mark? integer
---@field private following? integer the window that is scrolled along; nil once the user has moved in it
---@field private left? codex_ls.View what that window showed when it was left
---@field private height? integer rows that it had at most when it was drawn last
---@field private is_limited boolean it might have more rows in another view of the window
---@field private entered? integer the row that was brought into view
local Inline = {}
Inline.__index = Inline

local NAMESPACE = vim.api.nvim_create_namespace("codex_ls.answer")
local MAX_FOLDED = 3
local LEAST_ROWS = 4
local LEAST_ROOM = 6
local LEAST_WIDTH = 20

---@type table<codex_ls.Inline, true>
local shown = {}

---Shows the answer of a turn from now on, until the turn is dismissed.
---@param turn codex_ls.Turn
---@param previous? codex_ls.Turn the one that it follows up, which stays above it
function Inline.attach(turn, previous)
  local self = previous and previous.inline
  if not self then
    self = setmetatable({
      turns = {},
      frames = {},
      bufnr = turn.place.bufnr,
      is_limited = false,
    }, Inline)
    self.redraw = Redraw.new(config.get().answer.redraw_ms, function()
      self:draw()
    end)
    shown[self] = true
  end
  self:add(turn)
end

---@param turn codex_ls.Turn
---@private
function Inline:add(turn)
  turn.inline, self.height = self, nil
  self.turns[#self.turns + 1] = turn
  self.frames[turn] = Frame.new()
  turn:subscribe(function(_, change)
    if change == "gone" then
      self:remove(turn)
    elseif change == "over" then
      self.redraw:flush()
      -- Whoever goes on from here scrolls themselves.
      self.following = nil
    elseif turn.answer:is_over() then
      -- Nothing streams any more: the user hid the answer, or wants it back, and sees it at once.
      self.redraw:flush()
    else
      self.redraw:request()
    end
  end)
  self:enter(turn)
  self.redraw:flush()
end

---@return codex_ls.Turn
---@private
function Inline:latest()
  return self.turns[#self.turns]
end

---Draws answers again: a window has another size, or shows other lines.
---@param only_limited? boolean those that might have more rows now
function Inline.redraw_all(only_limited)
  for inline in pairs(shown) do
    if inline.is_limited or not only_limited then
      inline.redraw:request()
    end
  end
end

---The window to draw for: where the question was asked, or else any that shows the buffer.
---@return integer? win
---@private
function Inline:window()
  local win = self:latest().win
  if vim.api.nvim_win_is_valid(win) and vim.api.nvim_win_get_buf(win) == self.bufnr then
    return win
  end
  return vim.fn.win_findbuf(self.bufnr)[1]
end

---@param win? integer
---@return codex_ls.FrameSize
local function size_for(win)
  local options = config.get().answer
  local height, width = vim.o.lines, vim.o.columns
  if win then
    local view = viewport.view(win)
    height, width = view.height, view.width
  end
  local rows = options.max_height
  if rows <= 1 then
    rows = math.floor(height * rows)
  end
  return {
    width = math.min(width, options.max_width),
    height = math.max(1, math.min(rows, height - 1)),
  }
end

---Follows a new turn, and no other one in its window.
---@param turn codex_ls.Turn
---@private
function Inline:enter(turn)
  if not config.get().answer.follow then
    return
  end
  for other in pairs(shown) do
    if other.following == turn.win then
      other.following = nil
    end
  end
  local win = self:window()
  -- Whoever asks somewhere else, in the document of the conversation, looks at that.
  if win and win == vim.api.nvim_get_current_win() then
    self.following, self.left, self.entered = win, nil, nil
  end
end

---Whether the window is to be scrolled along: the user has not scrolled or moved the cursor in it since it was
---left. Another size moves its lines and cursor as well, and is no wish to look elsewhere.
---@param win? integer
---@return boolean
---@private
function Inline:is_following(win)
  if not win or win ~= self.following then
    return false
  end
  local view, left = viewport.view(win), self.left
  if not left or left.height ~= view.height or left.width ~= view.width then
    self.entered = nil
  elseif left.topline ~= view.topline or left.cursor ~= view.cursor then
    self.following = nil
    return false
  end
  return true
end

---@param size codex_ls.FrameSize
---@return codex_ls.Row[] rows no more than `size` allows
---@private
function Inline:rows(size)
  if size.height < 1 then
    return {}
  end
  local folded, open = {}, {}
  for index, turn in ipairs(self.turns) do
    if index == #self.turns or not turn.answer:is_over() then
      open[#open + 1] = turn
    else
      folded[#folded + 1] = Frame.folded(turn.answer, turn.question.label, size.width)
    end
  end
  local spare = math.max(0, size.height - #open * LEAST_ROWS)
  local rows = vim.list_slice(folded, math.max(1, #folded - math.min(MAX_FOLDED, spare) + 1))
  for index, turn in ipairs(open) do
    -- Those behind it wait, and say so in two rows each.
    local rest = size.height - #rows - 2 * (#open - index)
    local heading = {
      label = turn.question.label,
      with = phrase.who(turn.answer, overrides.words(turn.question.asked_with)),
      keys = phrase.keys(turn.answer:is_over()),
      thought = phrase.thought(turn.answer, turn:thinking_ms()),
      changes = phrase.changes(turn.answer),
    }
    local frame = self.frames[turn]
    vim.list_extend(
      rows,
      frame:rows(
        turn.answer,
        heading,
        turn:elapsed_ms(),
        { width = size.width, height = math.max(1, rest) }
      )
    )
  end
  return rows
end

---@param row integer from 0
---@param rows codex_ls.Row[]
---@private
function Inline:put(row, rows)
  self.mark = vim.api.nvim_buf_set_extmark(self.bufnr, NAMESPACE, row, 0, {
    id = self.mark,
    virt_lines = rows,
    undo_restore = false,
  })
end

---Opens the conversation as a document: the window leaves the answer next to no room.
---@param turn codex_ls.Turn
local function give_way(turn)
  if not turn.document and not turn.answer.content:is_empty() then
    require("codex_ls.document").of(turn):show_beside()
  end
end

---How many rows the answer gets where the window is not scrolled for it: no more than fit, so that the newest
---words are in view and the user's lines stay where they are. Once it is over it only ever grows.
---@param win? integer
---@param row integer from 0
---@param most integer
---@return integer
---@private
function Inline:fitting(win, row, most)
  local height = math.min(most, win and viewport.room(win, row) or most)
  local is_over = self:latest().answer:is_over()
  if is_over and self.height then
    height = math.min(most, math.max(height, self.height))
  end
  self.height = height
  self.is_limited = height < most
  return height
end

---@private
function Inline:draw()
  local turn = self:latest()
  if not turn.place:exists() then
    return
  elseif turn.is_hidden then
    return self:erase()
  end
  local win = self:window()
  local size = size_for(win)
  local _, last = turn.place:rows()
  if win and self:is_following(win) then
    local rows = self:rows(size)
    if self.entered ~= last then
      -- It is a new one, or the server has told which lines it is about.
      self.entered = last
      viewport.enter(win, last, math.min(size.height, math.ceil(viewport.view(win).height / 2)))
    end
    local limit = size.height
    local room = viewport.make_room(win, last, #rows)
    if room < #rows then
      limit = room
      rows = self:rows({ width = size.width, height = limit })
    end
    self:put(last, rows)
    self.is_limited = limit < size.height
    if #rows == limit and limit < LEAST_ROOM or size.width < LEAST_WIDTH then
      give_way(turn)
    end
    self.left, self.height = viewport.view(win), limit
  else
    size.height = self:fitting(win, last, size.height)
    self:put(last, self:rows(size))
  end
  viewport.draw(self.bufnr)
end

---@private
function Inline:erase()
  if self.mark and vim.api.nvim_buf_is_loaded(self.bufnr) then
    vim.api.nvim_buf_del_extmark(self.bufnr, NAMESPACE, self.mark)
    viewport.draw(self.bufnr)
  end
  self.mark = nil
end

---Takes a turn away, and what is shown with the last one.
---@param turn codex_ls.Turn
---@private
function Inline:remove(turn)
  self.frames[turn], turn.inline = nil, nil
  self.turns = vim.tbl_filter(function(known)
    return known ~= turn
  end, self.turns)
  if #self.turns > 0 then
    return self.redraw:flush()
  end
  self.redraw:close()
  shown[self] = nil
  self:erase()
end

return Inline
