---One question and its answer, from the request to its end.
---
---Every turn ends, and says so once: on `done`, on the reply, on the death of the server, or a while
---after it was stopped. Neovim calls nobody back when a server dies or a reply says "cancelled".
local Answer = require("codex_ls.answer")
local Place = require("codex_ls.place")
local Request = require("codex_ls.request")
local Stopwatch = require("codex_ls.stopwatch")
local announcement = require("codex_ls.announcement")
local client_of = require("codex_ls.client")
local config = require("codex_ls.config")
local errors = require("codex_ls.errors")
local log = require("codex_ls.log")
local protocol = require("codex_ls.protocol")
local pulse = require("codex_ls.pulse")
local selections = require("codex_ls.selection")
local turns = require("codex_ls.turns")

local EVENT, STATUS = protocol.EVENT, protocol.STATUS

---@alias codex_ls.Change "event"|"tick"|"over"|"gone"
---@alias codex_ls.TurnListener fun(turn: codex_ls.Turn, change: codex_ls.Change)

---@class codex_ls.Question
---@field prompt string the user's words; may be empty where the intent says what is asked
---@field intent codex_ls.Intent
---@field mode? codex_ls.Mode
---@field label string what the user sees of it
---@field mentions? codex_ls.Mention[] files and buffers that go along
---@field asked_with codex_ls.AskedWith
---@field expected? codex_ls.ExpectedProfile who the user was shown as the one that answers
---@field thread_id? string
---@field original? string the text that the conversation is about, as it was when it was asked

---@class codex_ls.Turn
---@field id integer
---@field question codex_ls.Question
---@field selection codex_ls.Selection what the question is about
---@field place codex_ls.Place
---@field win integer the window it was asked in
---@field answer codex_ls.Answer
---@field text? string its lines as they were when it was sent
---@field client_id? integer
---@field is_stopping boolean
---@field is_hidden boolean its answer does not stand under the code for now
---@field document? codex_ls.Document
---@field inline? codex_ls.Inline
---@field private request? codex_ls.Request
---@field private sent_first integer the first row of its lines when it was sent
---@field private listeners codex_ls.TurnListener[]
---@field private stopwatch codex_ls.Stopwatch
local Turn = {}
Turn.__index = Turn

local next_id = 1

---@param question codex_ls.Question
---@param selection codex_ls.Selection
---@return codex_ls.Turn
function Turn.new(question, selection)
  local turn = setmetatable({
    id = next_id,
    question = question,
    selection = selection,
    place = Place.new(selection.bufnr, selection.first, selection.last),
    win = vim.api.nvim_get_current_win(),
    answer = Answer.new(),
    is_stopping = false,
    is_hidden = false,
    listeners = {},
    stopwatch = Stopwatch.new(),
  }, Turn)
  next_id = next_id + 1
  turns.add(turn)
  return turn
end

---Calls `listener` at every change, until the function that is returned is called.
---@param listener codex_ls.TurnListener
---@return fun() unsubscribe
function Turn:subscribe(listener)
  table.insert(self.listeners, listener)
  return function()
    self.listeners = vim.tbl_filter(function(known)
      return known ~= listener
    end, self.listeners)
  end
end

---@param change codex_ls.Change
---@private
function Turn:emit(change)
  for _, listener in ipairs(self.listeners) do
    local ok, reason = xpcall(listener, debug.traceback, self, change)
    if not ok then
      log.error("turn %d: a view failed: %s", self.id, reason)
      vim.notify_once("codex: a view failed, see " .. log.path(), vim.log.levels.ERROR)
    end
  end
end

---@param name "Started"|"Thinking"|"Answering"|"Finished"
---@private
function Turn:announce(name)
  announcement.make(name, {
    id = self.id,
    bufnr = self.place.bufnr,
    status = self.answer.status,
    thread_id = self.answer.thread_id,
    profile = self.answer.profile,
    model = self.answer.model,
    effort = self.question.asked_with.effort,
  })
end

---@return integer ms since the question was sent (until then, asked), or how long it took
function Turn:elapsed_ms()
  return self.stopwatch:elapsed_ms()
end

---@return integer ms that the model has thought
function Turn:thinking_ms()
  return self.stopwatch:thinking_ms()
end

---The lines as they are now: the user may have typed while the server started.
---@return codex_ls.Selection
function Turn:current_selection()
  local first, last = self.place:rows()
  local selection = selections.lines(self.place.bufnr, first, last)
  selection.explicit = self.selection.explicit
  selection.diagnostics = self.selection.diagnostics
  return selection
end

---Means the lines that the server says the answer is about. They may have moved since it was asked.
---@param range lsp.Range
---@private
function Turn:adopt(range)
  if not self.place:exists() then
    return
  end
  local moved = self.place:rows() - self.sent_first
  self.place:set(range.start.line + moved, range["end"].line + moved)
  self.selection.explicit = true
  self.text = table.concat(self.place:lines(), "\n")
end

---Sends the question, once the server is there.
function Turn:start()
  pulse.start()
  client_of.ensure(self.selection.bufnr, function(err, client)
    if self.answer:is_over() then
      return
    end
    if not client then
      return self:finish(STATUS.FAILED, err)
    end
    if not self.place:exists() then
      err = errors.new(errors.CODE.NO_PLACE, "The buffer is gone.")
      return self:finish(STATUS.FAILED, err)
    end
    self:send(client)
  end)
end

---@param client vim.lsp.Client
---@private
function Turn:send(client)
  self.client_id = client.id
  self.stopwatch:sent()
  self.answer.status = "waiting"
  self.sent_first = self.place:rows()
  self.text = table.concat(self.place:lines(), "\n")
  self.request = Request.send(client, self.question, self:current_selection(), {
    on_event = function(event)
      self:on_event(event)
    end,
    on_reply = function(err, result)
      self:on_reply(err, result)
    end,
  })
  if not self.request then
    return self:on_server_death()
  end
  log.debug("turn %d: sent to client %d", self.id, client.id)
end

---@param event codex_ls.Event
---@private
function Turn:on_event(event)
  if not self.answer:apply(event) then
    return
  end
  if event.type == EVENT.BEGIN then
    if event.range then
      self:adopt(event.range)
    end
    self:announce("Started")
  elseif event.type == EVENT.REASONING and self.stopwatch:thinking() then
    self:announce("Thinking")
  elseif event.type == EVENT.CONTENT and self.stopwatch:answering() then
    self:announce("Answering")
  elseif event.type == EVENT.ITEM and event.stage == "completed" then
    vim.cmd("silent! checktime") -- files may have changed below their buffers
  elseif event.type == EVENT.RECLASSIFY and event.to == EVENT.CONTENT then
    self.stopwatch:answered_in_thinking()
  elseif event.type == EVENT.RECLASSIFY then
    self.stopwatch:reclassify()
  end
  if event.type == EVENT.DONE then
    self:on_over()
  else
    self:emit("event")
  end
end

---@param reply_error? lsp.ResponseError
---@param result? codex_ls.ExecResult
---@private
function Turn:on_reply(reply_error, result)
  if reply_error then
    local status = self.is_stopping and STATUS.CANCELLED or STATUS.FAILED
    return self:finish(status, status == STATUS.FAILED and errors.from_reply(reply_error) or nil)
  end
  if type(result) ~= "table" then
    local err = errors.new(errors.CODE.REQUEST_FAILED, "The language server sent an empty reply.")
    return self:finish(STATUS.FAILED, err)
  end
  local was_over = self.answer:is_over()
  local changed = self.answer:settle(result)
  if not was_over then
    self:on_over()
  elseif changed then
    self:emit("event")
  end
end

---@private
function Turn:on_server_death()
  local has_text = not (self.answer.content:is_empty() and self.answer.reasoning:is_empty())
  self:finish(
    has_text and STATUS.TRUNCATED or STATUS.FAILED,
    errors.new(
      errors.CODE.SERVER_DIED,
      "The language server went away in the middle of the answer.",
      "Ask again: it starts anew. What it said last is in " .. vim.lsp.log.get_filename()
    )
  )
end

---Ends the turn here, whatever the server may still say.
---@param status codex_ls.Status
---@param err? codex_ls.Error
---@private
function Turn:finish(status, err)
  if self.answer:finish(status, err) then
    self:on_over()
  end
end

---@private
function Turn:on_over()
  self.stopwatch:stop()
  log.debug("turn %d: %s after %d ms", self.id, self.answer.status, self:elapsed_ms())
  if self.request then
    self.request:close()
  end
  if self.answer.error then
    -- All of it stands under the code, with the answer.
    errors.notify_briefly(self.answer.error)
  end
  self:emit("over")
  self:announce("Finished")
end

---A moment has passed: the time goes on, and the server may be gone.
function Turn:tick()
  if self.client_id and not client_of.alive(self.client_id) then
    return self:on_server_death()
  end
  self:emit("tick")
end

---Looks at once whether the server is still there; the clock would see it a moment later.
---@param client_id integer
function Turn:on_detach(client_id)
  if self.client_id == client_id and not self.answer:is_over() then
    self:tick()
  end
end

---Stops the model. The text stays. A server that does not answer in time is not waited for.
function Turn:stop()
  if self.answer:is_over() or self.is_stopping then
    return
  end
  self.is_stopping = true
  if not self.request or not client_of.alive(self.client_id) then
    return self:finish(STATUS.CANCELLED)
  end
  self.request:cancel()
  vim.defer_fn(function()
    self:finish(STATUS.CANCELLED)
  end, config.get().stop_timeout_ms)
  self:emit("event")
end

---Takes the answer away from under the code, or puts it back.
---@param is_hidden boolean
function Turn:set_hidden(is_hidden)
  self.is_hidden = is_hidden
  self:emit("event")
end

---The turns that are shown together with this one: a conversation, the oldest first.
---@return codex_ls.Turn[]
function Turn:conversation()
  return vim.list_slice(self.inline and self.inline.turns or { self })
end

---Takes the answer, and those that it follows up, off the screen for good.
function Turn:dismiss_all()
  for _, turn in ipairs(self:conversation()) do
    turn:dismiss()
  end
end

---Takes the answer off the screen for good.
function Turn:dismiss()
  self:stop()
  turns.remove(self)
  self:emit("gone")
  self.place:clear()
end

return Turn
