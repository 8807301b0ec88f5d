---Colours code by its language, with the parsers and queries that Neovim has (|treesitter|).
local M = {}

local MAX_ROWS = 400

---The parser's name for what a fence says: `python`, `py`, `lua title="x"`.
---@param info string
---@return string? language nil where there is no parser for it
local function language_of(info)
  local word = info:match("^[%w_+#.-]+")
  if not word then
    return nil
  end
  word = word:lower()
  local filetype = vim.filetype.match({ filename = "x." .. word })
  for _, name in ipairs({ word, filetype }) do
    local language = vim.treesitter.language.get_lang(name) or name
    if pcall(vim.treesitter.language.inspect, language) then
      return language
    end
    -- On 0.10 a parser has to be loaded before it can be looked at.
    local ok, is_there = pcall(vim.treesitter.language.add, language)
    if ok and is_there ~= false and pcall(vim.treesitter.language.inspect, language) then
      return language
    end
  end
end

---The group of each byte of each row; false where no capture says anything.
---@param rows string[]
---@param language string
---@param query vim.treesitter.Query
---@return (string|false)[][]
local function groups_of(rows, language, query)
  local groups = {}
  for index in ipairs(rows) do
    groups[index] = {}
  end
  local text = table.concat(rows, "\n")
  local tree = vim.treesitter.get_string_parser(text, language):parse()[1]
  for id, node in query:iter_captures(tree:root(), text, 0, -1) do
    local name = query.captures[id]
    if not vim.startswith(name, "_") and name ~= "spell" and name ~= "nospell" then
      local first, from, last, to = node:range()
      for row = first, math.min(last, #rows - 1) do
        local stop = row == last and to or #rows[row + 1]
        for byte = (row == first and from or 0) + 1, stop do
          groups[row + 1][byte] = ("@%s.%s"):format(name, language)
        end
      end
    end
  end
  return groups
end

---@param row string
---@param groups (string|false)[]
---@return codex_ls.Chunk[]
local function chunks_of(row, groups)
  local chunks, from = {}, 1
  for byte = 1, #row do
    if byte == #row or groups[byte + 1] ~= groups[byte] then
      chunks[#chunks + 1] = { row:sub(from, byte), groups[byte] or "CodexCode" }
      from = byte + 1
    end
  end
  return #chunks > 0 and chunks or { { row, "CodexCode" } }
end

---The rows of a code block as chunks of virtual text; nil where nothing is known of its language, or it is
---longer than is worth the time. A line that is wrapped is coloured as if its rows were lines.
---@param rows string[]
---@param info string what the fence says of it
---@return codex_ls.Chunk[][]?
function M.chunks(rows, info)
  local language = #rows <= MAX_ROWS and language_of(info) or nil
  local ok, query = pcall(vim.treesitter.query.get, language or "", "highlights")
  if not language or not ok or not query then
    return nil
  end
  local parsed, groups = pcall(groups_of, rows, language, query)
  if not parsed then
    require("codex_ls.log").debug("no colours for %s: %s", language, groups)
    return nil
  end
  local result = {}
  for index, row in ipairs(rows) do
    result[index] = chunks_of(row, groups[index])
  end
  return result
end

return M
