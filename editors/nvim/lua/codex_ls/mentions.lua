---What a question names: `@src/a.py` is a file, `#b.py` a buffer, and both go along with it. The server reads
---them, and says so where it can't; here is only found out which words are names.
---
---    name = ( "@" | "#" ) path [ ":" line [ "-" line ] ]
---
---Nothing in backquotes is a name.
local client_of = require("codex_ls.client")
local documents = require("codex_ls.documents")
local errors = require("codex_ls.errors")

local M = {}

---@class codex_ls.Mention
---@field path? string relative to the folder of the server
---@field uri? string of a file elsewhere
---@field bufnr? integer
---@field first? integer row, from 0
---@field last? integer row, from 0, inclusive

---@param path string
---@return boolean
local function exists(path)
  return vim.uv.fs_stat(path) ~= nil
end

---A word that can hardly be anything but the name of a file, whether there is one or not.
---@param name string
---@return boolean
local function looks_like_file(name)
  return name:find("/", 1, true) ~= nil or name:find("%.%a") ~= nil
end

---@param name string
---@param root string
---@return codex_ls.Mention? mention nil where the word is only a word
local function file(name, root)
  if name:find("^[~/]") or name:find("^%a:[/\\]") then
    return { uri = vim.uri_from_fname(vim.fs.normalize(name)) }
  elseif exists(vim.fs.joinpath(root, name)) then
    return { path = name }
  end
  local here = vim.fs.joinpath(assert(vim.uv.cwd()), name)
  if exists(here) then
    return { uri = vim.uri_from_fname(vim.fs.normalize(here)) }
  end
  return looks_like_file(name) and { path = name } or nil
end

---@param bufnr integer
---@return boolean
local function is_offered(bufnr)
  return vim.bo[bufnr].buflisted
    and vim.api.nvim_buf_get_name(bufnr) ~= ""
    and not documents.is_ours(bufnr)
end

---The name of a buffer as it is typed: relative to the folder Neovim works in.
---@param bufnr integer
---@return string
local function name_of(bufnr)
  return vim.fn.fnamemodify(vim.api.nvim_buf_get_name(bufnr), ":.")
end

---@param name string
---@return integer[] buffers with that name, or else whose path ends with it
local function buffers(name)
  local exact, ending = {}, {}
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    if is_offered(bufnr) then
      local path = name_of(bufnr)
      if path == name then
        exact[#exact + 1] = bufnr
      elseif vim.endswith(path, "/" .. name) then
        ending[#ending + 1] = bufnr
      end
    end
  end
  return #exact > 0 and exact or ending
end

---@param name string
---@return codex_ls.Mention?
---@return codex_ls.Error?
local function buffer(name)
  local found = buffers(name)
  if #found == 1 then
    return { bufnr = found[1] }
  elseif #found > 1 then
    local names = table.concat(vim.tbl_map(name_of, found), ", ")
    local message = ("Several buffers are named %s: %s."):format(name, names)
    return nil, errors.new(errors.CODE.BAD_COMMAND, message, "Give more of the path.")
  elseif looks_like_file(name) then
    local message = ("There is no buffer %s."):format(name)
    return nil, errors.new(errors.CODE.BAD_COMMAND, message, ("@%s names a file."):format(name))
  end
end

---@param mention codex_ls.Mention
---@param first string
---@param last string
---@return codex_ls.Mention
local function with_lines(mention, first, last)
  mention.first = math.max(0, tonumber(first) - 1)
  mention.last = math.max(mention.first, (tonumber(last) or tonumber(first)) - 1)
  return mention
end

---What one word names.
---@param sign string
---@param name string
---@param root string
---@return codex_ls.Mention?
---@return codex_ls.Error?
local function named(sign, name, root)
  local path, first, last = name:match("^(.-):(%d+)%-?(%d*)$")
  local mention, problem
  if sign == "@" then
    mention = file(path or name, root)
  else
    mention, problem = buffer(path or name)
  end
  return mention and first and with_lines(mention, first, last) or mention, problem
end

---Everything that a question names.
---@param question string
---@param bufnr integer in which it is asked
---@return codex_ls.Mention[]
---@return codex_ls.Error? problem of a buffer that there is not
function M.find(question, bufnr)
  local mentions = {} ---@type codex_ls.Mention[]
  local root ---@type string?
  for word in question:gsub("`[^`]*`", " "):gmatch("%S+") do
    local sign, name = word:match("^[(\"']?([@#])(.+)$")
    if sign then
      root = root or client_of.root(bufnr)
      -- What ends a sentence is no part of a name.
      local mention, problem = named(sign, (name:gsub("[.,;:!?)\"']+$", "")), root)
      if problem then
        return {}, problem
      end
      mentions[#mentions + 1] = mention
    end
  end
  return mentions
end

---The loaded buffer of a file: its text goes along, and not what was saved.
---@param mention codex_ls.Mention
---@param root string
---@return integer?
local function buffer_of(mention, root)
  local path = mention.uri and vim.uri_to_fname(mention.uri) or vim.fs.joinpath(root, mention.path)
  path = vim.fs.normalize(path)
  for _, bufnr in ipairs(vim.api.nvim_list_bufs()) do
    local name = vim.api.nvim_buf_get_name(bufnr)
    if vim.api.nvim_buf_is_loaded(bufnr) and vim.fs.normalize(name) == path then
      return bufnr
    end
  end
end

---The `context` of a request.
---@param client vim.lsp.Client
---@param mentions codex_ls.Mention[]
---@param root string
---@return codex_ls.ContextItem[]
function M.params(client, mentions, root)
  return vim.tbl_map(function(mention)
    local bufnr = mention.bufnr or buffer_of(mention, root)
    local item = bufnr and documents.share(client, bufnr)
      or { path = mention.path, uri = mention.uri }
    if mention.first then
      item.range = {
        start = { line = mention.first, character = 0 },
        ["end"] = { line = mention.last + 1, character = 0 },
      }
    end
    return item
  end, mentions)
end

---@param lead string
---@return string[]
local function complete_files(lead)
  local root = client_of.root(vim.api.nvim_get_current_buf())
  local folder, start = lead:match("^@(.-)([^/]*)$")
  local found = {}
  for name, kind in vim.fs.dir(vim.fs.joinpath(root, folder)) do
    local is_hidden = vim.startswith(name, ".") and not vim.startswith(start, ".")
    if vim.startswith(name, start) and not is_hidden and not name:find("%s") then
      found[#found + 1] = ("@%s%s%s"):format(folder, name, kind == "directory" and "/" or "")
    end
  end
  table.sort(found)
  return found
end

---What may stand at the cursor: the names of files behind `@`, of buffers behind `#`.
---@param lead string the word at the cursor
---@return string[]? names nil where the word is no name
function M.complete(lead)
  if vim.startswith(lead, "@") then
    return complete_files(lead)
  elseif vim.startswith(lead, "#") then
    return vim.tbl_map(function(bufnr)
      return "#" .. name_of(bufnr)
    end, vim.tbl_filter(is_offered, vim.api.nvim_list_bufs()))
  end
end

return M
