---One question and its answer, from the request to its end.
---
---Every turn ends, and says so once: on `done`, on the reply, on the death of the server, or a while
---after it was stopped. Neovim calls nobody back when a server dies or a reply says "cancelled".
local Answer = require("codex_ls.answer")
local Place = require("codex_ls.place")
local client_of = require("codex_ls.client")
local compat = require("codex_ls.compat")
local config = require("codex_ls.config")
local errors = require("codex_ls.errors")
local log = require("codex_ls.log")
local progress = require("codex_ls.progress")
local protocol = require("codex_ls.protocol")
local selections = require("codex_ls.selection")
local turns = require("codex_ls.turns")

local EVENT, STATUS = protocol.EVENT, protocol.STATUS

---@alias codex_ls.Change "event"|"tick"|"over"|"gone"
---@alias codex_ls.TurnListener fun(turn: codex_ls.Turn, change: codex_ls.Change)

---@class codex_ls.Question
---@field prompt string what the model is asked
---@field label string what the user sees of it
---@field profile? string
---@field thread_id? string

---@class codex_ls.Turn
---@field id integer
---@field question codex_ls.Question
---@field selection codex_ls.Selection as it was when the question was asked
---@field place codex_ls.Place
---@field win integer the window it was asked in
---@field answer codex_ls.Answer
---@field client_id? integer
---@field is_stopping boolean
---@field is_hidden boolean its answer does not stand under the code for now
---@field document? codex_ls.Document
---@field private request_id? integer
---@field private tokens string[]
---@field private listeners codex_ls.TurnListener[]
---@field private asked_at integer
---@field private sent_at? integer
---@field private over_at? integer
---@field private thinking_from? integer
---@field private thinking_to? integer
---@field private answering_from? integer
local Turn = {}
Turn.__index = Turn

local TICK_MS = 250
local next_id = 1
local clock ---@type uv.uv_timer_t?

---@return integer ms
local function now()
  return math.floor(vim.uv.hrtime() / 1e6)
end

---Asks every running turn to look at the time and at its server. Runs only while there are any.
local function start_clock()
  if clock then
    return
  end
  clock = assert(vim.uv.new_timer())
  clock:start(
    TICK_MS,
    TICK_MS,
    vim.schedule_wrap(function()
      local running = turns.running()
      if #running == 0 and clock then
        clock:close()
        clock = nil
      end
      for _, turn in ipairs(running) do
        turn:tick()
      end
    end)
  )
end

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
    tokens = {},
    listeners = {},
    asked_at = now(),
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

---Fires `User CodexTurn<name>`. What somebody's autocommand does wrong is not the turn's end.
---@param name "Started"|"Thinking"|"Answering"|"Finished"
---@private
function Turn:announce(name)
  local ok, reason = pcall(vim.api.nvim_exec_autocmds, "User", {
    pattern = "CodexTurn" .. name,
    modeline = false,
    data = {
      id = self.id,
      bufnr = self.place.bufnr,
      status = self.answer.status,
      thread_id = self.answer.thread_id,
      profile = self.answer.profile,
    },
  })
  if not ok then
    log.warn("an autocommand on CodexTurn%s failed: %s", name, reason)
  end
end

---@return integer ms since the question was sent (until then, asked), or how long it took
function Turn:elapsed_ms()
  return (self.over_at or now()) - (self.sent_at or self.asked_at)
end

---@return integer ms that the model has thought
function Turn:thinking_ms()
  return (self.thinking_to or self.over_at or now()) - (self.thinking_from or self.asked_at)
end

---The lines as they are now: the user may have typed while the server started.
---@return codex_ls.Selection
function Turn:current_selection()
  local first, last = self.place:rows()
  local selection = selections.lines(self.place.bufnr, first, last)
  selection.explicit = self.selection.explicit
  return selection
end

---@param client vim.lsp.Client
---@return codex_ls.ExecParams
---@private
function Turn:params(client)
  local selection = self:current_selection()
  local params = {
    prompt = self.question.prompt,
    profile = self.question.profile,
    threadId = self.question.thread_id,
  }
  if self.question.thread_id then
    -- The conversation knows the lines already.
    log.debug("turn %d goes on with %s", self.id, self.question.thread_id)
  elseif selections.is_file(selection.bufnr) then
    local about = selections.params(selection, client.offset_encoding or "utf-16")
    params = vim.tbl_extend("error", params, about)
  else
    params.prompt = selections.inline_prompt(params.prompt, selection)
  end
  params.partialResultToken = progress.listen(function(value)
    if type(value.codex) == "table" then
      self:on_event(value.codex)
    end
  end)
  -- Nobody of ours listens to this one: its values go to `vim.lsp.status()` and the like.
  params.workDoneToken = "codex-status-" .. self.id .. "-" .. self.asked_at
  self.tokens = { params.partialResultToken }
  return params
end

---Sends the question, once the server is there.
function Turn:start()
  start_clock()
  client_of.ensure(self.selection.bufnr, function(err, client)
    if self.answer:is_over() then
      return
    end
    if err or not client then
      return self:finish(STATUS.FAILED, err)
    end
    if not self.place:exists() then
      err = errors.new(errors.CODE.NO_PLACE, "The buffer is gone.")
      return self:finish(STATUS.FAILED, err)
    end
    self.client_id, self.sent_at = client.id, now()
    self.answer.status = "waiting"
    self.request_id = compat.request(
      client,
      protocol.METHOD.EXEC,
      self:params(client),
      function(reply_error, result)
        self:on_reply(reply_error, result)
      end,
      self.selection.bufnr
    )
    if not self.request_id then
      self:on_server_death()
    end
  end)
end

---@param event codex_ls.Event
---@private
function Turn:on_event(event)
  if not self.answer:apply(event) then
    return
  end
  if event.type == EVENT.BEGIN then
    self:announce("Started")
  elseif event.type == EVENT.REASONING then
    self:on_thinking()
  elseif event.type == EVENT.CONTENT then
    self:on_content()
  elseif event.type == EVENT.RECLASSIFY then
    self:on_reclassify()
  end
  if event.type == EVENT.DONE then
    self:on_over()
  else
    self:emit("event")
  end
end

---@private
function Turn:on_thinking()
  self.thinking_to = nil
  if not self.thinking_from then
    self.thinking_from = now()
    self:announce("Thinking")
  end
end

---@private
function Turn:on_content()
  if self.thinking_from and not self.thinking_to then
    self.thinking_to = now()
  end
  if not self.answering_from then
    self.answering_from = now()
    self:announce("Answering")
  end
end

---What was taken for the answer was thinking.
---@private
function Turn:on_reclassify()
  self.thinking_from = self.thinking_from or self.answering_from
  self.thinking_to, self.answering_from = nil, nil
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
      "Ask again: it starts anew. What it said last is in " .. vim.lsp.get_log_path()
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
  self.over_at = now()
  for _, token in ipairs(self.tokens) do
    progress.forget(token)
  end
  if self.answer.error then
    -- All of it stands under the code, with the answer.
    errors.notify_briefly(self.answer.error)
  end
  self:emit("over")
  self:announce("Finished")
end

---@private
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
  local client = self.client_id and client_of.alive(self.client_id)
  if not client or not self.request_id then
    return self:finish(STATUS.CANCELLED)
  end
  compat.cancel(client, self.request_id)
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

---Takes the answer off the screen for good.
function Turn:dismiss()
  self:stop()
  turns.remove(self)
  self:emit("gone")
  self.place:clear()
end

return Turn
