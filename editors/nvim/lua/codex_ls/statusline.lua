---One short text for a statusline: what codex is doing, or whom it would ask.
local overrides = require("codex_ls.overrides")
local phrase = require("codex_ls.phrase")
local turns = require("codex_ls.turns")

local M = {}

---@return string text empty when there is nothing to say
function M.text()
  local running = turns.running()
  local turn = running[#running]
  if turn then
    local more = #running > 1 and (" +%d"):format(#running - 1) or ""
    local with = overrides.suffix(turn.question.asked_with, ", ")
    return "codex: " .. phrase.progress(turn.answer, turn:elapsed_ms()) .. with .. more
  end
  local session = overrides.session()
  local latest = turns.latest()
  local active = require("codex_ls.profile").active(vim.api.nvim_get_current_buf())
  local name = active or latest and phrase.model(latest.answer)
  local text = name and name .. overrides.suffix(session, ", ") or overrides.words(session)
  return text ~= "" and "codex: " .. text or ""
end

---The same, with what a statusline would take for its own items escaped.
---@return string
function M.escaped()
  return (M.text():gsub("%%", "%%%%"))
end

return M
