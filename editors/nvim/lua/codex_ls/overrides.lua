---With which profile, model and effort a question is asked where that is not left to the configuration:
---what was said with the question, or for this session.
---
---Only the user says it, and only while Neovim runs. Nothing here is read from settings: a project names
---a profile and nothing else.
local protocol = require("codex_ls.protocol")

local M = {}

---@class codex_ls.Overrides
---@field profile? string
---@field model? string in place of the profile's, on the same server
---@field effort? codex_ls.Effort

---@alias codex_ls.Override "profile"|"model"|"effort"

---What a question was asked with, and when: `revision` counts the changes of the session's choice.
---@class codex_ls.AskedWith: codex_ls.Overrides
---@field revision integer

---@type codex_ls.Override[]
M.FIELDS = { "profile", "model", "effort" }

---@type codex_ls.Overrides
local session = {}

local revision = 0

---@type table<codex_ls.Override, integer> the revision that came with the last change
local changed = {}

---@type string? the profile that the session's model was chosen for; nil is what config.toml selects
local model_of

---What holds for this session; the configuration decides the rest.
---@return codex_ls.Overrides
function M.session()
  return vim.deepcopy(session)
end

---Chooses something for this session. A model belongs to a server, so another profile brings its own.
---@param field codex_ls.Override
---@param value? string nil leaves it to the configuration again
---@param set? string the profile in the settings of the buffer that it is chosen in
function M.choose(field, value, set)
  revision = revision + 1
  session[field], changed[field] = value, revision
  if field == "profile" then
    session.model, changed.model = nil, revision
  elseif field == "model" then
    model_of = session.profile or set
  end
end

---What a question is asked with: what was said last decides. A question that goes on from another one
---keeps what that one had, unless the session's choice has changed since.
---@param given codex_ls.Overrides said with the question
---@param previous? codex_ls.AskedWith of the question that it goes on from
---@param set? string the profile in the settings of the buffer that it is about
---@return codex_ls.AskedWith
function M.resolve(given, previous, set)
  local asked_with = { revision = revision }
  local fits = true
  for _, field in ipairs(M.FIELDS) do
    local source = session
    if previous and previous.revision >= (changed[field] or 0) then
      source = previous
    end
    if field == "model" and source == session then
      fits = (asked_with.profile or set) == model_of
    end
    asked_with[field] = given[field] or source[field]
  end
  if not given.model and (given.profile or not fits) then
    asked_with.model = nil
  end
  return asked_with
end

---What is wrong with a value.
---@param field codex_ls.Override
---@param value any
---@return string? message
---@return string? hint
function M.problem(field, value)
  if type(value) ~= "string" or not value:match("%S") then
    return ("The %s is blank."):format(field), "Name one, or leave it out."
  elseif field == "effort" and not vim.tbl_contains(protocol.EFFORTS, value) then
    return ("There is no effort %s."):format(value),
      ("It may be %s."):format(table.concat(protocol.EFFORTS, ", "))
  end
end

---Model and effort in a few words, for a title. The profile stands with the answer.
---@param overrides codex_ls.Overrides
---@return string words empty where the configuration decides both
function M.words(overrides)
  local parts = { overrides.model }
  if overrides.effort then
    parts[#parts + 1] = "effort " .. overrides.effort
  end
  return table.concat(parts, ", ")
end

---The same behind a title that it belongs to.
---@param overrides codex_ls.Overrides
---@param separator string
---@return string words with the separator before them, or empty
function M.suffix(overrides, separator)
  local words = M.words(overrides)
  return words ~= "" and separator .. words or ""
end

return M
