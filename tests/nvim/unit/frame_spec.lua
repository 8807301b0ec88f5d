local Answer = require("codex_ls.answer")
local Frame = require("codex_ls.frame")
local expect = require("expect")

---@param rows codex_ls.Row[]
---@return string[]
local function plain(rows)
  return vim.tbl_map(function(row)
    local texts = vim.tbl_map(function(chunk)
      return chunk[1]
    end, row)
    return table.concat(texts)
  end, rows)
end

---@return codex_ls.Answer
local function answering(content)
  local answer = Answer.new()
  answer:apply({ type = "begin", turnId = "u", threadId = "h", model = "m", profile = "p" })
  if content ~= "" then
    answer:apply({ type = "content", text = content })
  end
  return answer
end

return {
  ["the question stands above, how it goes below"] = function()
    local rows = Frame.new()
      :rows(answering("one two three"), "why?", 2100, { width = 12, height = 9 })
    expect.equal(plain(rows), {
      "╭ why?",
      "│ one two",
      "│ three",
      "╰ Answering…",
    })
  end,
  ["before the first word there is no empty row"] = function()
    local rows = Frame.new():rows(answering(""), "why?", 400, { width = 40, height = 9 })
    expect.equal(plain(rows), { "╭ why?", "╰ Waiting, 0.4 s · p" })
    rows = Frame.new():rows(Answer.new(), "why?", 400, { width = 40, height = 9 })
    expect.equal(plain(rows), { "╭ why?", "╰ Starting codex-ls, 0.4 s" })
  end,
  ["an answer that is too high shows its end, and says how much is above"] = function()
    local lines = {}
    for index = 1, 20 do
      lines[index] = "line " .. index
    end
    local answer = answering(table.concat(lines, "\n"))
    local rows = Frame.new():rows(answer, "q", 0, { width = 60, height = 7 })
    expect.equal(plain(rows), {
      "╭ q",
      "│ ↑ 16 more rows, :Codex answer open",
      "│ line 17",
      "│ line 18",
      "│ line 19",
      "│ line 20",
      "╰ Answering, 0.0 s · p",
    })
  end,
  ["errors and notices stand under the text"] = function()
    local answer = answering("half")
    answer:apply({ type = "notice", kind = "x", message = "Mind this.", hint = "Do that." })
    answer:finish("truncated", { code = 5, message = "It died.", hint = "Again." })
    local rows = Frame.new():rows(answer, "q", 0, { width = 60, height = 20 })
    expect.equal(plain(rows), {
      "╭ q",
      "│ half",
      "│ Mind this.",
      "│ Do that.",
      "│ It died.",
      "│ Again.",
      "╰ Cut short · p",
    })
    expect.equal(rows[5][2][2], "CodexError")
  end,
  ["a question of several lines is one row"] = function()
    local rows = Frame.new():rows(answering(""), "a\n  b\tc", 0, { width = 60, height = 9 })
    expect.equal(plain(rows)[1], "╭ a b c")
  end,
  ["another width wraps everything again"] = function()
    local frame, answer = Frame.new(), answering("one two three")
    frame:rows(answer, "q", 0, { width = 40, height = 9 })
    expect.equal(
      vim.list_slice(plain(frame:rows(answer, "q", 0, { width = 12, height = 9 })), 2, 3),
      { "│ one two", "│ three" }
    )
  end,
  ["content that is taken back goes"] = function()
    local frame, answer = Frame.new(), answering("secret plan\nof two lines")
    frame:rows(answer, "q", 0, { width = 40, height = 9 })
    answer:apply({ type = "reclassify", from = "content", to = "reasoning" })
    answer:apply({ type = "content", text = "Hi" })
    expect.equal(
      plain(frame:rows(answer, "q", 0, { width = 40, height = 9 })),
      { "╭ q", "│ Hi", "╰ Answering, 0.0 s · p" }
    )
  end,
  ["the end tells time and speed"] = function()
    local answer = answering("x")
    answer:apply({
      type = "done",
      status = "completed",
      timing = {
        requestMs = 1,
        totalMs = 4100,
        firstContentMs = 800,
        outputTokensPerSecond = 41.2,
        estimated = false,
      },
    })
    expect.equal(
      plain(Frame.new():rows(answer, "q", 0, { width = 80, height = 9 }))[3],
      "╰ Answered after 4.1 s, first word after 0.8 s, 41 tokens/s · p"
    )
  end,
}
