---@brief
---
--- Ask a local or cloud model from the editor, and watch it think and answer.
---
--- The plugin starts the server by itself at the first `:Codex`. With `vim.lsp.enable("codex_ls")` it
--- runs in every file, and its code actions are there without asking first.
return require("codex_ls.client").config()
