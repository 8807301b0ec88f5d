---What is known of one answer: the events of a turn, applied one after the other.
---
---Nothing here touches the editor. `apply` never loses text and takes nothing after `done`.
local protocol = require("codex_ls.protocol")
local Text = require("codex_ls.text")

local EVENT, STATUS = protocol.EVENT, protocol.STATUS

---`starting`: the language server is not there yet; `waiting`: it has the question.
---@alias codex_ls.AnswerStatus "starting"|"waiting"|"running"|codex_ls.Status

---@type table<codex_ls.AnswerStatus, true>
local LIVE = { starting = true, waiting = true, running = true }

---@class codex_ls.Answer
---@field status codex_ls.AnswerStatus
---@field phase? codex_ls.Phase
---@field fraction? number how far the phase is, 0 to 1
---@field waiting? integer how many requests are in the server's queue, this one among them
---@field content codex_ls.Text
---@field reasoning codex_ls.Text
---@field acts? boolean its content has lines about tool calls
---@field calls table<integer, codex_ls.TurnItem> what was done, by the line of the content that says so
---@field after_call? boolean its content ends with a line about a call
---@field changed string[] URIs of the files that were changed
---@field summary boolean the thinking is the model's summary of it
---@field restarts integer how often the content was taken back (`reclassify`)
---@field turn_id? string
---@field thread_id? string
---@field profile? string
---@field model? string
---@field provider? string
---@field is_local? boolean the model server is on this machine
---@field silent_ms? integer so long ago came the last text
---@field notices codex_ls.Notice[]
---@field retry? codex_ls.Event
---@field usage? codex_ls.Usage
---@field timing? codex_ls.Timing
---@field error? codex_ls.Error
local Answer = {}
Answer.__index = Answer

---@return codex_ls.Answer
function Answer.new()
  return setmetatable({
    status = "starting",
    content = Text.new(),
    reasoning = Text.new(),
    summary = false,
    restarts = 0,
    notices = {},
    calls = {},
    changed = {},
  }, Answer)
end

---@return boolean
function Answer:is_over()
  return not LIVE[self.status]
end

---Forgets what the model server does now: it does nothing any more.
---@private
function Answer:rest()
  self.phase, self.fraction, self.retry = nil, nil, nil
  self.waiting, self.silent_ms = nil, nil
end

---@param notice codex_ls.Notice|codex_ls.Event
function Answer:note(notice)
  for _, known in ipairs(self.notices) do
    if known.kind == notice.kind and known.message == notice.message then
      return
    end
  end
  self.notices[#self.notices + 1] =
    { kind = notice.kind, message = notice.message, hint = notice.hint }
end

---@type table<codex_ls.EventType, fun(answer: codex_ls.Answer, event: codex_ls.Event)>
local APPLY = {
  [EVENT.BEGIN] = function(answer, event)
    answer.turn_id, answer.thread_id = event.turnId, event.threadId
    answer.profile, answer.model, answer.provider = event.profile, event.model, event.provider
    answer.is_local = event.isLocal
  end,
  [EVENT.PHASE] = function(answer, event)
    answer.phase, answer.fraction, answer.retry = event.phase, event.fraction, nil
    answer.waiting, answer.silent_ms = event.waiting, event.silentMs
  end,
  [EVENT.REASONING] = function(answer, event)
    answer.phase, answer.fraction, answer.retry = protocol.PHASE.THINKING, nil, nil
    answer.waiting, answer.silent_ms = nil, nil
    answer.summary = event.source == "summary"
    answer.reasoning:append(event.text or "")
  end,
  [EVENT.CONTENT] = function(answer, event)
    answer.phase, answer.fraction, answer.retry = protocol.PHASE.ANSWERING, nil, nil
    answer.waiting, answer.silent_ms = nil, nil
    local text = event.text or ""
    if answer.after_call then
      text = text:gsub("^\n+", "")
      answer.after_call = text == ""
      text = text ~= "" and "\n" .. text or ""
    end
    answer.content:append(text)
  end,
  [EVENT.RECLASSIFY] = function(answer, event)
    answer.restarts = answer.restarts + 1
    answer.calls, answer.after_call = {}, false
    if event.to == EVENT.CONTENT then
      answer.content = Text.new(answer.reasoning:concat())
      answer.reasoning = Text.new()
      answer.phase = protocol.PHASE.ANSWERING
      return
    end
    answer.reasoning:append(answer.content:concat())
    answer.content = Text.new()
    answer.phase = protocol.PHASE.THINKING
  end,
  [EVENT.ITEM] = function(answer, event)
    local item = event.stage == "completed" and event.item
    local line = item and require("codex_ls.task").line(item)
    if line then
      -- The calls stand where they were made; the result repeats the texts alone.
      answer.acts = true
      local is_first = answer.after_call or answer.content:is_empty()
      answer.content:append(("%s%s\n"):format(is_first and "" or "\n\n", line))
      answer.calls[answer.content:count() - 1] = item
      answer.after_call = true
    end
    for _, change in ipairs(item and item.status == "completed" and item.changes or {}) do
      if not vim.tbl_contains(answer.changed, change.uri) then
        table.insert(answer.changed, change.uri)
      end
    end
  end,
  [EVENT.RETRY] = function(answer, event)
    answer.retry = event
  end,
  [EVENT.NOTICE] = function(answer, event)
    answer:note(event)
  end,
  [EVENT.DONE] = function(answer, event)
    answer.status = event.status or STATUS.COMPLETED
    answer.usage, answer.timing = event.usage, event.timing
    answer:rest()
    if event.error then
      answer.error = {
        code = require("codex_ls.errors").CODE.REQUEST_FAILED,
        message = event.error.message or "The turn failed.",
        hint = event.error.hint,
        kind = event.error.kind,
      }
    end
  end,
}

---@param event codex_ls.Event
---@return boolean changed false for what is unknown, or comes after the end
function Answer:apply(event)
  local apply = APPLY[event.type]
  if not apply or self:is_over() then
    return false
  end
  self.status = "running"
  apply(self, event)
  return true
end

---Ends the answer without the server: it died, or it did not say that it stopped.
---@param status codex_ls.Status
---@param err? codex_ls.Error
---@return boolean changed
function Answer:finish(status, err)
  if self:is_over() then
    return false
  end
  self.status, self.error = status, err
  self:rest()
  return true
end

---Takes over the result of the request, which repeats the whole text: what was missed is repaired.
---@param result codex_ls.ExecResult
---@return boolean changed
function Answer:settle(result)
  local changed = not self:is_over()
  if changed then
    self.status = result.status
    self:rest()
  end
  if result.content and not self.acts and result.content ~= self.content:concat() then
    self.content = Text.new(result.content)
    self.restarts = self.restarts + 1
    changed = true
  end
  if result.reasoning and result.reasoning ~= self.reasoning:concat() then
    self.reasoning = Text.new(result.reasoning)
    self.restarts = self.restarts + 1
    changed = true
  end
  self.turn_id, self.thread_id = result.turnId, result.threadId
  self.profile, self.model, self.provider = result.profile, result.model, result.provider
  self.usage, self.timing = result.usage or self.usage, result.timing or self.timing
  for _, notice in ipairs(result.notices or {}) do
    changed = #self.notices < #result.notices or changed
    self:note(notice)
  end
  return changed
end

return Answer
