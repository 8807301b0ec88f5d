"""What today's Codex refuses in files that this program accepts.

Both programs read config.toml. Codex has dropped forms over time, and a file that has one of them keeps
it from starting; they all go on working here. Each rule was tried with the Codex CLI 0.169
(`tests/config/test_codex_binary.py` does it again): `profile` at the top and `[profiles.NAME]` since
0.134, `wire_api = "chat"` since February 2026, the others when the provider tables became strict.
"""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from codex_ls.config.built_in import EMBEDDED, PROVIDERS
from codex_ls.config.layer import ConfigView, listed, shown
from codex_ls.config.load import OWN_FILE, Config

CODEX_PROVIDERS = frozenset({"openai", "ollama", "lmstudio", "amazon-bedrock"})
"""The built-in providers of Codex; a `model_providers` table may not have one of these names."""

PROFILE_NAME = re.compile(r"[A-Za-z0-9_-]+")
"""What `codex --profile` takes."""

_GRANULAR = frozenset({"sandbox_approval", "rules", "mcp_elicitations"})


def refusals(config: Config) -> tuple[str, ...]:
    """One line for each thing in the user's files that Codex refuses, with its place and the remedy."""
    lines = [*_of_config_file(config.base), *_of_layer(config.base, config, "Codex")]
    for name, definition in config.profiles.items():
        for view in definition.views:
            if view.prefix == () and view.layer.path is not None:
                lines += _of_profile_file(name, view, config)
    return tuple(lines)


def _of_config_file(base: ConfigView) -> Iterator[str]:
    profile, tables = base.find("profile"), base.find("profiles")
    if profile is not None:
        what = "`profile` keeps Codex 0.134 and later from starting"
        remedy = f"`codex-ls profile use {shown(str(profile))}` moves it to {OWN_FILE}"
        yield _line(base, ("profile",), what, remedy)
    if isinstance(tables, Mapping) and tables:
        names = listed(f"[profiles.{name}]" for name in tables)
        what = f"Codex 0.134 and later does not read {names}"
        remedy = "`codex-ls profile use NAME` moves that table to NAME.config.toml"
        yield _line(base, ("profiles", next(iter(tables))), what, remedy)


def _of_profile_file(name: str, view: ConfigView, config: Config) -> Iterator[str]:
    if not PROFILE_NAME.fullmatch(name):
        what = "Codex does not accept this name for --profile"
        yield f"{shown(view.layer.name)}: {what}; use only letters, digits, - and _."
        return
    codex = f"Codex with --profile {name}"
    if view.find("profile") is not None:
        what = f"`profile` keeps {codex} from starting"
        yield _line(view, ("profile",), what, "remove the line")
    yield from _of_layer(view, config, codex)


def _of_layer(view: ConfigView, config: Config, codex: str) -> Iterator[str]:
    yield from _unknown_provider(view, config, codex)
    policy = view.find("approval_policy")
    if isinstance(policy, Mapping):
        granular = policy.get("granular")
        if not isinstance(granular, Mapping) or not granular.keys() >= _GRANULAR:
            what = f"this `approval_policy` keeps {codex} from starting"
            remedy = f"a table of it is granular, with {listed(sorted(_GRANULAR))}"
            yield _line(view, ("approval_policy",), what, remedy)
    tables = view.find("model_providers")
    for name, table in tables.items() if isinstance(tables, Mapping) else ():
        if isinstance(table, Mapping):
            yield from _of_provider(view, name, table, config, codex)


def _unknown_provider(view: ConfigView, config: Config, codex: str) -> Iterator[str]:
    name = view.find("model_provider")
    if not isinstance(name, str) or name in CODEX_PROVIDERS:
        return
    if any(layer.find("model_providers", name) is not None for layer in (view, config.base)):
        return
    if name == EMBEDDED:
        remedy = f"move it and `model` to {OWN_FILE}, which Codex does not read"
    elif name in PROVIDERS:
        remedy = f"add a table [model_providers.{name}] with name and base_url"
    else:
        remedy = 'write model_provider = "ollama"'
    what = f"the provider `{shown(name)}` keeps {codex} from starting, which has none of that name"
    yield _line(view, ("model_provider",), what, remedy)


def _of_provider(
    view: ConfigView, name: str, table: Mapping[str, Any], config: Config, codex: str
) -> Iterator[str]:
    path = ("model_providers", name)
    header = f"[model_providers.{shown(name)}]"
    if name in CODEX_PROVIDERS:
        if name != "amazon-bedrock" and (name != "openai" or table):
            what = f"{header} keeps {codex} from starting, which has that name built in"
            remedy = f"move the table to {OWN_FILE}, which Codex does not read"
            yield _line(view, path, what, remedy)
        return
    names = [layer.find(*path, "name") for layer in (view, config.base)]
    if not any(isinstance(text, str) and text.strip() for text in names):
        what = f"{header} without a name keeps {codex} from starting"
        yield _line(view, path, what, f'add name = "{shown(name)}"')
    wire_api = table.get("wire_api")
    if isinstance(wire_api, str) and wire_api != "responses":
        when = " (since February 2026)" if wire_api == "chat" else ""
        what = f'wire_api = "{shown(wire_api)}" keeps {codex} from starting{when}'
        remedy = f"move it to {header} in {OWN_FILE}, which Codex does not read"
        if wire_api == "chat":
            remedy = "remove the line, it is what codex-ls does without it"
        yield _line(view, (*path, "wire_api"), what, remedy)


def _line(view: ConfigView, keys: tuple[str, ...], what: str, remedy: str) -> str:
    return f"{view.place_of_key(*keys).short}: {what}; {remedy}."
