---An answer as rows of virtual text: the question, the wrapped text, how it goes.
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

---@class codex_ls.Frame
---@field private wrapped? codex_ls.Wrapped
---@field private fences codex_ls.Fences
---@field private restarts integer
local Frame = {}
Frame.__index = Frame

local BORDER = "CodexBorder"
local LEAST_ROWS = 3
local LEAST_LABEL = 10

---@return codex_ls.Frame
function Frame.new()
  return setmetatable({ fences = markdown.fences(), restarts = 0 }, Frame)
end

---@param text string
---@param width integer
---@return string
local function shorten(text, width)
  text = wrap.flatten((text:gsub("%s+", " ")))
  if vim.api.nvim_strwidth(text) <= width then
    return text
  end
  return wrap.line(text, math.max(1, width - 1))[1] .. "…"
end

---@param answer codex_ls.Answer
---@param width integer
---@private
function Frame:update(answer, width)
  if not self.wrapped or self.wrapped.width ~= width or self.restarts ~= answer.restarts then
    self.wrapped = wrap.new(width)
    self.fences = markdown.fences()
    self.restarts = answer.restarts
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

---The rows of the text.
---@param from integer
---@param to integer
---@return codex_ls.Row[]
---@private
function Frame:body(from, to)
  local rows = {}
  for index = from, to do
    local kind = self.fences:kind(self.wrapped:line_of(index))
    rows[#rows + 1] = {
      { "│ ", BORDER },
      { self.wrapped.rows[index], kind },
    }
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
    return { { "╭ ", BORDER }, { shorten(heading.label .. with, width), "CodexQuestion" } }
  end
  return {
    { "╭ ", BORDER },
    { shorten(heading.label, room), "CodexQuestion" },
    { with, "CodexHint" },
  }
end

---@param answer codex_ls.Answer
---@param heading codex_ls.Heading
---@param elapsed_ms integer
---@param size codex_ls.FrameSize
---@return codex_ls.Row[]
function Frame:rows(answer, heading, elapsed_ms, size)
  local inner = math.max(10, size.width - 2)
  local height = math.max(size.height, LEAST_ROWS)
  local rows = { heading_row(heading, inner) }
  local notes = remarks(answer, inner)
  local room = math.max(1, height - 2 - #notes)
  if not answer.content:is_empty() then
    self:update(answer, inner)
    local count = self:height()
    local from = 1
    if count > room then
      from = count - room + 2
      local above = ("↑ %d more rows, :Codex answer open"):format(from - 1)
      rows[#rows + 1] = { { "│ ", BORDER }, { above, "CodexHint" } }
    end
    vim.list_extend(rows, self:body(from, count))
  end
  vim.list_extend(rows, notes)
  local model = phrase.model(answer)
  local status = phrase.progress(answer, elapsed_ms) .. (model and " · " .. model or "")
  local group = answer:is_over() and "CodexStatus" or "CodexStatusLive"
  rows[#rows + 1] = { { "╰ ", BORDER }, { shorten(status, inner), group } }
  return rows
end

return Frame
