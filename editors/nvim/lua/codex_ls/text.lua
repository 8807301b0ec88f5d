---A text that grows by pieces and is read as lines. A piece costs no more than itself: the open line
---is joined when someone looks, not when something arrives.
---@class codex_ls.Text
---@field size integer bytes so far
---@field private closed string[]
---@field private open string[] the pieces of the last line
local Text = {}
Text.__index = Text

---@param initial? string
---@return codex_ls.Text
function Text.new(initial)
  local self = setmetatable({ size = 0, closed = {}, open = {} }, Text)
  if initial then
    self:append(initial)
  end
  return self
end

---@param piece string
function Text:append(piece)
  self.size = self.size + #piece
  local start = 1
  while true do
    local stop = piece:find("\n", start, true)
    if not stop then
      break
    end
    self.open[#self.open + 1] = piece:sub(start, stop - 1)
    self.closed[#self.closed + 1] = table.concat(self.open)
    self.open = {}
    start = stop + 1
  end
  if start <= #piece then
    self.open[#self.open + 1] = piece:sub(start)
  end
end

---@return boolean
function Text:is_empty()
  return self.size == 0
end

---How many lines there are; never 0.
---@return integer
function Text:count()
  return #self.closed + 1
end

---The line at `index`, from 1; the last one may still grow.
---@param index integer
---@return string
function Text:line(index)
  if index <= #self.closed then
    return self.closed[index]
  end
  local line = table.concat(self.open)
  self.open = { line }
  return line
end

---Lines `from` to the last.
---@param from? integer 1 unless told
---@return string[]
function Text:lines(from)
  local lines = vim.list_slice(self.closed, from or 1)
  lines[#lines + 1] = self:line(self:count())
  return lines
end

---@return string
function Text:concat()
  return table.concat(self:lines(), "\n")
end

---The lines without blank ones before and after the text: what an editor inserts.
---@return string[]
function Text:trimmed()
  local lines = self:lines()
  local first, last = 1, #lines
  while first <= last and lines[first]:match("^%s*$") do
    first = first + 1
  end
  while last >= first and lines[last]:match("^%s*$") do
    last = last - 1
  end
  return vim.list_slice(lines, first, last)
end

return Text
