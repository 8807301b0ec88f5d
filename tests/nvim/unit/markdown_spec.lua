local Text = require("codex_ls.text")
local expect = require("expect")
local markdown = require("codex_ls.markdown")

---@param text string
---@return string[] lines
---@return string? closing
local function neutralised(text)
  local neutraliser = markdown.neutraliser()
  local lines = {}
  for _, line in ipairs(vim.split(text, "\n")) do
    lines[#lines + 1] = neutraliser:line(line)
  end
  return lines, neutraliser:closing()
end

return {
  ["code blocks are found, with their language, closed or not"] = function()
    local blocks = markdown.code_blocks({
      "Text",
      "```python title=x",
      "a = 1",
      "```",
      "~~~",
      "```",
      "~~~~",
      "````lua",
      "```",
      "local x",
    })
    expect.equal(blocks, {
      { language = "python", lines = { "a = 1" } },
      { language = "", lines = { "```" } },
      { language = "lua", lines = { "```", "local x" } },
    })
  end,
  ["images and HTML are made harmless in prose"] = function()
    expect.equal(
      neutralised("![a](http://x/y.png) ![b][ref] <img src=x> a < b \\<img> \\\\<img>"),
      { "!\\[a](http://x/y.png) !\\[b][ref] \\<img src=x> a < b \\<img> \\\\\\<img>" }
    )
  end,
  ["code stays as it is"] = function()
    expect.equal(
      neutralised("```html\n<img src=x> ![a](b)\n```\n![a](b)"),
      { "```html", "<img src=x> ![a](b)", "```", "!\\[a](b)" }
    )
  end,
  ["a fence inside a list does not hide an image after it"] = function()
    expect.equal(
      neutralised("- item\n  ```\n![a](http://x)"),
      { "- item", "  ```", "!\\[a](http://x)" }
    )
  end,
  ["a line of backticks with one more in it opens nothing"] = function()
    expect.equal(neutralised("``` a`b\n![a](http://x)"), { "``` a`b", "!\\[a](http://x)" })
  end,
  ["a code block that was never closed is closed after it"] = function()
    local _, closing = neutralised("````\ncode")
    expect.equal(closing, "````")
    expect.equal(({ neutralised("```\ncode\n```") })[2], nil)
  end,
  ["looking at a line that still grows changes nothing"] = function()
    local neutraliser = markdown.neutraliser()
    expect.equal(neutraliser:peek("```"), "```")
    expect.equal(neutraliser:closing("```"), "```")
    expect.equal(neutraliser:peek("![a](b"), "!\\[a](b")
    neutraliser:line("```")
    expect.equal(neutraliser:peek("![a](b"), "![a](b")
    expect.equal(neutraliser:closing("```"), nil)
  end,
  ["fences tell code from prose while the text grows"] = function()
    local whole = "# Title\nprose\n```lua\nlocal x\n```\nend"
    local text = Text.new()
    local fences = markdown.fences()
    for index = 1, #whole do
      text:append(whole:sub(index, index))
      fences:update(text)
    end
    local kinds = {}
    for index = 1, text:count() do
      kinds[index] = fences:kind(index)
    end
    expect.equal(kinds, {
      "CodexHeading",
      "CodexAnswer",
      "CodexFence",
      "CodexCode",
      "CodexFence",
      "CodexAnswer",
    })
  end,
}
