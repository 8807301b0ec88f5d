---What the plugin needs to know of Markdown: which lines are code, and how to show a model's text in a
---Markdown buffer without anything in it being loaded.
local M = {}

---@class codex_ls.FencedBlock
---@field language string empty when the fence names none
---@field lines string[]

---The fence that opens on this line. Only fences without indent count: those in lists end with their
---list, which is more Markdown than can be told line by line.
---@param line string
---@return string? marker the run of backticks or tildes
---@return string? info
local function opening(line)
  local marker, info = line:match("^(```+)%s*([^`]*)$")
  if not marker then
    marker, info = line:match("^(~~~+)%s*(.*)$")
  end
  return marker, info
end

---@param line string
---@param marker string the marker that opened the block
---@return boolean
local function closes(line, marker)
  local run = line:match("^ ? ? ?([`~]+)%s*$")
  if not run or #run < #marker then
    return false
  end
  return run == marker:sub(1, 1):rep(#run)
end

---Tells code from prose in a growing text, line by line.
---@class codex_ls.Fences
---@field private groups string[] highlight group of each line
---@field private before (string|false)[] the marker that was open before each line
---@field private infos string[] what the fence of each code line says of it
---@field private starts integer[] the first line of the block that each code line stands in
---@field private ends table<integer, integer> the last line of each block that is closed, by its first one
local Fences = {}
Fences.__index = Fences

---@return codex_ls.Fences
function M.fences()
  return setmetatable({ groups = {}, before = {}, infos = {}, starts = {}, ends = {} }, Fences)
end

---@param text codex_ls.Text the text of last time, which may have grown at its end
function Fences:update(text)
  local from = math.max(1, #self.groups)
  local open = self.before[from] or false
  for index = from, text:count() do
    local line = text:line(index)
    self.before[index] = open
    if open then
      local is_end = closes(line, open)
      local start = self.starts[index - 1] or index
      self.starts[index], self.infos[index] = not is_end and start or nil, self.infos[index - 1]
      self.ends[start] = is_end and start < index and index - 1 or nil
      self.groups[index] = is_end and "CodexFence" or "CodexCode"
      open = not is_end and open
    else
      local marker, info = opening(line)
      self.starts[index], self.infos[index] = nil, info
      local is_heading = line:match("^#+ ") ~= nil
      self.groups[index] = marker and "CodexFence" or is_heading and "CodexHeading" or "CodexAnswer"
      open = marker or false
    end
  end
end

---The code block that a line of code stands in; nil until it is closed.
---@param index integer
---@return { first: integer, last: integer, info: string }?
function Fences:block(index)
  local first = self.starts[index]
  local last = first and self.ends[first]
  return last and { first = first, last = last, info = self.infos[index] or "" } or nil
end

---@param index integer
---@return string group
function Fences:kind(index)
  return self.groups[index] or "CodexAnswer"
end

---The fenced code blocks of a text, in order. A block that was never closed reaches to the end.
---@param lines string[]
---@return codex_ls.FencedBlock[]
function M.code_blocks(lines)
  local blocks = {}
  local marker ---@type string?
  local block ---@type codex_ls.FencedBlock?
  for _, line in ipairs(lines) do
    if block and marker then
      if closes(line, marker) then
        block, marker = nil, nil
      else
        block.lines[#block.lines + 1] = line
      end
    else
      local info
      marker, info = opening(line)
      if marker then
        block = { language = (info or ""):match("^%S*"), lines = {} }
        blocks[#blocks + 1] = block
      end
    end
  end
  return blocks
end

---One line of prose in which no image and no HTML is left: plugins that draw Markdown would load it.
---@param line string
---@return string
local function harmless_line(line)
  line = line:gsub("!%[", "!\\[")
  line = line:gsub("(\\*)<([%a/!?])", function(slashes, after)
    return slashes .. (#slashes % 2 == 0 and "\\<" or "<") .. after
  end)
  return line
end

---Makes lines harmless one after the other; code blocks stay as they are.
---@class codex_ls.Neutraliser
---@field private marker? string the fence that is open
local Neutraliser = {}
Neutraliser.__index = Neutraliser

---@return codex_ls.Neutraliser
function M.neutraliser()
  return setmetatable({}, Neutraliser)
end

---The next line, if it may still grow.
---@param line string
---@return string
function Neutraliser:peek(line)
  if self.marker or opening(line) then
    return line
  end
  return harmless_line(line)
end

---The next line.
---@param line string
---@return string
function Neutraliser:line(line)
  local harmless = self:peek(line)
  if not self.marker then
    self.marker = opening(line)
  elseif closes(line, self.marker) then
    self.marker = nil
  end
  return harmless
end

---What has to follow so that later lines are not part of a code block that was never closed.
---@param line? string the last line, if it was only looked at
---@return string? fence
function Neutraliser:closing(line)
  if self.marker then
    return not (line and closes(line, self.marker)) and self.marker or nil
  end
  return line and (opening(line)) or nil
end

return M
