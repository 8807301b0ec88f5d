local Text = require("codex_ls.text")
local expect = require("expect")

local WHOLE = "one\n\ntwo äöü\nthree\n"

return {
  ["any split of a text gives the same lines"] = function()
    for cut = 0, #WHOLE do
      local text = Text.new(WHOLE:sub(1, cut))
      text:append(WHOLE:sub(cut + 1))
      expect.equal(text:lines(), { "one", "", "two äöü", "three", "" })
      expect.equal(text:concat(), WHOLE)
      expect.equal(text.size, #WHOLE)
    end
  end,
  ["an empty text has one empty line"] = function()
    local text = Text.new()
    expect.equal({ text:lines(), text:count(), text:is_empty() }, { { "" }, 1, true })
  end,
  ["the last line is seen while it grows"] = function()
    local text = Text.new("a")
    expect.equal(text:line(1), "a")
    text:append("b")
    expect.equal(text:line(1), "ab")
    text:append("\nc")
    expect.equal({ text:line(1), text:line(2) }, { "ab", "c" })
  end,
  ["lines can be read from one on"] = function()
    expect.equal(Text.new("a\nb\nc"):lines(2), { "b", "c" })
  end,
  ["blank lines around a text are trimmed, those inside stay"] = function()
    expect.equal(Text.new("\n \na\n\nb\n\n"):trimmed(), { "a", "", "b" })
    expect.equal(Text.new("\n\n"):trimmed(), {})
  end,
  ["ten times as many pieces of one line allocate about ten times as much"] = function()
    ---@param count integer
    ---@return number kilobytes
    local function cost(count)
      local text = Text.new()
      collectgarbage("collect")
      collectgarbage("stop")
      local before = collectgarbage("count")
      for _ = 1, count do
        text:append("word ")
      end
      expect.equal(#text:line(1), count * 5)
      local after = collectgarbage("count")
      collectgarbage("restart")
      return after - before
    end
    local small, large = cost(1000), cost(10000)
    -- Joining at every piece would make it a hundred times as much.
    expect.truthy(large < small * 20)
  end,
}
