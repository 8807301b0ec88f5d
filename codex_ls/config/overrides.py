"""The `-c key=value` options of a command line as a layer, read as Codex reads them.

The key is dotted (`model_providers.local.base_url`), and may quote a part that holds a dot itself.
The value is TOML; what isn't TOML is taken as text, so that `-c model=gpt-oss` needs no quotes.
"""

from collections.abc import Sequence
from typing import Any

from codex_ls.config.layer import Layer, parse_toml
from codex_ls.errors import InvalidParams


def parse_overrides(options: Sequence[str]) -> Layer:
    """The layer that the options make together; a later one replaces an earlier one.

    Raises InvalidParams for an option that is not `key=value`.
    """
    table: dict[str, Any] = {}
    for option in options:
        key, equals, value = option.partition("=")
        parts = _key_parts(key.strip())
        if not equals or not all(parts):
            raise InvalidParams(
                "An option -c must be key=value.", hint="For example: -c model=openai/gpt-oss-20b."
            )
        _set(table, parts, _value(value.strip()))
    return Layer("-c", table)


_SET_BY_US = frozenset(
    {"model", "messages", "input", "prompt", "instructions", "system_prompt", "stream", "tools"}
)


def parse_body(options: Sequence[str]) -> dict[str, Any]:
    """The keys for the body of a request that `-o key=value` options make together.

    Raises InvalidParams for one that is not `key=value`, or that codex-ls sets itself.
    """
    table: dict[str, Any] = {}
    for option in options:
        key, equals, value = option.partition("=")
        parts = _key_parts(key.strip())
        if not equals or not all(parts):
            raise InvalidParams(
                "A body key must be key=value.", hint="For example: -o temperature=0.2."
            )
        if parts[0] in _SET_BY_US:
            hint = "Use -m to select the model." if parts[0] == "model" else "codex-ls sets it"
            " itself."
            raise InvalidParams(f"The body key {parts[0]} can't be set with -o.", hint=hint)
        _set(table, parts, _value(value.strip()))
    return table


def _key_parts(key: str) -> list[str]:
    if not ('"' in key or "'" in key):
        return key.split(".")
    try:
        parsed: dict[str, Any] = parse_toml(f"{key} = 0")
    except ValueError:
        return key.split(".")
    parts: list[str] = []
    node: Any = parsed
    while isinstance(node, dict) and len(node) == 1:
        part, node = next(iter(node.items()))
        parts.append(part)
    return parts


def _value(raw: str) -> Any:
    try:
        parsed = parse_toml(f"value = {raw}")
    except (ValueError, OverflowError, RecursionError):
        return raw.strip("\"'")
    return parsed["value"] if len(parsed) == 1 else raw


def _set(table: dict[str, Any], parts: list[str], value: Any) -> None:
    *above, last = parts
    for part in above:
        below = table.get(part)
        if not isinstance(below, dict):
            below = table[part] = {}
        table = below
    table[last] = value
