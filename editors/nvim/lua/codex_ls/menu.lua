---`:Codex` alone: what can be done here, to pick from.
local own_prompts = require("codex_ls.own_prompts")
local turns = require("codex_ls.turns")

local M = {}

---@class codex_ls.MenuItem
---@field title string
---@field command string what stands behind `:Codex`

---@param selection? codex_ls.Selection
---@return codex_ls.MenuItem[]
local function items(selection)
  local what = selection and "these lines" or "this"
  local list = {}
  ---@param title string
  ---@param command string
  local function add(title, command)
    list[#list + 1] = { title = title, command = command }
  end
  if #turns.running() > 0 then
    add("Stop", "stop")
  end
  if turns.meant() and turns.meant().answer:is_over() then
    add("The answer: insert, replace, yank, open, dismiss...", "answer")
    add("Ask again", "again")
    if #turns.meant().answer.changed > 0 then
      add("Review the changed files...", "review")
    end
  end
  add(("Ask about %s..."):format(what), "ask")
  add(("Change %s..."):format(what), "edit")
  add(("Explain %s"):format(what), "explain")
  add(("Fix %s"):format(what), "fix")
  add("Do a task in the workspace...", "do")
  for _, prompt in ipairs(own_prompts.known()) do
    local about = prompt.description and ("  %s"):format(prompt.description) or ""
    add(("/%s%s"):format(prompt.name, about), "/" .. prompt.name)
  end
  add("Conversations...", "threads")
  add("Profile...", "profile")
  add("Model...", "model")
  add("Effort...", "effort")
  add("Thinking: open or close", "thinking")
  return list
end

---Lets the user pick, and does that. The server is asked for the user's prompts first.
---@param selection? codex_ls.Selection
---@param run fun(command: string)
function M.open(selection, run)
  local win = vim.api.nvim_get_current_win()
  own_prompts.fetch(vim.api.nvim_get_current_buf(), function()
    vim.ui.select(items(selection), {
      prompt = "Codex",
      format_item = function(item)
        return item.title
      end,
    }, function(item)
      if item and vim.api.nvim_win_is_valid(win) then
        vim.api.nvim_set_current_win(win)
        run(item.command)
      end
    end)
  end)
end

return M
