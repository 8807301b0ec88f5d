---Has every running turn look at the time and at its server, four times a second, while there are any.
---
---Neovim tells nobody that a server has died before its handshake, and seconds pass without an event.
local turns = require("codex_ls.turns")

local M = {}

local INTERVAL_MS = 250

---@type uv.uv_timer_t?
local timer

local function beat()
  local running = turns.running()
  if #running == 0 and timer then
    timer:close()
    timer = nil
  end
  for _, turn in ipairs(running) do
    turn:tick()
  end
end

---Starts it, unless it goes on already. It ends by itself.
function M.start()
  if not timer then
    timer = assert(vim.uv.new_timer())
    timer:start(INTERVAL_MS, INTERVAL_MS, vim.schedule_wrap(beat))
  end
end

return M
