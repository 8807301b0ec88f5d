local Redraw = require("codex_ls.redraw")
local expect = require("expect")

return {
  ["the first call draws at once, the following ones together, the last one never gets lost"] = function()
    local value, drawn = 0, {}
    local redraw = Redraw.new(20, function()
      drawn[#drawn + 1] = value
    end)
    for index = 1, 100 do
      value = index
      redraw:request()
    end
    expect.equal(drawn, { 1 })
    expect.truthy(vim.wait(2000, function()
      return #drawn == 2
    end, 1))
    expect.equal(drawn, { 1, 100 })
    redraw:close()
  end,
  ["a flush draws at once"] = function()
    local count = 0
    local redraw = Redraw.new(1000, function()
      count = count + 1
    end)
    redraw:request()
    redraw:request()
    redraw:flush()
    expect.equal(count, 2)
    redraw:close()
  end,
}
