local command = require("codex_ls.command")
local expect = require("expect")

---@param line string
local function completed(line)
  local lead = line:match("%S*$")
  return command.complete(lead, line, #line)
end

return {
  ["a command line is a name and the rest as it was written"] = function()
    expect.equal({ command.split("ask  why  is this?  ") }, { "ask", "why  is this?" })
    expect.equal({ command.split("stop") }, { "stop", "" })
  end,
  ["subcommands are completed"] = function()
    expect.equal(completed("Codex "), {
      "again",
      "answer",
      "ask",
      "do",
      "edit",
      "effort",
      "explain",
      "fix",
      "model",
      "profile",
      "review",
      "stop",
      "thinking",
      "threads",
      "undo",
    })
    expect.equal(completed("'<,'>Codex e"), { "edit", "effort", "explain" })
    expect.equal(completed("Codex! st"), { "stop" })
  end,
  ["what may follow is completed"] = function()
    expect.equal(completed("Codex answer "), { "accept", "replace", "yank", "open", "dismiss" })
    expect.equal(completed("Codex answer y"), { "yank" })
    expect.equal(completed("Codex answer yank "), { "code", "text" })
    expect.equal(completed("Codex thinking "), { "open", "close" })
  end,
  ["options are completed before a question"] = function()
    expect.equal(completed("'<,'>Codex ask "), { "profile=", "model=", "effort=" })
    expect.equal(completed("Codex explain eff"), { "effort=" })
    expect.equal(completed("Codex fix effort=m"), { "effort=minimal", "effort=medium" })
    expect.equal(completed("Codex! ask effort=low pro"), { "profile=" })
    expect.equal(completed("Codex effort h"), { "high" })
    local line = "effort=low mod"
    expect.equal(command.complete_question("mod", line, #line), { "model=" })
  end,
  ["a question is not completed"] = function()
    expect.equal(completed("Codex ask wh"), {})
    expect.equal(completed("Codex ask why e"), {})
    expect.equal(completed("Codex ask -- e"), {})
    expect.equal(completed("Codex answer open "), {})
    expect.equal(completed("Codex nothing "), {})
  end,
}
