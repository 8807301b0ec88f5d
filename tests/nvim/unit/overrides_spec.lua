local expect = require("expect")

---@return table overrides as in a new session
local function new_session()
  package.loaded["codex_ls.overrides"] = nil
  return require("codex_ls.overrides")
end

---@param asked_with codex_ls.AskedWith
local function said(asked_with)
  local copy = vim.deepcopy(asked_with)
  copy.revision = nil
  return copy
end

return {
  ["a question has what was said with it, then what the session has"] = function()
    local overrides = new_session()
    expect.equal(said(overrides.resolve({})), {})
    overrides.choose("effort", "low")
    overrides.choose("model", "m")
    expect.equal(said(overrides.resolve({ effort = "high" })), { effort = "high", model = "m" })
  end,
  ["another profile brings its own model"] = function()
    local overrides = new_session()
    overrides.choose("model", "m")
    expect.equal(said(overrides.resolve({ profile = "p" })), { profile = "p" })
    local both = { profile = "p", model = "n" }
    expect.equal(said(overrides.resolve(both)), both)
    overrides.choose("profile", "q")
    expect.equal(overrides.session(), { profile = "q" })
  end,
  ["what goes on keeps what its question had"] = function()
    local overrides = new_session()
    overrides.choose("model", "m")
    overrides.choose("effort", "low")
    local first = overrides.resolve({ profile = "p", effort = "high" })
    expect.equal(said(overrides.resolve({}, first)), { profile = "p", effort = "high" })
    local second = overrides.resolve({ effort = "none" }, first)
    expect.equal(said(second), { profile = "p", effort = "none" })
  end,
  ["but what the session was told since then holds"] = function()
    local overrides = new_session()
    local first = overrides.resolve({ model = "m", effort = "high" })
    overrides.choose("effort", "low")
    expect.equal(said(overrides.resolve({}, first)), { model = "m", effort = "low" })
    overrides.choose("model", nil)
    expect.equal(said(overrides.resolve({}, first)), { effort = "low" })
    local other = overrides.resolve({ model = "m" })
    overrides.choose("profile", "p")
    expect.equal(said(overrides.resolve({}, other)), { profile = "p", effort = "low" })
  end,
  ["a model goes to no profile but the one it was chosen for"] = function()
    local overrides = new_session()
    local first = overrides.resolve({ profile = "p" })
    overrides.choose("model", "m")
    expect.equal(said(overrides.resolve({}, first)), { profile = "p" })
    expect.equal(said(overrides.resolve({})), { model = "m" })
    -- Of two projects, each may name a profile in its settings.
    overrides.choose("model", "n", "q")
    expect.equal(said(overrides.resolve({}, nil, "q")), { model = "n" })
    expect.equal(said(overrides.resolve({}, nil, "r")), {})
    expect.equal(said(overrides.resolve({})), {})
    overrides.choose("profile", "r")
    overrides.choose("model", "o", "q")
    expect.equal(said(overrides.resolve({}, nil, "q")), { profile = "r", model = "o" })
  end,
  ["they are told in a few words"] = function()
    local overrides = new_session()
    expect.equal(overrides.words({ profile = "p" }), "")
    expect.equal(overrides.suffix({}, " · "), "")
    expect.equal(overrides.words({ effort = "low" }), "effort low")
    expect.equal(overrides.suffix({ model = "m", effort = "low" }, " · "), " · m, effort low")
  end,
}
