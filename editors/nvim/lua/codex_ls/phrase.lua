---The short sentences that say how a turn goes: under an answer, in a title, in the statusline.
local protocol = require("codex_ls.protocol")

local M = {}

local PHASE, STATUS = protocol.PHASE, protocol.STATUS

---@type table<codex_ls.Phase, string>
local PHASES = {
  [PHASE.CONNECTING] = "Connecting",
  [PHASE.LOADING] = "Loading the model",
  [PHASE.PROMPT] = "Reading the prompt",
  [PHASE.THINKING] = "Thinking",
  [PHASE.ANSWERING] = "Answering",
}

---@type table<codex_ls.Status, string>
local ENDS = {
  [STATUS.COMPLETED] = "Answered",
  [STATUS.TRUNCATED] = "Cut short",
  [STATUS.CANCELLED] = "Stopped",
  [STATUS.FAILED] = "Failed",
}

---@param ms integer
---@return string
function M.seconds(ms)
  return ("%.1f s"):format(ms / 1000)
end

---What is going on now.
---@param answer codex_ls.Answer
---@param elapsed_ms integer
---@return string
local function live(answer, elapsed_ms)
  if answer.retry then
    return ("%s. Attempt %d of %d"):format(
      (answer.retry.reason or "The request failed"):gsub("%.$", ""),
      answer.retry.attempt or 1,
      answer.retry.maxAttempts or 1
    )
  end
  local before = answer.status == "starting" and "Starting codex-ls" or "Waiting"
  local phase = PHASES[answer.phase] or before
  if answer.waiting then
    phase = ("Waiting for the server, queue of %d"):format(answer.waiting)
  end
  if answer.silent_ms then
    phase = ("%s, no text for %d s"):format(phase, math.floor(answer.silent_ms / 1000))
  elseif answer.fraction then
    phase = ("%s, %d%%"):format(phase, math.floor(answer.fraction * 100 + 0.5))
  end
  return ("%s, %s"):format(phase, M.seconds(elapsed_ms))
end

---How full the model's context window is now.
---@param usage? codex_ls.Usage
---@return string? share nil where it is not known, or next to nothing
function M.window_share(usage)
  if not usage or not usage.inputTokens or (usage.contextWindow or 0) <= 0 then
    return nil
  end
  local share = (usage.inputTokens + (usage.outputTokens or 0)) / usage.contextWindow
  local percent = math.floor(100 * share + 0.5)
  return percent >= 1 and ("%d%% of the window"):format(percent) or nil
end

---When the first word came, of the thinking or of the answer.
---@param timing codex_ls.Timing
---@return integer? ms nil where none came
function M.first_word_ms(timing)
  local thought_ms, answer_ms = timing.firstReasoningMs, timing.firstContentMs
  if thought_ms and answer_ms then
    return math.min(thought_ms, answer_ms)
  end
  return thought_ms or answer_ms
end

---@param answer codex_ls.Answer
---@param elapsed_ms integer
---@return string
function M.progress(answer, elapsed_ms)
  if not answer:is_over() then
    return live(answer, elapsed_ms)
  end
  local timing = answer.timing
  local parts = { ENDS[answer.status] .. (timing and " after " .. M.seconds(timing.totalMs) or "") }
  local first_ms = timing and M.first_word_ms(timing)
  if first_ms then
    parts[#parts + 1] = "first word after " .. M.seconds(first_ms)
  end
  if timing and timing.outputTokensPerSecond then
    local about = timing.estimated and "about " or ""
    parts[#parts + 1] = ("%s%.0f tokens/s"):format(about, timing.outputTokensPerSecond)
  end
  local share = M.window_share(answer.usage)
  if share then
    parts[#parts + 1] = share
  end
  return table.concat(parts, ", ")
end

---How many tokens the thinking has. Only the model server knows, and only at the end; until then,
---and where it does not tell, four bytes are taken for one.
---@param answer codex_ls.Answer
---@return string
local function thinking_tokens(answer)
  local counted = answer.usage and answer.usage.reasoningTokens
  if counted and counted > 0 then
    return ("%d tokens"):format(counted)
  end
  return ("about %d tokens"):format(math.ceil(answer.reasoning.size / 4))
end

---The title of the thinking.
---@param answer codex_ls.Answer
---@param thinking_ms integer how long it has thought
---@return string
function M.thinking(answer, thinking_ms)
  if answer.reasoning:is_empty() then
    return answer:is_over() and "No thinking" or live(answer, thinking_ms)
  end
  local is_thinking = not answer:is_over() and answer.phase == PHASE.THINKING
  local verb = is_thinking and "Thinking" or "Thought"
  local what = answer.summary and " (summary)" or ""
  return ("%s%s for %s, %s"):format(verb, what, M.seconds(thinking_ms), thinking_tokens(answer))
end

---The one row that remains of the thinking when the answer is there.
---@param answer codex_ls.Answer
---@param thinking_ms integer
---@return string? row nil where there is none, or where its window stays
function M.thought(answer, thinking_ms)
  if not answer:is_over() or answer.reasoning:is_empty() then
    return nil
  elseif require("codex_ls.config").get().thinking.when_answering == "keep" then
    return nil
  end
  return "▸ " .. M.thinking(answer, thinking_ms) .. ", :Codex thinking shows it"
end

---Where the model is, and what was asked for besides: for the row of the question.
---@param answer codex_ls.Answer
---@param words string model and effort; empty where the configuration decides
---@return string
function M.who(answer, words)
  local parts = {}
  if answer.is_local ~= nil then
    parts[#parts + 1] = answer.is_local and "local" or "cloud"
  end
  if words ~= "" then
    parts[#parts + 1] = words
  end
  return table.concat(parts, ", ")
end

---What is offered at an answer, in this order: the <Plug> map, and the word for it.
---@type [string, string][]
local KEYS = {
  { "replace", "replace" },
  { "accept", "insert" },
  { "yank", "yank" },
  { "open", "open" },
  { "again", "ask again" },
  { "dismiss", "dismiss" },
}

---The keys that the user has mapped to each <Plug> map of ours.
---@return table<string, string>
local function mapped()
  local keys = {}
  for _, map in ipairs(vim.api.nvim_get_keymap("n")) do
    local name = (map.rhs or ""):match("^<Plug>%(codex%-(%l+)%)$")
    if name and not keys[name] then
      keys[name] = vim.fn.keytrans(map.lhsraw or map.lhs)
    end
  end
  return keys
end

---What can be pressed at an answer: the user's keys, or else the command that offers the same.
---@param is_over boolean
---@return string
function M.keys(is_over)
  local keys = mapped()
  if not is_over then
    return (keys.stop or ":Codex stop") .. " stops it"
  end
  local parts = {}
  for _, key in ipairs(KEYS) do
    if keys[key[1]] then
      parts[#parts + 1] = ("%s %s"):format(keys[key[1]], key[2])
    end
  end
  return #parts > 0 and table.concat(parts, "  ") or ":Codex lists what can be done"
end

---What a task has changed, and what shows it.
---@param answer codex_ls.Answer
---@return string? row nil where it changed nothing, or is not over
function M.changes(answer)
  if not answer:is_over() or #answer.changed == 0 then
    return nil
  end
  local files = require("codex_ls.changes").files(#answer.changed)
  local verb = #answer.changed == 1 and "shows it" or "shows them"
  return ("%s changed, %s %s"):format(files, mapped().review or ":Codex review", verb)
end

---Which model, as the user names it.
---@param answer codex_ls.Answer
---@return string? name nil before the turn has begun
function M.model(answer)
  return answer.profile or answer.model
end

return M
