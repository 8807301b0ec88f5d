local Text = require("codex_ls.text")
local expect = require("expect")
local wrap = require("codex_ls.wrap")

---@param rows string[]
---@param width integer
local function expect_fits(rows, width)
  for _, row in ipairs(rows) do
    expect.truthy(vim.api.nvim_strwidth(row) <= width)
    expect.equal(vim.str_utf_pos(row) and vim.fn.strchars(row) >= 0, true)
  end
end

return {
  ["a line that fits stays as it is"] = function()
    expect.equal(wrap.line("hello", 5), { "hello" })
    expect.equal(wrap.line("", 5), { "" })
  end,
  ["lines break at spaces"] = function()
    expect.equal(wrap.line("one two three four", 9), { "one two", "three", "four" })
    expect.equal(wrap.line("one two three four", 10), { "one two", "three four" })
  end,
  ["a word that is too long is cut"] = function()
    expect.equal(wrap.line("abcdefghij", 4), { "abcd", "efgh", "ij" })
  end,
  ["wide characters count two cells, and are never cut in two"] = function()
    expect.equal(wrap.line("日本語テキスト", 5), { "日本", "語テ", "キス", "ト" })
  end,
  ["combining characters stay with theirs"] = function()
    local word = ("e\204\129"):rep(6)
    local rows = wrap.line(word, 3)
    expect.equal(rows, { ("e\204\129"):rep(3), ("e\204\129"):rep(3) })
  end,
  ["list items and code hang under their text"] = function()
    expect.equal(wrap.line("- one two three", 9), { "- one two", "  three" })
    expect.equal(wrap.line("10. one two three", 11), { "10. one two", "    three" })
    expect.equal(wrap.line("    a = b + c", 9), { "    a = b", "    + c" })
  end,
  ["an indent that leaves no room is not kept"] = function()
    local rows = wrap.line((" "):rep(20) .. "word word", 10)
    expect_fits(rows, 10)
    expect.equal(vim.trim(table.concat(rows, " ")):match("word%s+word"), "word word")
  end,
  ["tabs and control characters have a known width"] = function()
    expect.equal(wrap.line("a\tb\27[31m\1c", 40), { "a    b[31mc" })
  end,
  ["no text is lost, at any width"] = function()
    local line = "The quick 狐 jumps över the lazy_underscored_dog, e\204\129 and 👩‍💻 too"
    for width = 8, 70 do
      local rows = wrap.line(line, width)
      expect_fits(rows, width)
      local joined = table.concat(rows, ""):gsub("%s", "")
      expect.equal(joined, (line:gsub("%s", "")))
    end
  end,
  ["a growing text wraps as the whole would"] = function()
    local whole = "one two three\nfour\n\nfive six seven eight nine\nten"
    local text = Text.new()
    local wrapped = wrap.new(8)
    for index = 1, #whole do
      text:append(whole:sub(index, index))
      wrapped:update(text)
    end
    local expected = {}
    for _, line in ipairs(vim.split(whole, "\n")) do
      vim.list_extend(expected, wrap.line(line, 8))
    end
    expect.equal(wrapped.rows, expected)
  end,
  ["a row knows its line"] = function()
    local wrapped = wrap.new(5)
    wrapped:update(Text.new("aa bb cc\ndd\nee ff gg"))
    expect.equal(wrapped.rows, { "aa bb", "cc", "dd", "ee ff", "gg" })
    local lines = {}
    for row = 1, 5 do
      lines[row] = wrapped:line_of(row)
    end
    expect.equal(lines, { 1, 1, 2, 3, 3 })
  end,
}
