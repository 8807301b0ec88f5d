"""A profile for a model server of this machine: the changes that write it into a file of its own."""

from collections.abc import Mapping, Sequence
from typing import Any

from codex_ls.config.address import origin
from codex_ls.config.built_in import PROVIDERS
from codex_ls.config.codex_compatibility import CODEX_PROVIDERS
from codex_ls.config.config_change import Change
from codex_ls.config.edit import with_table, with_value, write_text
from codex_ls.config.layer import overlaid
from codex_ls.config.load import PROFILE_FILE_SUFFIX, Config
from codex_ls.config.profile import list_profiles
from codex_ls.config.profile_selection import letting_codex_start, selecting
from codex_ls.errors import InvalidParams
from codex_ls.providers.servers.discover import FoundServer
from codex_ls.providers.servers.kind import NAMES, names


def answering(found: Sequence[FoundServer]) -> list[tuple[FoundServer, str]]:
    """Each server with each of its models that can answer, those in memory first."""
    choices = [(server, name) for server in found for name in names(server.server.models)]
    return [(server, name) for server, name in choices if "embed" not in name.lower()]


def adding(
    config: Config, server: FoundServer, model: str, *, name: str | None
) -> tuple[list[Change], str]:
    """The changes that add a profile for the model, and the profile's name.

    The profile is a file NAME.config.toml, with its provider in it where neither program has that
    built in: config.toml stays as it is, but for what Codex does not start with. The profile becomes
    the active one where nothing else is. A profile for just that is used as it is.
    Raises ConfigError, InvalidParams.
    """
    for profile in list_profiles(config):
        is_there = profile.model == model and _same_origin(profile.origin, server.origin)
        if is_there and name in (None, profile.name):
            return _in_use(config, profile.name), profile.name
    kind = "local" if server.kind == "other" else server.kind
    chosen = _free_name(name or kind, config.profiles, is_wanted=name is not None)
    provider, table = _provider(server, config)
    text = with_value("", ("model",), model)
    text = with_value(text, ("model_provider",), provider)
    if table:
        text = with_table(text, ("model_providers", provider), table)
    path = config.path.with_name(f"{chosen}{PROFILE_FILE_SUFFIX}")
    return [Change(path, "", text, write_text), *_in_use(config, chosen)], chosen


def _in_use(config: Config, name: str) -> list[Change]:
    """What makes the profile the active one where no other is, and lets Codex start."""
    active = config.default_profile if config.exists else None
    if active is None and any(view.find("model") is not None for view in config.top):
        return letting_codex_start(config)
    return selecting(config, active or name, moves_table=False)


def _provider(server: FoundServer, config: Config) -> tuple[str, Mapping[str, str]]:
    """The provider's name, and its table unless both programs have it built in or in config.toml."""
    tables = overlaid(config.top, "model_providers")
    every: dict[str, Mapping[str, Any]] = {**PROVIDERS, **tables}
    known = {name: table for name, table in every.items() if table.get("base_url")}
    for provider, table in known.items():
        base_url = str(table["base_url"])
        if origin(base_url) == server.origin:
            is_shared = provider in CODEX_PROVIDERS or provider in tables
            return provider, {} if is_shared else {"name": table["name"], "base_url": base_url}
    name = _free_name(f"local-{server.origin.rpartition(':')[2]}", known, is_wanted=False)
    return name, {"name": NAMES[server.kind], "base_url": server.base_url}


def _same_origin(one: str, other: str) -> bool:
    """Whether both lead to the same server; a number of this machine is as good as its name."""
    return one.replace("//127.0.0.1:", "//localhost:") == other


def _free_name(wanted: str, taken: Mapping[str, Any], *, is_wanted: bool) -> str:
    if wanted not in taken:
        return wanted
    if is_wanted:
        raise InvalidParams(f"The profile {wanted} already exists.", hint="Choose another --name.")
    number = 2
    while f"{wanted}-{number}" in taken:
        number += 1
    return f"{wanted}-{number}"
