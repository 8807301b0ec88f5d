---The words of a command line that say how to ask, and the question after them:
---
---    line     = { option } [ "--" ] question
---    option   = ( "profile" | "model" | "effort" ) "=" value
---
---Options stand before the first word of the question and nowhere else, so that a question may talk of
---`model=None`; `--` ends them, for one that begins with such a word. In a value `\ ` is a space.
local errors = require("codex_ls.errors")
local overrides = require("codex_ls.overrides")

local M = {}

---@class codex_ls.Line
---@field overrides codex_ls.Overrides
---@field rest string the question, as it was written
---@field is_closed boolean nothing that follows is an option
---@field problem? codex_ls.Error

---The first word, in which `\ ` is no end, and what follows it.
---@param text string without white space before it
---@return string word as it was written
---@return string after
local function split(text)
  local from = 1
  while true do
    local space = text:find("%s", from)
    if not space then
      return text, ""
    elseif text:sub(space - 1, space) ~= "\\ " then
      return text:sub(1, space - 1), (text:sub(space):gsub("^%s+", ""))
    end
    from = space + 1
  end
end

---@param text string
---@return string
function M.escape(text)
  return (text:gsub(" ", "\\ "))
end

---@param text string
---@return string
function M.unescape(text)
  return (text:gsub("\\ ", " "))
end

---@param message string
---@param hint? string
---@return codex_ls.Error
local function wrong(message, hint)
  hint = (hint and hint .. " " or "") .. "Put `--` before a question that begins like this."
  return errors.new(errors.CODE.BAD_COMMAND, message, hint)
end

---Takes the options off the front of a line.
---@param text string
---@return codex_ls.Line
function M.parse(text)
  local line = { overrides = {}, rest = text:gsub("^%s+", ""), is_closed = false }
  while line.rest ~= "" do
    local word, after = split(line.rest)
    local field, value = word:match("^(%l+)=(.*)$")
    if word == "--" then
      line.rest, line.is_closed = after, true
      break
    elseif not vim.tbl_contains(overrides.FIELDS, field) then
      line.is_closed = true
      break
    end
    value = M.unescape(value)
    local message, hint = overrides.problem(field, value)
    if message then
      line.problem = wrong(message, hint)
    elseif line.overrides[field] then
      line.problem = wrong(("There are two of %s."):format(field))
    end
    if line.problem then
      break
    end
    line.overrides[field], line.rest = value, after
  end
  return line
end

---@type table<codex_ls.Override, fun(given: codex_ls.Overrides): string[]>
local VALUES = {
  profile = function()
    return require("codex_ls.profile").names()
  end,
  model = function(given)
    return require("codex_ls.models").names(given.profile)
  end,
  effort = function()
    return require("codex_ls.protocol").EFFORTS
  end,
}

---What may stand at the cursor as an option.
---@param before string what stands before the word at the cursor
---@param lead string that word, as far as it is written
---@return string[]
function M.complete(before, lead)
  local line = M.parse(before)
  if line.problem or line.is_closed then
    return {}
  end
  local field = lead:match("^(%l+)=")
  if field and VALUES[field] and not line.overrides[field] then
    return vim.tbl_map(function(value)
      return ("%s=%s"):format(field, M.escape(value))
    end, VALUES[field](line.overrides))
  end
  local options = {}
  for _, name in ipairs(overrides.FIELDS) do
    if not line.overrides[name] then
      options[#options + 1] = name .. "="
    end
  end
  return options
end

return M
