---Tasks: what a model does with its tools, in a line each, and the question whether it may.
local errors = require("codex_ls.errors")

local M = {}

local DECISIONS = { "accept", "acceptForSession", "decline", "cancel" }
local QUESTIONS = {
  command = "Codex wants to run:",
  escalate = "Codex wants to run without a sandbox, where it could change all of your files:",
  edit = "Codex wants to change:",
}
local VERBS = { add = "wrote", update = "edited", delete = "deleted" }
local ENDS = { declined = ", declined", failed = ", failed" }

---@param text string
---@return string
local function one_line(text)
  return (text:gsub("%s+", " "))
end

---A tool call that has ended, as Markdown; nil for one that is not worth a line.
---@param item codex_ls.TurnItem
---@return string?
function M.line(item)
  local ending = ENDS[item.status] or ""
  if item.type == "command_execution" then
    local code = item.exitCode and item.exitCode ~= 0 and (", exit code %d"):format(item.exitCode)
    return ("`$ %s`%s"):format(one_line(item.command or ""):gsub("`", "'"), code or ending)
  elseif item.type == "file_change" then
    local lines = {}
    for _, change in ipairs(item.changes or {}) do
      local name = vim.fn.fnamemodify(vim.uri_to_fname(change.uri), ":~:.")
      lines[#lines + 1] = ("%s `%s`%s"):format(VERBS[change.kind], name, ending)
    end
    return table.concat(lines, "\n")
  elseif item.type == "tool_call" then
    local ok, arguments = pcall(vim.json.decode, item.arguments or "{}")
    local about = ok and table.concat(vim.tbl_map(tostring, vim.tbl_values(arguments)), " ") or ""
    return ("%s `%s`%s"):format(item.tool or "tool", one_line(about):gsub("`", "'"), ending)
  end
end

---What the user is asked: all of what would happen.
---@param params codex_ls.ApproveParams
---@return string
local function question(params)
  local parts = { QUESTIONS[params.kind] or QUESTIONS.escalate }
  for _, change in ipairs(params.changes or {}) do
    parts[#parts + 1] = change.diff
  end
  if params.command then
    parts[#parts + 1] = params.command
    parts[#parts + 1] = ("in %s"):format(params.cwd or "?")
  end
  if params.reason then
    parts[#parts + 1] = ("Reason given: %s"):format(one_line(params.reason))
  end
  return table.concat(parts, "\n")
end

---Answers `codex/approve`. Whoever closes the question has declined.
---@param params codex_ls.ApproveParams
---@return codex_ls.ApproveResult
function M.approve(_, params)
  local choices = "&Yes\nYes, from now &on\n&No\n&Stop"
  local ok, chosen = pcall(vim.fn.confirm, question(params), choices, 3, "Question")
  return { decision = ok and DECISIONS[chosen] or "decline" }
end

---What a tool call did, as a code block.
---@param item codex_ls.TurnItem
---@return string[] lines none where there is nothing besides its line
function M.details(item)
  local language, text = "", item.error or item.result or ""
  if item.type == "command_execution" then
    text = ("$ %s\n%s"):format(item.command or "", item.aggregatedOutput or "")
    text = item.exitCode and ("%s\nexit code %d"):format(text:gsub("\n$", ""), item.exitCode)
      or text
  elseif item.type == "file_change" then
    local diffs = vim.tbl_map(function(change)
      return change.diff
    end, item.changes or {})
    language, text = "diff", table.concat(diffs, "\n")
  end
  if text == "" then
    return {}
  end
  local fence = "```"
  while text:find(fence, 1, true) do
    fence = fence .. "`"
  end
  local lines = vim.split((text:gsub("\n$", "")), "\n", { plain = true })
  table.insert(lines, 1, fence .. language)
  lines[#lines + 1] = fence
  return lines
end

---The turn of the task that a command is about.
---@return codex_ls.Turn?
local function meant()
  local turn = require("codex_ls.turns").meant()
  if turn and turn.answer.turn_id then
    return turn
  end
  errors.notify(errors.new(errors.CODE.NOTHING_TO_DO, "No task has been done yet."))
end

---Shows the files that the task changed, to keep or undo each of them.
function M.review()
  local turn = meant()
  if turn then
    require("codex_ls.changes").review(turn)
  end
end

---The files that the task changed, as they are typed.
---@return string[]
function M.changed_files()
  local turn = require("codex_ls.turns").meant()
  return vim.tbl_map(function(uri)
    return vim.fn.fnamemodify(vim.uri_to_fname(uri), ":.")
  end, turn and turn.answer.changed or {})
end

---Undoes what the task did to files.
---@param names string[] all of its files where there are none
function M.undo(names)
  local turn = meant()
  if not turn then
    return
  end
  local uris = vim.tbl_map(function(name)
    return vim.uri_from_fname(vim.fn.fnamemodify(name, ":p"))
  end, names)
  local changes = require("codex_ls.changes")
  changes.undo(turn.answer.turn_id, uris, function(result)
    if #result.restored > 0 then
      vim.notify(("codex: restored %s"):format(changes.files(#result.restored)))
    end
  end)
end

return M
