"""`codex-ls init`: a profile for a model server that runs here, in a file of its own."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from codex_ls.cli.argument_parser import ArgumentParser
from codex_ls.cli.change import offer_changes
from codex_ls.cli.discover_command import add_ports_option, find_servers, nothing_found
from codex_ls.cli.output import Output
from codex_ls.cli.terminal_input import read_answer
from codex_ls.errors import InvalidParams
from codex_ls.sanitize import is_blank

if TYPE_CHECKING:
    from codex_ls.config.load import Config
    from codex_ls.providers.servers.discover import FoundServer


def run(argv: Sequence[str]) -> int:
    """Offer a profile for one server; 0 if it is there afterwards. Raises CodexError."""
    parser = ArgumentParser(
        prog="codex-ls init",
        description="Find the model servers on this machine and write a profile for one of them"
        " to NAME.config.toml. Shows the change, asks, and keeps a backup.",
    )
    parser.add_argument("--model", metavar="NAME", help="the model to use")
    parser.add_argument("--name", metavar="PROFILE", help="the name of the profile")
    parser.add_argument("--yes", "-y", action="store_true", help="write without asking")
    add_ports_option(parser)
    parsed = parser.parse_args(argv)
    out = Output(sys.stdout)
    if parsed.name is not None and is_blank(parsed.name):
        raise InvalidParams("A profile needs a name.", hint="Use --name NAME, or omit it.")
    if parsed.name is not None and not _is_plain(parsed.name):
        raise InvalidParams(
            "A profile name may contain only letters, digits, - and _.",
            hint="Choose another: it is used as a file name and as an option of Codex.",
        )
    found, silent = find_servers(parsed.port)
    if not found:
        out.write(nothing_found(parsed.port, silent))
        return 1
    server, model = _choose(found, parsed.model, out=out, may_ask=not parsed.yes)

    from codex_ls.config.load import load_config
    from codex_ls.providers.servers.new_profile import adding

    config = load_config()
    changes, name = adding(config, server, model, name=parsed.name)
    is_written = offer_changes(changes, out=out, is_agreed=parsed.yes)
    if is_written:
        out.write(_try_it(load_config(), name))
        out.write(_more_of(server.kind, load_config(), name))
    return 0 if is_written or all(change.before == change.after for change in changes) else 1


def _try_it(config: "Config", name: str) -> str:
    """The next step, once the profile stands there."""
    from codex_ls.cli.profile_command import with_codex

    codex = with_codex(name)
    if config.default_profile == name:
        return f'Try it: codex-ls exec "What is 2 + 2?"\n{codex}'
    return (
        f'Try it: codex-ls exec --profile {name} "What is 2 + 2?"\n'
        f"codex-ls profile use {name} makes it the active one.\n{codex}"
    )


_OWN_API = {
    "lmstudio": "reports loading and prompt progress (LM Studio 0.4)",
    "ollama": "requests the context window that a turn needs and reports loading time",
}


def _more_of(kind: str, config: "Config", name: str) -> str:
    """What a server's own API has beyond the one that every server has, unless it is in use."""
    from codex_ls.config.edit import literal
    from codex_ls.config.load import OWN_FILE
    from codex_ls.config.profile import list_profiles

    profile = next((p for p in list_profiles(config) if p.name == name), None)
    if profile is None or kind not in _OWN_API or profile.wire_api == kind:
        return ""
    line = f"wire_api = {literal(kind)} under [model_providers.{profile.provider}]"
    return f"{line} in {OWN_FILE}, which Codex does not read, {_OWN_API[kind]}.\n"


def _is_plain(name: str) -> bool:
    from codex_ls.config.codex_compatibility import PROFILE_NAME

    return PROFILE_NAME.fullmatch(name) is not None


def _choose(
    found: Sequence["FoundServer"], wanted: str | None, *, out: Output, may_ask: bool
) -> tuple["FoundServer", str]:
    """A server and one of its models: the wanted one, else the first that is loaded, or as asked."""
    from codex_ls.providers.servers.new_profile import answering

    choices = answering(found)
    if wanted is not None:
        choices = [choice for choice in choices if choice[1] == wanted]
    if not choices:
        what = f"no server has the model {wanted}" if wanted else "the servers here have no model"
        raise InvalidParams(
            f"Nothing to write: {what}.",
            hint="codex-ls discover lists the servers and their models.",
        )
    if len(choices) == 1 or not may_ask or sys.stdin is None or not sys.stdin.isatty():
        return choices[0]
    for number, (server, name) in enumerate(choices, 1):
        out.write(f"{number:3}  {name}  ({server.server.title} at {server.origin})\n")
    out.write(f"Which one? [1-{len(choices)}, 1] ")
    answer = read_answer().strip() or "1"
    if not answer.isdecimal() or not 0 < int(answer) <= len(choices):
        raise InvalidParams(f"{answer} is not one of the choices.")
    return choices[int(answer) - 1]
