---`:Codex answer`: what can be done with an answer.
local errors = require("codex_ls.errors")

local M = {}

---@type table<string, fun(turn: codex_ls.Turn, part?: codex_ls.Part)>
local ACTIONS = {
  accept = function(turn, part)
    require("codex_ls.edit").accept(turn, part)
  end,
  replace = function(turn)
    require("codex_ls.edit").replace(turn)
  end,
  yank = function(turn, part)
    require("codex_ls.edit").yank(turn, part)
  end,
  open = function(turn)
    require("codex_ls.document").of(turn):show()
  end,
  dismiss = function(turn)
    turn:dismiss_all()
  end,
}

---@type table<string, string>
local TITLES = {
  accept = "Insert it below the code",
  replace = "Replace the code, as a diff",
  yank = "Yank it",
  open = "Open the conversation in a split",
  dismiss = "Dismiss it",
}

local ORDER = { "accept", "replace", "yank", "open", "dismiss" }

---@type table<string, codex_ls.Part[]>
local PARTS = { accept = { "code", "text" }, yank = { "code", "text" } }

---@param name string
---@param part? codex_ls.Part
local function act(name, part)
  local turn = require("codex_ls.turns").meant()
  if not turn then
    errors.notify(errors.new(errors.CODE.NOTHING_TO_DO, "There is no answer here."))
    return
  end
  ACTIONS[name](turn, part)
end

---What to do with an answer; without words the user picks one.
---@param words string[]
function M.run(words)
  local name = words[1]
  if name then
    if not ACTIONS[name] then
      return errors.notify(errors.none_of(("`:Codex answer %s` is nothing."):format(name), ORDER))
    end
    local part = words[2]
    if part and not vim.tbl_contains(PARTS[name] or {}, part) then
      local message = ("`:Codex answer %s` does not take `%s`."):format(name, part)
      return errors.notify(
        PARTS[name] and errors.none_of(message, PARTS[name])
          or errors.new(errors.CODE.BAD_COMMAND, message)
      )
    end
    return act(name, part)
  end
  vim.ui.select(ORDER, {
    prompt = "What about the answer?",
    format_item = function(item)
      return TITLES[item]
    end,
  }, function(choice)
    if choice then
      act(choice)
    end
  end)
end

---@param words string[] before the cursor
---@return string[]
function M.complete(words)
  if #words == 0 then
    return ORDER
  end
  return #words == 1 and PARTS[words[1]] or {}
end

return M
