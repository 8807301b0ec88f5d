---A conversation as a Markdown document in a split: it streams, and a question asked in it goes on with
---the conversation.
local Redraw = require("codex_ls.redraw")
local call_folds = require("codex_ls.call_folds")
local config = require("codex_ls.config")
local errors = require("codex_ls.errors")
local log = require("codex_ls.log")
local markdown = require("codex_ls.markdown")
local overrides = require("codex_ls.overrides")
local phrase = require("codex_ls.phrase")
local task = require("codex_ls.task")
local viewport = require("codex_ls.viewport")

---@class codex_ls.Document
---@field bufnr integer
---@field private redraw codex_ls.Redraw
---@field private turns codex_ls.Turn[] the one that is written now, and those that wait for it
---@field private question integer the row of the last question
---@field private follows boolean the window shows what is written, until the user moves in it
---@field private left? integer the line of the cursor as the window was left
---@field private start integer the row at which the answer that is written begins
---@field private written integer lines of its answer that are written
---@field private details integer lines about its tool calls among them, besides those
---@field private restarts integer
---@field private neutraliser codex_ls.Neutraliser
local Document = {}
Document.__index = Document

local count = 0

---@type table<integer, codex_ls.Document> by buffer
local documents = {}

---What a user's plugins do with Markdown may fail (a parser is missing, say); the document is there all
---the same. Later, because such an error would end the command that opens it.
---@param bufnr integer
local function set_filetype(bufnr)
  if not vim.api.nvim_buf_is_valid(bufnr) then
    return
  end
  local ok, reason = pcall(function()
    vim.api.nvim_buf_call(bufnr, function()
      vim.cmd("silent! setlocal filetype=markdown")
    end)
  end)
  if not ok then
    log.warn("something failed on FileType markdown: %s", reason)
  end
end

---@return codex_ls.Document
function Document.new()
  count = count + 1
  local bufnr = vim.api.nvim_create_buf(true, true)
  vim.api.nvim_buf_set_name(bufnr, ("codex://answer/%d.md"):format(count))
  vim.bo[bufnr].bufhidden = "hide"
  vim.schedule(function()
    set_filetype(bufnr)
  end)
  vim.bo[bufnr].modifiable = false
  local self = setmetatable({ bufnr = bufnr, turns = {}, question = 0, follows = true }, Document)
  documents[bufnr] = self
  call_folds.attach(bufnr)
  self.redraw = Redraw.new(config.get().answer.redraw_ms, function()
    self:draw()
  end)
  return self
end

---The document that a buffer shows.
---@param bufnr integer
---@return codex_ls.Document?
function Document.at(bufnr)
  return documents[bufnr]
end

---@return boolean
function Document:exists()
  return vim.api.nvim_buf_is_valid(self.bufnr)
end

---Replaces the rows from `row` on.
---@param row integer from 0
---@param lines string[]
---@private
function Document:put(row, lines)
  vim.bo[self.bufnr].modifiable = true
  vim.api.nvim_buf_set_lines(self.bufnr, row, -1, false, lines)
  vim.bo[self.bufnr].modifiable = false
  vim.bo[self.bufnr].modified = false
end

---@return integer row the row after the last one, 0 for an empty document
---@private
function Document:bottom()
  local rows = vim.api.nvim_buf_line_count(self.bufnr)
  local is_empty = rows == 1 and vim.api.nvim_buf_get_lines(self.bufnr, 0, 1, true)[1] == ""
  return is_empty and 0 or rows
end

---Lines that are safe to show, with every code block closed.
---@param text string
---@return string[]
local function harmless(text)
  local neutraliser = markdown.neutraliser()
  local lines = {}
  for _, line in ipairs(vim.split(text, "\n", { plain = true })) do
    lines[#lines + 1] = neutraliser:line(line)
  end
  lines[#lines + 1] = neutraliser:closing()
  return lines
end

---@param text string
---@return string[]
local function quoted(text)
  return harmless("> " .. text:gsub("\n", " "))
end

---A question, as it stands above its answer.
---@param prompt string
---@param is_first boolean
---@return string[]
local function question_lines(prompt, is_first)
  local lines = is_first and {} or { "", "---", "" }
  vim.list_extend(lines, harmless("## " .. prompt))
  lines[#lines + 1] = ""
  return lines
end

---@param question codex_ls.Question
---@return string
local function words_of(question)
  return question.prompt ~= "" and question.prompt or question.label
end

---Writes a question from a row on, which the answer will follow.
---@param row integer from 0
---@param prompt string
---@private
function Document:write_question(row, prompt)
  self.question = row == 0 and 0 or row + 3
  self:put(row, question_lines(prompt, row == 0))
  self.start = vim.api.nvim_buf_line_count(self.bufnr)
  self.written, self.details = 0, 0
end

---Adds a turn of the past.
---@param turn codex_ls.ThreadTurn
function Document:add_past(turn)
  self:write_question(self:bottom(), turn.prompt)
  local lines = harmless(turn.content)
  if turn.error then
    vim.list_extend(lines, quoted(turn.error.message))
  end
  self:put(self.start, lines)
end

---@param turn codex_ls.Turn
---@param row integer from 0
---@private
function Document:begin(turn, row)
  self.restarts = turn.answer.restarts
  self.neutraliser = markdown.neutraliser()
  vim.b[self.bufnr].codex_turn = turn.id
  self:write_question(row, words_of(turn.question))
end

---Adds a turn, and follows it to its end. It waits for those that are still written.
---@param turn codex_ls.Turn
function Document:add(turn)
  self.redraw:flush()
  turn.document = self
  if self.turns[1] and self.turns[1].answer:is_over() then
    self.turns = {}
  end
  self.turns[#self.turns + 1] = turn
  if #self.turns == 1 then
    self:begin(turn, self:bottom())
    self.follows, self.left = config.get().answer.follow, nil
  end
  turn:subscribe(function(_, change)
    if not self:exists() or not vim.tbl_contains(self.turns, turn) then
      return
    end
    if change == "over" then
      self.redraw:flush()
    elseif change ~= "gone" then
      self.redraw:request()
    end
  end)
  self.redraw:flush()
end

---How it ended, or how it goes.
---@param turn codex_ls.Turn
---@return string[]
local function closing_words(turn)
  local answer = turn.answer
  local lines = { "" }
  for _, notice in ipairs(answer.notices) do
    vim.list_extend(lines, quoted(notice.message))
  end
  if answer.error then
    vim.list_extend(lines, quoted(errors.format(answer.error)))
  end
  if #lines > 1 then
    lines[#lines + 1] = ""
  end
  local model = phrase.model(answer)
  local status = phrase.progress(answer, turn:elapsed_ms())
  local with = overrides.suffix(turn.question.asked_with, ", ")
  lines[#lines + 1] = "*" .. status .. (model and ", " .. model or "") .. with .. "*"
  return lines
end

---What has come of an answer since the last time. A line is made harmless once it can grow no more; the one
---that still grows is written again each time, and is never left as it came.
---@param turn codex_ls.Turn
---@return integer row from which on to write, from 0
---@return string[] lines
---@private
function Document:news(turn)
  local content = turn.answer.content
  if self.restarts ~= turn.answer.restarts then
    self.restarts, self.written, self.details = turn.answer.restarts, 0, 0
    self.neutraliser = markdown.neutraliser()
  end
  local lines = {}
  local row = self.start + self.written + self.details
  call_folds.clear(self.bufnr, row)
  for index = self.written + 1, content:count() - 1 do
    lines[#lines + 1] = self.neutraliser:line(content:line(index))
    self.written = index
    local details = turn.answer.calls[index] and task.details(turn.answer.calls[index]) or {}
    if #details > 0 then
      local first = row + #lines - 1
      vim.list_extend(lines, details)
      self.details = self.details + #details
      call_folds.add(self.bufnr, first, row + #lines - 1)
    end
  end
  local growing = content:line(content:count())
  lines[#lines + 1] = self.neutraliser:peek(growing)
  lines[#lines + 1] = self.neutraliser:closing(growing)
  vim.list_extend(lines, closing_words(turn))
  return row, lines
end

---@private
function Document:draw()
  local turn = self.turns[1]
  if not turn or not self:exists() then
    return
  end
  local row, lines = self:news(turn)
  local bottom = row + #lines
  for index = 2, #self.turns do
    vim.list_extend(lines, question_lines(words_of(self.turns[index].question), false))
    vim.list_extend(lines, closing_words(self.turns[index]))
  end
  self:put(row, lines)
  if turn.answer:is_over() and #self.turns > 1 then
    table.remove(self.turns, 1)
    self:begin(self.turns[1], bottom)
    return self:draw()
  end
  self:follow(turn.answer:is_over())
end

---Keeps the end of what is written in view, and shows the question and what follows when that is over.
---@param is_over boolean
---@private
function Document:follow(is_over)
  local win = vim.fn.bufwinid(self.bufnr)
  if win == -1 or not self.follows then
    return
  elseif self.left and vim.api.nvim_win_get_cursor(win)[1] ~= self.left then
    -- The cursor was left on the last line: whoever scrolls away from it takes it along.
    self.follows = false
    return
  end
  if is_over or not self.left then
    self:show_question(win)
  end
  if is_over then
    self.follows = false
  else
    vim.api.nvim_win_set_cursor(win, { vim.api.nvim_buf_line_count(self.bufnr), 0 })
  end
  self.left = vim.api.nvim_win_get_cursor(win)[1]
  viewport.draw(self.bufnr)
end

---Puts the last question at the top of a window, unless all of the document fits.
---@param win integer
---@private
function Document:show_question(win)
  local line = self.question + 1
  vim.api.nvim_win_call(win, function()
    vim.api.nvim_win_set_cursor(win, { line, 0 })
    local fits = vim.api.nvim_win_text_height(win, {}).all <= viewport.view(win).height
    vim.fn.winrestview({ topline = fits and 1 or line, topfill = 0, skipcol = 0 })
  end)
end

---@param win integer
---@private
function Document:dress(win)
  for name, value in pairs({ wrap = true, linebreak = true, smoothscroll = true }) do
    vim.api.nvim_set_option_value(name, value, { win = win, scope = "local" })
  end
  call_folds.dress(win)
  self:show_question(win)
  self.left = nil
  self.redraw:flush()
end

---Shows the document, in the window that has it or in a new split.
function Document:show()
  local win = vim.fn.bufwinid(self.bufnr)
  if win ~= -1 then
    vim.api.nvim_set_current_win(win)
    return
  end
  vim.cmd("split")
  vim.api.nvim_win_set_buf(0, self.bufnr)
  self:dress(vim.api.nvim_get_current_win())
end

---Shows the document over the width of the editor, below everything else; the user stays where they are.
function Document:show_beside()
  if vim.fn.bufwinid(self.bufnr) ~= -1 then
    return
  end
  local height = math.max(3, math.floor(vim.o.lines / 2))
  local ok, win = pcall(vim.api.nvim_open_win, self.bufnr, false, {
    win = -1,
    split = "below",
    height = height,
  })
  if not ok then
    log.info("no room for a document: %s", win)
    return
  end
  self:dress(win)
end

---The document of a turn's conversation, made if there is none yet.
---@param turn codex_ls.Turn
---@return codex_ls.Document
function Document.of(turn)
  if turn.document and turn.document:exists() then
    return turn.document
  end
  local document = Document.new()
  for _, member in ipairs(turn:conversation()) do
    document:add(member)
  end
  return document
end

return Document
