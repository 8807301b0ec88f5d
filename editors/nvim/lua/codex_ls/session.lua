---Chooses model and effort for the questions of this session, and tells the user which.
local client_of = require("codex_ls.client")
local errors = require("codex_ls.errors")
local models = require("codex_ls.models")
local overrides = require("codex_ls.overrides")
local protocol = require("codex_ls.protocol")

local M = {}

local AS_CONFIGURED = "as the profile says"

---@param field "model"|"effort"
---@param value? string
local function set(field, value)
  if value ~= nil then
    local message, hint = overrides.problem(field, value)
    if message then
      return errors.notify(errors.new(errors.CODE.BAD_COMMAND, message, hint))
    end
  end
  overrides.choose(field, value, client_of.settings_profile(vim.api.nvim_get_current_buf()))
  vim.notify(("codex: %s %s"):format(field, value or AS_CONFIGURED))
end

---@param name? string nil goes back to the profile's model
function M.set_model(name)
  set("model", name)
end

---@param effort? codex_ls.Effort nil goes back to the profile's effort
function M.set_effort(effort)
  set("effort", effort)
end

---Lets the user pick one of the models that the server has.
function M.pick_model()
  models.fetch(function(served)
    if #served == 0 then
      vim.notify("codex: the server tells of no models. `:Codex model {name}` takes any name")
      return
    end
    local active = overrides.session().model
    vim.ui.select(served, {
      prompt = "Codex model for this session",
      format_item = function(model)
        return models.describe(model, active)
      end,
    }, function(model)
      if model then
        M.set_model(model.name)
      end
    end)
  end)
end

---Lets the user pick how hard the model thinks.
function M.pick_effort()
  local active = overrides.session().effort
  local choices = vim.list_extend(vim.list_slice(protocol.EFFORTS), { AS_CONFIGURED })
  vim.ui.select(choices, {
    prompt = "How hard the model thinks, in this session",
    format_item = function(choice)
      return (choice == (active or AS_CONFIGURED) and "● " or "  ") .. choice
    end,
  }, function(choice)
    if choice then
      M.set_effort(choice ~= AS_CONFIGURED and choice or nil)
    end
  end)
end

return M
