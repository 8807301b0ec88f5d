"""The options of `codex-ls exec`, in the groups that other commands take some of.

The names and meanings are those of `codex exec --help` of Codex 0.169 (and of 0.42 where that one
differs).
"""

import argparse
from pathlib import Path
from typing import Any, get_args

from codex_ls.cli.argument_parser import ArgumentParser
from codex_ls.cli.terminal import Color, Thinking
from codex_ls.errors import InvalidParams
from codex_ls.events import Effort

_SANDBOX_MODES = ("read-only", "workspace-write", "danger-full-access")
_APPROVALS = ("untrusted", "on-failure", "on-request", "never")

# What `--oss` asks of each local server when no model is named, as in Codex.
OSS_MODELS = {"lmstudio": "openai/gpt-oss-20b", "ollama": "gpt-oss:20b"}


def exec_parser() -> ArgumentParser:
    """Every option of `codex-ls exec`."""
    parser = ArgumentParser(
        prog="codex-ls exec",
        usage="codex-ls exec [OPTIONS] [PROMPT | -]\n"
        "       codex-ls exec resume [ID | --last] [OPTIONS] [PROMPT | -]\n"
        "       codex-ls exec fork [ID | --last] [OPTIONS] [PROMPT | -]",
        description="Ask the model one question; thinking and answer are streamed. resume"
        " continues a conversation, fork continues a copy of it.",
    )
    parser.add_argument(
        "words",
        metavar="PROMPT",
        nargs="*",
        help="the question; without it, or with -, it is read from standard input. Piped input is"
        " appended to a given prompt",
    )
    add_model_options(parser)
    add_input_options(parser)
    add_tool_options(parser)
    _add_output_options(parser)
    add_options_without_effect(parser)
    return parser


def add_config_options(parser: ArgumentParser) -> None:
    """What every command that reads the configuration understands."""
    add = parser.add_argument_group("configuration").add_argument
    add(
        "-c",
        "--config",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="override a key of config.toml for this run; the value is parsed as TOML, otherwise"
        " taken as text",
    )
    add("--local-only", action="store_true", help="allow only servers on this machine")


def add_model_options(parser: ArgumentParser) -> None:
    """Which model is asked, and with which configuration."""
    add = parser.add_argument_group("which model").add_argument
    add("-p", "--profile", metavar="NAME", help="a profile of config.toml")
    add("-m", "--model", metavar="MODEL", help="the model; overrides the profile's")
    add("--effort", choices=get_args(Effort), help="reasoning effort")
    add_config_options(parser)
    add("--oss", action="store_true", help="use a local server, selected with --local-provider")
    add("--local-provider", choices=tuple(OSS_MODELS), help="the local server for --oss")


def add_input_options(parser: ArgumentParser) -> None:
    """What is asked, and in which conversation."""
    add = parser.add_argument_group("what to ask").add_argument
    add(
        "-f",
        "--file",
        metavar="FILE",
        type=Path,
        action="append",
        default=[],
        help="a text file to include; can be repeated",
    )
    add(
        "--system",
        metavar="TEXT|@FILE",
        help="the system prompt; -s does the same if the value has a space or begins with @",
    )
    add(
        "--body",
        metavar="KEY=VALUE",
        action="append",
        default=[],
        help="a key for the request body, such as top_k=20; -o KEY=VALUE does the same",
    )
    add(
        "-i",
        "--image",
        metavar="FILE",
        action="append",
        nargs="+",
        default=[],
        help="an image to include",
    )
    add(
        "--output-schema",
        metavar="FILE",
        type=Path,
        help="a JSON Schema for the answer",
    )
    add(
        "--last",
        action="store_true",
        help="with resume and fork: the last conversation of this folder",
    )
    add("--all", action="store_true", help="with resume and fork: conversations of all folders")
    add("--ephemeral", action="store_true", help="do not save this turn")
    add("-C", "--cd", metavar="DIR", type=Path, help="change to this folder first")


def add_tool_options(parser: ArgumentParser) -> None:
    """What a model may do besides answering; the names are Codex's."""
    add = parser.add_argument_group("what the model may do").add_argument
    add(
        "-s",
        "--sandbox",
        metavar="MODE",
        choices=_SANDBOX_MODES,
        help="let the model use tools: read-only, workspace-write or danger-full-access; default:"
        " sandbox_mode in config.toml",
    )
    add("--full-auto", action="store_true", help="the same as --sandbox workspace-write")
    add(
        "-a",
        "--ask-for-approval",
        metavar="POLICY",
        choices=_APPROVALS,
        help="when to ask for approval: untrusted, on-failure, on-request or never",
    )
    add(
        "--dangerously-bypass-approvals-and-sandbox",
        dest="unprotected",
        action="store_true",
        help="run every command without sandbox or approval; only for isolated machines",
    )
    add("--yolo", dest="unprotected", action="store_true", help=argparse.SUPPRESS)
    add(
        "--add-dir",
        metavar="DIR",
        type=Path,
        action="append",
        default=[],
        help="another writable folder; can be repeated",
    )
    add("--no-tools", action="store_true", help="no tools, overriding config.toml")


def sandbox_of(parsed: Any) -> str | None:
    """The sandbox mode that the command line names. Raises InvalidParams for two that differ."""
    if parsed.unprotected:
        if parsed.sandbox not in (None, "danger-full-access") or parsed.full_auto:
            raise InvalidParams(
                "--dangerously-bypass-approvals-and-sandbox cannot be combined with --sandbox.",
                hint="Remove one of them.",
            )
        return "danger-full-access"
    sandbox: str | None = parsed.sandbox
    return sandbox or ("workspace-write" if parsed.full_auto else None)


def _add_output_options(parser: ArgumentParser) -> None:
    add = parser.add_argument_group("what to print").add_argument
    add(
        "--json",
        "--experimental-json",
        action="store_true",
        help="JSON Lines, one event per line, like `codex exec --json`",
    )
    add(
        "--thinking",
        choices=get_args(Thinking),
        default="auto",
        help="where to print thinking; auto: streamed to a terminal, otherwise to standard error",
    )
    add(
        "-o",
        "--output-last-message",
        metavar="FILE",
        type=Path,
        help="also write the answer to this file",
    )
    add("-x", "--code", action="store_true", help="print only the first code block of the answer")
    add("-q", "--quiet", action="store_true", help="print only the answer and errors")
    add("--color", choices=get_args(Color), default="auto", help="whether to dim thinking")


def add_options_without_effect(parser: argparse.ArgumentParser) -> None:
    """Let `parser` take options of `codex exec` that change nothing here: programs pass them.

    Some ask for what always holds (no Git repository is wanted); they are taken without a word. The
    others steer what does not exist here; `without_effect` of what is parsed names them.
    """
    for name in ("--skip-git-repo-check", "--ignore-rules"):
        parser.add_argument(name, action="store_true", help=argparse.SUPPRESS)
    for names in (
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
