---Asks questions: decides what a question is about, whether it goes on with a conversation, and shows
---its answer.
local Document = require("codex_ls.document")
local Inline = require("codex_ls.inline")
local Thinking = require("codex_ls.thinking")
local Turn = require("codex_ls.turn")
local config = require("codex_ls.config")
local errors = require("codex_ls.errors")
local profile = require("codex_ls.profile")
local selections = require("codex_ls.selection")
local turns = require("codex_ls.turns")

local M = {}

---@class codex_ls.AskOptions
---@field prompt? string asked for, unless told
---@field label? string what the user sees of the prompt; the prompt itself, unless told
---@field selection? codex_ls.Selection
---@field is_new? boolean begin a new conversation even where an answer stands
---@field profile? string

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

---@param prompt string
---@param options codex_ls.AskOptions
---@return codex_ls.Turn
local function ask(prompt, options)
  local question = {
    prompt = prompt,
    label = options.label or prompt,
    profile = options.profile or profile.session(),
  }
  local bufnr = vim.api.nvim_get_current_buf()
  local previous = not options.selection and not options.is_new and turns.here()
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

---Asks the question, after asking the user for it if need be.
---@param options? codex_ls.AskOptions
function M.ask(options)
  options = options or {}
  if options.prompt and options.prompt:match("%S") then
    ask(options.prompt, options)
    return
  end
  local win = vim.api.nvim_get_current_win()
  vim.ui.input({ prompt = "Ask codex: " }, function(prompt)
    if not prompt or not prompt:match("%S") then
      return
    end
    if vim.api.nvim_win_is_valid(win) then
      vim.api.nvim_win_call(win, function()
        ask(prompt, options)
      end)
    end
  end)
end

---Explains lines, or what the cursor stands in.
---@param options? codex_ls.AskOptions
function M.explain(options)
  options = options or {}
  M.ask({
    prompt = config.get().prompts.explain,
    label = "Explain this",
    selection = options.selection or selections.around_cursor(),
    profile = options.profile,
  })
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
  M.ask({
    prompt = config.get().prompts.fix,
    label = #messages > 0 and "Fix: " .. table.concat(messages, "; ") or "Fix this",
    selection = selection,
    profile = options.profile,
  })
end

---Asks the question of a turn once more, of the lines as they are now.
---@param turn? codex_ls.Turn
---@param profile_name? string another profile than last time
function M.again(turn, profile_name)
  if not turn then
    errors.notify(errors.new(errors.CODE.NOTHING_TO_DO, "Nothing was asked yet."))
    return
  end
  if not turn.place:exists() then
    errors.notify(errors.new(errors.CODE.NO_PLACE, "The buffer is gone."))
    return
  end
  local selection = turn:current_selection()
  local question = vim.tbl_extend("force", turn.question, {
    profile = profile_name or profile.session() or turn.question.profile,
  })
  turn:dismiss()
  send(question, selection, turn.document)
end

return M
