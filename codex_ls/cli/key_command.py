"""`codex-ls key set PROVIDER` and `key delete PROVIDER`: API keys in the system keyring.

Invariant: a key is typed without echo or read from standard input, and is never an argument, which
every process of this machine could read.
"""

import sys
from collections.abc import Sequence

from codex_ls.cli.argument_parser import ArgumentParser
from codex_ls.cli.output import Output
from codex_ls.errors import InvalidParams

_MAX_KEY_CHARS = 16 * 1024


def run(argv: Sequence[str]) -> int:
    """Keep or remove one key; 0 if that is done. Raises CodexError."""
    parser = ArgumentParser(
        prog="codex-ls key",
        description="Store API keys in the system keyring, each for one address.",
    )
    verbs = parser.add_subparsers(dest="verb", required=True, metavar="set|delete PROVIDER")
    for verb, told in (
        ("set", "store a key, entered at a prompt or read from standard input"),
        ("delete", "delete a key"),
    ):
        sub = verbs.add_parser(verb, help=told)
        sub.add_argument("provider", metavar="PROVIDER", help="its name under model_providers")
        sub.add_argument("-p", "--profile", metavar="NAME", help="the profile that defines it")
    parsed = parser.parse_args(argv)

    from codex_ls.config.address import origin
    from codex_ls.config.load import load_config
    from codex_ls.config.provider import named_provider
    from codex_ls.providers.keyring_store import forget_key, keep_key

    provider = named_provider(load_config(), parsed.provider, profile=parsed.profile)
    if not provider.env_key:
        raise InvalidParams(
            f"The provider {provider.id} uses no API key.",
            hint=f'Add env_key = "NAME_OF_A_VARIABLE" under [model_providers.{provider.id}].',
        )
    where = origin(provider.base_url)
    out = Output(sys.stdout)
    if parsed.verb == "delete":
        is_removed = forget_key(provider.id, where)
        told = (
            "The API key of {} at {} was deleted.\n"
            if is_removed
            else "No API key of {} at {} is stored.\n"
        )
        out.write(told.format(provider.id, where))
        return 0
    key = _read_key(f"API key of {provider.id}, sent to {where} and nowhere else: ")
    keep_key(provider.id, where, key)
    out.write(f"The API key of {provider.id} was stored, for {where} only.\n")
    return 0


def _read_key(question: str) -> str:
    """A key from the terminal, unseen, or the one line of standard input. Raises InvalidParams."""
    if sys.stdin is not None and sys.stdin.isatty():
        from getpass import getpass

        key = getpass(question).strip()
    else:
        key = (sys.stdin.read(_MAX_KEY_CHARS + 1) if sys.stdin is not None else "").strip()
    if not key:
        raise InvalidParams("No key was given.", hint="Nothing was changed.")
    if len(key) > _MAX_KEY_CHARS or not (key.isascii() and key.isprintable()):
        raise InvalidParams(
            "The API key contains characters that are not allowed.",
            hint="Enter it again: it may have been copied with quotes, spaces or a line end.",
        )
    return key
