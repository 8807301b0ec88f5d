"""Reads the user's configuration: one folder, its config.toml, its profile files, and the `-c` options.

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
from codex_ls.config.inspection import inspect_layer
from codex_ls.config.layer import Layer, read_layer, shown
from codex_ls.config.overrides import parse_overrides
from codex_ls.config.stratum import Stratum
from codex_ls.errors import ConfigError
from codex_ls.events import Notice

PROFILE_FILE_SUFFIX = ".config.toml"


@dataclass(frozen=True, slots=True)
class ProfileDefinition:
    """Where a profile's settings come from, strongest first; or why it can't be used."""

    name: str
    strata: tuple[Stratum, ...] = ()
    error: ConfigError | None = None


@dataclass(frozen=True, slots=True)
class Config:
    """Everything the user has configured, read once.

    `path` is where config.toml is or would be; `exists` is false if neither it nor a profile file is
    there. `problems` are settings that do nothing. `home_problem` is about a `CODEX_HOME` that is not
    there; every turn that goes on without it says so.
    """

    path: Path
    exists: bool
    base: Stratum
    overrides: Stratum
    profiles: Mapping[str, ProfileDefinition]
    problems: tuple[Notice, ...] = ()
    home_problem: Notice | None = None

    @property
    def default_profile(self) -> str | None:
        """The profile in use when nobody asks for one.

        `profile` of the command line's `-c`, else of config.toml, else the built-in one if there is
        no config at all and `-c` names no provider. None: the settings at the top stand alone.
        """
        for stratum in (self.overrides, self.base):
            found = stratum.find("profile")
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
    base_layer = read_layer(path)
    files = _profile_files(home)
    problems: list[Notice] = []
    for layer in (base_layer, option_layer):
        problems += inspect_layer(layer) if layer else ()
    base = Stratum(base_layer or Layer(path.name, {}, path=path))
    options = Stratum(option_layer)
    is_missing = codex_home is None and env.get("CODEX_HOME") and not home.is_dir()
    home_problem = _missing_home(home) if is_missing else None
    return Config(
        path=path,
        exists=base_layer is not None or bool(files),
        base=base,
        overrides=options,
        profiles=_profiles(base, options, files, problems),
        problems=tuple(problems),
        home_problem=home_problem,
    )


def codex_home_from(env: Mapping[str, str]) -> Path:
    """`$CODEX_HOME`, or `.codex` in the user's home folder. Raises ConfigError."""
    configured = env.get("CODEX_HOME", "")
    user_home = env.get("HOME") or env.get("USERPROFILE") or ""
    if not configured:
        if not user_home:
            raise ConfigError(
                "There is no place to read config.toml from: neither CODEX_HOME nor HOME is set.",
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


def _missing_home(home: Path) -> Notice:
    """A word about a `CODEX_HOME` that is not there; a missing `~/.codex` is ordinary."""
    return Notice(
        "configInvalid",
        f"CODEX_HOME is {home}, which does not exist.",
        "Create that folder, or correct CODEX_HOME.",
    )


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
    base: Stratum, options: Stratum, files: Mapping[str, Path], problems: list[Notice]
) -> dict[str, ProfileDefinition]:
    tables = _names(base)
    names = dict.fromkeys([*tables, *files, *_names(options), EMBEDDED])
    definitions: dict[str, ProfileDefinition] = {}
    for name in names:
        strata = [options.below("profiles", name)] if name in _names(options) else []
        error: ConfigError | None = None
        if name in tables and name in files:
            error = _defined_twice(name, base, files[name])
        elif name in files:
            try:
                layer = read_layer(files[name])
                problems += inspect_layer(layer, is_profile=True) if layer else ()
                strata += [Stratum(layer)] if layer else []
            except ConfigError as found:
                error = found
        elif name in tables:
            strata.append(base.below("profiles", name))
        elif name == EMBEDDED:
            strata.append(Stratum(EMBEDDED_PROFILE))
        definitions[name] = ProfileDefinition(name, tuple(strata), error)
    return definitions


def _names(stratum: Stratum) -> Mapping[str, Any]:
    found = stratum.find("profiles")
    return found if isinstance(found, Mapping) else {}


def _defined_twice(name: str, base: Stratum, file: Path) -> ConfigError:
    place = base.place_of_key("profiles", name)
    return ConfigError(
        f"The profile `{shown(name)}` is defined twice: at {place.short} and in {file.name}.",
        hint=f"{place.full}, and {file}: keep one of them.",
    )
