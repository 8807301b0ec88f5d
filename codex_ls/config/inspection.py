"""Holds one layer against the schema: the first wrong value is an error, unknown keys are notices.

A key that Codex knows passes silently, whatever it holds: the same file serves both programs.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from codex_ls.config import known_keys, schema
from codex_ls.config.layer import Layer, config_error, listed, shown, with_fix
from codex_ls.config.schema import Rule, closest, kind_of
from codex_ls.events import Notice

MAX_NOTICES = 20

Keys = tuple[str, ...]

_OUR_SETTINGS = frozenset(schema.SETTINGS) | schema.TABLES


def inspect_layer(layer: Layer, *, is_profile: bool = False) -> tuple[Notice, ...]:
    """Notices about keys that do nothing, `MAX_NOTICES` of them at most.

    `is_profile` says that the whole layer is one profile. Raises ConfigError for the first value of
    a wrong type or out of range.
    """
    notices = list(_inspect_settings(layer, (), layer.table, is_profile=is_profile))
    hidden = len(notices) - MAX_NOTICES
    if hidden > 0:
        more = f"{layer.name}: {hidden} more settings do nothing."
        notices[MAX_NOTICES:] = [Notice("configInvalid", more)]
    return tuple(notices)


def _inspect_settings(
    layer: Layer, keys: Keys, table: Mapping[str, Any], *, is_profile: bool
) -> Iterator[Notice]:
    for key, value in table.items():
        path = (*keys, key)
        if key in schema.SETTINGS:
            _apply(schema.SETTINGS[key], layer, path, value)
        elif key == "sandbox_workspace_write":
            yield from _inspect_sandbox(layer, path, _table(layer, path, value))
        elif key == "history":
            _inspect_history(layer, path, _table(layer, path, value))
        elif key == "model_providers":
            for name, entry in _table(layer, path, value).items():
                provider = (*path, name)
                yield from _inspect_provider(layer, provider, _table(layer, provider, entry))
        elif key in schema.TOP_ONLY:
            if is_profile:
                yield _notice(layer, path, f"`{key}` does nothing inside a profile.")
            elif key == "profile":
                _apply(schema.name, layer, path, value)
            else:
                yield from _inspect_profiles(layer, path, _table(layer, path, value))
        elif key not in known_keys.SETTINGS:
            yield _unknown(layer, path, _OUR_SETTINGS | known_keys.SETTINGS)


def _inspect_profiles(layer: Layer, keys: Keys, table: Mapping[str, Any]) -> Iterator[Notice]:
    for name, entry in table.items():
        path = (*keys, name)
        yield from _inspect_settings(layer, path, _table(layer, path, entry), is_profile=True)


def _inspect_sandbox(layer: Layer, keys: Keys, table: Mapping[str, Any]) -> Iterator[Notice]:
    for key, value in table.items():
        path = (*keys, key)
        if key in schema.SANDBOX:
            _apply(schema.SANDBOX[key], layer, path, value)
        else:
            yield _unknown(layer, path, frozenset(schema.SANDBOX))


def _inspect_history(layer: Layer, keys: Keys, table: Mapping[str, Any]) -> None:
    for key, value in table.items():
        if key in schema.HISTORY:
            _apply(schema.HISTORY[key], layer, (*keys, key), value)


def _inspect_provider(layer: Layer, keys: Keys, table: Mapping[str, Any]) -> Iterator[Notice]:
    for key, value in table.items():
        path = (*keys, key)
        if key in schema.PROVIDER:
            _apply(schema.PROVIDER[key], layer, path, value)
        elif key in known_keys.PROVIDER_KEY_SOURCES:
            sentence = f"`{key}` is not read: a key comes from an environment variable."
            yield _notice(layer, path, sentence, "name that variable in env_key.")
        elif key not in known_keys.PROVIDER:
            yield _unknown(layer, path, frozenset(schema.PROVIDER) | known_keys.PROVIDER)


def _apply(rule: Rule, layer: Layer, keys: Keys, value: object) -> None:
    fault = rule(value)
    if fault:
        path = (*keys, *fault.below)
        sentence = f"`{shown('.'.join(path))}` {fault.sentence}."
        raise config_error(layer.place_of_value(path), sentence, fix=fault.fix)


def _table(layer: Layer, keys: Keys, value: object) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    sentence = f"`{shown('.'.join(keys))}` must be a table, not {kind_of(value)}."
    raise config_error(layer.place_of_value(keys), sentence)


def _unknown(layer: Layer, keys: Keys, candidates: frozenset[str]) -> Notice:
    *above, key = keys
    sentence = f"there is no setting `{shown(key)}`, so it does nothing."
    return _notice(layer, keys, sentence, _belongs(key, above) or _meant(key, candidates))


def _belongs(key: str, above: list[str]) -> str | None:
    if not above and key in schema.PROVIDER:
        return "it belongs in a [model_providers.NAME] table."
    if above and key in _OUR_SETTINGS | schema.TOP_ONLY:
        table = listed([".".join(above)])
        return f"it stands in the table [{table}]; move it above the first line in [brackets]."
    if above and key in {"api_key", "apikey", "key", "token"}:
        return "a key comes from an environment variable: name that in env_key."
    return None


def _meant(key: str, candidates: frozenset[str]) -> str | None:
    nearest = closest(key, candidates, cutoff=0.7)
    return f"did you mean `{nearest}`?" if nearest else None


def _notice(layer: Layer, keys: Keys, sentence: str, fix: str | None = None) -> Notice:
    place = layer.place_of_key(keys)
    return Notice("configInvalid", f"{place.short}: {sentence}", with_fix(place.full, fix))
