---Wraps text to a width in screen cells: Neovim does not wrap virtual lines.
local M = {}

---A width in cells that counts wide and combining characters as the screen does.
---@param text string
---@return integer
local function cells(text)
  return vim.api.nvim_strwidth(text)
end

---Text that has the same width wherever it stands on the screen: no tabs, no control characters.
---@param line string
---@return string
function M.flatten(line)
  return (line:gsub("\t", "    "):gsub("[%z\1-\31\127]", ""))
end

---How many bytes of `text` fit in `width` cells; at least one character.
---@param text string
---@param width integer
---@return integer stop byte index of the last character that fits
local function fit(text, width)
  if not text:find("[\128-\255]") then
    return math.min(#text, width)
  end
  local stop, used = 0, 0
  -- Split like this, combining characters stay with theirs.
  for _, character in ipairs(vim.fn.split(text, [[\zs]])) do
    local wide = cells(character)
    if used + wide > width and stop > 0 then
      break
    end
    used, stop = used + wide, stop + #character
  end
  return stop
end

---Bytes `start` to about `start + size` of `line`, ending with a whole character.
---@param line string
---@param start integer
---@param size integer
---@return string
local function window_of(line, start, size)
  local stop = start + size
  if stop >= #line then
    return line:sub(start)
  end
  return line:sub(start, stop + vim.str_utf_end(line, stop))
end

---Splits one line into pieces that are no wider than `width`, at spaces where there are any.
---Later pieces keep the indent of the line, so that lists and code stay readable.
---@param line string
---@param width integer
---@return string[]
function M.line(line, width)
  line = M.flatten(line)
  if #line <= width or cells(line) <= width then
    return { line }
  end
  local indent = line:match("^%s*[-*+>]%s+") or line:match("^%s*%d+[.)]%s+") or line:match("^%s*")
  if cells(indent) > width / 2 then
    indent = ""
  end
  local hang = (" "):rep(cells(indent))
  local pieces, start = {}, 1
  while start <= #line do
    local prefix = start == 1 and "" or hang
    local room = math.max(1, width - #prefix)
    -- Looking at a window of bytes keeps a line of any length linear: no character has more than
    -- four bytes, and eight bytes a cell leave room for combining characters.
    local window = window_of(line, start, room * 8)
    local stop = fit(window, room)
    local whole = start + stop - 1 >= #line
    if not whole and window:sub(stop + 1, stop + 1) ~= " " then
      local head = window:sub(1, stop)
      local blank = head:find(" [^ ]*$")
      if blank and head:sub(1, blank):find("%S") then
        stop = blank
      end
    end
    local piece = window:sub(1, stop)
    pieces[#pieces + 1] = prefix .. (whole and piece or piece:gsub("%s+$", ""))
    start = start + stop
    while not whole and line:sub(start, start) == " " do
      start = start + 1
    end
  end
  return pieces
end

---The text in one line that is no wider than `width`, with an ellipsis where something is left out.
---@param text string
---@param width integer
---@return string
function M.shorten(text, width)
  text = M.flatten((text:gsub("%s+", " ")))
  if cells(text) <= width then
    return text
  end
  return M.line(text, math.max(1, width - 1))[1] .. "…"
end

---Growing lines, wrapped: only what changed since the last call is wrapped again.
---@class codex_ls.Wrapped
---@field width integer
---@field rows string[] the wrapped pieces
---@field private first integer[] row at which each line begins
local Wrapped = {}
Wrapped.__index = Wrapped

---@param width integer
---@return codex_ls.Wrapped
function M.new(width)
  return setmetatable({ width = width, rows = {}, first = {} }, Wrapped)
end

---@param text codex_ls.Text the text of last time, which may have grown at its end
function Wrapped:update(text)
  local from = math.max(1, #self.first)
  for index = #self.rows, self.first[from] or 1, -1 do
    self.rows[index] = nil
  end
  for index = from, text:count() do
    self.first[index] = #self.rows + 1
    vim.list_extend(self.rows, M.line(text:line(index), self.width))
  end
end

---The rows of some lines.
---@param first integer line
---@param last integer line, inclusive
---@return integer first row
---@return integer last row, inclusive
function Wrapped:rows_of(first, last)
  return self.first[first], (self.first[last + 1] or #self.rows + 1) - 1
end

---The line that the row at `row` belongs to.
---@param row integer
---@return integer
function Wrapped:line_of(row)
  local low, high = 1, #self.first
  while low < high do
    local middle = math.ceil((low + high) / 2)
    if self.first[middle] <= row then
      low = middle
    else
      high = middle - 1
    end
  end
  return low
end

return M
