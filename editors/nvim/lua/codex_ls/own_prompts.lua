---The user's own prompts, as the server lists them (`codex/prompts`): they are asked as `/name`.
local client_of = require("codex_ls.client")
local errors = require("codex_ls.errors")
local log = require("codex_ls.log")
local protocol = require("codex_ls.protocol")

local M = {}

local FRESH_MS = 10000

---What the server told last, and when to ask anew, in ms of the loop's clock.
---@type { prompts: codex_ls.PromptSummary[], due: integer }
local known = { prompts = {}, due = 0 }

---@param prompts codex_ls.PromptSummary[]
local function remember(prompts)
  known = { prompts = prompts, due = vim.uv.now() + FRESH_MS }
end

---What is known of them; asks for them meanwhile if that has grown old.
---@return codex_ls.PromptSummary[]
function M.known()
  if vim.uv.now() >= known.due then
    known.due = vim.uv.now() + FRESH_MS
    local bufnr = vim.api.nvim_get_current_buf()
    -- Later: a server may have to be started, and someone is typing.
    vim.schedule(function()
      if not vim.api.nvim_buf_is_valid(bufnr) then
        return
      end
      client_of.ask_aside(bufnr, protocol.METHOD.PROMPTS, vim.empty_dict(), function(err, result)
        if result then
          remember(result.prompts)
        else
          log.debug("no prompts to complete: %s", errors.format(assert(err)))
        end
      end)
    end)
  end
  return known.prompts
end

---Their names, as they are typed.
---@return string[]
function M.names()
  return vim.tbl_map(function(prompt)
    return "/" .. prompt.name
  end, M.known())
end

---The prompt that words ask for, where one of that name is known.
---@param words string
---@return codex_ls.PromptSummary?
function M.of(words)
  local name = words:match("^/(%S+)")
  for _, prompt in ipairs(name and known.prompts or {}) do
    if prompt.name == name then
      return prompt
    end
  end
end

---What they are, once the server has told; an empty list where it does not have any.
---@param bufnr integer
---@param callback fun(prompts: codex_ls.PromptSummary[])
function M.fetch(bufnr, callback)
  client_of.ask_aside(bufnr, protocol.METHOD.PROMPTS, vim.empty_dict(), function(_, result)
    if result then
      remember(result.prompts)
    end
    callback(result and result.prompts or {})
  end)
end

return M
