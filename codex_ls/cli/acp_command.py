"""`codex-ls acp`: the Agent Client Protocol on standard input and output, for one editor."""

from collections.abc import Sequence
from typing import get_args

from codex_ls.cli.argument_parser import ArgumentParser
from codex_ls.cli.options import add_config_options, add_tool_options, sandbox_of
from codex_ls.errors import InvalidParams
from codex_ls.events import Effort


def run(argv: Sequence[str]) -> int:
    """Serve until the client leaves, and return the exit code.

    Raises InvalidParams if the extra `acp` is not installed.
    """
    parsed = _parser().parse_args(argv)
    if parsed.init:
        from codex_ls.cli.init_command import run as run_init

        return run_init([])
    try:
        from codex_ls.acp.sdk_import import import_sdk

        import_sdk()
    except ImportError:
        raise InvalidParams(
            "The Agent Client Protocol library is not installed.",
            hint="pip install 'codex-ls[acp]'",
        ) from None
    from codex_ls.acp.acp_agent import run_acp
    from codex_ls.acp.acp_session import AcpOptions
    from codex_ls.acp.config_options import Selected
    from codex_ls.agent.agent import Permissions

    return run_acp(
        AcpOptions(
            overrides=tuple(parsed.config),
            selected=Selected(parsed.profile, parsed.model, parsed.effort),
            local_only=parsed.local_only,
            permissions=Permissions(
                sandbox_of(parsed),
                "never" if parsed.unprotected else parsed.ask_for_approval,
                tuple(path.absolute() for path in parsed.add_dir),
            ),
            has_tools=not parsed.no_tools,
        )
    )


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="codex-ls acp",
        description="An agent for editors that support the Agent Client Protocol (Zed,"
        " JetBrains, Neovim, Emacs). The editor starts it; its working directory is the workspace.",
    )
    parser.add_argument(
        "--init", action="store_true", help="set up a model in this terminal instead"
    )
    add = parser.add_argument_group("which model").add_argument
    add("-p", "--profile", metavar="NAME", help="a profile of config.toml")
    add("-m", "--model", metavar="MODEL", help="the model; overrides the profile's")
    add("--effort", choices=get_args(Effort), help="reasoning effort")
    add_tool_options(parser)
    add_config_options(parser)
    return parser
