"""The command line of `codex-ls exec`: ours, and whatever programs written for `codex exec` pass.

The names and meanings are those of `codex exec --help` of Codex 0.169 (and of 0.42 where that one
differs). A flag that steers what does not exist here yet is accepted and told in one line.
"""

import argparse
import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn, cast, get_args

from codex_ls.cli.options_without_effect import add_options_without_effect
from codex_ls.cli.output import Output
from codex_ls.cli.terminal import Color, Thinking
from codex_ls.errors import InvalidParams
from codex_ls.events import Effort

ExecCommand = Literal["ask", "resume", "fork"]
_THREAD_COMMANDS: Mapping[str | None, ExecCommand] = {"resume": "resume", "fork": "fork"}
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
    without_effect: tuple[str, ...] = ()
    """Flags that were given and steer nothing yet."""

    @property
    def picks_thread(self) -> bool:
        """Whether a person has to say which conversation is meant."""
        return self.command != "ask" and self.thread is None and not self.is_last_thread


class _HelpFormatter(argparse.HelpFormatter):
    """Help of a fixed width: argparse would load five modules to ask for the terminal's, each time."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, width=100)


class ArgumentParser(argparse.ArgumentParser):
    """argparse, but a mistake is an InvalidParams, told like every other failure."""

    def __init__(self, **options: Any) -> None:
        super().__init__(formatter_class=_HelpFormatter, allow_abbrev=False, **options)

    def error(self, message: str) -> NoReturn:
        """Raise InvalidParams with argparse's words as a sentence."""
        sentence = message[:1].upper() + message[1:].rstrip(".")
        raise InvalidParams(f"{sentence}.", hint=f"{self.prog} --help lists the options.")

    def print_help(self, file: Any = None) -> None:
        """Write the help; a program that reads its first lines only is no failure."""
        Output(file or sys.stdout).write(self.format_help())


def parse_exec(argv: Sequence[str]) -> ExecArguments:
    """The arguments behind `codex-ls exec`. Raises InvalidParams; exits after `--help`."""
    options, after_dashes = _split_at_dashes(argv)
    parser = exec_parser()
    parsed = parser.parse_intermixed_args(options)
    images, given_back = _images(parsed.image)
    words = [*parsed.words, *given_back]
    if words and words[0] in COMMANDS_TO_COME:
        raise InvalidParams(
            f"`{words[0]}` does not work yet.",
            hint="codex-ls exec resume goes on with a conversation.",
        )
    command = _THREAD_COMMANDS.get(words[0] if words else None, "ask")
    thread: str | None = None
    if command != "ask":
        thread, words = _thread(words[1:], is_last=parsed.last)
    words += after_dashes
    if len(words) > 1:
        parser.error(f"one prompt is wanted, and {len(words)} came; put it in quotation marks")
    return ExecArguments(
        prompt=words[0] if words else None,
        profile=parsed.profile,
        model=parsed.model,
        effort=parsed.effort,
        overrides=(*_oss_overrides(parsed), *parsed.config),
        images=images,
        output_schema=parsed.output_schema,
        last_message=parsed.output_last_message,
        directory=parsed.cd,
        json=parsed.json,
        thinking=parsed.thinking,
        color=parsed.color,
        local_only=parsed.local_only,
        command=command,
        thread=thread,
        is_last_thread=command != "ask" and parsed.last,
        is_any_folder=command != "ask" and parsed.all,
        is_ephemeral=parsed.ephemeral,
        without_effect=tuple(dict.fromkeys(parsed.without_effect)),
    )


def command_first(argv: Sequence[str]) -> list[str]:
    """`argv` with the command moved before the options that Codex lets stand in front of it."""
    parser = ArgumentParser(prog="codex-ls")
    _add_model_options(parser)
    _add_input_options(parser)
    add_options_without_effect(parser)
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
        description="Ask the model one question; its thinking and its answer appear as they come."
        " resume goes on with a conversation, fork with a copy of it.",
    )
    parser.add_argument(
        "words",
        metavar="PROMPT",
        nargs="*",
        help="the question; without it, or with -, it is read from standard input."
        " Input that is piped in besides a prompt is added to it",
    )
    _add_model_options(parser)
    _add_input_options(parser)
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
        help="set a key of config.toml for this run; the value is TOML, or else plain text",
    )
    add("--local-only", action="store_true", help="refuse every server but those on this machine")


def _add_model_options(parser: ArgumentParser) -> None:
    add = parser.add_argument_group("which model").add_argument
    add("-p", "--profile", metavar="NAME", help="a profile of config.toml")
    add("-m", "--model", metavar="MODEL", help="this model, whatever the profile says")
    add("--effort", choices=get_args(Effort), help="how hard a thinking model thinks")
    add_config_options(parser)
    add("--oss", action="store_true", help="a local server; say which with --local-provider")
    add("--local-provider", choices=tuple(_OSS_MODELS), help="the local server of --oss")


def _add_input_options(parser: ArgumentParser) -> None:
    add = parser.add_argument_group("what to ask").add_argument
    add(
        "-i",
        "--image",
        metavar="FILE[,FILE]",
        action="append",
        nargs="+",
        default=[],
        help="an image to ask about",
    )
    add(
        "--output-schema",
        metavar="FILE",
        type=Path,
        help="a JSON schema that the answer has to follow",
    )
    add("--last", action="store_true", help="with resume and fork: this folder's last conversation")
    add("--all", action="store_true", help="with resume and fork: conversations of every folder")
    add("--ephemeral", action="store_true", help="write nothing about this turn to disk")
    add("-C", "--cd", metavar="DIR", type=Path, help="work in this folder")


def _add_output_options(parser: ArgumentParser) -> None:
    add = parser.add_argument_group("what to print").add_argument
    add(
        "--json",
        "--experimental-json",
        action="store_true",
        help="one JSON event a line, as `codex exec --json` prints them",
    )
    add(
        "--thinking",
        choices=get_args(Thinking),
        default="auto",
        help="where thinking goes; auto: to a terminal as it comes, else to standard error",
    )
    add(
        "-o",
        "--output-last-message",
        metavar="FILE",
        type=Path,
        help="write the answer to this file as well",
    )
    add("--color", choices=get_args(Color), default="auto", help="whether thinking is dim")


def _split_at_dashes(argv: Sequence[str]) -> tuple[list[str], list[str]]:
    """Options and words; behind ``--`` there are only words."""
    if "--" not in argv:
        return list(argv), []
    at = list(argv).index("--")
    return list(argv[:at]), list(argv[at + 1 :])


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
            "With --oss it has to be said which local server is meant.",
            hint=f"Add --local-provider {' or --local-provider '.join(_OSS_MODELS)}.",
        )
    overrides = [f'model_provider="{provider}"']
    if parsed.model is None:
        overrides.append(f'model="{_OSS_MODELS[provider]}"')
    return tuple(overrides)
