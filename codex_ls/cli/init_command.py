"""`codex-ls init`: a profile for a model server that runs here, written into config.toml."""

import shlex
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from codex_ls.cli.arguments import ArgumentParser
from codex_ls.cli.change import offer_change
from codex_ls.cli.discover_command import add_ports_option, find_servers, nothing_found
from codex_ls.cli.output import Output
from codex_ls.errors import ConfigError, InvalidParams
from codex_ls.sanitize import is_blank

if TYPE_CHECKING:
    from codex_ls.config.load import Config
    from codex_ls.providers.discover import FoundServer


def run(argv: Sequence[str]) -> int:
    """Offer the lines for one server; 0 if they stand there afterwards. Raises CodexError."""
    parser = ArgumentParser(
        prog="codex-ls init",
        description="Finds the model servers of this machine and writes a profile for one of them"
        " into config.toml: shows the change, asks, and keeps a backup.",
    )
    parser.add_argument("--model", metavar="NAME", help="this model, if a server has it")
    parser.add_argument("--name", metavar="PROFILE", help="what to call the profile")
    parser.add_argument("--yes", "-y", action="store_true", help="write without asking")
    add_ports_option(parser)
    parsed = parser.parse_args(argv)
    out = Output(sys.stdout)
    if parsed.name is not None and is_blank(parsed.name):
        raise InvalidParams("A profile needs a name.", hint="Write --name NAME, or leave it out.")
    found, silent = find_servers(parsed.port)
    if not found:
        out.write(nothing_found(parsed.port, silent))
        return 1
    server, model = _choose(found, parsed.model, out=out, may_ask=not parsed.yes)

    from codex_ls.config.edit import read_text, write_text
    from codex_ls.config.load import load_config

    config = load_config()
    before = read_text(config.path)
    after, name = with_profile(before, config, server, model, name=parsed.name)
    is_written = offer_change(
        config.path, before, after, out=out, is_agreed=parsed.yes, write=write_text
    )
    if is_written:
        out.write(_try_it(load_config(), name))
        out.write(_more_of(server.kind, load_config(), name))
    return 0 if is_written or before == after else 1


def with_profile(
    text: str, config: "Config", server: "FoundServer", model: str, *, name: str | None
) -> tuple[str, str]:
    """config.toml with a profile for the model, and the profile's name.

    The text stays as it is, if a profile for just that is there. The profile becomes the one in use
    where no other is. Raises ConfigError, InvalidParams.
    """
    from codex_ls.config.edit import with_table
    from codex_ls.config.profile import list_profiles

    for profile in list_profiles(config):
        is_there = profile.model == model and _same_origin(profile.origin, server.origin)
        if is_there and name in (None, profile.name):
            return _in_use(text, config, profile.name), profile.name
    kind = "local" if server.kind == "other" else server.kind
    chosen = _free_name(name or kind, config.profiles, is_wanted=name is not None)
    provider, table = _provider(server, config)
    try:
        if table:
            text = with_table(text, ("model_providers", provider), table)
        text = with_table(text, ("profiles", chosen), {"model": model, "model_provider": provider})
        return _in_use(text, config, chosen), chosen
    except ConfigError as error:
        error.hint = _by_hand(chosen, model, provider, table)
        raise


def _by_hand(name: str, model: str, provider: str, table: Mapping[str, str]) -> str:
    """What would have been written, in one line."""
    from codex_ls.config.edit import literal

    values = f"model = {literal(model)} and model_provider = {literal(provider)}"
    hint = f"Add it by hand: a profile {name} with {values}"
    if table:
        hint += f", and a model provider {provider} with base_url = {literal(table['base_url'])}"
    return f"{hint}."


def _try_it(config: "Config", name: str) -> str:
    """The next step, once the profile stands there."""
    if _answers_unasked(config, name):
        return 'Try it: codex-ls exec "What is 2 + 2?"\n'
    option = shlex.join(["--profile", name])
    use = shlex.join(["codex-ls", "profile", "use", name])
    return f'Try it: codex-ls exec {option} "What is 2 + 2?"\n{use} makes it the one in use.\n'


_OWN_API = {
    "lmstudio": "shows how far it is with loading and reading (LM Studio 0.4)",
    "ollama": "asks for the window that a turn needs and tells how long loading took",
}


def _more_of(kind: str, config: "Config", name: str) -> str:
    """What a server's own API has beyond the one that every server has, unless it is in use."""
    from codex_ls.config.edit import literal
    from codex_ls.config.profile import list_profiles

    profile = next((p for p in list_profiles(config) if p.name == name), None)
    if profile is None or kind not in _OWN_API or profile.wire_api == kind:
        return ""
    line = f"wire_api = {literal(kind)} under [model_providers.{profile.provider}]"
    return f"{line} {_OWN_API[kind]}.\n"


def _answers_unasked(config: "Config", name: str) -> bool:
    """Whether the profile is the one in use."""
    return bool(config.base.find("profile") == name)


def _in_use(text: str, config: "Config", name: str) -> str:
    from codex_ls.config.edit import with_top_value

    if config.base.find("profile") is None and config.base.find("model") is None:
        return with_top_value(text, "profile", name)
    return text


def _provider(server: "FoundServer", config: "Config") -> tuple[str, Mapping[str, str]]:
    """The provider's name, and its table if it has to be written: the usual ports are built in."""
    from codex_ls.config.address import origin
    from codex_ls.config.built_in import PROVIDERS
    from codex_ls.providers.server_kind import NAMES

    tables = config.base.find("model_providers") or {}
    known: dict[str, Mapping[str, Any]] = {**PROVIDERS, **tables}
    for provider, table in known.items():
        base_url = table.get("base_url")
        if isinstance(base_url, str) and base_url and origin(base_url) == server.origin:
            return provider, {}
    name = _free_name(f"local-{server.origin.rpartition(':')[2]}", known, is_wanted=False)
    return name, {"name": NAMES[server.kind], "base_url": server.base_url}


def _same_origin(one: str, other: str) -> bool:
    """Whether both lead to the same server; a number of this machine is as good as its name."""
    return one.replace("//127.0.0.1:", "//localhost:") == other


def _free_name(wanted: str, taken: Mapping[str, Any], *, is_wanted: bool) -> str:
    if wanted not in taken:
        return wanted
    if is_wanted:
        raise InvalidParams(f"There is a profile {wanted} already.", hint="Choose another --name.")
    number = 2
    while f"{wanted}-{number}" in taken:
        number += 1
    return f"{wanted}-{number}"


def _choose(
    found: Sequence["FoundServer"], wanted: str | None, *, out: Output, may_ask: bool
) -> tuple["FoundServer", str]:
    """A server and one of its models: the wanted one, else the first that is loaded, or as asked."""
    from codex_ls.providers.server_kind import names

    choices = [(server, name) for server in found for name in names(server.server.models)]
    choices = [(server, name) for server, name in choices if "embed" not in name.lower()]
    if wanted is not None:
        choices = [choice for choice in choices if choice[1] == wanted]
    if not choices:
        what = f"no server has the model {wanted}" if wanted else "the servers here have no model"
        raise InvalidParams(f"There is nothing to write: {what}.", hint="codex-ls discover lists.")
    if len(choices) == 1 or not may_ask or sys.stdin is None or not sys.stdin.isatty():
        return choices[0]
    for number, (server, name) in enumerate(choices, 1):
        out.write(f"{number:3}  {name}  ({server.server.title} at {server.origin})\n")
    out.write(f"Which one? [1-{len(choices)}, 1] ")
    answer = sys.stdin.readline().strip() or "1"
    if not answer.isdecimal() or not 0 < int(answer) <= len(choices):
        raise InvalidParams(f"{answer} is none of them.")
    return choices[int(answer) - 1]
