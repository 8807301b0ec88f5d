---The options of the plugin: their types, their defaults, and what the user made of them.
local M = {}

---@class codex_ls.AnswerOptions
---@field max_height number rows of an answer under the code; up to 1 it is a part of the window
---@field max_width integer cells
---@field redraw_ms integer the least time between two redraws
---@field follow boolean scroll so that the end of a growing answer stays in view

---@class codex_ls.ThinkingOptions
---@field show "full"|"summary"|"hidden" what opens by itself; `:Codex thinking` always shows what there is
---@field position "right"|"left"|"below"|"above"
---@field size number cells or rows; up to 1 it is a part of the editor
---@field when_answering "fold"|"close"|"keep" what becomes of it when the answer begins

---@class codex_ls.Config
---@field cmd? string[] how to start the server; on 0.11 and later `vim.lsp.config` wins
---@field start_timeout_ms integer
---@field stop_timeout_ms integer a turn that was stopped and says nothing for so long is over
---@field answer codex_ls.AnswerOptions
---@field thinking codex_ls.ThinkingOptions
---@field log_level integer one of vim.log.levels

---@class codex_ls.Options what a user gives: any part of codex_ls.Config
---@field cmd? string[]
---@field start_timeout_ms? integer
---@field stop_timeout_ms? integer
---@field answer? { max_height?: number, max_width?: integer, redraw_ms?: integer, follow?: boolean }
---@field thinking? { show?: string, position?: string, size?: number, when_answering?: string }
---@field log_level? integer

---@type codex_ls.Config
local DEFAULTS = {
  start_timeout_ms = 10000,
  stop_timeout_ms = 3000,
  answer = {
    max_height = 0.8,
    max_width = 100,
    redraw_ms = 40,
    follow = true,
  },
  thinking = {
    show = "full",
    position = "right",
    size = 0.4,
    when_answering = "fold",
  },
  log_level = vim.log.levels.WARN,
}

---@type table<string, string[]>
local CHOICES = {
  ["thinking.show"] = { "full", "summary", "hidden" },
  ["thinking.position"] = { "right", "left", "below", "above" },
  ["thinking.when_answering"] = { "fold", "close", "keep" },
}

---@type codex_ls.Config?
local current

---What is wrong with the options: unknown names, wrong types, values that are no choice.
---@param options table
---@param defaults table
---@param prefix string
---@param problems string[]
local function collect_problems(options, defaults, prefix, problems)
  for key, value in pairs(options) do
    local name = prefix .. tostring(key)
    local default = defaults[key]
    local choices = CHOICES[name]
    if name == "cmd" then
      if type(value) ~= "table" or type(value[1]) ~= "string" then
        problems[#problems + 1] = "cmd must be a list of strings"
      end
    elseif default == nil then
      problems[#problems + 1] = ("there is no option %s"):format(name)
    elseif type(value) ~= type(default) then
      problems[#problems + 1] = ("%s must be a %s, not a %s"):format(
        name,
        type(default),
        type(value)
      )
    elseif choices and not vim.tbl_contains(choices, value) then
      problems[#problems + 1] = ("%s must be one of %s, not %q"):format(
        name,
        table.concat(choices, ", "),
        value
      )
    elseif type(value) == "table" then
      collect_problems(value, default, name .. ".", problems)
    end
  end
end

---@param options table
---@return string[] problems sentences, sorted; empty when all is well
function M.problems(options)
  local problems = {}
  collect_problems(options, DEFAULTS, "", problems)
  table.sort(problems)
  return problems
end

---@param options? codex_ls.Options
function M.set(options)
  options = options or {}
  local problems = M.problems(options)
  if #problems > 0 then
    local errors = require("codex_ls.errors")
    errors.notify(
      errors.new(
        errors.CODE.BAD_COMMAND,
        "In the options of codex_ls: " .. table.concat(problems, "; ") .. ".",
        "The defaults are used. See :help codex_ls-options."
      )
    )
    options = {}
  end
  current = vim.tbl_deep_extend("force", vim.deepcopy(DEFAULTS), options)
  require("codex_ls.log").level = current.log_level
end

---The options in force. Without a call of `setup()` they are what `vim.g.codex_ls` says.
---@return codex_ls.Config
function M.get()
  if not current then
    M.set(vim.g.codex_ls)
  end
  return current --[[@as codex_ls.Config]]
end

return M
