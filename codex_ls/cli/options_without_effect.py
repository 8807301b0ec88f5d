"""Options of `codex exec` that change nothing here, so that programs which pass them still run.

Some ask for what always holds (no Git repository is wanted); they are taken without a word. The others
steer tools, which are not run yet; their names are kept in `without_effect`, to be told in one line.
"""

import argparse


def add_options_without_effect(parser: argparse.ArgumentParser) -> None:
    """Let `parser` take them; `without_effect` of what it parses names those that are worth a line."""
    for name in ("--skip-git-repo-check", "--ignore-rules"):
        parser.add_argument(name, action="store_true", help=argparse.SUPPRESS)
    for names in (
        ("--full-auto",),
        ("--dangerously-bypass-approvals-and-sandbox", "--yolo"),
        ("--dangerously-bypass-hook-trust",),
        ("--approve-for-me",),
        ("--not-so-yolo",),
        ("--ignore-user-config",),
        ("--strict-config",),
        ("--worktree",),
        ("--trust",),
        ("--search",),
    ):
        _add_without_effect(parser, *names, nargs=0)
    for names in (
        ("-s", "--sandbox"),
        ("-a", "--ask-for-approval"),
        ("--add-dir",),
        ("--enable",),
        ("--disable",),
        ("--thread-source",),
        ("--cyber-access-program",),
    ):
        _add_without_effect(parser, *names, nargs=None)


def _add_without_effect(parser: argparse.ArgumentParser, *names: str, nargs: int | None) -> None:
    parser.add_argument(
        *names,
        dest="without_effect",
        action=_Remember,
        nargs=nargs,
        default=[],
        help=argparse.SUPPRESS,
    )


class _Remember(argparse.Action):
    """Keeps the name of the option that was given, and not its value."""

    def __call__(
        self,
        _parser: argparse.ArgumentParser,
        namespace: argparse.Namespace,
        _values: object,
        option_string: str | None = None,
    ) -> None:
        setattr(namespace, self.dest, [*getattr(namespace, self.dest), option_string])
