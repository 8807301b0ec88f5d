---Comparisons that raise with both values.
local M = {}

---@param actual any
---@param expected any
function M.equal(actual, expected)
  if not vim.deep_equal(actual, expected) then
    error(("expected %s\nbut got  %s"):format(vim.inspect(expected), vim.inspect(actual)), 2)
  end
end

---@param value any
function M.truthy(value)
  if not value then
    error("expected something, but got " .. vim.inspect(value), 2)
  end
end

return M
