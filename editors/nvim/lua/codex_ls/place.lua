---The lines that a turn is about, wherever they move while the user goes on typing.
---@class codex_ls.Place
---@field bufnr integer
---@field private mark integer
---@field private last_known [integer, integer]
local Place = {}
Place.__index = Place

local NAMESPACE = vim.api.nvim_create_namespace("codex_ls.place")

---@param bufnr integer
---@param first integer row, from 0
---@param last integer row, from 0, inclusive
---@return codex_ls.Place
function Place.new(bufnr, first, last)
  local self = setmetatable({ bufnr = bufnr }, Place)
  self:set(first, last)
  return self
end

---Means other lines of the buffer, as far as it has them.
---@param first integer row, from 0
---@param last integer row, from 0, inclusive
function Place:set(first, last)
  local bottom = vim.api.nvim_buf_line_count(self.bufnr) - 1
  first = math.max(0, math.min(first, bottom))
  last = math.max(first, math.min(last, bottom))
  local final = vim.api.nvim_buf_get_lines(self.bufnr, last, last + 1, true)[1]
  self.last_known = { first, last }
  self.mark = vim.api.nvim_buf_set_extmark(self.bufnr, NAMESPACE, first, 0, {
    id = self.mark,
    end_row = last,
    end_col = #final,
    end_right_gravity = false,
  })
end

---@return boolean
function Place:exists()
  return vim.api.nvim_buf_is_loaded(self.bufnr)
end

---Where the lines are now. When the buffer was read again and its marks are gone, the last known rows
---serve, as far as the buffer reaches.
---@return integer first row, from 0
---@return integer last row, from 0, inclusive
function Place:rows()
  local bottom = vim.api.nvim_buf_line_count(self.bufnr) - 1
  local found =
    vim.api.nvim_buf_get_extmark_by_id(self.bufnr, NAMESPACE, self.mark, { details = true })
  if found[1] then
    self.last_known = { found[1], math.max(found[1], found[3].end_row or found[1]) }
  end
  local first, last = self.last_known[1], self.last_known[2]
  return math.min(first, bottom), math.min(last, bottom)
end

---@return string[]
function Place:lines()
  local first, last = self:rows()
  return vim.api.nvim_buf_get_lines(self.bufnr, first, last + 1, true)
end

function Place:clear()
  if self:exists() then
    vim.api.nvim_buf_del_extmark(self.bufnr, NAMESPACE, self.mark)
  end
end

return Place
