---Takes an answer over: into the buffer below the code, into a register, or in place of the code.
local errors = require("codex_ls.errors")
local markdown = require("codex_ls.markdown")

local M = {}

---@alias codex_ls.Part "code"|"text"

---@param message string
local function refuse(message)
  errors.notify(errors.new(errors.CODE.NOTHING_TO_DO, message))
end

---Whether the answer of a turn can be taken over. Says why not.
---@param turn codex_ls.Turn
---@return boolean
local function is_finished(turn)
  if not turn.answer:is_over() then
    refuse("The answer is still being written. `:Codex stop` ends it.")
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

---The lines of an answer that are meant: its code, of several blocks the one that the user picks, or
---the whole text.
---@param turn codex_ls.Turn
---@param part? codex_ls.Part code, if there is any, unless told
---@param callback fun(lines: string[])
local function choose(turn, part, callback)
  local text = turn.answer.content:trimmed()
  local blocks = part ~= "text" and markdown.code_blocks(text) or {}
  if #blocks == 0 then
    if part == "code" then
      return refuse("There is no code block in the answer.")
    end
    return callback(text)
  elseif #blocks == 1 then
    return callback(blocks[1].lines)
  end
  vim.ui.select(blocks, {
    prompt = "Which code block?",
    format_item = function(block)
      local first = vim.trim(block.lines[1] or "")
      return ("%d lines of %s: %s"):format(
        #block.lines,
        block.language ~= "" and block.language or "text",
        first
      )
    end,
  }, function(block)
    if block then
      callback(block.lines)
    end
  end)
end

---Inserts the answer below the lines it is about. One undo takes it back.
---@param turn codex_ls.Turn
---@param part? codex_ls.Part
function M.accept(turn, part)
  if not is_finished(turn) or not has_place(turn) then
    return
  end
  choose(turn, part, function(lines)
    local _, last = turn.place:rows()
    local here = turn.place:lines()
    vim.api.nvim_buf_set_lines(
      turn.place.bufnr,
      last + 1,
      last + 1,
      true,
      markdown.reindent(lines, here)
    )
    turn:dismiss()
  end)
end

---Proposes the answer in place of the lines it is about, as a diff.
---@param turn codex_ls.Turn
---@param part? codex_ls.Part
function M.replace(turn, part)
  if not is_finished(turn) or not has_place(turn) then
    return
  end
  choose(turn, part, function(lines)
    require("codex_ls.review").open(turn, markdown.reindent(lines, turn.place:lines()))
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
