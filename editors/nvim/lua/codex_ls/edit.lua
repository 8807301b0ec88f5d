---Takes an answer over: into the buffer below the code, into a register, or in place of the code.
---
---Where its code goes, and whether it can go there, the server decides (`codex/edit`).
local client_of = require("codex_ls.client")
local compat = require("codex_ls.compat")
local documents = require("codex_ls.documents")
local errors = require("codex_ls.errors")
local markdown = require("codex_ls.markdown")
local protocol = require("codex_ls.protocol")
local selections = require("codex_ls.selection")

local M = {}

---@alias codex_ls.Part "code"|"text"

local ASK_AGAIN = "Ask again for the whole block"

---@param message string
---@param hint? string
local function refuse(message, hint)
  errors.notify(errors.new(errors.CODE.NOTHING_TO_DO, message, hint))
end

---Whether the answer of a turn can be taken over. Says why not.
---@param turn codex_ls.Turn
---@return boolean
local function is_finished(turn)
  if not turn.answer:is_over() then
    refuse("The answer is still being written.", "`:Codex stop` ends it.")
    return false
  elseif turn.answer.content:is_empty() then
    refuse("The answer is empty.")
    return false
  end
  return true
end

---Whether the text of the turn still has its place in the buffer.
---@param turn codex_ls.Turn
---@return boolean
local function has_place(turn)
  local bufnr = turn.place.bufnr
  if turn.place:exists() and vim.bo[bufnr].modifiable then
    return true
  end
  errors.notify(errors.new(errors.CODE.NO_PLACE, "The buffer can't be changed, or is gone."))
  return false
end

---@param block codex_ls.CodeBlock
---@return string
local function describe(block)
  local language = block.language ~= "" and block.language or "text"
  local lines = block.lines == 1 and "line" or "lines"
  return ("%d %s of %s: %s"):format(block.lines, lines, language, block.preview)
end

---Says why an answer changes nothing, and offers what can be done about it.
---@param turn codex_ls.Turn
---@param refusal codex_ls.EditRefusal
---@param hint? string
---@param choose fun(block: codex_ls.CodeBlock)
local function offer(turn, refusal, hint, choose)
  local choices = vim.list_slice(refusal.blocks or {})
  if refusal.askAgain then
    choices[#choices + 1] = ASK_AGAIN
  end
  if #choices == 0 then
    return refuse(refusal.message, hint)
  end
  vim.ui.select(choices, {
    prompt = refusal.message .. (hint and " " .. hint or ""),
    format_item = function(choice)
      return choice == ASK_AGAIN and choice or describe(choice)
    end,
  }, function(choice)
    if choice == ASK_AGAIN then
      require("codex_ls.ask").for_whole_block(turn, refusal.askAgain)
    elseif choice then
      choose(choice)
    end
  end)
end

---@class codex_ls.EditRequest
---@field placement "replace"|"insert"
---@field hint? string what else can be done where the server refuses
---@field apply fun(edits: lsp.TextEdit[], encoding: string)

---Has the server say what an answer changes, and applies that.
---@param turn codex_ls.Turn
---@param request codex_ls.EditRequest
---@param block? integer which code block, from 0
local function ask(turn, request, block)
  local bufnr = turn.place.bufnr
  client_of.ensure(bufnr, function(err, client)
    if not client then
      return errors.notify(assert(err))
    end
    local first, last = turn.place:rows()
    local encoding = client.offset_encoding or "utf-16"
    local asked_at = vim.api.nvim_buf_get_changedtick(bufnr)
    local params = {
      turnId = turn.answer.turn_id,
      threadId = turn.answer.thread_id,
      textDocument = documents.identify(client, bufnr),
      range = selections.range(bufnr, first, last, encoding),
      original = turn.question.original,
      placement = request.placement,
      block = block,
    }
    compat.request(client, protocol.METHOD.EDIT, params, function(reply_error, result)
      if reply_error then
        return errors.notify(errors.from_reply(reply_error))
      elseif result.refusal then
        return offer(turn, result.refusal, request.hint, function(chosen)
          ask(turn, request, chosen.index)
        end)
      elseif asked_at ~= vim.api.nvim_buf_get_changedtick(bufnr) then
        return refuse("The text has changed meanwhile.", "Do it again.")
      end
      request.apply(result.edits, encoding)
    end, bufnr)
  end)
end

---Inserts the answer below the lines it is about: its code, or its text. One undo takes it back.
---@param turn codex_ls.Turn
---@param part? codex_ls.Part
function M.accept(turn, part)
  if not is_finished(turn) or not has_place(turn) then
    return
  end
  local bufnr = turn.place.bufnr
  if part == "text" then
    local _, last = turn.place:rows()
    local text = turn.answer.content:trimmed()
    vim.api.nvim_buf_set_lines(bufnr, last + 1, last + 1, true, text)
    return turn:dismiss_all()
  end
  ask(turn, {
    placement = "insert",
    hint = "`:Codex answer accept text` inserts all of its text.",
    apply = function(edits, encoding)
      vim.lsp.util.apply_text_edits(edits, bufnr, encoding)
      turn:dismiss_all()
    end,
  })
end

---Proposes the code of the answer in place of the lines it is about, as a diff.
---@param turn codex_ls.Turn
function M.replace(turn)
  if not is_finished(turn) or not has_place(turn) then
    return
  elseif not turn.selection.explicit then
    return refuse(
      "The question was about no lines in particular, so there is nothing to replace.",
      "Select the lines and ask again."
    )
  end
  ask(turn, {
    placement = "replace",
    apply = function(edits, encoding)
      require("codex_ls.review").open(turn, edits, encoding)
    end,
  })
end

---The lines of an answer, or those of its code; of several blocks the user picks one.
---@param turn codex_ls.Turn
---@param part codex_ls.Part
---@param callback fun(lines: string[])
local function choose(turn, part, callback)
  local text = turn.answer.content:trimmed()
  if part == "text" then
    return callback(text)
  end
  local blocks = markdown.code_blocks(text)
  if #blocks < 2 then
    return blocks[1] and callback(blocks[1].lines)
      or refuse("There is no code block in the answer.")
  end
  vim.ui.select(blocks, {
    prompt = "Which code block?",
    format_item = function(block)
      local preview = vim.trim(block.lines[1] or "")
      return describe({ lines = #block.lines, language = block.language, preview = preview })
    end,
  }, function(block)
    if block then
      callback(block.lines)
    end
  end)
end

---Puts the answer into a register.
---@param turn codex_ls.Turn
---@param part? codex_ls.Part the whole text, unless told
---@param register? string the one that `p` takes from, unless told
function M.yank(turn, part, register)
  if not is_finished(turn) then
    return
  end
  choose(turn, part or "text", function(lines)
    vim.fn.setreg(register or vim.v.register, lines, "l")
    vim.notify(("codex: %d lines yanked"):format(#lines), vim.log.levels.INFO)
  end)
end

return M
