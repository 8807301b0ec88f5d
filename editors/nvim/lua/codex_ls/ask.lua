---Asks questions: decides what a question is about, whether it goes on with a conversation, with which
---model it is asked, and shows its answer.
local Document = require("codex_ls.document")
local Inline = require("codex_ls.inline")
local Thinking = require("codex_ls.thinking")
local Turn = require("codex_ls.turn")
local arguments = require("codex_ls.arguments")
local client_of = require("codex_ls.client")
local config = require("codex_ls.config")
local errors = require("codex_ls.errors")
local overrides = require("codex_ls.overrides")
local selections = require("codex_ls.selection")
local turns = require("codex_ls.turns")

local M = {}

---@class codex_ls.AskOptions: codex_ls.Overrides
---@field prompt? string asked for, unless told
---@field label? string what the user sees of the prompt; the prompt itself, unless told
---@field selection? codex_ls.Selection
---@field is_new? boolean begin a new conversation even where an answer stands

---Sends a question and shows what comes: under the lines it is about, or in the document of its
---conversation, or in both.
---@param question codex_ls.Question
---@param selection codex_ls.Selection
---@param document? codex_ls.Document
---@return codex_ls.Turn
local function send(question, selection, document)
  local turn = Turn.new(question, selection)
  if not document or document.bufnr ~= selection.bufnr then
    Inline.attach(turn)
  end
  if document and document:exists() then
    document:add(turn)
  end
  Thinking.attach(turn)
  turn:subscribe(function(_, change)
    if change == "over" then
      require("codex_ls.model").offer(turn)
    end
  end)
  turn:start()
  return turn
end

---Goes on with the conversation of a turn. The new answer takes the place of the old one, unless that
---is still being written: then it comes after it.
---@param previous codex_ls.Turn
---@param question codex_ls.Question
---@return codex_ls.Turn
local function follow_up(previous, question)
  question.thread_id = previous.answer.thread_id
  local selection = selections.cursor()
  if previous.place:exists() then
    local first, last = previous.place:rows()
    selection = selections.lines(previous.place.bufnr, first, last)
  end
  if previous.answer:is_over() then
    previous:dismiss()
  end
  return send(question, selection, previous.document)
end

---The turn that a question would go on from.
---@param options codex_ls.AskOptions
---@return codex_ls.Turn?
local function previous_of(options)
  if options.selection or options.is_new then
    return nil
  end
  return turns.here()
end

---What a question with these options is asked with.
---@param options codex_ls.AskOptions
---@return codex_ls.AskedWith
local function asked_with(options)
  local previous = previous_of(options)
  local set = client_of.settings_profile(vim.api.nvim_get_current_buf())
  return overrides.resolve(options, previous and previous.question.asked_with, set)
end

---@param prompt string
---@param options codex_ls.AskOptions
---@return codex_ls.Turn
local function ask(prompt, options)
  local question = {
    prompt = prompt,
    label = options.label or prompt,
    asked_with = asked_with(options),
  }
  local bufnr = vim.api.nvim_get_current_buf()
  local previous = previous_of(options)
  if previous and previous.answer.thread_id then
    return follow_up(previous, question)
  elseif previous and previous.answer:is_over() then
    -- It failed before there was a conversation: nothing to go on with, and nothing to keep.
    previous:dismiss()
  end
  local document = not options.is_new and Document.at(bufnr) or nil
  question.thread_id = document and vim.b[bufnr].codex_thread
  return send(question, options.selection or selections.cursor(), document)
end

---Has the user type what may follow `:Codex ask`, until it makes sense or they give up.
---@param options codex_ls.AskOptions
---@param complaint string
---@param typed? string what they have typed already
local function ask_user(options, complaint, typed)
  local win = vim.api.nvim_get_current_win()
  local with = overrides.words(asked_with(options))
  vim.ui.input({
    prompt = ("%sAsk codex%s: "):format(complaint, with ~= "" and (" (%s)"):format(with) or ""),
    default = typed,
    completion = "customlist,v:lua.require'codex_ls.command'.complete_question",
  }, function(text)
    if not text or not text:match("%S") or not vim.api.nvim_win_is_valid(win) then
      return
    end
    local line = arguments.parse(text)
    local all = vim.tbl_extend("force", options, line.overrides)
    vim.api.nvim_win_call(win, function()
      if line.problem then
        ask_user(options, line.problem.message .. " ", text)
      elseif line.rest == "" then
        ask_user(all, "")
      else
        ask(line.rest, all)
      end
    end)
  end)
end

---What is wrong with the values that a caller gave.
---@param options codex_ls.Overrides
---@return codex_ls.Error?
local function problem_of(options)
  for _, field in ipairs(overrides.FIELDS) do
    local value = options[field]
    local message, hint
    if value ~= nil then
      message, hint = overrides.problem(field, value)
    end
    if message then
      return errors.new(errors.CODE.BAD_COMMAND, message, hint)
    end
  end
end

---Asks the question, after asking the user for it if need be. What they type may begin with options, as
---after `:Codex ask`; a `prompt` is sent as it is.
---@param options? codex_ls.AskOptions
function M.ask(options)
  options = options or {}
  local problem = problem_of(options)
  if problem then
    errors.notify(problem)
  elseif options.prompt and options.prompt:match("%S") then
    ask(options.prompt, options)
  else
    ask_user(options, "")
  end
end

---The same question by other words.
---@param options codex_ls.AskOptions
---@param prompt string
---@param label string
---@param selection codex_ls.Selection
---@return codex_ls.AskOptions
local function worded(options, prompt, label, selection)
  return {
    prompt = prompt,
    label = label,
    selection = selection,
    profile = options.profile,
    model = options.model,
    effort = options.effort,
  }
end

---Explains lines, or what the cursor stands in.
---@param options? codex_ls.AskOptions
function M.explain(options)
  options = options or {}
  local selection = options.selection or selections.around_cursor()
  M.ask(worded(options, config.get().prompts.explain, "Explain this", selection))
end

---Asks for a fix of the problems in some lines, or in what the cursor stands in.
---@param options? codex_ls.AskOptions
function M.fix(options)
  options = options or {}
  local selection = options.selection or selections.around_cursor()
  local diagnostics = selections.diagnostics(selection)
  if #diagnostics == 0 and not options.selection then
    errors.notify(
      errors.new(
        errors.CODE.NOTHING_TO_DO,
        "There are no diagnostics here.",
        "Select lines to have them fixed all the same."
      )
    )
    return
  end
  local messages = vim.tbl_map(function(diagnostic)
    return (diagnostic.message:gsub("%s+", " "))
  end, diagnostics)
  local label = #messages > 0 and "Fix: " .. table.concat(messages, "; ") or "Fix this"
  M.ask(worded(options, config.get().prompts.fix, label, selection))
end

---Asks the question of a turn once more, of the lines as they are now.
---@param turn? codex_ls.Turn
---@param given? codex_ls.Overrides another profile, model or effort than last time
function M.again(turn, given)
  if not turn then
    errors.notify(errors.new(errors.CODE.NOTHING_TO_DO, "Nothing was asked yet."))
    return
  end
  if not turn.place:exists() then
    errors.notify(errors.new(errors.CODE.NO_PLACE, "The buffer is gone."))
    return
  end
  local selection = turn:current_selection()
  local set = client_of.settings_profile(selection.bufnr)
  local question = vim.tbl_extend("force", turn.question, {
    asked_with = overrides.resolve(given or {}, turn.question.asked_with, set),
  })
  turn:dismiss()
  send(question, selection, turn.document)
end

return M
