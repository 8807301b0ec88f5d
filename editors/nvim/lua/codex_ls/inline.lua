---Shows an answer as virtual lines under the lines that it is about.
local Frame = require("codex_ls.frame")
local Redraw = require("codex_ls.redraw")
local config = require("codex_ls.config")
local overrides = require("codex_ls.overrides")
local viewport = require("codex_ls.viewport")

---@class codex_ls.Inline
---@field private turn codex_ls.Turn
---@field private frame codex_ls.Frame
---@field private redraw codex_ls.Redraw
---@field private mark? integer
---@field private follows boolean
---@field private unsubscribe fun()
local Inline = {}
Inline.__index = Inline

local NAMESPACE = vim.api.nvim_create_namespace("codex_ls.answer")

---The first line of a window as we left it: another one means that the user has scrolled.
---@type table<integer, integer>
local left_at = {}

---@type table<codex_ls.Inline, true>
local shown = {}

---Shows the answer of a turn from now on, until the turn is dismissed.
---@param turn codex_ls.Turn
---@return codex_ls.Inline
function Inline.attach(turn)
  local self = setmetatable({
    turn = turn,
    frame = Frame.new(),
    follows = config.get().answer.follow,
  }, Inline)
  self.redraw = Redraw.new(config.get().answer.redraw_ms, function()
    self:draw()
  end)
  left_at[turn.win] = nil
  shown[self] = true
  self.unsubscribe = turn:subscribe(function(_, change)
    if change == "gone" then
      self:close()
    elseif change == "over" then
      self.redraw:flush()
      self.follows = false
    elseif turn.answer:is_over() then
      -- Nothing streams any more: the user hid the answer, or wants it back, and sees it at once.
      self.redraw:flush()
    else
      self.redraw:request()
    end
  end)
  self.redraw:request()
  return self
end

---Draws all answers again: a window has another size.
function Inline.redraw_all()
  for inline in pairs(shown) do
    inline.redraw:request()
  end
end

---The window to draw for: where the question was asked, or else any that shows the buffer.
---@return integer? win
---@private
function Inline:window()
  local bufnr = self.turn.place.bufnr
  local win = self.turn.win
  if vim.api.nvim_win_is_valid(win) and vim.api.nvim_win_get_buf(win) == bufnr then
    return win
  end
  return vim.fn.win_findbuf(bufnr)[1]
end

---@param win? integer
---@return codex_ls.FrameSize
local function size_for(win)
  local options = config.get().answer
  local height, width = vim.o.lines, vim.o.columns
  if win then
    local info = vim.fn.getwininfo(win)[1]
    height, width = info.height, info.width - info.textoff
  end
  local rows = options.max_height
  if rows <= 1 then
    rows = math.floor(height * rows)
  end
  return { width = math.min(width, options.max_width), height = math.min(rows, height - 1) }
end

---@private
function Inline:draw()
  local place = self.turn.place
  if not place:exists() then
    return
  end
  if self.turn.is_hidden then
    return self:erase()
  end
  local win = self:window()
  local turn = self.turn
  local _, last = place:rows()
  local question = turn.question
  local heading = { label = question.label, with = overrides.words(question.asked_with) }
  local rows = self.frame:rows(turn.answer, heading, turn:elapsed_ms(), size_for(win))
  self.mark = vim.api.nvim_buf_set_extmark(place.bufnr, NAMESPACE, last, 0, {
    id = self.mark,
    virt_lines = rows,
    undo_restore = false,
  })
  if win and self.follows then
    self:follow(win, last)
  end
end

---@param win integer
---@param row integer
---@private
function Inline:follow(win, row)
  local topline = vim.fn.getwininfo(win)[1].topline
  if left_at[win] and left_at[win] ~= topline then
    self.follows = false
    return
  end
  left_at[win] = viewport.reveal(win, row)
end

---@private
function Inline:erase()
  if self.mark and self.turn.place:exists() then
    vim.api.nvim_buf_del_extmark(self.turn.place.bufnr, NAMESPACE, self.mark)
  end
  self.mark = nil
end

---@private
function Inline:close()
  self.unsubscribe()
  self.redraw:close()
  shown[self] = nil
  self:erase()
end

return Inline
