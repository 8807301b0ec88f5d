---Shows the thinking of a turn in a split beside the code: dimmed, folding, never in the user's buffer.
local Redraw = require("codex_ls.redraw")
local config = require("codex_ls.config")
local overrides = require("codex_ls.overrides")
local phrase = require("codex_ls.phrase")
local protocol = require("codex_ls.protocol")
local wrap = require("codex_ls.wrap")

---@class codex_ls.Thinking
---@field private turn codex_ls.Turn
---@field private bufnr? integer
---@field private redraw codex_ls.Redraw
---@field private written integer lines that the buffer has
---@field private size integer bytes that the buffer has
---@field private restarts integer
---@field private is_settled boolean the end of the thinking was dealt with: folded, closed, or left open
---@field private was_shown boolean
---@field private is_kept boolean the user opened it
---@field private unsubscribe fun()
local Thinking = {}
Thinking.__index = Thinking

local FILETYPE = "codexthinking"
local OPEN, FOLDED = 99, 0
local LEAST_CODE_WIDTH = 40
local MOST_OF_HEIGHT = 0.4

---@type table<integer, codex_ls.Thinking> by the id of the turn
local shown = {}

---What the user said with `:Codex thinking`, for this session.
---@type "full"|"summary"|"hidden"|nil
local session_show

---Shows the thinking of a turn as it comes.
---@param turn codex_ls.Turn
function Thinking.attach(turn)
  local self = setmetatable({
    turn = turn,
    written = 0,
    size = -1,
    restarts = 0,
    is_settled = false,
    was_shown = false,
    is_kept = false,
  }, Thinking)
  self.redraw = Redraw.new(config.get().answer.redraw_ms, function()
    self:draw()
  end)
  shown[turn.id] = self
  self.unsubscribe = turn:subscribe(function(_, change)
    if change == "gone" then
      self:close()
    elseif change == "over" then
      self.redraw:flush()
      self:give_way()
    else
      self.redraw:request()
    end
  end)
end

---The window of this tab page that shows thinking.
---@return integer? win
local function find_window()
  for _, win in ipairs(vim.api.nvim_tabpage_list_wins(0)) do
    if vim.bo[vim.api.nvim_win_get_buf(win)].filetype == FILETYPE then
      return win
    end
  end
end

---@param amount number up to 1 it is a part of `whole`
---@param whole integer
---@return integer
local function part(amount, whole)
  return math.max(1, amount <= 1 and math.floor(whole * amount) or math.floor(amount))
end

---Where the window opens: below where there is too little beside it to read code in.
---@return "right"|"left"|"below"|"above" position
---@return integer size cells or rows
local function layout()
  local options = config.get().thinking
  local position = options.position
  if position == "right" or position == "left" then
    local width = part(options.size, vim.o.columns)
    if vim.o.columns - width >= LEAST_CODE_WIDTH then
      return position, width
    end
    position = "below"
  end
  return position, part(math.min(options.size, MOST_OF_HEIGHT), vim.o.lines)
end

---Makes a window that shows thinking look like it. Neovim keeps these options for each buffer of a window, so
---they are set again with each buffer.
---@param win integer
local function dress(win)
  local locals = {
    winhighlight = "Normal:CodexThinking,Folded:CodexThinking",
    wrap = true,
    linebreak = true,
    breakindent = true,
    -- Without it the end of a paragraph that is higher than the window could not be shown.
    smoothscroll = true,
    scrolloff = 0,
    number = false,
    relativenumber = false,
    signcolumn = "no",
    foldcolumn = "0",
    list = false,
    spell = false,
    cursorline = false,
    fillchars = "eob: ,fold: ",
    -- All lines are one fold, which 'foldlevel' opens and closes: no Normal mode command has to run
    -- while the user is typing.
    foldmethod = "expr",
    foldexpr = "1",
    foldlevel = OPEN,
    foldenable = true,
    foldminlines = 0,
    foldtext = "v:lua.require'codex_ls.thinking'.foldtext()",
  }
  for name, value in pairs(locals) do
    vim.api.nvim_set_option_value(name, value, { win = win, scope = "local" })
  end
end

---@param bufnr integer
---@return integer win
local function open_window(bufnr)
  local position, size = layout()
  local is_vertical = position == "right" or position == "left"
  local win = vim.api.nvim_open_win(bufnr, false, {
    win = -1,
    split = position,
    width = is_vertical and size or nil,
    height = not is_vertical and size or nil,
  })
  vim.wo[win].winfixwidth = is_vertical
  vim.wo[win].winfixheight = not is_vertical
  return win
end

---Gives a window above or below the code its height, or, while its text is folded, no more than the fold takes.
---@param win integer
---@param is_folded boolean
local function fit_height(win, is_folded)
  if not vim.wo[win].winfixheight then
    return
  end
  local _, size = layout()
  -- The title takes a row as well.
  vim.api.nvim_win_set_height(win, is_folded and 2 or size)
end

---@param win integer
---@param level integer
local function set_fold(win, level)
  vim.api.nvim_set_option_value("foldlevel", level, { win = win, scope = "local" })
  fit_height(win, level == FOLDED)
end

---@param win integer
local function close_window(win)
  -- The last window of Neovim can't be closed, and needs not.
  pcall(vim.api.nvim_win_close, win, false)
end

---What a folded thinking looks like. The title says the rest.
---@return string
function Thinking.foldtext()
  local count = vim.v.foldend - vim.v.foldstart + 1
  return ("▸ %d %s, zo to read"):format(count, count == 1 and "line" or "lines")
end

---@return integer bufnr
---@private
function Thinking:buffer()
  if self.bufnr and vim.api.nvim_buf_is_valid(self.bufnr) then
    return self.bufnr
  end
  local bufnr = vim.api.nvim_create_buf(false, true)
  vim.api.nvim_buf_set_name(bufnr, "codex://thinking/" .. self.turn.id)
  vim.bo[bufnr].bufhidden = "hide"
  vim.bo[bufnr].modifiable = false
  vim.bo[bufnr].filetype = FILETYPE
  vim.b[bufnr].codex_turn = self.turn.id
  self.bufnr, self.written, self.size = bufnr, 0, -1
  return bufnr
end

---What opens by itself: what the user said last, or the project's settings, or the options.
---@return "full"|"summary"|"hidden"
---@private
function Thinking:show_mode()
  local client = self.turn.client_id and vim.lsp.get_client_by_id(self.turn.client_id)
  local settings = client and vim.tbl_get(client.settings or {}, "codex", "thinking", "show")
  return session_show or settings or config.get().thinking.show
end

---@return boolean
---@private
function Thinking:opens_by_itself()
  local show = self:show_mode()
  if self.was_shown or show == "hidden" or self.turn.answer.reasoning:is_empty() then
    return false
  end
  return show == "full" or self.turn.answer.summary
end

---Writes what has come since the last time.
---@private
function Thinking:write()
  local answer = self.turn.answer
  local bufnr = self:buffer()
  if self.restarts ~= answer.restarts then
    self.restarts, self.written, self.size = answer.restarts, 0, -1
  end
  if self.size == answer.reasoning.size then
    return
  end
  self.size = answer.reasoning.size
  local from = math.max(1, self.written)
  vim.bo[bufnr].modifiable = true
  local start = self.written == 0 and 0 or from - 1
  vim.api.nvim_buf_set_lines(bufnr, start, -1, false, answer.reasoning:lines(from))
  vim.bo[bufnr].modifiable = false
  self.written = answer.reasoning:count()
end

---@private
function Thinking:draw()
  if self.turn.answer.reasoning:is_empty() and not self.bufnr then
    return
  end
  self:write()
  local win = find_window()
  -- Whoever is reading in that window goes on reading.
  local is_being_read = win == vim.api.nvim_get_current_win()
  if self:opens_by_itself() and not is_being_read and vim.fn.getcmdwintype() == "" then
    self:show(win)
  end
  local showing = vim.fn.win_findbuf(self.bufnr)[1]
  if showing then
    self:decorate(showing)
  end
end

---@param win? integer
---@return integer win
---@private
function Thinking:show(win)
  if win then
    vim.api.nvim_win_set_buf(win, self.bufnr)
  else
    win = open_window(self.bufnr)
  end
  dress(win)
  fit_height(win, false)
  self.was_shown = true
  return win
end

---@return boolean
---@private
function Thinking:is_live()
  local answer = self.turn.answer
  return not answer:is_over() and answer.phase ~= protocol.PHASE.ANSWERING
end

---What becomes of the thinking when the answer begins.
---@param win integer
local function settle(win)
  local choice = config.get().thinking.when_answering
  if choice == "close" then
    close_window(win)
  elseif choice == "fold" then
    set_fold(win, FOLDED)
    vim.api.nvim_win_set_cursor(win, { 1, 0 })
  end
end

---The title, the fold, the end of the text in view.
---@param win integer
---@private
function Thinking:decorate(win)
  local turn = self.turn
  local with = overrides.suffix(turn.question.asked_with, " · ")
  local title = phrase.thinking(turn.answer, turn:thinking_ms()) .. with
  title = wrap.shorten(title, vim.api.nvim_win_get_width(win)):gsub("%%", "%%%%")
  vim.api.nvim_set_option_value("winbar", "%#CodexTitle#" .. title, { win = win, scope = "local" })
  if self:is_live() and self.is_settled then
    set_fold(win, OPEN)
    self.is_settled = false
  elseif not self:is_live() and not self.is_settled then
    self.is_settled = true
    settle(win)
  elseif self:is_live() and win ~= vim.api.nvim_get_current_win() then
    local last = vim.api.nvim_buf_get_lines(self.bufnr, -2, -1, true)[1]
    vim.api.nvim_win_set_cursor(win, { vim.api.nvim_buf_line_count(self.bufnr), #last })
  end
end

---Closes the window that opened by itself once the answer is there: one row of the answer says what was
---thought. Whoever opened it or reads in it keeps it, and so does an answer that has no such row.
---@private
function Thinking:give_way()
  local win = self.bufnr and vim.fn.win_findbuf(self.bufnr)[1]
  local is_folding = config.get().thinking.when_answering == "fold"
  if not win or not is_folding or self.is_kept or not self.turn.inline then
    return
  elseif win ~= vim.api.nvim_get_current_win() and vim.fn.getcmdwintype() == "" then
    close_window(win)
  end
end

---@private
function Thinking:close()
  self.unsubscribe()
  self.redraw:close()
  shown[self.turn.id] = nil
  if self.bufnr and vim.api.nvim_buf_is_valid(self.bufnr) then
    vim.api.nvim_buf_delete(self.bufnr, { force = true })
  end
end

---Opens the thinking of a turn, unfolded, and leaves it so.
---@param turn codex_ls.Turn
function Thinking.open(turn)
  session_show = nil
  local self = shown[turn.id]
  if not self then
    return
  end
  self:write()
  self.is_kept = true
  local win = self:show(find_window())
  self.is_settled = not self:is_live()
  self:decorate(win)
end

---Closes the window, and keeps it closed for the rest of the session.
function Thinking.hide()
  session_show = "hidden"
  local win = find_window()
  if win then
    close_window(win)
  end
end

---@return boolean
function Thinking.is_open()
  return find_window() ~= nil
end

return Thinking
