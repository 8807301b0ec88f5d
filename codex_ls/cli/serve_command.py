"""`codex-ls serve`: the language server, on standard input and output or on a loopback address."""

from collections.abc import Sequence

from codex_ls.cli.argument_parser import ArgumentParser
from codex_ls.cli.options import add_config_options
from codex_ls.errors import InvalidParams


def run(argv: Sequence[str]) -> int:
    """Serve until the client says exit, and return the exit code."""
    parsed = _parser().parse_args(argv)
    from codex_ls.lsp.transport import run_stdio, run_tcp

    options = {"overrides": parsed.config, "local_only": parsed.local_only}
    if parsed.allow_origin and parsed.ws is None:
        raise InvalidParams("--allow-origin requires --ws.")
    if parsed.tcp is not None:
        return run_tcp(*_address(parsed.tcp), **options)
    if parsed.ws is not None:
        from codex_ls.lsp.websocket import run_ws

        return run_ws(*_address(parsed.ws), allowed_origins=parsed.allow_origin, **options)
    return run_stdio(**options)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="codex-ls serve",
        description="Start the language server; without options it uses standard input and output.",
    )
    ways = parser.add_mutually_exclusive_group()
    ways.add_argument("--stdio", action="store_true", help="standard input and output (default)")
    ways.add_argument(
        "--tcp", metavar="HOST:PORT", help="listen there instead; loopback addresses only"
    )
    ways.add_argument(
        "--ws", metavar="HOST:PORT", help="listen there for WebSocket clients: editors in a browser"
    )
    parser.add_argument(
        "--allow-origin",
        metavar="ORIGIN",
        action="append",
        default=[],
        help="allow web pages of this origin to connect, such as http://localhost:5173; by"
        " default none may",
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
