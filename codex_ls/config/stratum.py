"""A part of a layer that takes part in one resolution: its top, or one of its profiles.

Resolving a profile is looking through a few strata, strongest first: the `-c` options, the profile,
the top of config.toml. Each value keeps its place, so that an error found late still has line and
column.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from codex_ls.config.layer import Layer, Place


class Stratum(NamedTuple):
    """The table under `prefix` in a layer."""

    layer: Layer
    prefix: tuple[str, ...] = ()

    def below(self, *keys: str) -> "Stratum":
        """The stratum that begins at a table of this one."""
        return Stratum(self.layer, (*self.prefix, *keys))

    def find(self, *keys: str) -> Any:
        """The value under the keys; None if it is not set (TOML has no null)."""
        node: Any = self.layer.table
        for key in (*self.prefix, *keys):
            if not isinstance(node, Mapping):
                return None
            node = node.get(key)
        return node

    def place_of_key(self, *keys: str) -> Place:
        """Where the key is written."""
        return self.layer.place_of_key((*self.prefix, *keys))

    def place_of_value(self, *keys: str) -> Place:
        """Where the key's value is written."""
        return self.layer.place_of_value((*self.prefix, *keys))


class Found(NamedTuple):
    """A value, and where it was set."""

    value: Any
    stratum: Stratum
    keys: tuple[str, ...]

    @property
    def place(self) -> Place:
        """Where the value is written."""
        return self.stratum.place_of_value(*self.keys)


def find_first(strata: Iterable[Stratum], *keys: str) -> Found | None:
    """The value of the first stratum that sets it."""
    for stratum in strata:
        value = stratum.find(*keys)
        if value is not None:
            return Found(value, stratum, keys)
    return None


def overlay(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    """`above` laid over `below`; tables in both are laid over each other in the same way."""
    result = dict(below)
    for key, value in above.items():
        old = result.get(key)
        if isinstance(old, Mapping) and isinstance(value, Mapping):
            value = overlay(old, value)
        result[key] = value
    return result


def overlaid(strata: Iterable[Stratum], *keys: str) -> dict[str, Any]:
    """The tables under the keys in all strata, laid over each other."""
    result: dict[str, Any] = {}
    for stratum in reversed(tuple(strata)):
        found = stratum.find(*keys)
        if isinstance(found, Mapping):
            result = overlay(result, found)
    return result
