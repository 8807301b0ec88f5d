"""From the views of a resolution to one `Provider`: the built-in entry, and the user's laid over it."""

from collections.abc import Mapping, Sequence
from typing import Any

from codex_ls.config.address import checked_base_url, is_loopback
from codex_ls.config.built_in import ALIASES, DEFAULT_PROVIDER, DEFAULT_WIRE_API, PROVIDERS
from codex_ls.config.intended_provider import table_named
from codex_ls.config.layer import (
    ConfigView,
    Layer,
    config_error,
    find_first,
    listed,
    overlaid,
    overlay,
    shown,
)
from codex_ls.config.load import Config
from codex_ls.config.model_settings import Provider
from codex_ls.config.models import closest
from codex_ls.errors import InvalidParams, UnknownProfile

MAX_RETRIES = 100
"""Codex's own limit; a larger number in the config counts as this one."""


def choose_provider(views: Sequence[ConfigView]) -> Provider:
    """The provider that the views select, strongest first; `openai` if none of them names one.

    Raises ConfigError if there is no such provider, or if it has no address.
    """
    defined = _user_tables(views)
    found = find_first(views, "model_provider")
    wanted = str(found.value) if found else DEFAULT_PROVIDER
    name = wanted if wanted in defined else ALIASES.get(wanted, wanted)
    if name not in defined and name not in PROVIDERS:
        assert found is not None, "the default provider is built in"
        names = nearest_first(wanted, [*defined, *PROVIDERS])
        if (elsewhere := table_named(views, wanted)) is not None:
            view, keys = elsewhere
            place = view.place_of_key(*keys)
            path = ".".join(shown(key) for key in (*view.prefix, *keys))
            fix = f"[{path}] at {place.short} defines none: call it [model_providers.{shown(wanted)}]."
            raise config_error(found.place, f"there is no provider `{shown(wanted)}`.", fix=fix)
        nearest = closest(wanted, names)
        meant = f"did you mean `{shown(nearest)}`? The" if nearest else "the"
        fix = f"{meant} providers are {listed(names)}."
        raise config_error(found.place, f"there is no provider `{shown(wanted)}`.", fix=fix)
    user_table = defined.get(name, {})
    table = overlay(PROVIDERS.get(name, {}), user_table)
    if "base_url" not in table:
        keys = ("model_providers", name)
        view = next(s for s in views if s.find(*keys) is not None)
        sentence = f"the provider `{shown(name)}` has no base_url."
        fix = 'add one, as in base_url = "http://localhost:1234/v1".'
        raise config_error(view.place_of_key(*keys), sentence, fix=fix)
    return _provider(name, table, has_own_env_key="env_key" in user_table)


def named_provider(config: Config, name: str, *, profile: str | None = None) -> Provider:
    """The provider with that id, as config.toml defines it, or a profile that is named.

    Raises InvalidParams if there is none, UnknownProfile, and ConfigError if it has no address.
    """
    views = config.top
    if profile is not None:
        definition = config.profiles.get(profile)
        if definition is None:
            names = listed(nearest_first(profile, list(config.profiles)))
            raise UnknownProfile(
                f"There is no profile `{shown(profile)}`.", hint=f"The profiles are {names}."
            )
        views = (config.overrides, *definition.views, config.own, config.base)
    known = [*_user_tables(views), *PROVIDERS]
    if ALIASES.get(name, name) not in known and name not in known:
        names = listed(nearest_first(name, known))
        raise InvalidParams(
            f"There is no provider `{shown(name)}`.", hint=f"The providers are {names}."
        )
    return choose_provider((ConfigView(Layer("key", {"model_provider": name})), *views))


def nearest_first(word: str, names: Sequence[str]) -> list[str]:
    """`names` without repetition, those most like `word` first."""
    from difflib import SequenceMatcher

    def distance(name: str) -> float:
        return -SequenceMatcher(None, word.lower(), name.lower()).ratio()

    return sorted(dict.fromkeys(names), key=distance)


def _user_tables(views: Sequence[ConfigView]) -> dict[str, Any]:
    """The user's `model_providers`, with each view's `openai_base_url` in its place."""
    tables: dict[str, Any] = {}
    for view in reversed(views):
        address = view.find("openai_base_url")
        if address is not None:
            tables = overlay(tables, {DEFAULT_PROVIDER: {"base_url": address}})
        tables = overlay(tables, overlaid([view], "model_providers"))
    return tables


def _provider(name: str, table: Mapping[str, Any], *, has_own_env_key: bool) -> Provider:
    base_url = table["base_url"] and checked_base_url(table["base_url"])
    env_key = table.get("env_key") or None
    return Provider(
        id=name,
        name=table.get("name") or name,
        base_url=base_url,
        wire_api=table.get("wire_api", DEFAULT_WIRE_API),
        env_key=env_key,
        env_key_instructions=table.get("env_key_instructions"),
        env_key_required=env_key is not None and (has_own_env_key or not is_loopback(base_url)),
        query_params=table.get("query_params", {}),
        http_headers=table.get("http_headers", {}),
        env_http_headers=table.get("env_http_headers", {}),
        request_max_retries=min(table.get("request_max_retries", 4), MAX_RETRIES),
        stream_max_retries=min(table.get("stream_max_retries", 5), MAX_RETRIES),
        stream_idle_timeout_ms=table.get("stream_idle_timeout_ms", 300_000),
        stream_silent_timeout_ms=table.get("stream_silent_timeout_ms"),
        connect_timeout_ms=table.get("connect_timeout_ms"),
        first_byte_timeout_ms=table.get("first_byte_timeout_ms"),
    )
