"""What a command line of `codex-ls exec` means, our own or one that was written for `codex exec`.

`options` has the options themselves. A flag that steers what does not exist here yet is accepted and
told in one line.
"""

import argparse
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Literal, cast

from codex_ls.cli.argument_parser import ArgumentParser
from codex_ls.cli.options import (
    OSS_MODELS,
    add_input_options,
    add_model_options,
    add_options_without_effect,
    add_tool_options,
    exec_parser,
    sandbox_of,
)
from codex_ls.cli.terminal import Color, Thinking
from codex_ls.errors import InvalidParams
from codex_ls.events import Effort

ExecCommand = Literal["ask", "resume", "fork"]
_THREAD_COMMANDS: Mapping[str | None, ExecCommand] = {"resume": "resume", "fork": "fork"}
COMMANDS_TO_COME = ("review",)


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
    add_model_options(parser)
    add_input_options(parser)
    add_tool_options(parser)
    add_options_without_effect(parser)
    parser.add_argument("command")
    parser.add_argument("rest", nargs=argparse.REMAINDER)
    parsed = parser.parse_args(argv)
    options = argv[: len(argv) - len(parsed.rest) - 1]
    return [parsed.command, *options, *parsed.rest]


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
            hint=f"Add --local-provider {' or --local-provider '.join(OSS_MODELS)}.",
        )
    overrides = [f'model_provider="{provider}"']
    if parsed.model is None:
        overrides.append(f'model="{OSS_MODELS[provider]}"')
    return tuple(overrides)
