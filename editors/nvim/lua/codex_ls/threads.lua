---Earlier conversations: shown as a document, in which the next question goes on with them.
local Document = require("codex_ls.document")
local client_of = require("codex_ls.client")
local protocol = require("codex_ls.protocol")

local M = {}

---@param thread codex_ls.ThreadSummary
---@return string
local function describe(thread)
  return ("%s  %s (%d %s%s)"):format(
    thread.updatedAt:sub(1, 10),
    thread.title,
    thread.turns,
    thread.turns == 1 and "turn" or "turns",
    thread.profile and ", " .. thread.profile or ""
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

---Lets the user pick an earlier conversation.
function M.pick()
  client_of.ask(protocol.METHOD.THREADS, vim.empty_dict(), function(result)
    if #(result.threads or {}) == 0 then
      vim.notify("codex: there are no earlier conversations")
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
