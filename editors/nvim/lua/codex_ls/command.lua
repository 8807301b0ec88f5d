---`:Codex`: what it takes, what it completes, and what it does.
local arguments = require("codex_ls.arguments")
local errors = require("codex_ls.errors")

local M = {}

---@class codex_ls.CommandInput
---@field words string[] what stands after the name
---@field rest string the same, as it was written
---@field bang boolean
---@field selection? codex_ls.Selection

---@class codex_ls.Subcommand
---@field run fun(input: codex_ls.CommandInput)
---@field complete? fun(words: string[], before: string, lead: string): string[] what may follow the words
---before the cursor; the same as they were written; the word at the cursor as far as it is

---@return codex_ls.Turn?
local function meant()
  return require("codex_ls.turns").meant()
end

---@param input codex_ls.CommandInput
local function run_stop(input)
  local turns = require("codex_ls.turns")
  local running = turns.running()
  if #running == 0 then
    errors.notify(errors.new(errors.CODE.NOTHING_TO_DO, "Nothing is running."))
    return
  end
  local here = turns.here()
  if input.bang then
    for _, turn in ipairs(running) do
      turn:stop()
    end
  elseif here and not here.answer:is_over() then
    here:stop()
  else
    running[#running]:stop()
  end
end

---@param input codex_ls.CommandInput
local function run_thinking(input)
  local thinking = require("codex_ls.thinking")
  local choice = input.words[1] or (thinking.is_open() and "close" or "open")
  if choice == "close" then
    thinking.hide()
  elseif choice ~= "open" then
    local message = ("`:Codex thinking %s` is nothing."):format(choice)
    errors.notify(errors.none_of(message, { "open", "close" }))
  else
    local turn = meant()
    if not turn then
      errors.notify(errors.new(errors.CODE.NOTHING_TO_DO, "Nothing was asked yet."))
      return
    end
    thinking.open(turn)
  end
end

---Takes the options off a command, or tells the user what is wrong with them.
---@param text string
---@return codex_ls.Line?
local function parse(text)
  local line = arguments.parse(text)
  if line.problem then
    errors.notify(line.problem)
    return nil
  end
  return line
end

---@param command string
---@param words string
local function reject_words(command, words)
  local message = ("`:Codex %s` does not know what to do with `%s`."):format(command, words)
  local hint =
    "Its options are profile=, model= and effort=; `:Codex ask`, `edit` and `do` take words."
  errors.notify(errors.new(errors.CODE.BAD_COMMAND, message, hint))
end

---@param input codex_ls.CommandInput
---@param method "ask"|"edit"|"explain"|"fix"|"task"
local function run_ask(input, method)
  local line = parse(input.rest)
  if not line then
    return
  elseif (method == "explain" or method == "fix") and line.rest ~= "" then
    return reject_words(method, line.rest)
  end
  require("codex_ls.ask")[method](vim.tbl_extend("error", line.overrides, {
    prompt = line.rest,
    selection = input.selection,
    is_new = input.bang,
  }))
end

---@param input codex_ls.CommandInput
local function run_again(input)
  local line = parse(input.rest)
  local name, after = M.split(line and line.rest or "")
  local more = line and parse(after)
  if not line or not more then
    return
  elseif more.rest ~= "" then
    return reject_words("again", more.rest)
  end
  local given = vim.tbl_extend("force", line.overrides, more.overrides)
  if name ~= "" then
    given.profile = name
  end
  require("codex_ls.ask").again(meant(), given)
end

---@return string[]
local function profile_names()
  return require("codex_ls.profile").names()
end

---@param _ string[]
---@param before string
---@param lead string
---@return string[]
local function complete_options(_, before, lead)
  local named = require("codex_ls.mentions").complete(lead)
  if named then
    return named
  end
  local options = arguments.complete(before, lead)
  local is_first = vim.startswith(lead, "/") and arguments.parse(before).rest == ""
  return is_first and require("codex_ls.own_prompts").names() or options
end

---@param method "ask"|"edit"|"explain"|"fix"|"task"
---@return codex_ls.Subcommand
local function asking(method)
  return {
    run = function(input)
      run_ask(input, method)
    end,
    complete = complete_options,
  }
end

---@type table<string, codex_ls.Subcommand>
M.SUBCOMMANDS = {
  ask = asking("ask"),
  ["do"] = asking("task"),
  edit = asking("edit"),
  explain = asking("explain"),
  fix = asking("fix"),
  stop = { run = run_stop },
  profile = {
    run = function(input)
      local profile = require("codex_ls.profile")
      if input.bang then
        profile.set(nil)
      elseif input.words[1] then
        profile.set(input.words[1])
      else
        profile.pick()
      end
    end,
    complete = function(words)
      return #words == 0 and profile_names() or {}
    end,
  },
  model = {
    run = function(input)
      local session = require("codex_ls.session")
      if input.bang then
        session.set_model(nil)
      elseif input.rest ~= "" then
        session.set_model(arguments.unescape(input.rest))
      else
        session.pick_model()
      end
    end,
    complete = function(words)
      return #words == 0 and vim.tbl_map(arguments.escape, require("codex_ls.models").names()) or {}
    end,
  },
  effort = {
    run = function(input)
      local session = require("codex_ls.session")
      if input.bang then
        session.set_effort(nil)
      elseif input.rest ~= "" then
        session.set_effort(input.rest)
      else
        session.pick_effort()
      end
    end,
    complete = function(words)
      return #words == 0 and require("codex_ls.protocol").EFFORTS or {}
    end,
  },
  thinking = {
    run = run_thinking,
    complete = function(words)
      return #words == 0 and { "open", "close" } or {}
    end,
  },
  answer = {
    run = function(input)
      require("codex_ls.answer_command").run(input.words)
    end,
    complete = function(words)
      return require("codex_ls.answer_command").complete(words)
    end,
  },
  again = {
    run = run_again,
    complete = function(words, before, lead)
      local names = #words == 0 and profile_names() or {}
      return vim.list_extend(arguments.complete(before, lead), names)
    end,
  },
  review = {
    run = function()
      require("codex_ls.task").review()
    end,
  },
  undo = {
    run = function(input)
      require("codex_ls.task").undo(vim.tbl_map(arguments.unescape, input.words))
    end,
    complete = function()
      return require("codex_ls.task").changed_files()
    end,
  },
  threads = {
    run = function(input)
      require("codex_ls.threads").pick(input.rest)
    end,
  },
}

---@return string[]
local function names()
  local list = vim.tbl_keys(M.SUBCOMMANDS)
  table.sort(list)
  return list
end

---@param text string what stands after `:Codex`
---@return string name
---@return string rest
function M.split(text)
  local name, rest = text:match("^%s*(%S*)%s*(.-)%s*$")
  return name, rest
end

---Carries out `:Codex`.
---@param command { args: string, bang: boolean, range: integer, line1: integer, line2: integer }
function M.run(command)
  local selection
  if command.range > 0 then
    local bufnr = vim.api.nvim_get_current_buf()
    selection = require("codex_ls.selection").lines(bufnr, command.line1 - 1, command.line2 - 1)
  end
  ---@param words string
  local function run(words)
    local name, rest = M.split(words)
    local subcommand = M.SUBCOMMANDS[name]
    if vim.startswith(name, "/") then
      subcommand, rest = M.SUBCOMMANDS.ask, words
    end
    if not subcommand then
      return errors.notify(errors.none_of(("`:Codex %s` is nothing."):format(name), names()))
    end
    subcommand.run({
      words = vim.split(rest, "%s+", { trimempty = true }),
      rest = rest,
      bang = command.bang,
      selection = selection,
    })
  end
  if command.args:match("%S") then
    run(command.args)
  else
    require("codex_ls.menu").open(selection, run)
  end
end

---@param choices string[]
---@param lead string
---@return string[]
local function matching(choices, lead)
  return vim.tbl_filter(function(choice)
    return vim.startswith(choice, lead)
  end, choices)
end

---Completes a `:Codex` command line.
---@param lead string the word at the cursor
---@param line string the whole command line
---@param cursor integer byte position in it
---@return string[]
function M.complete(lead, line, cursor)
  local name, before = M.split(line:sub(1, cursor - #lead):match("Codex!?%s+(.*)$") or "")
  if name == "" then
    return matching(vim.list_extend(names(), require("codex_ls.own_prompts").names()), lead)
  end
  local subcommand = M.SUBCOMMANDS[name]
  if not subcommand or not subcommand.complete then
    return {}
  end
  local words = vim.split(before, "%s+", { trimempty = true })
  return matching(subcommand.complete(words, before, lead), lead)
end

---Completes what is typed where a question is asked for.
---@param lead string the word at the cursor
---@param line string
---@param cursor integer byte position in it
---@return string[]
function M.complete_question(lead, line, cursor)
  return matching(complete_options({}, line:sub(1, cursor - #lead), lead), lead)
end

return M
