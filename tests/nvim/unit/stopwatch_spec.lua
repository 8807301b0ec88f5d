local Stopwatch = require("codex_ls.stopwatch")
local expect = require("expect")

---@return codex_ls.Stopwatch watch started at 1000 ms
---@return fun(ms: integer) set sets its clock
local function started()
  local now = 1000
  local watch = Stopwatch.new(function()
    return now
  end)
  return watch, function(ms)
    now = ms
  end
end

return {
  ["time counts from the asking until the question is sent, then from there, and stops at the end"] = function()
    local watch, set = started()
    set(1200)
    expect.equal(watch:elapsed_ms(), 200)
    watch:sent()
    set(1500)
    expect.equal(watch:elapsed_ms(), 300)
    watch:stop()
    set(9000)
    expect.equal(watch:elapsed_ms(), 300)
  end,
  ["thinking lasts from its first piece to the first piece of the answer"] = function()
    local watch, set = started()
    set(1100)
    expect.equal(watch:thinking(), true)
    set(1400)
    expect.equal({ watch:thinking(), watch:thinking_ms() }, { false, 300 })
    set(1600)
    expect.equal({ watch:answering(), watch:answering() }, { true, false })
    set(9000)
    expect.equal(watch:thinking_ms(), 500)
  end,
  ["thinking that goes on after a piece of the answer is still thinking"] = function()
    local watch, set = started()
    watch:thinking()
    watch:answering()
    set(1300)
    expect.equal(watch:thinking(), false)
    set(1700)
    watch:answering()
    expect.equal(watch:thinking_ms(), 700)
  end,
  ["an answer that was thinking counts as thinking"] = function()
    local watch, set = started()
    set(1200)
    watch:answering()
    set(1900)
    watch:reclassify()
    expect.equal(watch:thinking_ms(), 700)
    expect.equal(watch:answering(), true)
  end,
  ["thinking that was the answer is no thinking"] = function()
    local watch, set = started()
    set(1200)
    watch:thinking()
    set(1900)
    watch:answered_in_thinking()
    expect.equal(watch:answering(), false)
    expect.equal(watch:thinking(), true)
  end,
}
