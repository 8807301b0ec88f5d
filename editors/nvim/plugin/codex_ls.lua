if vim.g.loaded_codex_ls then
  return
end
vim.g.loaded_codex_ls = true

if vim.fn.has("nvim-0.10") == 0 then
  vim.notify_once("codex_ls needs Neovim 0.10 or later", vim.log.levels.ERROR)
  return
end

require("codex_ls.highlight").define()

vim.api.nvim_create_user_command("Codex", function(command)
  require("codex_ls.command").run(command)
end, {
  nargs = "*",
  bang = true,
  range = true,
  desc = "Ask a model, and deal with its answers",
  complete = function(lead, line, cursor)
    return require("codex_ls.command").complete(lead, line, cursor)
  end,
})

---@type table<string, string> the name of the <Plug> map, and the command behind it
local MAPS = {
  menu = "",
  ask = "ask",
  ["do"] = "do",
  edit = "edit",
  explain = "explain",
  fix = "fix",
  stop = "stop",
  profile = "profile",
  model = "model",
  effort = "effort",
  thinking = "thinking",
  answer = "answer",
  again = "again",
  review = "review",
  undo = "undo",
  threads = "threads",
  accept = "answer accept",
  replace = "answer replace",
  yank = "answer yank",
  open = "answer open",
  dismiss = "answer dismiss",
}
local TAKES_LINES =
  { menu = true, ask = true, ["do"] = true, edit = true, explain = true, fix = true }

for name, command in pairs(MAPS) do
  local lhs = ("<Plug>(codex-%s)"):format(name)
  vim.keymap.set("n", lhs, ("<Cmd>Codex %s<CR>"):format(command), { desc = "Codex: " .. command })
  if TAKES_LINES[name] then
    -- `:` in Visual mode puts the range there by itself.
    local rhs = (":Codex %s<CR>"):format(command)
    vim.keymap.set("x", lhs, rhs, { desc = "Codex: " .. command, silent = true })
  end
end

local group = vim.api.nvim_create_augroup("codex_ls", {})

vim.api.nvim_create_autocmd("LspDetach", {
  group = group,
  desc = "End the turns of a server that is gone",
  callback = vim.schedule_wrap(function(event)
    if not package.loaded["codex_ls.turns"] then
      return
    end
    for _, turn in ipairs(require("codex_ls.turns").running()) do
      turn:on_detach(event.data.client_id)
    end
  end),
})

vim.api.nvim_create_autocmd("LspAttach", {
  group = group,
  desc = "Learn the names of the profiles",
  callback = function(event)
    local client = vim.lsp.get_client_by_id(event.data.client_id)
    if client and client.name == "codex_ls" then
      require("codex_ls.profile").fetch(client)
    end
  end,
})

vim.api.nvim_create_autocmd({ "VimResized", "WinResized", "WinScrolled" }, {
  group = group,
  desc = "Fit the answers into their windows",
  callback = function(event)
    if package.loaded["codex_ls.inline"] then
      require("codex_ls.inline").redraw_all(event.event == "WinScrolled")
    end
  end,
})

vim.api.nvim_create_autocmd({ "BufDelete", "BufWipeout" }, {
  group = group,
  desc = "Stop the turns of a buffer that goes away",
  callback = function(event)
    if not package.loaded["codex_ls.turns"] then
      return
    end
    for _, turn in ipairs(require("codex_ls.turns").all()) do
      if turn.place.bufnr == event.buf then
        turn:dismiss()
      end
    end
  end,
})
