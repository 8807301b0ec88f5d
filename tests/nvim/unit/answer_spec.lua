local Answer = require("codex_ls.answer")
local expect = require("expect")

local BEGIN = {
  type = "begin",
  turnId = "u1",
  threadId = "h1",
  model = "qwen",
  profile = "local",
  provider = "llama",
  seq = 0,
}

---@param events table[]
---@return codex_ls.Answer
local function after(events)
  local answer = Answer.new()
  for _, event in ipairs(events) do
    answer:apply(event)
  end
  return answer
end

---@param answer codex_ls.Answer
local function summary(answer)
  return {
    status = answer.status,
    phase = answer.phase,
    content = answer.content:concat(),
    reasoning = answer.reasoning:concat(),
  }
end

return {
  ["pieces become the thinking and the answer"] = function()
    local answer = after({
      BEGIN,
      { type = "phase", phase = "prompt", fraction = 0.5 },
      { type = "reasoning", text = "Let me", source = "raw" },
      { type = "reasoning", text = " think", source = "raw" },
      { type = "content", text = "4" },
      { type = "content", text = "2" },
    })
    expect.equal(summary(answer), {
      status = "running",
      phase = "answering",
      content = "42",
      reasoning = "Let me think",
    })
    expect.equal(
      { answer.turn_id, answer.thread_id, answer.profile, answer.fraction },
      { "u1", "h1", "local", nil }
    )
  end,
  ["content that was thinking moves there"] = function()
    local answer = after({
      BEGIN,
      { type = "content", text = "hm" },
      { type = "reclassify", from = "content", to = "reasoning" },
      { type = "content", text = "yes" },
    })
    expect.equal(
      { answer.content:concat(), answer.reasoning:concat(), answer.restarts },
      { "yes", "hm", 1 }
    )
  end,
  ["thinking that was the answer moves there"] = function()
    local answer = after({
      BEGIN,
      { type = "reasoning", text = "4", source = "raw" },
      { type = "reclassify", from = "reasoning", to = "content" },
    })
    expect.equal(
      { answer.content:concat(), answer.reasoning:concat(), answer.phase },
      { "4", "", "answering" }
    )
  end,
  ["nothing is taken after the end"] = function()
    local answer =
      after({ BEGIN, { type = "done", status = "completed", timing = { totalMs = 1 } } })
    expect.equal(answer:apply({ type = "content", text = "late" }), false)
    expect.equal(answer:finish("failed"), false)
    expect.equal(summary(answer).status, "completed")
    expect.equal(summary(answer).content, "")
  end,
  ["an unknown event changes nothing"] = function()
    local answer = after({ BEGIN })
    expect.equal(answer:apply({ type = "toolCall" }), false)
    expect.equal(summary(answer).status, "running")
  end,
  ["a failure carries its sentence, hint and kind"] = function()
    local answer = after({
      BEGIN,
      {
        type = "done",
        status = "failed",
        timing = { totalMs = 3 },
        error = { kind = "unreachable", message = "Nothing listens there.", hint = "Start it." },
      },
    })
    expect.equal(answer.error, {
      code = require("codex_ls.errors").CODE.REQUEST_FAILED,
      message = "Nothing listens there.",
      hint = "Start it.",
      kind = "unreachable",
    })
  end,
  ["the result repairs what was missed"] = function()
    local answer = after({ BEGIN, { type = "content", text = "4" } })
    local changed = answer:settle({
      turnId = "u1",
      threadId = "h1",
      status = "completed",
      content = "42",
      reasoning = "six by nine",
      finishReason = "stop",
      model = "qwen",
      provider = "llama",
      timing = { totalMs = 9 },
      notices = {},
    })
    expect.equal(changed, true)
    expect.equal(summary(answer), {
      status = "completed",
      content = "42",
      reasoning = "six by nine",
    })
  end,
  ["a result that says nothing new changes nothing"] = function()
    local answer = after({
      BEGIN,
      { type = "content", text = "42" },
      { type = "notice", kind = "emptyAnswer", message = "Hm." },
      { type = "done", status = "completed", timing = { totalMs = 9 } },
    })
    local changed = answer:settle({
      turnId = "u1",
      threadId = "h1",
      status = "completed",
      content = "42",
      reasoning = "",
      timing = { totalMs = 9 },
      notices = { { kind = "emptyAnswer", message = "Hm." } },
    })
    expect.equal({ changed, #answer.notices }, { false, 1 })
  end,
  ["a retry is forgotten when something happens"] = function()
    local answer = after({
      BEGIN,
      { type = "retry", attempt = 1, maxAttempts = 5, delayMs = 200, reason = "503" },
    })
    expect.equal(answer.retry.attempt, 1)
    answer:apply({ type = "phase", phase = "connecting" })
    expect.equal(answer.retry, nil)
  end,
}
