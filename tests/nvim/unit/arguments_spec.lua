local arguments = require("codex_ls.arguments")
local expect = require("expect")
local models = require("codex_ls.models")
local profile = require("codex_ls.profile")

---@param text string
---@return codex_ls.Overrides
---@return string
local function parsed(text)
  local line = arguments.parse(text)
  expect.equal(line.problem, nil)
  return line.overrides, line.rest
end

---@param text string
---@return string
local function refused(text)
  return assert(arguments.parse(text).problem).message
end

---@param values table<string, string[]>
---@param body fun()
local function knowing(values, body)
  local of_profiles, of_models = profile.names, models.names
  profile.names = function()
    return values.profiles
  end
  models.names = function(name)
    return values[name or "models"] or {}
  end
  local ok, reason = pcall(body)
  profile.names, models.names = of_profiles, of_models
  assert(ok, reason)
end

return {
  ["options stand before the question"] = function()
    expect.equal({ parsed("effort=high model=qwen3:30b why  does this fail? ") }, {
      { effort = "high", model = "qwen3:30b" },
      "why  does this fail? ",
    })
    expect.equal({ parsed(" profile=other\tmodel=a=b") }, {
      { profile = "other", model = "a=b" },
      "",
    })
    expect.equal({ parsed("") }, { {}, "" })
  end,
  ["a question is not torn apart, whatever words are in it"] = function()
    for _, question in ipairs({
      "why is model=None here?",
      "in `effort=high` what is high?",
      "temperature=0.3 is what?",
      "Model=x means what?",
      "models=2 effort=low",
      "=model",
      "--force does what?",
      "why -- and effort=low?",
    }) do
      expect.equal({ parsed(question) }, { {}, question })
      local all = "effort=low " .. question
      expect.equal({ parsed(all) }, { { effort = "low" }, question })
    end
  end,
  ["two dashes end the options"] = function()
    expect.equal({ parsed("-- model=None raises, why?") }, { {}, "model=None raises, why?" })
    expect.equal({ parsed("effort=low --  effort=high?") }, { { effort = "low" }, "effort=high?" })
    expect.equal({ parsed("-- -- why?") }, { {}, "-- why?" })
    expect.equal({ parsed("--") }, { {}, "" })
  end,
  ["a space in a name has a backslash before it"] = function()
    expect.equal({ parsed([[model=/my\ models/q\4.gguf why?]]) }, {
      { model = [[/my models/q\4.gguf]] },
      "why?",
    })
    expect.equal(arguments.escape("/my models/q.gguf"), [[/my\ models/q.gguf]])
  end,
  ["what makes no sense is told, and how to ask it all the same"] = function()
    expect.equal(refused("effort=hgih why?"), "There is no effort hgih.")
    expect.equal(refused("effort= why?"), "The effort is blank.")
    expect.equal(refused("model="), "The model is blank.")
    expect.equal(refused("model=a model=b why?"), "There are two of model.")
    expect.equal(
      arguments.parse("effort=High why?").problem.hint,
      "It may be none, minimal, low, medium, high. Put `--` before a question that begins like this."
    )
  end,
  ["options and their values are completed, until the question begins"] = function()
    knowing(
      { profiles = { "local", "cloud" }, models = { "a b", "c" }, cloud = { "gpt" } },
      function()
        expect.equal(arguments.complete("", ""), { "profile=", "model=", "effort=" })
        expect.equal(arguments.complete("model=x", "e"), { "profile=", "effort=" })
        expect.equal(arguments.complete("", "model="), { [[model=a\ b]], "model=c" })
        expect.equal(arguments.complete("profile=cloud", "model=g"), { "model=gpt" })
        expect.equal(arguments.complete("", "profile="), { "profile=local", "profile=cloud" })
        expect.equal(#arguments.complete("model=x", "effort="), 5)
        expect.equal(arguments.complete("why", "model="), {})
        expect.equal(arguments.complete("--", ""), {})
        expect.equal(arguments.complete("effort=hgih", "model="), {})
      end
    )
  end,
}
