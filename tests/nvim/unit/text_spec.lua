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
  ["a hundred thousand pieces of one line cost about ten times ten thousand"] = function()
    ---@param count integer
    ---@return number ns
    local function cost(count)
      local text = Text.new()
      local from = vim.uv.hrtime()
      for _ = 1, count do
        text:append("word ")
      end
      expect.equal(#text:line(1), count * 5)
      return vim.uv.hrtime() - from
    end
    cost(10000)
    local small, large = cost(10000), cost(100000)
    -- Joining at every piece would make it a hundred times as much.
    expect.truthy(large < small * 40)
  end,
}
