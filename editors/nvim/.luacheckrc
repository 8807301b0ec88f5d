-- vim: ft=lua
std = "luajit"
cache = false
codes = true
max_line_length = 120
read_globals = { "vim" }
globals = { "vim.g", "vim.b", "vim.w", "vim.o", "vim.bo", "vim.wo", "vim.opt" }
ignore = {
  "212/_.*", -- an argument that is named away on purpose
}
