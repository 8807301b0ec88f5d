---One short text for a statusline: what codex is doing, or which profile it would ask.
local phrase = require("codex_ls.phrase")
local turns = require("codex_ls.turns")

local M = {}

---@return string text empty when there is nothing to say
function M.text()
  local running = turns.running()
  local turn = running[#running]
  if turn then
    local more = #running > 1 and (" +%d"):format(#running - 1) or ""
    return "codex: " .. phrase.progress(turn.answer, turn:elapsed_ms()) .. more
  end
  local name = require("codex_ls.profile").session()
  if not name then
    local latest = turns.latest()
    name = latest and phrase.model(latest.answer)
  end
  return name and "codex: " .. name or ""
end

---The same, with what a statusline would take for its own items escaped.
---@return string
function M.escaped()
  return (M.text():gsub("%%", "%%%%"))
end

return M
