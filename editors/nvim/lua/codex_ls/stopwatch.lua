---How long a turn takes, and how long its model has thought.
---@class codex_ls.Stopwatch
---@field private now fun(): integer ms, never going back
---@field private asked_at integer
---@field private sent_at? integer
---@field private over_at? integer
---@field private thinking_from? integer
---@field private thinking_to? integer
---@field private answering_from? integer
local Stopwatch = {}
Stopwatch.__index = Stopwatch

---@return integer ms
local function monotonic()
  return math.floor(vim.uv.hrtime() / 1e6)
end

---Starts when the question is asked.
---@param now? fun(): integer ms; Neovim's own clock, unless told
---@return codex_ls.Stopwatch
function Stopwatch.new(now)
  now = now or monotonic
  return setmetatable({ now = now, asked_at = now() }, Stopwatch)
end

---The server has the question.
function Stopwatch:sent()
  self.sent_at = self.now()
end

---A piece of thinking is here.
---@return boolean is_first
function Stopwatch:thinking()
  self.thinking_to = nil
  if self.thinking_from then
    return false
  end
  self.thinking_from = self.now()
  return true
end

---A piece of the answer is here.
---@return boolean is_first
function Stopwatch:answering()
  if self.thinking_from and not self.thinking_to then
    self.thinking_to = self.now()
  end
  if self.answering_from then
    return false
  end
  self.answering_from = self.now()
  return true
end

---What was taken for the answer was thinking.
function Stopwatch:reclassify()
  self.thinking_from = self.thinking_from or self.answering_from
  self.thinking_to, self.answering_from = nil, nil
end

---What was taken for thinking was the answer.
function Stopwatch:answered_in_thinking()
  self.answering_from = self.thinking_from
  self.thinking_from, self.thinking_to = nil, nil
end

---The turn is over.
function Stopwatch:stop()
  self.over_at = self.now()
end

---@return integer ms since the question was sent (until then, asked), or how long it took
function Stopwatch:elapsed_ms()
  return (self.over_at or self.now()) - (self.sent_at or self.asked_at)
end

---@return integer ms that the model has thought
function Stopwatch:thinking_ms()
  return (self.thinking_to or self.over_at or self.now()) - (self.thinking_from or self.asked_at)
end

return Stopwatch
