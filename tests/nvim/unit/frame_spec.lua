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
    local rows = Frame.new():rows(
      answering("one two three"),
      { label = "why?", with = "" },
      2100,
      { width = 12, height = 9 }
    )
    expect.equal(plain(rows), {
      "╭ why?",
      "│ one two",
      "│ three",
      "╰ Answering…",
    })
  end,
  ["before the first word there is no empty row"] = function()
    local rows = Frame.new():rows(
      answering(""),
      { label = "why?", with = "" },
      400,
      { width = 40, height = 9 }
    )
    expect.equal(plain(rows), { "╭ why?", "╰ Waiting, 0.4 s · p" })
    rows = Frame.new()
      :rows(Answer.new(), { label = "why?", with = "" }, 400, { width = 40, height = 9 })
    expect.equal(plain(rows), { "╭ why?", "╰ Starting codex-ls, 0.4 s" })
  end,
  ["an answer that is too high shows its end while it is written, and then its beginning"] = function()
    local lines = {}
    for index = 1, 20 do
      lines[index] = "line " .. index
    end
    local answer = answering(table.concat(lines, "\n"))
    local rows = Frame.new():rows(answer, { label = "q", with = "" }, 0, { width = 60, height = 7 })
    expect.equal(plain(rows), {
      "╭ q",
      "│ ↑ 16 more rows, :Codex answer open",
      "│ line 17",
      "│ line 18",
      "│ line 19",
      "│ line 20",
      "╰ Answering, 0.0 s · p",
    })
    answer:apply({ type = "done", status = "completed" })
    rows = Frame.new():rows(answer, { label = "q", with = "" }, 0, { width = 60, height = 7 })
    expect.equal(plain(rows), {
      "╭ q",
      "│ line 1",
      "│ line 2",
      "│ line 3",
      "│ line 4",
      "│ ↓ 16 more rows, :Codex answer open",
      "╰ Answered · p",
    })
  end,
  ["there are never more rows than allowed, and the newest text is the last to go"] = function()
    local answer = answering("one\ntwo\nthree")
    answer:note({ kind = "x", message = "Mind this.", hint = "Do that." })
    local heights = {
      { "╭ q" },
      { "╭ q", "╰ Answering, 0.0 s · p" },
      { "╭ q", "│ Do that.", "╰ Answering, 0.0 s · p" },
      { "╭ q", "│ Mind this.", "│ Do that.", "╰ Answering, 0.0 s · p" },
      { "╭ q", "│ three", "│ Mind this.", "│ Do that.", "╰ Answering, 0.0 s · p" },
    }
    for height, expected in ipairs(heights) do
      local size = { width = 60, height = height }
      expect.equal(plain(Frame.new():rows(answer, { label = "q", with = "" }, 0, size)), expected)
    end
  end,
  ["an earlier answer is one row"] = function()
    local row = Frame.folded(answering("one\n\ntwo\n"), "why is this so slow?", 24)
    expect.equal(plain({ row }), { "▸ why is this… · 3 lines" })
  end,
  ["a stream that has gone silent says for how long"] = function()
    local answer = answering("x")
    answer:apply({ type = "phase", phase = "answering", silentMs = 12300 })
    local rows = Frame.new():rows(answer, { label = "q", with = "" }, 0, { width = 60, height = 7 })
    expect.equal(plain(rows)[3], "╰ Answering, no text for 12 s, 0.0 s · p")
    answer:apply({ type = "content", text = "y" })
    rows = Frame.new():rows(answer, { label = "q", with = "" }, 0, { width = 60, height = 7 })
    expect.equal(plain(rows)[3], "╰ Answering, 0.0 s · p")
  end,
  ["errors and notices stand under the text"] = function()
    local answer = answering("half")
    answer:apply({ type = "notice", kind = "x", message = "Mind this.", hint = "Do that." })
    answer:finish("truncated", { code = 5, message = "It died.", hint = "Again." })
    local rows = Frame.new()
      :rows(answer, { label = "q", with = "" }, 0, { width = 60, height = 20 })
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
    local rows = Frame.new():rows(
      answering(""),
      { label = "a\n  b\tc", with = "" },
      0,
      { width = 60, height = 9 }
    )
    expect.equal(plain(rows)[1], "╭ a b c")
  end,
  ["another width wraps everything again"] = function()
    local frame, answer = Frame.new(), answering("one two three")
    frame:rows(answer, { label = "q", with = "" }, 0, { width = 40, height = 9 })
    expect.equal(
      vim.list_slice(
        plain(frame:rows(answer, { label = "q", with = "" }, 0, { width = 12, height = 9 })),
        2,
        3
      ),
      { "│ one two", "│ three" }
    )
  end,
  ["content that is taken back goes"] = function()
    local frame, answer = Frame.new(), answering("secret plan\nof two lines")
    frame:rows(answer, { label = "q", with = "" }, 0, { width = 40, height = 9 })
    answer:apply({ type = "reclassify", from = "content", to = "reasoning" })
    answer:apply({ type = "content", text = "Hi" })
    expect.equal(
      plain(frame:rows(answer, { label = "q", with = "" }, 0, { width = 40, height = 9 })),
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
      plain(Frame.new():rows(answer, { label = "q", with = "" }, 0, { width = 80, height = 9 }))[3],
      "╰ Answered after 4.1 s, first word after 0.8 s, 41 tokens/s · p"
    )
  end,
  ["the first word is the thinking's where it comes first"] = function()
    local answer = answering("x")
    answer:apply({
      type = "done",
      status = "completed",
      timing = { requestMs = 1, totalMs = 4100, firstReasoningMs = 300, firstContentMs = 800 },
    })
    expect.equal(
      plain(Frame.new():rows(answer, { label = "q", with = "" }, 0, { width = 80, height = 9 }))[3],
      "╰ Answered after 4.1 s, first word after 0.3 s · p"
    )
  end,
  ["the end tells how full the window is"] = function()
    local answer = answering("x")
    answer:apply({
      type = "done",
      status = "completed",
      timing = { requestMs = 1, totalMs = 4100, firstContentMs = 2000 },
      usage = { inputTokens = 2100, outputTokens = 530, contextWindow = 8192 },
    })
    expect.equal(
      plain(Frame.new():rows(answer, { label = "q", with = "" }, 0, { width = 80, height = 9 }))[3],
      "╰ Answered after 4.1 s, first word after 2.0 s, 32% of the window · p"
    )
  end,
  ["a request in the server's queue waits until it is read"] = function()
    local answer = Answer.new({ profile = "p" })
    answer:apply({ type = "phase", phase = "prompt", waiting = 3 })
    local function last()
      local rows =
        plain(Frame.new():rows(answer, { label = "q", with = "" }, 0, { width = 80, height = 9 }))
      return rows[#rows]
    end
    expect.equal(last(), "╰ Waiting for the server, queue of 3, 0.0 s")
    answer:apply({ type = "phase", phase = "prompt" })
    expect.equal(last(), "╰ Reading the prompt, 0.0 s")
  end,
  ["what it is asked with stands behind the question, and is not cut first"] = function()
    ---@param with string
    ---@param width integer
    local function heading(with, width)
      local about = { label = "why is this so slow?", with = with }
      return plain(Frame.new():rows(answering(""), about, 0, { width = width, height = 9 }))[1]
    end
    expect.equal(heading("m, effort high", 60), "╭ why is this so slow? · m, effort high")
    expect.equal(heading("m, effort high", 34), "╭ why is this so… · m, effort high")
    expect.equal(heading("m, effort high", 24), "╭ why is this so slow?…")
  end,
}
