local errors = require("codex_ls.errors")
local expect = require("expect")
local log = require("codex_ls.log")

return {
  ["every code has a severity"] = function()
    local levels = {}
    for name, code in pairs(errors.CODE) do
      levels[name] = errors.level(code)
    end
    local level = vim.log.levels
    expect.equal(levels, {
      NOTHING_TO_DO = level.INFO,
      BAD_COMMAND = level.WARN,
      NOT_SUPPORTED = level.INFO,
      NO_SERVER = level.ERROR,
      SERVER_DIED = level.ERROR,
      REQUEST_FAILED = level.ERROR,
      NO_PLACE = level.WARN,
    })
  end,
  ["a message is one line"] = function()
    expect.equal(errors.format(errors.new(1, "It\nfailed.", "Do\n  this.")), "It failed. Do this.")
  end,
  ["a reply without data is still an error"] = function()
    expect.equal(errors.from_reply({ code = -32603, message = "Oops" }), {
      code = errors.CODE.REQUEST_FAILED,
      message = "Oops",
    })
    expect.equal(
      errors.from_reply({ message = "No", data = { kind = "notFound", hint = "Look" } }),
      {
        code = errors.CODE.REQUEST_FAILED,
        message = "No",
        kind = "notFound",
        hint = "Look",
      }
    )
  end,
  ["the logger can be replaced, and keeps to its level"] = function()
    local lines = {}
    log.set_handler(function(level, line)
      lines[#lines + 1] = { level, line:match("%[.*$") }
    end)
    log.level = vim.log.levels.WARN
    log.info("quiet")
    log.warn("loud %d %s", 3, { 1 })
    log.set_handler(nil)
    expect.equal(lines, { { vim.log.levels.WARN, "[WARN] loud 3 { 1 }" } })
  end,
}
