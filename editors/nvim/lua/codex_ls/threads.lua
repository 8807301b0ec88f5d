---Earlier conversations: shown as a document, in which the next question goes on with them.
local Document = require("codex_ls.document")
local client_of = require("codex_ls.client")
local documents = require("codex_ls.documents")
local protocol = require("codex_ls.protocol")

local M = {}

---A time of the server, which is UTC, as a clock here shows it.
---@param at string 2026-01-31T12:00:00.000Z
---@return string
local function local_time(at)
  local year, month, day, hour, min, sec = at:match("^(%d+)-(%d+)-(%d+)T(%d+):(%d+):(%d+)")
  if not year then
    return at
  end
  local fields =
    { year = year, month = month, day = day, hour = hour, min = min, sec = sec, isdst = false }
  local now = os.time()
  -- os.time takes local time; what lies between the two is the same for both.
  local offset = os.difftime(now, os.time(os.date("!*t", now) --[[@as osdateparam]]))
  return os.date("%Y-%m-%d %H:%M", os.time(fields) + offset) --[[@as string]]
end

---@param thread codex_ls.ThreadSummary
---@return string
local function describe(thread)
  return ("%s  %s (%d %s%s)"):format(
    local_time(thread.updatedAt),
    thread.title,
    thread.turns,
    thread.turns == 1 and "turn" or "turns",
    (thread.here and ", here" or "") .. (thread.profile and ", " .. thread.profile or "")
  )
end

---@param thread codex_ls.ThreadSummary
local function open(thread)
  client_of.ask(protocol.METHOD.THREAD, { threadId = thread.threadId }, function(result)
    local document = Document.new()
    for _, turn in ipairs(result.turns or {}) do
      document:add_past(turn)
    end
    vim.b[document.bufnr].codex_thread = thread.threadId
    document:show()
  end)
end

---Lets the user pick an earlier conversation: those of this folder come first.
---@param search? string words that were said in it
function M.pick(search)
  local params = { search = search ~= "" and search or nil }
  local bufnr = vim.api.nvim_get_current_buf()
  if documents.is_file(bufnr) then
    params.textDocument = { uri = vim.uri_from_bufnr(bufnr) }
  end
  params = next(params) and params or vim.empty_dict()
  client_of.ask(protocol.METHOD.THREADS, params, function(result)
    if #(result.threads or {}) == 0 then
      vim.notify(
        params.search and ("codex: no conversation holds %s"):format(params.search)
          or "codex: there are no earlier conversations"
      )
      return
    end
    vim.ui.select(
      result.threads,
      { prompt = "Conversation", format_item = describe },
      function(thread)
        if thread then
          open(thread)
        end
      end
    )
  end)
end

return M
