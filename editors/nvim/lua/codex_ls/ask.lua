---Asks questions: decides what a question is about, whether it goes on with a conversation, with which
---model it is asked, and shows its answer.
local Document = require("codex_ls.document")
local Inline = require("codex_ls.inline")
local Thinking = require("codex_ls.thinking")
local Turn = require("codex_ls.turn")
local arguments = require("codex_ls.arguments")
local client_of = require("codex_ls.client")
local errors = require("codex_ls.errors")
local overrides = require("codex_ls.overrides")
local mentions = require("codex_ls.mentions")
local own_prompts = require("codex_ls.own_prompts")
local profile = require("codex_ls.profile")
local protocol = require("codex_ls.protocol")
local selections = require("codex_ls.selection")
local turns = require("codex_ls.turns")

local M = {}

---@class codex_ls.AskOptions: codex_ls.Overrides
---@field prompt? string asked for, unless told
---@field label? string what the user sees of the prompt; the prompt itself, unless told
---@field selection? codex_ls.Selection
---@field is_new? boolean begin a new conversation even where an answer stands
---@field intent? codex_ls.Intent to ask, unless told
---@field mode? codex_ls.Mode to ask, unless told
---@field reviews? boolean propose the answer's code as a diff as soon as it is there
---@field expected? codex_ls.ExpectedProfile who the user was shown as the one that answers

---Sends a question and shows what comes: under the lines it is about, or in the document of its
---conversation, or in both.
---@param question codex_ls.Question
---@param selection codex_ls.Selection
---@param document? codex_ls.Document
---@param previous? codex_ls.Turn the one that it follows up
---@return codex_ls.Turn
local function send(question, selection, document, previous)
  local turn = Turn.new(question, selection)
  if not document or document.bufnr ~= selection.bufnr then
    Inline.attach(turn, previous)
  end
  if document and document:exists() then
    document:add(turn)
  end
  Thinking.attach(turn)
  turn:subscribe(function(_, change)
    if change == "over" then
      require("codex_ls.model").offer(turn)
      profile.offer(turn)
    end
  end)
  turn:start()
  return turn
end

---Goes on with the conversation of a turn. The new answer stands under the old one, which folds once it is
---over.
---@param previous codex_ls.Turn
---@param question codex_ls.Question
---@return codex_ls.Turn
local function follow_up(previous, question)
  question.thread_id = previous.answer.thread_id
  question.original = previous.question.original or previous.text
  local selection = selections.cursor()
  if previous.place:exists() then
    local first, last = previous.place:rows()
    selection = selections.lines(previous.place.bufnr, first, last)
  end
  return send(question, selection, previous.document, previous)
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

---Whom the user sees as the one that answers a question with these options.
---@param options codex_ls.AskOptions
---@return codex_ls.ExpectedProfile?
local function expected_of(options)
  local bufnr = vim.api.nvim_get_current_buf()
  return profile.expected(bufnr, asked_with(options), previous_of(options))
end

---Proposes the code of an answer once it is whole, unless the user is in the middle of something else.
---@param turn codex_ls.Turn
local function review_at_end(turn)
  turn:subscribe(function(_, change)
    if change ~= "over" or turn.answer.status ~= protocol.STATUS.COMPLETED then
      return
    end
    local is_here = vim.api.nvim_get_current_win() == turn.win
    if is_here and vim.api.nvim_get_mode().mode == "n" then
      require("codex_ls.edit").replace(turn)
    else
      vim.notify("codex: the change is there. `:Codex answer replace` shows it")
    end
  end)
end

---@param prompt string
---@param options codex_ls.AskOptions
local function ask(prompt, options)
  local bufnr = vim.api.nvim_get_current_buf()
  local named, problem = mentions.find(prompt, bufnr)
  if problem then
    return errors.notify(problem)
  end
  local own = own_prompts.of(prompt)
  if own and own.intent and own.intent ~= "ask" and options.intent ~= own.intent then
    options = vim.tbl_extend("force", options, {
      intent = own.intent,
      reviews = own.intent == "edit",
      selection = options.selection or selections.cursor(),
    })
  end
  local question = {
    prompt = prompt,
    intent = options.intent or "ask",
    mode = options.mode,
    label = options.label or prompt,
    mentions = named,
    asked_with = asked_with(options),
    expected = options.expected or expected_of(options),
  }
  local previous = previous_of(options)
  if previous and previous.answer.thread_id then
    follow_up(previous, question)
    return
  elseif previous and previous.answer:is_over() then
    -- It failed before there was a conversation: nothing to go on with, and nothing to keep.
    previous:dismiss()
  end
  local document = not options.is_new and Document.at(bufnr) or nil
  question.thread_id = document and vim.b[bufnr].codex_thread
  local turn = send(question, options.selection or selections.cursor(), document)
  if options.reviews then
    review_at_end(turn)
  end
end

---Has the user type what may follow `:Codex ask`, until it makes sense or they give up.
---@param options codex_ls.AskOptions
---@param complaint string
---@param typed? string what they have typed already
local function ask_user(options, complaint, typed)
  local win = vim.api.nvim_get_current_win()
  local expected, asked = expected_of(options), asked_with(options)
  local with = vim
    .iter({ expected and expected.profile or "", overrides.words(asked) })
    :filter(function(words)
      return words ~= ""
    end)
    :join(", ")
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
    all.expected = not line.overrides.profile and expected or nil
    vim.api.nvim_win_call(win, function()
      local _, unknown = mentions.find(line.rest, vim.api.nvim_get_current_buf())
      local problem = line.problem or unknown
      if problem then
        ask_user(options, problem.message .. " ", text)
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
  elseif options.intent == "explain" or options.intent == "fix" then
    ask("", options)
  else
    ask_user(options, "")
  end
end

---@param options? codex_ls.AskOptions
---@param intent codex_ls.Intent
---@param label string
local function ask_about(options, intent, label)
  options = options or {}
  M.ask(vim.tbl_extend("force", options, {
    intent = intent,
    label = (options.prompt or "") ~= "" and options.prompt or label,
    selection = options.selection or selections.cursor(),
  }))
end

---Explains lines, or what the cursor stands in.
---@param options? codex_ls.AskOptions
function M.explain(options)
  ask_about(options, "explain", "Explain this")
end

---Asks for a fix of some lines, or of what the cursor stands in, and of the problems there.
---@param options? codex_ls.AskOptions
function M.fix(options)
  local selection = options and options.selection or selections.cursor()
  local messages = vim.tbl_map(function(diagnostic)
    return (diagnostic.message:gsub("%s+", " "))
  end, selection.diagnostics or selections.diagnostics(selection))
  local label = #messages > 0 and "Fix: " .. table.concat(messages, "; ") or "Fix this"
  ask_about(options, "fix", label)
end

---Asks for a change of some lines, or of what the cursor stands in, and proposes it as a diff.
---@param options? codex_ls.AskOptions
function M.edit(options)
  options = vim.tbl_extend("keep", { intent = "edit", reviews = true }, options or {})
  options.selection = options.selection or selections.cursor()
  M.ask(options)
end

---Has a task done in the workspace, as far as config.toml and the user allow.
---@param options? codex_ls.AskOptions
function M.task(options)
  M.ask(vim.tbl_extend("keep", { mode = "agent" }, options or {}))
end

---Asks for the whole block that an answer did not give, in its conversation.
---@param turn codex_ls.Turn
---@param prompt string
function M.for_whole_block(turn, prompt)
  local selection = turn:current_selection()
  selection.explicit = true
  send({
    prompt = prompt,
    intent = "edit",
    label = "The whole block",
    asked_with = turn.question.asked_with,
    expected = profile.expected(selection.bufnr, turn.question.asked_with, turn),
    thread_id = turn.answer.thread_id,
  }, selection, turn.document, turn)
end

---Asks the question of a turn once more, of the lines as they are now.
---@param turn? codex_ls.Turn
---@param given? codex_ls.Overrides another profile, model or effort than last time
---@param expected? codex_ls.ExpectedProfile whom the user has agreed to ask
function M.again(turn, given, expected)
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
  local asked = overrides.resolve(given or {}, turn.question.asked_with, set)
  local question = vim.tbl_extend("force", turn.question, {
    asked_with = asked,
    expected = expected or profile.expected(selection.bufnr, asked, turn),
  })
  local conversation = turn:conversation()
  local previous ---@type codex_ls.Turn?
  for index, member in ipairs(conversation) do
    previous = member == turn and conversation[index - 1] or previous
  end
  turn:dismiss()
  send(question, selection, turn.document, previous)
end

return M
