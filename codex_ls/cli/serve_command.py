"""`codex-ls serve`: the language server, on standard input and output or on a loopback address."""

from collections.abc import Sequence

from codex_ls.cli.arguments import ArgumentParser, add_config_options
from codex_ls.errors import InvalidParams


def run(argv: Sequence[str]) -> int:
    """Serve until the client says exit, and return the exit code."""
    parsed = _parser().parse_args(argv)
    from codex_ls.lsp.server import run_stdio, run_tcp

    if parsed.tcp is None:
        return run_stdio(overrides=parsed.config, local_only=parsed.local_only)
    host, port = _address(parsed.tcp)
    return run_tcp(host, port, overrides=parsed.config, local_only=parsed.local_only)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="codex-ls serve",
        description="The language server; without options it speaks on standard input and output.",
    )
    parser.add_argument("--stdio", action="store_true", help="standard input and output (default)")
    parser.add_argument(
        "--tcp", metavar="HOST:PORT", help="listen there instead; loopback addresses only"
    )
    add_config_options(parser)
    return parser


def _address(text: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`; an IPv6 address stands in [brackets]. Raises InvalidParams."""
    host, _, port = text.rpartition(":")
    host = host.removeprefix("[").removesuffix("]")
    if not host or not port.isdecimal() or int(port) > 65535:
        raise InvalidParams(
            f"{text} is not HOST:PORT.", hint="For instance --tcp 127.0.0.1:7777, or port 0."
        )
    return host, int(port)
