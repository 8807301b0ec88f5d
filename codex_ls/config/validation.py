"""Validates one layer against the models: the first wrong value is an error, unknown keys are notices.

A key that Codex knows passes silently, whatever it holds: the same file serves both programs.
"""

from collections.abc import Iterator, Mapping
from typing import Any

from codex_ls.config import ignored_keys, models
from codex_ls.config.intended_provider import is_address, is_key, meaning_of, right_key
from codex_ls.config.layer import Layer, config_error, listed, shown, with_fix
from codex_ls.config.models import (
    ConfigFile,
    History,
    ProviderTable,
    Sandbox,
    Settings,
    closest,
    fault_in,
    kind_of,
)
from codex_ls.events import Notice

MAX_NOTICES = 20

Keys = tuple[str, ...]

_OUR_SETTINGS = models.SETTINGS | models.TABLES
_READ = _OUR_SETTINGS | models.SANDBOX | models.PROVIDER


def validate_layer(layer: Layer, *, is_profile: bool = False) -> tuple[Notice, ...]:
    """Notices about keys that do nothing, `MAX_NOTICES` of them at most.

    `is_profile` says that the whole layer is one profile. Raises ConfigError for the first value of
    a wrong type or out of range.
    """
    notices = list(_validate_settings(layer, (), layer.table, is_profile=is_profile))
    hidden = len(notices) - MAX_NOTICES
    if hidden > 0:
        more = f"{layer.name}: {hidden} more settings do nothing."
        notices[MAX_NOTICES:] = [Notice("configInvalid", more)]
    return tuple(notices)


def _validate_settings(
    layer: Layer, keys: Keys, table: Mapping[str, Any], *, is_profile: bool
) -> Iterator[Notice]:
    for key, value in table.items():
        path = (*keys, key)
        if key in models.SETTINGS:
            _apply(Settings, layer, path, value)
        elif key == "sandbox_workspace_write":
            yield from _validate_sandbox(layer, path, _table(layer, path, value))
        elif key == "history":
            _validate_history(layer, path, _table(layer, path, value))
        elif key == "model_providers":
            for name, entry in _table(layer, path, value).items():
                provider = (*path, name)
                yield from _validate_provider(layer, provider, _table(layer, provider, entry))
        elif key in models.TOP_ONLY:
            if is_profile:
                yield _notice(layer, path, f"`{key}` does nothing inside a profile.")
            elif key == "profile":
                _apply(ConfigFile, layer, path, value)
            else:
                yield from _validate_profiles(layer, path, _table(layer, path, value))
        elif key not in ignored_keys.SETTINGS:
            candidates = _OUR_SETTINGS | ignored_keys.SETTINGS
            yield _unknown(layer, path, candidates, _right_setting(key, value))


def _validate_profiles(layer: Layer, keys: Keys, table: Mapping[str, Any]) -> Iterator[Notice]:
    for name, entry in table.items():
        path = (*keys, name)
        yield from _validate_settings(layer, path, _table(layer, path, entry), is_profile=True)


def _validate_sandbox(layer: Layer, keys: Keys, table: Mapping[str, Any]) -> Iterator[Notice]:
    for key, value in table.items():
        path = (*keys, key)
        if key in models.SANDBOX:
            _apply(Sandbox, layer, path, value)
        else:
            yield _unknown(layer, path, models.SANDBOX, _right_place(key, keys))


def _validate_history(layer: Layer, keys: Keys, table: Mapping[str, Any]) -> None:
    for key, value in table.items():
        if key in models.HISTORY:
            _apply(History, layer, (*keys, key), value)


def _validate_provider(layer: Layer, keys: Keys, table: Mapping[str, Any]) -> Iterator[Notice]:
    for key, value in table.items():
        path = (*keys, key)
        if key in models.PROVIDER:
            _apply(ProviderTable, layer, path, value)
        elif key in ignored_keys.PROVIDER_KEY_SOURCES:
            sentence = f"`{key}` is not read: a key comes from an environment variable."
            yield _notice(layer, path, sentence, "name that variable in env_key.")
        elif key not in ignored_keys.PROVIDER:
            candidates = models.PROVIDER | ignored_keys.PROVIDER
            fix = _right_place(key, keys) or _right_provider_key(key)
            yield _unknown(layer, path, candidates, fix)


def _apply(table: type, layer: Layer, keys: Keys, value: object) -> None:
    fault = fault_in(table, keys[-1], value)
    if fault:
        path = (*keys, *fault.below)
        sentence = f"`{shown('.'.join(path))}` {fault.sentence}."
        fix = _right_table(keys[-1], value) or fault.fix
        raise config_error(layer.place_of_value(path), sentence, fix=fix)


def _table(layer: Layer, keys: Keys, value: object) -> Mapping[str, Any]:
    if isinstance(value, Mapping):
        return value
    sentence = f"`{shown('.'.join(keys))}` must be a table, not {kind_of(value)}."
    raise config_error(layer.place_of_value(keys), sentence, fix=_named_table(keys, value))


def _right_table(key: str, value: object) -> str | None:
    """The next step where a table has the name of a setting that holds one word."""
    from codex_ls.config.syntax import TABLE_OF_SETTING  # for those who need it

    table = TABLE_OF_SETTING.get(key)
    if table is None or not isinstance(value, Mapping):
        return None
    names = [name for name, entry in value.items() if isinstance(entry, Mapping)]
    return f"did you mean [{table}.{shown(names[0]) if names else 'NAME'}]?"


def _named_table(keys: Keys, value: object) -> str | None:
    """The next step where the tables of providers or profiles hold something else."""
    if keys[-1] == "model_providers" and isinstance(value, str):
        return "did you mean `model_provider`?"
    if keys[-1] in ("model_providers", "profiles"):
        return f"each has a name of its own, as in [{keys[-1]}.NAME]."
    if len(keys) > 1 and keys[-2] in ("model_providers", "profiles"):
        return f"put it into a table with a name, [{'.'.join(map(shown, keys[:-1]))}.NAME]."
    return None


def _unknown(layer: Layer, keys: Keys, candidates: frozenset[str], fix: str | None) -> Notice:
    key = keys[-1]
    sentence = f"there is no setting `{shown(key)}`, so it does nothing."
    return _notice(layer, keys, sentence, fix or _meant(key, candidates))


def _right_setting(key: str, value: object) -> str | None:
    """The next step for an unknown key of the top or of a profile."""
    kind = meaning_of(key, value)
    if kind is not None:
        return right_key(key, kind)
    return "it belongs in a [model_providers.NAME] table." if key in models.PROVIDER else None


def _right_place(key: str, above: Keys) -> str | None:
    """The next step for a setting of the top that stands below a table's header."""
    if key in _OUR_SETTINGS | models.TOP_ONLY:
        table = listed([".".join(above)])
        return f"it is in the table [{table}]; move it above the first line in [brackets]."
    return None


def _right_provider_key(key: str) -> str | None:
    """The next step for an unknown key of a provider."""
    if is_key(key):
        return "a key comes from an environment variable: name that in env_key."
    return "did you mean `base_url`?" if is_address(key) else None


def _meant(key: str, candidates: frozenset[str]) -> str | None:
    """A key of this program that is near, or one of Codex's that is very near."""
    nearest = closest(key, candidates & _READ, cutoff=0.7) or closest(key, candidates, cutoff=0.85)
    return f"did you mean `{nearest}`?" if nearest else None


def _notice(layer: Layer, keys: Keys, sentence: str, fix: str | None = None) -> Notice:
    place = layer.place_of_key(keys)
    return Notice("configInvalid", f"{place.short}: {sentence}", with_fix(place.full, fix))
