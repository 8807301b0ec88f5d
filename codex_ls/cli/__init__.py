"""The `codex-ls` command: finds the command that was asked for, and imports only what that one needs.

Invariant: `exec` reaches neither pygls nor lsprotocol, and whatever goes wrong is told in one shape:
`error: sentence`, `hint: ...`, and an exit code (0 done, 1 failed, 2 wrong usage, 130 interrupted).
"""

import gc
import os
import sys
from collections.abc import Callable, Sequence
from typing import NoReturn

from codex_ls.cli.output import Output, OutputFailed, ReaderGone, flush
from codex_ls.errors import CodexError, InvalidParams
from codex_ls.render.failure import failure_lines, labelled_lines

FAILED = 1
WRONG_USAGE = 2

_USAGE = """\
usage: codex-ls COMMAND [OPTIONS]

commands:
  exec [PROMPT | -]   ask the model; its thinking and its answer appear as they come
  exec resume [ID]    go on with a conversation; --last for this folder's last one
  exec fork [ID]      go on with a copy of it, and leave it as it is
  chat                a conversation in the terminal
  threads [ID]        the conversations that are kept
  stats               which model is fast enough here
  discover            the model servers that run on this machine
  init                write a profile for one of them into config.toml
  profile use NAME    put a profile into use
  key set PROVIDER    keep an API key in the system's keyring
  doctor              check a profile, from its file to its first word
  serve               the language server, for editors
  profiles            the profiles of config.toml
  models              the built-in models; with --profile those of its server
  model pull NAME     fetch a built-in model

options:
  --version           print the version
  --help              print this

codex-ls COMMAND --help lists the options of a command.
"""


def main() -> NoReturn:
    """Run this process's command line, and end the process with its exit code."""
    code = run(sys.argv[1:])
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
        return exit_code(error)
    except OutputFailed as error:
        err.write(labelled_lines("error", str(error)))
        return FAILED
    except (ReaderGone, BrokenPipeError):
        # As for ripgrep and Codex: whoever has read enough of it has not seen a failure.
        return 0
    except KeyboardInterrupt:
        return 130
    return code


def exit_code(error: CodexError) -> int:
    """2 for what was wrong on the command line, 1 for everything else."""
    return WRONG_USAGE if isinstance(error, InvalidParams) else FAILED


def _run(argv: list[str]) -> int:
    if not argv:
        raise InvalidParams("No command was given.", hint="codex-ls --help lists the commands.")
    first, *rest = argv
    if first in ("-h", "--help", "help"):
        Output(sys.stdout).write(_USAGE)
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
        raise InvalidParams(
            f"There is no command {first}.", hint="codex-ls --help lists the commands."
        )
    return command(rest)


def _exec(argv: list[str]) -> int:
    gc.disable()  # nothing that is loaded becomes garbage; the turn switches collection on again
    from codex_ls.cli.exec_command import run

    return run(argv)


def _serve(argv: list[str]) -> int:
    from codex_ls.cli.serve_command import run

    return run(argv)


def _profiles(argv: list[str]) -> int:
    from codex_ls.cli.profiles_command import run

    return run(argv)


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


def _threads(argv: list[str]) -> int:
    from codex_ls.cli.threads_command import run

    return run(argv)


_COMMANDS: dict[str, Callable[[list[str]], int]] = {
    "exec": _exec,
    "e": _exec,
    "threads": _threads,
    "chat": _chat,
    "stats": _stats,
    "doctor": _doctor,
    "discover": _discover,
    "init": _init,
    "profile": _profile,
    "key": _key,
    "serve": _serve,
    "profiles": _profiles,
    "models": _models,
    "model": _model,
}
