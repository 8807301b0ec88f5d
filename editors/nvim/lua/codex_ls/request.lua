---One `codex/exec` on its way: what the server is told, how its values come back, how it is taken back.
local client_of = require("codex_ls.client")
local compat = require("codex_ls.compat")
local documents = require("codex_ls.documents")
local mentions = require("codex_ls.mentions")
local progress = require("codex_ls.progress")
local protocol = require("codex_ls.protocol")
local selections = require("codex_ls.selection")

---@class codex_ls.RequestHandlers
---@field on_event fun(event: codex_ls.Event)
---@field on_reply fun(err?: lsp.ResponseError, result?: codex_ls.ExecResult)

---@class codex_ls.Request
---@field private client vim.lsp.Client
---@field private id integer
---@field private token string under which the events come
local Request = {}
Request.__index = Request

---@param client vim.lsp.Client
---@param question codex_ls.Question
---@param selection codex_ls.Selection
---@return codex_ls.ExecParams
local function params_of(client, question, selection)
  local params = {
    prompt = question.prompt,
    intent = question.intent,
    mode = question.mode,
    expected = question.expected,
    profile = question.asked_with.profile,
    model = question.asked_with.model,
    effort = question.asked_with.effort,
    threadId = question.thread_id,
  }
  if question.mentions and #question.mentions > 0 then
    local root = client.config.root_dir or client_of.root(selection.bufnr)
    params.context = mentions.params(client, question.mentions, root)
  end
  local knows_the_lines = question.thread_id and question.intent == "ask"
  if knows_the_lines or documents.is_ours(selection.bufnr) then
    return params
  end
  params.textDocument = documents.identify(client, selection.bufnr)
  local about = selections.params(selection, client.offset_encoding or "utf-16")
  if question.thread_id or question.intent == "ask" and not selection.explicit then
    about.diagnostics = nil
  end
  return vim.tbl_extend("error", params, about)
end

---Sends a question about some lines.
---@param client vim.lsp.Client
---@param question codex_ls.Question
---@param selection codex_ls.Selection
---@param handlers codex_ls.RequestHandlers
---@return codex_ls.Request? request nil when the client is gone
function Request.send(client, question, selection, handlers)
  local params = params_of(client, question, selection)
  local token = progress.listen(function(value)
    if type(value.codex) == "table" then
      handlers.on_event(value.codex)
    end
  end)
  params.partialResultToken = token
  -- Nobody of ours listens to this one: its values go to `vim.lsp.status()` and the like.
  params.workDoneToken = progress.unheard()
  local id =
    compat.request(client, protocol.METHOD.EXEC, params, handlers.on_reply, selection.bufnr)
  if not id then
    progress.forget(token)
    return nil
  end
  return setmetatable({ client = client, id = id, token = token }, Request)
end

---Asks the server to stop. It still sends its last event and its reply.
function Request:cancel()
  compat.cancel(self.client, self.id)
end

---Hears of no event any more.
function Request:close()
  progress.forget(self.token)
end

return Request
