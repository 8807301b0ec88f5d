---An answer as rows of virtual text: the question, the wrapped text, how it goes.
---
---While it is written its end is shown, afterwards its beginning. There are never more rows than allowed.
local code_colours = require("codex_ls.code_colours")
local markdown = require("codex_ls.markdown")
local phrase = require("codex_ls.phrase")
local wrap = require("codex_ls.wrap")

---@alias codex_ls.Chunk [string, string] text and highlight group
---@alias codex_ls.Row codex_ls.Chunk[]

---@class codex_ls.FrameSize
---@field width integer cells, the border included
---@field height integer rows at most, question and status included

---@class codex_ls.Heading
---@field label string the question
---@field with string model and effort that it is asked with; empty where the configuration decides
---@field keys? string what can be pressed
---@field changes? string what a task has changed
---@field thought? string what remains of the thinking once the answer is there

---@class codex_ls.ColouredBlock a code block that is closed
---@field wrapped codex_ls.Wrapped whose rows they are
---@field last integer its last line
---@field rows table<integer, codex_ls.Chunk[]> by the number of the row; empty where it has no colours

---@class codex_ls.Frame
---@field private wrapped? codex_ls.Wrapped
---@field private fences codex_ls.Fences
---@field private restarts integer
---@field private colours table<integer, codex_ls.ColouredBlock> by the first line of each block
local Frame = {}
Frame.__index = Frame

local BORDER = "CodexBorder"
local LEAST_LABEL = 10
---Rows of text besides which there is one for the thinking.
local LEAST_TEXT = 2

---@return codex_ls.Frame
function Frame.new()
  return setmetatable({ fences = markdown.fences(), restarts = 0, colours = {} }, Frame)
end

---@param answer codex_ls.Answer
---@param width integer
---@private
function Frame:update(answer, width)
  if not self.wrapped or self.wrapped.width ~= width or self.restarts ~= answer.restarts then
    self.wrapped = wrap.new(width)
    self.fences = markdown.fences()
    self.restarts = answer.restarts
    self.colours = {}
  end
  self.wrapped:update(answer.content)
  self.fences:update(answer.content)
end

---How many rows the text has; blank ones at its end, which come before the next line, do not count.
---@return integer
---@private
function Frame:height()
  local count = #self.wrapped.rows
  while count > 0 and not self.wrapped.rows[count]:find("%S") do
    count = count - 1
  end
  return count
end

---@param index integer
---@return codex_ls.Row
---@private
function Frame:row(index)
  local line = self.wrapped:line_of(index)
  local kind = self.fences:kind(line)
  local row = { { "│ ", BORDER } }
  local coloured = kind == "CodexCode" and self:coloured(line)[index]
  return vim.list_extend(row, coloured or { { self.wrapped.rows[index], kind } })
end

---The rows of the code block that a line stands in, coloured by its language, by the number of the row; none
---while the block grows. A block is parsed once.
---@param line integer
---@return table<integer, codex_ls.Chunk[]>
---@private
function Frame:coloured(line)
  local block = self.fences:block(line)
  if not block then
    return {}
  end
  local known = self.colours[block.first]
  if not known or known.wrapped ~= self.wrapped or known.last ~= block.last then
    local first, last = self.wrapped:rows_of(block.first, block.last)
    local chunks = code_colours.chunks(vim.list_slice(self.wrapped.rows, first, last), block.info)
    known = { wrapped = self.wrapped, last = block.last, rows = {} }
    for offset, row in ipairs(chunks or {}) do
      known.rows[first + offset - 1] = row
    end
    self.colours[block.first] = known
  end
  return known.rows
end

---The rows of the text, or of one end of it with how much more there is.
---@param room integer
---@param is_over boolean
---@return codex_ls.Row[]
---@private
function Frame:body(room, is_over)
  local count = self:height()
  local from, to = 1, count
  if count > room and is_over then
    to = math.max(1, room - 1)
  elseif count > room then
    from = math.min(count, count - room + 2)
  end
  local rows = {}
  for index = from, to do
    rows[#rows + 1] = self:row(index)
  end
  local hidden = count - #rows
  if hidden > 0 and room > 1 then
    local more = ("%s %d more rows, :Codex answer open"):format(is_over and "↓" or "↑", hidden)
    table.insert(rows, is_over and #rows + 1 or 1, {
      { "│ ", BORDER },
      { wrap.shorten(more, self.wrapped.width), "CodexHint" },
    })
  end
  return rows
end

---What has to be said besides the text: errors, notices.
---@param answer codex_ls.Answer
---@param width integer
---@return codex_ls.Row[]
local function remarks(answer, width)
  local rows = {}
  ---@param text string?
  ---@param group string
  local function add(text, group)
    if not text or text == "" then
      return
    end
    for _, line in ipairs(vim.split(text, "\n", { plain = true, trimempty = true })) do
      for _, piece in ipairs(wrap.line(line, width)) do
        rows[#rows + 1] = { { "│ ", BORDER }, { piece, group } }
      end
    end
  end
  for _, notice in ipairs(answer.notices) do
    add(notice.message, "CodexNotice")
    add(notice.hint, "CodexHint")
  end
  if answer.error then
    add(answer.error.message, "CodexError")
    add(answer.error.hint, "CodexHint")
  end
  return rows
end

---The question, and behind it, whole if there is any room for it, what it is asked with.
---@param heading codex_ls.Heading
---@param width integer
---@return codex_ls.Row
local function heading_row(heading, width)
  local with = heading.with ~= "" and " · " .. heading.with or ""
  local room = width - vim.api.nvim_strwidth(with)
  if with == "" or room < LEAST_LABEL then
    return { { "╭ ", BORDER }, { wrap.shorten(heading.label .. with, width), "CodexQuestion" } }
  end
  return {
    { "╭ ", BORDER },
    { wrap.shorten(heading.label, room), "CodexQuestion" },
    { with, "CodexHint" },
  }
end

---How it goes, and behind it, where there is room for them, the keys that do something with it.
---@param status string
---@param group string
---@param keys? string
---@param width integer
---@return codex_ls.Row
local function closing_row(status, group, keys, width)
  local row = { { "╰ ", BORDER }, { status, group } }
  keys = keys and "   " .. keys or ""
  if keys ~= "" and vim.api.nvim_strwidth(status .. keys) <= width then
    row[#row + 1] = { keys, "CodexHint" }
  end
  return row
end

---@param answer codex_ls.Answer
---@param heading codex_ls.Heading
---@param elapsed_ms integer
---@param size codex_ls.FrameSize
---@return codex_ls.Row[] rows no more than `size` allows
function Frame:rows(answer, heading, elapsed_ms, size)
  local inner = math.max(1, size.width - 2)
  local rows = { heading_row(heading, inner) }
  local notes = remarks(answer, inner)
  if heading.changes then
    notes[#notes + 1] =
      { { "│ ", BORDER }, { wrap.shorten(heading.changes, inner), "CodexHint" } }
  end
  -- Of much to say the end is kept: an error stands behind the notices.
  notes = vim.list_slice(notes, math.max(1, #notes - size.height + 3))
  if heading.thought and size.height - 2 - #notes > LEAST_TEXT then
    local thought = wrap.shorten(heading.thought, inner)
    rows[#rows + 1] = { { "│ ", BORDER }, { thought, "CodexThinking" } }
  end
  local room = size.height - 1 - #rows - #notes
  if not answer.content:is_empty() and room > 0 then
    self:update(answer, inner)
    vim.list_extend(rows, self:body(room, answer:is_over()))
  end
  vim.list_extend(rows, notes)
  local model = phrase.model(answer)
  local status = phrase.progress(answer, elapsed_ms) .. (model and " · " .. model or "")
  local group = answer:is_over() and "CodexStatus" or "CodexStatusLive"
  rows[#rows + 1] = closing_row(wrap.shorten(status, inner), group, heading.keys, inner)
  return vim.list_slice(rows, 1, math.max(1, size.height))
end

---The one row that stays of an earlier answer of a conversation.
---@param answer codex_ls.Answer
---@param label string the question
---@param width integer cells
---@return codex_ls.Row
function Frame.folded(answer, label, width)
  local lines = #answer.content:trimmed()
  local more = (" · %d %s"):format(lines, lines == 1 and "line" or "lines")
  local room = math.max(1, width - 2 - vim.api.nvim_strwidth(more))
  return {
    { "▸ ", BORDER },
    { wrap.shorten(label, room), "CodexQuestion" },
    { more, "CodexHint" },
  }
end

return Frame
