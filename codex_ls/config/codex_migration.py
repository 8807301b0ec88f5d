"""Takes out of config.toml what Codex does not start with, so that nothing changes for this program.

What Codex has no form for goes to codex-ls.toml, which is laid over config.toml here and which Codex
never reads; what means the same without it is removed. Whatever can't be moved without touching more is
left, and `codex_compatibility.refusals` goes on naming it.
"""

from collections.abc import Callable, Iterator, Mapping
from typing import Any, NamedTuple

from codex_ls.config.built_in import ALIASES, EMBEDDED, PROVIDERS
from codex_ls.config.codex_compatibility import CODEX_PROVIDERS
from codex_ls.config.edit import appended, take_table, with_table, with_value, without_key
from codex_ls.config.layer import parse_toml
from codex_ls.errors import ConfigError


class Texts(NamedTuple):
    """The two files of a user's own settings."""

    config: str
    own: str


Step = Callable[[Texts], Texts]


def migrated(texts: Texts) -> Texts:
    """Both files, so that Codex starts with the first and this program does what it did."""
    for step in _steps(parse_toml(texts.config), parse_toml(texts.own)):
        try:
            texts = step(texts)
        except ConfigError:
            continue
    return texts


def _steps(config: Mapping[str, Any], own: Mapping[str, Any]) -> Iterator[Step]:
    if "profile" in config:
        yield _moved_key(("profile",), config["profile"], is_set="profile" in own)
    yield from _provider_steps(config, own)
    tables = config.get("model_providers", {})
    for name, table in tables.items():
        yield from _table_steps(name, table, own.get("model_providers", {}).get(name, {}))


def _provider_steps(config: Mapping[str, Any], own: Mapping[str, Any]) -> Iterator[Step]:
    """What makes the top's `model_provider` one that Codex has."""
    name = config.get("model_provider")
    if name is None or name in CODEX_PROVIDERS or name in config.get("model_providers", {}):
        return
    if name == EMBEDDED:
        for key in ("model", "model_provider"):
            if key in config:
                yield _moved_key((key,), config[key], is_set=key in own)
    elif name in PROVIDERS:
        entry = PROVIDERS[name]
        table = {"name": entry["name"], "base_url": entry["base_url"]}
        yield lambda texts: texts._replace(
            config=with_table(texts.config, ("model_providers", name), table)
        )
    elif name in ALIASES:
        yield lambda texts: texts._replace(
            config=with_value(texts.config, ("model_provider",), ALIASES[name])
        )


def _table_steps(
    name: str, table: Mapping[str, Any], own_table: Mapping[str, Any]
) -> Iterator[Step]:
    path = ("model_providers", name)
    if name in CODEX_PROVIDERS:
        if name != "amazon-bedrock" and not own_table:
            yield lambda texts: _moved_table(texts, path)
        return
    wire_api = table.get("wire_api")
    if wire_api == "chat":
        yield lambda texts: texts._replace(config=without_key(texts.config, (*path, "wire_api")))
    elif wire_api not in (None, "responses"):
        yield _moved_key((*path, "wire_api"), wire_api, is_set="wire_api" in own_table)
    if not str(table.get("name", "")).strip():
        yield lambda texts: texts._replace(config=with_value(texts.config, (*path, "name"), name))


def _moved_key(path: tuple[str, ...], value: Any, *, is_set: bool) -> Step:
    """Moves a key to the own file; where that has the key already, it is only removed."""

    def move(texts: Texts) -> Texts:
        own = texts.own if is_set else with_value(texts.own, path, value)
        return Texts(without_key(texts.config, path), own)

    return move


def _moved_table(texts: Texts, path: tuple[str, ...]) -> Texts:
    config, table = take_table(texts.config, path)
    return Texts(config, appended(texts.own, table))
