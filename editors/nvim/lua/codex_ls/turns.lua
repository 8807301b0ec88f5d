---All turns of this session: which are running, which answer stands where.
local M = {}

---@type codex_ls.Turn[] in the order in which they were asked
local turns = {}

---@param turn codex_ls.Turn
function M.add(turn)
  turns[#turns + 1] = turn
end

---@param turn codex_ls.Turn
function M.remove(turn)
  for index, known in ipairs(turns) do
    if known == turn then
      table.remove(turns, index)
      return
    end
  end
end

---@return codex_ls.Turn[]
function M.all()
  return vim.list_slice(turns)
end

---@return codex_ls.Turn[]
function M.running()
  return vim.tbl_filter(function(turn)
    return not turn.answer:is_over()
  end, turns)
end

---@return codex_ls.Turn?
function M.latest()
  return turns[#turns]
end

---The turn whose lines hold a row; of several the one that was asked last.
---@param bufnr integer
---@param row integer from 0
---@return codex_ls.Turn?
function M.at(bufnr, row)
  for index = #turns, 1, -1 do
    local turn = turns[index]
    if turn.place.bufnr == bufnr and turn.place:exists() then
      local first, last = turn.place:rows()
      if first <= row and row <= last then
        return turn
      end
    end
  end
end

---The turn that a buffer of ours shows: its thinking, or the document of its thread.
---@param bufnr integer
---@return codex_ls.Turn?
function M.shown_in(bufnr)
  local id = vim.b[bufnr].codex_turn
  for index = #turns, 1, -1 do
    if turns[index].id == id then
      return turns[index]
    end
  end
end

---The turn at the cursor.
---@return codex_ls.Turn?
function M.here()
  local bufnr = vim.api.nvim_get_current_buf()
  return M.shown_in(bufnr) or M.at(bufnr, vim.api.nvim_win_get_cursor(0)[1] - 1)
end

---The turn that a command means: the one at the cursor, or else the latest one.
---@return codex_ls.Turn?
function M.meant()
  return M.here() or M.latest()
end

return M
