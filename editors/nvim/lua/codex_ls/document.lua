---A conversation as a Markdown document in a split: it streams, and a question asked in it goes on with
---the conversation.
local Redraw = require("codex_ls.redraw")
local config = require("codex_ls.config")
local errors = require("codex_ls.errors")
local log = require("codex_ls.log")
local markdown = require("codex_ls.markdown")
local overrides = require("codex_ls.overrides")
local phrase = require("codex_ls.phrase")

---@class codex_ls.Document
---@field bufnr integer
---@field private redraw codex_ls.Redraw
---@field private turn? codex_ls.Turn the one that is written now
---@field private start integer the row at which its answer begins
---@field private written integer lines of its answer that are written
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
  local self = setmetatable({ bufnr = bufnr }, Document)
  documents[bufnr] = self
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

---Writes a question, which the answer will follow.
---@param prompt string
---@private
function Document:write_question(prompt)
  local row = self:bottom()
  local lines = row > 0 and { "", "---", "" } or {}
  vim.list_extend(lines, harmless("## " .. prompt))
  lines[#lines + 1] = ""
  self:put(row, lines)
  self.start = vim.api.nvim_buf_line_count(self.bufnr)
end

---Adds a turn of the past.
---@param turn codex_ls.ThreadTurn
function Document:add_past(turn)
  self:write_question(turn.prompt)
  local lines = harmless(turn.content)
  if turn.error then
    vim.list_extend(lines, quoted(turn.error.message))
  end
  self:put(self.start, lines)
end

---Adds a turn, and follows it to its end.
---@param turn codex_ls.Turn
function Document:add(turn)
  self.redraw:flush()
  turn.document = self
  self.turn = turn
  self.written, self.restarts = 0, turn.answer.restarts
  self.neutraliser = markdown.neutraliser()
  vim.b[self.bufnr].codex_turn = turn.id
  self:write_question(turn.question.prompt)
  turn:subscribe(function(_, change)
    if not self:exists() or self.turn ~= turn then
      return
    end
    if change == "over" then
      self.redraw:flush()
    elseif change ~= "gone" then
      self.redraw:request()
    end
  end)
  self.redraw:request()
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

---Writes what has come since the last time. A line is made harmless once it can grow no more; the one
---that still grows is written again each time, and is never left as it came.
---@private
function Document:draw()
  local turn = self.turn
  if not turn or not self:exists() then
    return
  end
  local content = turn.answer.content
  if self.restarts ~= turn.answer.restarts then
    self.restarts, self.written = turn.answer.restarts, 0
    self.neutraliser = markdown.neutraliser()
  end
  local lines = {}
  local row = self.start + self.written
  for index = self.written + 1, content:count() - 1 do
    lines[#lines + 1] = self.neutraliser:line(content:line(index))
    self.written = index
  end
  local growing = content:line(content:count())
  lines[#lines + 1] = self.neutraliser:peek(growing)
  lines[#lines + 1] = self.neutraliser:closing(growing)
  vim.list_extend(lines, closing_words(turn))
  self:put(row, lines)
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
  for name, value in pairs({ wrap = true, linebreak = true }) do
    vim.api.nvim_set_option_value(name, value, { win = 0, scope = "local" })
  end
end

---The document of a turn, made if there is none yet.
---@param turn codex_ls.Turn
---@return codex_ls.Document
function Document.of(turn)
  if not turn.document or not turn.document:exists() then
    Document.new():add(turn)
  end
  return turn.document
end

return Document
