local config = require("codex_ls.config")
local expect = require("expect")

return {
  ["unknown names, wrong types and wrong choices are told"] = function()
    expect.equal(
      config.problems({
        thinking = { show = "maybe", size = "big" },
        answer = { max_heigth = 1 },
        cmd = "codex-ls",
      }),
      {
        "cmd must be a list of strings",
        "there is no option answer.max_heigth",
        'thinking.show must be one of full, summary, hidden, not "maybe"',
        "thinking.size must be a number, not a string",
      }
    )
  end,
  ["what is given is kept, the rest has its default"] = function()
    config.set({ answer = { max_width = 60 } })
    expect.equal(config.get().answer.max_width, 60)
    expect.equal(config.get().answer.redraw_ms, 40)
    config.set()
    expect.equal(config.get().answer.max_width, 100)
  end,
}
