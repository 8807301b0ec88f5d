"""Where fetched models lie: `$CODEX_HOME/codex-ls/models/`, or the folder that `CODEX_LS_MODELS` names.

Invariant: a file under a model's own name is whole. It gets there in one move, after its checksum.
"""

from collections.abc import Mapping
from pathlib import Path

from codex_ls.embedded.catalog import BuiltInModel
from codex_ls.errors import ConfigError, NotFound


def models_folder(env: Mapping[str, str]) -> Path:
    """The folder of fetched models, there or not. Raises ConfigError if it is no full path."""
    if named := env.get("CODEX_LS_MODELS"):
        return _full(named, "CODEX_LS_MODELS", env)
    if home := env.get("CODEX_HOME"):
        return _full(home, "CODEX_HOME", env) / "codex-ls" / "models"
    return _full("~/.codex", "HOME", env) / "codex-ls" / "models"


def model_path(model: BuiltInModel, env: Mapping[str, str]) -> Path:
    """Where that model lies once it was fetched."""
    return models_folder(env) / model.file


def is_fetched(model: BuiltInModel, env: Mapping[str, str]) -> bool:
    """Whether the model is here, by its name and size (the checksum was compared when it came)."""
    try:
        return model_path(model, env).stat().st_size == model.size
    except OSError:
        return False


def fetched_path(model: BuiltInModel, env: Mapping[str, str]) -> Path:
    """The model's file. Raises NotFound, with the command that fetches it as the hint."""
    if not is_fetched(model, env):
        raise NotFound(
            f"The built-in model {model.name} is not on this machine.",
            hint=f"codex-ls model pull {model.name} (or codex-ls init, for a model server that runs"
            " here)",
        )
    return model_path(model, env)


def _full(value: str, name: str, env: Mapping[str, str]) -> Path:
    if value == "~" or value.startswith("~/"):
        user_home = env.get("HOME") or env.get("USERPROFILE") or ""
        value = user_home + value[1:] if user_home else value
    if not Path(value).is_absolute():
        raise ConfigError(
            f"No folder for models: {name} is not a full path.",
            hint=f"Set {name} to a full path: a relative path would mean another folder in"
            " every directory.",
        )
    return Path(value)
