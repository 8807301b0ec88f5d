"""Profile, model and effort as the options of a session that a client shows in its menus.

The names come from the user's own configuration; nothing is asked of a model server for them.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any, Final, cast, get_args

from acp.schema import SessionConfigOptionSelect, SessionConfigSelectOption

from codex_ls.config.load import Config
from codex_ls.config.model_settings import ModelSettings
from codex_ls.config.profile import list_profiles
from codex_ls.errors import InvalidParams
from codex_ls.events import Effort

_DEFAULT: Final = "default"
_NO_PROFILE: Final = ":none"
"""The settings at the top of config.toml; no name of a profile has a colon."""


@dataclass(frozen=True, slots=True)
class Selected:
    """What was selected for a session so far; None leaves it to the configuration."""

    profile: str | None = None
    model: str | None = None
    effort: Effort | None = None


def config_options(config: Config, settings: ModelSettings) -> list[SessionConfigOptionSelect]:
    """Return the options of a session with their current values."""
    profiles = list_profiles(config)
    names = {profile.name: f"{profile.model} ({profile.provider})" for profile in profiles}
    if settings.profile is None:
        names = {_NO_PROFILE: f"{settings.model} ({settings.provider.id})", **names}
    models = [settings.model]
    models += (each.model for each in profiles if each.provider == settings.provider.id)
    efforts = {_DEFAULT: "the model's default", **dict.fromkeys(get_args(Effort), "")}
    return [
        _select(
            "profile",
            "Profile",
            "mode",
            settings.profile or _NO_PROFILE,
            (_option(name, about) for name, about in names.items()),
        ),
        _select(
            "model",
            "Model",
            "model",
            settings.model,
            (_option(name) for name in dict.fromkeys(filter(None, models))),
        ),
        _select(
            "effort",
            "Reasoning effort",
            "thought_level",
            settings.effort or _DEFAULT,
            (_option(name, about) for name, about in efforts.items()),
        ),
    ]


def select(selected: Selected, option: str, value: object) -> Selected:
    """Return the selection with this option set. Raises InvalidParams."""
    if not isinstance(value, str):
        raise InvalidParams(f"The value of {option} is not a string.")
    if option == "profile":
        return Selected(None if value == _NO_PROFILE else value, None, selected.effort)
    if option == "model":
        return replace(selected, model=value)
    if option != "effort":
        raise InvalidParams(
            f"There is no option {option[:64]}.", hint="The options are profile, model and effort."
        )
    if value not in (_DEFAULT, *get_args(Effort)):
        known = ", ".join((_DEFAULT, *get_args(Effort)))
        raise InvalidParams(f"There is no effort {value[:64]}.", hint=f"The efforts are {known}.")
    return replace(selected, effort=None if value == _DEFAULT else cast("Effort", value))


def _option(value: str, about: str = "") -> SessionConfigSelectOption:
    name = "(config.toml)" if value == _NO_PROFILE else value
    return SessionConfigSelectOption(value=value, name=name, description=about or None)


def _select(
    option: str,
    name: str,
    category: Any,
    value: str,
    options: Iterable[SessionConfigSelectOption],
) -> SessionConfigOptionSelect:
    return SessionConfigOptionSelect(
        type="select",
        id=option,
        name=name,
        category=category,
        current_value=value,
        options=list(options),
    )
