"""The `codex-ls` command: finds the command that was asked for, and imports only what that one needs.

Invariant: `exec` reaches neither pygls nor lsprotocol, and whatever goes wrong is told in one shape:
`error: sentence`, `hint: ...`, and an exit code (0 done, 1 failed, 2 wrong usage, 130 interrupted).
"""

import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from codex_ls.cli.output import Output, OutputFailed, ReaderGone, flush
from codex_ls.errors import CodexError, InvalidParams
from codex_ls.render.failure import failure_lines, labelled_lines

_SUMMARIES = {
    "exec [PROMPT | -]": "ask the model one question; thinking and answer are streamed",
    "resume [ID]": "resume a conversation; --last for this folder's last one",
    "fork [ID]": "continue in a copy of a conversation",
    "chat": "a conversation in the terminal",
    "threads [ID]": "list, search, show and delete conversations",
    "undo [TURN]": "undo a model's file changes",
    "stats": "response times on this machine, by profile and model",
    "discover": "the model servers running on this machine",
    "init": "write a profile for one of them into config.toml",
    "profiles": "the profiles of config.toml",
    "profile use NAME": "switch to a profile",
    "models": "list the built-in models; with --profile, those of its server",
    "model pull NAME": "download a built-in model",
    "key set PROVIDER": "store an API key in the system keyring",
    "doctor": "check a profile, from config.toml to the first token",
    "serve": "the language server, for editors",
    "acp": "the agent for editors with the Agent Client Protocol",
    "schema": "the JSON Schema of config.toml, for your editor",
    "completion SHELL": "completion for bash, zsh or fish",
}
_OPTIONS = {"--version": "print the version", "--help": "print this"}


def _usage(columns: int) -> str:
    """The list of commands, no line of it wider than the terminal."""
    import textwrap

    lines = ["usage: codex-ls COMMAND [OPTIONS]"]
    for title, entries in (("commands", _SUMMARIES), ("options", _OPTIONS)):
        lines += ["", f"{title}:"]
        for name, summary in entries.items():
            first = f"  {name:19} "
            lines += textwrap.wrap(
                summary, max(columns, 40), initial_indent=first, subsequent_indent=" " * len(first)
            )
    lines += [
        "",
        *textwrap.wrap("codex-ls COMMAND --help lists the options of a command.", columns),
    ]
    return "\n".join(lines) + "\n"


def main() -> NoReturn:
    """Run this process's command line, and end the process with its exit code."""
    code = run(sys.argv[1:])
    terminal_input = sys.modules.get("codex_ls.cli.terminal_input")
    if terminal_input is not None:
        terminal_input.discard_rest()
    # Taking hundreds of modules apart would cost 45 ms, and a thread that looks up a name, which
    # nothing can interrupt, would be waited for.
    os._exit(code)


def run(argv: Sequence[str]) -> int:
    """Run a command line and return the exit code. Raises SystemExit after `--help`."""
    err = Output(sys.stderr, lossy=True)
    try:
        code = _run(list(argv))
        flush(sys.stdout)
    except CodexError as error:
        err.write(failure_lines(error))
        return error.exit_code
    except OutputFailed as error:
        err.write(labelled_lines("error", str(error)))
        return 1
    except (ReaderGone, BrokenPipeError):
        # As for ripgrep and Codex: whoever has read enough of it has not seen a failure.
        return 0
    except KeyboardInterrupt:
        return 130
    return code


def _run(argv: list[str]) -> int:
    if not argv:
        raise InvalidParams("No command was given.", hint="Run codex-ls --help for a list.")
    first, *rest = argv
    if first in ("-h", "--help", "help"):
        out = Output(sys.stdout)
        out.write(_usage(out.columns()))
        return 0
    if first in ("-V", "--version"):
        from codex_ls import __version__

        Output(sys.stdout).write(f"codex-ls {__version__}\n")
        return 0
    if first.startswith("-"):
        from codex_ls.cli.arguments import command_first

        first, *rest = command_first(argv)
    if "CODEX_LS_LOG" in os.environ or "RUST_LOG" in os.environ:
        from codex_ls.cli.log import set_up_log

        set_up_log(os.environ)
    command = _COMMANDS.get(first)
    if command is None:
        from codex_ls.cli.argument_parser import did_you_mean

        meant = did_you_mean(first, _COMMANDS)
        raise InvalidParams(
            f"There is no command {first}.", hint=f"{meant}Run codex-ls --help for a list."
        )
    if first not in _TELL_THEMSELVES and not {"-h", "--help"}.intersection(rest):
        _check_home()
    return command(rest)


def _check_home() -> None:
    """Raise ConfigError for a `CODEX_HOME` that is not there."""
    if os.environ.get("CODEX_HOME"):
        from codex_ls.config.load import codex_home_from

        codex_home_from(os.environ)


def _exec(argv: list[str]) -> int:
    from codex_ls.cli.exec_command import run

    return run(argv)


def _resume(argv: list[str]) -> int:
    return _exec(["resume", *argv])


def _fork(argv: list[str]) -> int:
    return _exec(["fork", *argv])


def _serve(argv: list[str]) -> int:
    from codex_ls.cli.serve_command import run

    return run(argv)


def _acp(argv: list[str]) -> int:
    from codex_ls.cli.acp_command import run

    return run(argv)


def _profiles(argv: list[str]) -> int:
    from codex_ls.cli.config_commands import run_profiles

    return run_profiles(argv)


def _models(argv: list[str]) -> int:
    from codex_ls.cli.models_command import run_models

    return run_models(argv)


def _model(argv: list[str]) -> int:
    from codex_ls.cli.models_command import run_model

    return run_model(argv)


def _stats(argv: list[str]) -> int:
    from codex_ls.cli.stats_command import run

    return run(argv)


def _chat(argv: list[str]) -> int:
    from codex_ls.cli.chat_command import run

    return run(argv)


def _undo(argv: list[str]) -> int:
    from codex_ls.cli.undo_command import run

    return run(argv)


def _discover(argv: list[str]) -> int:
    from codex_ls.cli.discover_command import run

    return run(argv)


def _init(argv: list[str]) -> int:
    from codex_ls.cli.init_command import run

    return run(argv)


def _profile(argv: list[str]) -> int:
    from codex_ls.cli.profile_command import run

    return run(argv)


def _key(argv: list[str]) -> int:
    from codex_ls.cli.key_command import run

    return run(argv)


def _doctor(argv: list[str]) -> int:
    from codex_ls.cli.doctor_command import run

    return run(argv)


def _schema(argv: list[str]) -> int:
    from codex_ls.cli.config_commands import run_schema

    return run_schema(argv)


def _completion(argv: list[str]) -> int:
    from codex_ls.cli.completion_command import run

    return run(argv, _COMMANDS, _SUMMARIES)


def _threads(argv: list[str]) -> int:
    from codex_ls.cli.threads_command import run

    return run(argv)


_TELL_THEMSELVES = frozenset({"serve", "acp", "doctor"})
"""Commands that go on with a broken configuration, and say so to whoever asks."""

_COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "exec": _exec,
    "e": _exec,
    "resume": _resume,
    "fork": _fork,
    "threads": _threads,
    "completion": _completion,
    "chat": _chat,
    "undo": _undo,
    "stats": _stats,
    "doctor": _doctor,
    "discover": _discover,
    "init": _init,
    "profile": _profile,
    "key": _key,
    "schema": _schema,
    "serve": _serve,
    "acp": _acp,
    "profiles": _profiles,
    "models": _models,
    "model": _model,
}
