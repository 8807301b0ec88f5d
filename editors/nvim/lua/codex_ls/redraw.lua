---Runs a function at once, and then at most once in so many milliseconds, never dropping the last call.
---@class codex_ls.Redraw
---@field private draw fun()
---@field private interval_ms integer
---@field private timer uv.uv_timer_t?
---@field private pending boolean
local Redraw = {}
Redraw.__index = Redraw

---@param interval_ms integer
---@param draw fun()
---@return codex_ls.Redraw
function Redraw.new(interval_ms, draw)
  return setmetatable({ draw = draw, interval_ms = interval_ms, pending = false }, Redraw)
end

---@private
function Redraw:arm()
  self.timer = assert(vim.uv.new_timer())
  self.timer:start(
    self.interval_ms,
    0,
    vim.schedule_wrap(function()
      if not self.timer then
        return
      end
      self:cancel()
      if self.pending then
        self:request()
      end
    end)
  )
end

---Draws now, or as soon as the interval is over.
function Redraw:request()
  if self.timer then
    self.pending = true
    return
  end
  self.pending = false
  self:arm()
  self.draw()
end

---Draws now, whatever the interval says.
function Redraw:flush()
  self:cancel()
  self.pending = false
  self.draw()
end

---@private
function Redraw:cancel()
  if self.timer then
    self.timer:stop()
    self.timer:close()
    self.timer = nil
  end
end

---Draws no more.
function Redraw:close()
  self:cancel()
  self.pending = false
end

return Redraw
