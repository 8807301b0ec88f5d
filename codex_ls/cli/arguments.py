"""The command line of `codex-ls exec`: ours, and whatever programs written for `codex exec` pass.

The names and meanings are those of `codex exec --help` of Codex 0.169 (and of 0.42 where that one
differs). A flag that steers what does not exist here yet is accepted and told in one line.
"""

import argparse
import os
import re
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Literal, NoReturn, cast, get_args

from codex_ls.cli.output import Output
from codex_ls.cli.terminal import Color, Thinking
from codex_ls.errors import InvalidParams
from codex_ls.events import Effort

ExecCommand = Literal["ask", "resume", "fork"]
_THREAD_COMMANDS: Mapping[str | None, ExecCommand] = {"resume": "resume", "fork": "fork"}
_SANDBOX_MODES = ("read-only", "workspace-write", "danger-full-access")
_APPROVALS = ("untrusted", "on-failure", "on-request", "never")
COMMANDS_TO_COME = ("review",)

# What `--oss` asks of each local server when no model is named, as in Codex.
_OSS_MODELS = {"lmstudio": "openai/gpt-oss-20b", "ollama": "gpt-oss:20b"}


@dataclass(frozen=True, slots=True)
class ExecArguments:
    """What `codex-ls exec` was asked to do."""

    prompt: str | None = None
    profile: str | None = None
    model: str | None = None
    effort: Effort | None = None
    overrides: tuple[str, ...] = ()
    """`key=value`, in the order of the command line."""
    images: tuple[Path, ...] = ()
    output_schema: Path | None = None
    last_message: Path | None = None
    files: tuple[Path, ...] = ()
    """Files whose text goes along with the prompt."""
    system: str | None = None
    """The system prompt for this turn: its text, or `@` and a file."""
    body: tuple[str, ...] = ()
    """`key=value`, for the body of the request."""
    is_code_only: bool = False
    """Print the first code block of the answer alone."""
    is_quiet: bool = False
    """Print the answer and errors alone."""
    directory: Path | None = None
    json: bool = False
    thinking: Thinking = "auto"
    color: Color = "auto"
    local_only: bool = False
    command: ExecCommand = "ask"
    """`ask` begins a thread, `resume` goes on with one, `fork` with a copy of one."""
    thread: str | None = None
    """The thread to go on with: its id, or how that begins."""
    is_last_thread: bool = False
    """Go on with the thread that was used last."""
    is_any_folder: bool = False
    """Whichever folder it began in."""
    is_ephemeral: bool = False
    """Write nothing about this turn to disk."""
    sandbox: str | None = None
    """The sandbox mode that the command line names."""
    approval: str | None = None
    added_roots: tuple[Path, ...] = ()
    """Folders that may be written to besides the workspace."""
    has_tools: bool = True
    """False: the model has no tools, whatever the configuration says."""
    is_unprotected: bool = False
    """The user wants neither a sandbox nor questions."""
    without_effect: tuple[str, ...] = ()
    """Flags that were given and steer nothing yet."""

    @property
    def picks_thread(self) -> bool:
        """Whether a person has to say which conversation is meant."""
        return self.command != "ask" and self.thread is None and not self.is_last_thread


_UNKNOWN = "unrecognized arguments: "


class _HelpFormatter(argparse.HelpFormatter):
    """Help as wide as the terminal, up to 100 columns."""

    def __init__(self, prog: str) -> None:
        # argparse asks through shutil, which loads five modules; parsing makes a formatter as well.
        super().__init__(prog, width=min(Output(sys.stdout).columns(), 100) - 2)

    def _format_action_invocation(self, action: argparse.Action) -> str:
        """`-i, --image FILE`, as Python 3.13 has it: each argument once."""
        if not action.option_strings or action.nargs == 0:
            return super()._format_action_invocation(action)
        value = self._format_args(action, self._get_default_metavar_for_optional(action))
        return f"{', '.join(action.option_strings)} {value}"

    def _format_args(self, action: argparse.Action, default_metavar: str) -> str:
        is_list = action.nargs == "+" and isinstance(action.metavar, str)
        return f"{action.metavar}..." if is_list else super()._format_args(action, default_metavar)


class ParserFound(Exception):
    """The parser of a command, before the command does anything."""

    def __init__(self, parser: "ArgumentParser") -> None:
        super().__init__(parser.prog)
        self.parser = parser


class ArgumentParser(argparse.ArgumentParser):
    """argparse, but a mistake is an InvalidParams, told like every other failure."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=_HelpFormatter, allow_abbrev=False, **options)

    only_found: ClassVar[bool] = False
    """For completion: a command's parser is wanted, and not what the command does."""

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """Parse as argparse does. Raises ParserFound instead where only the parser is wanted."""
        if ArgumentParser.only_found:
            raise ParserFound(self)
        return super().parse_args(args, namespace)

    def error(self, message: str) -> NoReturn:
        """Raise InvalidParams with argparse's words as a sentence."""
        sentence = message[:1].upper() + message[1:].rstrip(".")
        meant = ""
        if message.startswith(_UNKNOWN):
            option = message.removeprefix(_UNKNOWN).split()[0].partition("=")[0]
            meant = did_you_mean(option, self._option_string_actions)
        raise InvalidParams(f"{sentence}.", hint=f"{meant}{self.prog} --help lists the options.")

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Raise InvalidParams with the choice that was probably meant."""
        try:
            super()._check_value(action, value)
        except argparse.ArgumentError as error:
            sentence = f"{error}"
            meant = did_you_mean(str(value), map(str, action.choices or ()))
            hint = f"{meant}{self.prog} --help lists the options."
            raise InvalidParams(f"{sentence[:1].upper()}{sentence[1:]}.", hint=hint) from None

    def print_help(self, file: Any = None) -> None:
        """Write the help; a program that reads its first lines only is no failure."""
        Output(file or sys.stdout).write(self.format_help())


def did_you_mean(word: str, names: Iterable[str]) -> str:
    """`Did you mean X? ` for the nearest of the names; empty where none is near."""
    from difflib import get_close_matches

    nearest = get_close_matches(word, list(names), 1, 0.65)
    return f"Did you mean {nearest[0]}? " if nearest else ""


def parse_exec(argv: Sequence[str]) -> ExecArguments:
    """The arguments behind `codex-ls exec`. Raises InvalidParams; exits after `--help`."""
    options, after_dashes = _split_at_dashes(argv)
    options = _with_long_names(options)
    parser = exec_parser()
    parsed = parser.parse_intermixed_args(options)
    images, given_back = _images(parsed.image)
    words = [*parsed.words, *given_back]
    if words and words[0] in COMMANDS_TO_COME:
        raise InvalidParams(
            f"`{words[0]}` is not supported.",
            hint="Use codex-ls exec resume to continue a conversation.",
        )
    command = _THREAD_COMMANDS.get(words[0] if words else None, "ask")
    thread: str | None = None
    if command != "ask":
        thread, words = _thread(words[1:], is_last=parsed.last)
    words += after_dashes
    if len(words) > 1:
        parser.error(f"expected one prompt, got {len(words)} arguments; put the prompt in quotes")
    return ExecArguments(
        prompt=words[0] if words else None,
        profile=parsed.profile,
        model=parsed.model,
        effort=parsed.effort,
        overrides=(*_oss_overrides(parsed), *parsed.config),
        images=images,
        output_schema=parsed.output_schema,
        last_message=parsed.output_last_message,
        files=tuple(parsed.file),
        system=parsed.system,
        body=tuple(parsed.body),
        is_code_only=parsed.code,
        is_quiet=parsed.quiet,
        directory=parsed.cd,
        json=parsed.json,
        thinking="off" if parsed.quiet and parsed.thinking == "auto" else parsed.thinking,
        color=parsed.color,
        local_only=parsed.local_only,
        command=command,
        thread=thread,
        is_last_thread=command != "ask" and parsed.last,
        is_any_folder=command != "ask" and parsed.all,
        is_ephemeral=parsed.ephemeral,
        sandbox=sandbox_of(parsed),
        approval=parsed.ask_for_approval,
        added_roots=tuple(path.absolute() for path in parsed.add_dir),
        has_tools=not parsed.no_tools,
        is_unprotected=parsed.unprotected,
        without_effect=tuple(dict.fromkeys(parsed.without_effect)),
    )


def command_first(argv: Sequence[str]) -> list[str]:
    """`argv` with the command moved before the options that Codex lets stand in front of it."""
    parser = ArgumentParser(prog="codex-ls")
    _add_model_options(parser)
    _add_input_options(parser)
    add_tool_options(parser)
    _add_options_without_effect(parser)
    parser.add_argument("command")
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    parsed = parser.parse_args(argv)
    options = argv[: len(argv) - len(parsed.rest) - 1]
    return [parsed.command, *options, *parsed.rest]


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
    _add_model_options(parser)
    _add_input_options(parser)
    add_tool_options(parser)
    _add_output_options(parser)
    _add_options_without_effect(parser)
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


def _add_model_options(parser: ArgumentParser) -> None:
    add = parser.add_argument_group("which model").add_argument
    add("-p", "--profile", metavar="NAME", help="a profile of config.toml")
    add("-m", "--model", metavar="MODEL", help="the model; overrides the profile's")
    add("--effort", choices=get_args(Effort), help="reasoning effort")
    add_config_options(parser)
    add("--oss", action="store_true", help="use a local server, selected with --local-provider")
    add("--local-provider", choices=tuple(_OSS_MODELS), help="the local server for --oss")


def _add_input_options(parser: ArgumentParser) -> None:
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


def _split_at_dashes(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Options and words; behind ``--`` there are only words."""
    if "--" not in argv:
        return list(argv), []
    at = list(argv).index("--")
    return list(argv[:at]), list(argv[at + 1 :])


_BODY_KEY = re.compile(r"[A-Za-z_][\w.]*=")


def _with_long_names(options: Sequence[str]) -> list[str]:
    """The options, with `-s` and `-o` by the name of what their value says they mean.

    In Codex `-s` is the sandbox and `-o` the file for the answer. No mode of a sandbox has a space in it
    or begins with `@`, so that a misspelled one never becomes a system prompt.
    """
    named = list(options)
    for at, (name, value) in enumerate(pairwise(options)):
        if name == "-s" and (value.startswith("@") or re.search(r"\s", value)):
            named[at : at + 2] = ["--system", value]
        elif name == "-o" and _BODY_KEY.match(value):
            named[at] = "--body"
    return named


def _images(groups: Sequence[Sequence[str]]) -> tuple[tuple[Path, ...], list[str]]:
    """The image files, and the words that stood behind one without being a file.

    Codex takes every word behind `-i` as an image, so that ``-i a.png "what is this?"`` asks nothing.
    """
    images: list[Path] = []
    words: list[str] = []
    for group in groups:
        for number, value in enumerate(group):
            names = [value] if os.path.exists(value) else value.split(",")  # noqa: PTH110
            paths = [Path(name) for name in names if name]
            if all(path.is_file() for path in paths):
                images += paths
            elif number == 0:
                missing = next(path for path in paths if not path.is_file())
                raise InvalidParams(f"There is no image file {missing}.", hint="Check the path.")
            else:
                words.append(value)
    return tuple(images), words


def _thread(words: list[str], *, is_last: bool) -> tuple[str | None, list[str]]:
    """The thread that is named behind `resume` or `fork`, if one is, and the words of the prompt."""
    if is_last or not words or words[0] == "-":
        return None, words
    return words[0], words[1:]


def _oss_overrides(parsed: Any) -> tuple[str, ...]:
    """What `--oss` means, as overrides."""
    if not parsed.oss:
        return ()
    provider = cast("str | None", parsed.local_provider)
    if provider is None:
        raise InvalidParams(
            "--oss requires --local-provider.",
            hint=f"Add --local-provider {' or --local-provider '.join(_OSS_MODELS)}.",
        )
    overrides = [f'model_provider="{provider}"']
    if parsed.model is None:
        overrides.append(f'model="{_OSS_MODELS[provider]}"')
    return tuple(overrides)


def _add_options_without_effect(parser: argparse.ArgumentParser) -> None:
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
