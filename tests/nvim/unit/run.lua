---Runs the specs beside it: `nvim --clean -l tests/nvim/unit/run.lua`.
---
---A spec is a file `*_spec.lua` that returns its cases: the behaviour as a sentence, and a function that
---raises when the plugin does not behave so.
local here = vim.fs.dirname(vim.fs.normalize(debug.getinfo(1, "S").source:sub(2)))
local plugin = vim.fs.normalize(here .. "/../../../editors/nvim")
vim.opt.runtimepath:prepend(plugin)
package.path = here .. "/?.lua;" .. package.path

local passed, failures = 0, {}

for _, path in ipairs(vim.fn.sort(vim.fn.glob(here .. "/*_spec.lua", true, true))) do
  local name = vim.fs.basename(path):gsub("_spec%.lua$", "")
  local cases = dofile(path)
  local sentences = vim.tbl_keys(cases)
  table.sort(sentences)
  for _, sentence in ipairs(sentences) do
    local ok, reason = xpcall(cases[sentence], debug.traceback)
    if ok then
      passed = passed + 1
    else
      failures[#failures + 1] = ("%s: %s\n%s"):format(name, sentence, reason)
    end
  end
end

for _, failure in ipairs(failures) do
  io.stdout:write(failure, "\n\n")
end
io.stdout:write(("%d passed, %d failed\n"):format(passed, #failures))
os.exit(#failures == 0 and passed > 0 and 0 or 1)
