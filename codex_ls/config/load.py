"""Reads the user's configuration: one folder, its config.toml and codex-ls.toml, its profile files, and
the `-c` options.

codex-ls.toml has the form of config.toml and is laid over it. It holds what Codex would not start with:
which profile is active, and wire APIs that Codex doesn't have. Codex never reads it.

Nothing else is ever read. The folder comes from the user's environment or the caller, never from a
workspace, which is why a relative `CODEX_HOME` is refused: it would mean another folder in every
workspace (CVE-2025-61260 is the attack). What `load_config` returns doesn't change afterwards.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from codex_ls.config.built_in import EMBEDDED, EMBEDDED_PROFILE
from codex_ls.config.layer import ConfigView, Layer, read_layer, shown, with_fix
from codex_ls.config.overrides import parse_overrides
from codex_ls.config.validation import validate_layer
from codex_ls.errors import ConfigError
from codex_ls.events import Notice

PROFILE_FILE_SUFFIX = ".config.toml"
OWN_FILE = "codex-ls.toml"
"""Settings of this program alone, beside config.toml."""


def is_config_file(name: str) -> bool:
    """Whether a file of that name in the configuration folder holds settings."""
    return name in ("config.toml", OWN_FILE) or name.endswith(PROFILE_FILE_SUFFIX)


@dataclass(frozen=True, slots=True)
class ProfileDefinition:
    """Where a profile's settings come from, strongest first; or why it can't be used."""

    name: str
    views: tuple[ConfigView, ...] = ()
    error: ConfigError | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the user has configured, read once.

    `path` is where config.toml is or would be; `exists` is false if neither it nor another file with
    settings is there. `own` is codex-ls.toml, which goes before `base`, config.toml. `problems` are
    settings that do nothing. `unread_address` names an environment variable in which other programs
    look for the address of OpenAI's API, and its value.
    """

    path: Path
    exists: bool
    own: ConfigView
    base: ConfigView
    overrides: ConfigView
    profiles: Mapping[str, ProfileDefinition]
    problems: tuple[Notice, ...] = ()
    unread_address: tuple[str, str] | None = None

    @property
    def own_path(self) -> Path:
        """Where codex-ls.toml is or would be."""
        return self.path.with_name(OWN_FILE)

    @property
    def top(self) -> tuple[ConfigView, ...]:
        """What holds without a profile, strongest first."""
        return (self.overrides, self.own, self.base)

    @property
    def default_profile(self) -> str | None:
        """The profile in use when nobody asks for one.

        `profile` of the command line's `-c`, else of codex-ls.toml, else of config.toml, else the
        built-in one if there is no config at all and `-c` names no provider. None: the settings at the
        top stand alone.
        """
        for view in self.top:
            found = view.find("profile")
            if isinstance(found, str):
                return found
        if self.exists or any(
            self.overrides.find(key) is not None for key in ("model_provider", "openai_base_url")
        ):
            return None
        return EMBEDDED


def load_config(
    *,
    env: Mapping[str, str] = os.environ,
    codex_home: Path | None = None,
    overrides: Sequence[str] = (),
) -> Config:
    """The configuration of the user whose environment this is.

    `codex_home` goes before `$CODEX_HOME`, that before `~/.codex`. `overrides` are `key=value` texts.
    Raises ConfigError for what can't be read or is wrong, with file, line and column, and
    InvalidParams for an override that is not `key=value`. A profile file that is wrong is an error
    only for those who use that profile: `ProfileDefinition.error` keeps it.
    """
    home = codex_home or codex_home_from(env)
    option_layer = parse_overrides(overrides)
    path = home / "config.toml"
    own_path = home / OWN_FILE
    base_layer, own_layer = read_layer(path), read_layer(own_path)
    files = _profile_files(home)
    problems: list[Notice] = []
    for layer in (base_layer, own_layer, option_layer):
        problems += validate_layer(layer) if layer else ()
    base = ConfigView(base_layer or Layer(path.name, {}, path=path))
    own = ConfigView(own_layer or Layer(own_path.name, {}, path=own_path))
    options = ConfigView(option_layer)
    problems += _overruled_selector(own, base)
    return Config(
        path=path,
        exists=base_layer is not None or own_layer is not None or bool(files),
        own=own,
        base=base,
        overrides=options,
        profiles=_profiles(base, (options, own), files, problems),
        problems=tuple(problems),
        unread_address=_unread_address(env),
    )


_ADDRESS_VARIABLES = ("OPENAI_BASE_URL", "OPENAI_API_BASE")


def _unread_address(env: Mapping[str, str]) -> tuple[str, str] | None:
    """The first of the variables that is set, with its value."""
    values = ((name, env.get(name, "").strip()) for name in _ADDRESS_VARIABLES)
    return next(((name, value) for name, value in values if value), None)


def _overruled_selector(own: ConfigView, base: ConfigView) -> tuple[Notice, ...]:
    """A word about a `profile` in config.toml in whose place codex-ls.toml names another."""
    chosen = own.find("profile")
    if chosen is None or base.find("profile") in (None, chosen):
        return ()
    place, above = base.place_of_key("profile"), own.place_of_key("profile")
    sentence = f"{place.short}: `profile` does nothing, because {above.short} takes precedence."
    fix = "remove the line, or switch with `codex-ls profile use NAME`."
    return (Notice("configInvalid", sentence, with_fix(place.full, fix)),)


def codex_home_from(env: Mapping[str, str]) -> Path:
    """`$CODEX_HOME`, or `.codex` in the user's home folder.

    Raises ConfigError for one that is set and not there: with other settings in its place the question
    might go elsewhere. A missing `~/.codex` is ordinary.
    """
    home = configured_home(env)
    if env.get("CODEX_HOME") and not _is_folder(home):
        if home.exists():
            raise ConfigError(
                "The configuration folder is not a folder.",
                hint=f"{home} is a file: set CODEX_HOME to the folder that holds config.toml.",
            )
        raise ConfigError(
            f"CODEX_HOME is {home}, which does not exist.",
            hint="Create that folder, or correct CODEX_HOME.",
        )
    return home


def configured_home(env: Mapping[str, str]) -> Path:
    """The same, there or not. Raises ConfigError where nothing names it, and for a relative path."""
    configured = env.get("CODEX_HOME", "")
    user_home = env.get("HOME") or env.get("USERPROFILE") or ""
    if not configured:
        if not user_home:
            raise ConfigError(
                "Cannot locate config.toml: neither CODEX_HOME nor HOME is set.",
                hint="Set CODEX_HOME to the folder that holds config.toml.",
            )
        configured = f"{user_home}/.codex"
    if configured == "~" or configured.startswith("~/"):
        configured = user_home + configured[1:]
    if not Path(configured).is_absolute():
        raise ConfigError(
            f"The configuration folder must be a full path, not {shown(configured)}.",
            hint="Set CODEX_HOME to one: a relative path means another folder in every workspace.",
        )
    return Path(configured)


def _is_folder(path: Path) -> bool:
    """Whether a folder is there, as far as can be seen: one that may not be looked at is told later."""
    try:
        return path.is_dir()
    except OSError:
        return True


def _profile_files(home: Path) -> dict[str, Path]:
    """Profile name to file, in the order of their names."""
    try:
        names = sorted(os.listdir(home))  # noqa: PTH208  names are all it takes
    except FileNotFoundError:
        return {}
    except OSError as error:
        reason = (error.strerror or "unknown reason").lower()
        raise ConfigError(
            f"The configuration folder can't be read: {reason}.", hint=f"{home}"
        ) from None
    return {
        name.removesuffix(PROFILE_FILE_SUFFIX): home / name
        for name in names
        if name.endswith(PROFILE_FILE_SUFFIX) and name != PROFILE_FILE_SUFFIX
    }


def _profiles(
    base: ConfigView,
    above: Sequence[ConfigView],
    files: Mapping[str, Path],
    problems: list[Notice],
) -> dict[str, ProfileDefinition]:
    tables = _names(base)
    more = [name for view in reversed(above) for name in _names(view)]
    names = dict.fromkeys([*tables, *files, *more, EMBEDDED])
    definitions: dict[str, ProfileDefinition] = {}
    for name in names:
        views = [view.below("profiles", name) for view in above if name in _names(view)]
        error: ConfigError | None = None
        if name in tables and name in files:
            error = _defined_twice(name, base, files[name])
        elif name in files:
            try:
                layer = read_layer(files[name])
                problems += validate_layer(layer, is_profile=True) if layer else ()
                views += [ConfigView(layer)] if layer else []
            except ConfigError as found:
                error = found
        elif name in tables:
            views.append(base.below("profiles", name))
        elif name == EMBEDDED:
            views.append(ConfigView(EMBEDDED_PROFILE))
        definitions[name] = ProfileDefinition(name, tuple(views), error)
    return definitions


def _names(view: ConfigView) -> Mapping[str, Any]:
    found = view.find("profiles")
    return found if isinstance(found, Mapping) else {}


def _defined_twice(name: str, base: ConfigView, file: Path) -> ConfigError:
    place = base.place_of_key("profiles", name)
    return ConfigError(
        f"The profile `{shown(name)}` is defined twice: at {place.short} and in {file.name}.",
        hint=f"{place.full}, and {file}: keep one of them.",
    )
