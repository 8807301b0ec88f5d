"""What `exec` needs before it can ask: configuration, files, the prompt.

The order is part of the behaviour. Files and configuration come first, so that a mistake is told
before anything is read or waited for; the modules of the turn are loaded before standard input is
read, while the program at its other end is still writing.
"""

import json
import os
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codex_ls.cli.arguments import ExecArguments
from codex_ls.cli.output import Output
from codex_ls.cli.prompt import read_file, read_prompt, read_system
from codex_ls.cli.terminal_input import read_answer
from codex_ls.errors import InvalidParams
from codex_ls.events import Effort
from codex_ls.render.failure import labelled_lines

if TYPE_CHECKING:
    from codex_ls.config.profile import ModelSettings
    from codex_ls.turn.session import Tools, TurnRequest


@dataclass(frozen=True, slots=True)
class ExecInputs:
    """One question with everything that its turn needs.

    `received_at` is a `time.perf_counter()`: the start of the program, or the moment the prompt was
    complete where it had to be waited for.
    """

    request: "TurnRequest"
    settings: "ModelSettings"
    last_message: Path | None
    is_code_only: bool
    received_at: float


def read_inputs(arguments: ExecArguments, *, err: Output, started_at: float) -> ExecInputs:
    """Read configuration, files and prompt. Raises CodexError; tells `err` what is worth a line."""
    if arguments.without_effect and not arguments.is_quiet:
        flags = ", ".join(arguments.without_effect)
        err.write(f"note: options ignored because codex-ls does not support them: {flags}\n")
    schema = _read_schema(arguments.output_schema)
    images = tuple(path.absolute() for path in arguments.images)
    files = tuple(read_file(path) for path in arguments.files)
    system = read_system(arguments.system)
    last_message = _writable(arguments.last_message)
    if arguments.directory is not None:
        _enter(arguments.directory)
    asked = _own_prompt(arguments.prompt or "")
    settings = _asked_by(asked, _read_settings(arguments, err), arguments)
    if system is not None:
        settings = replace(
            settings, instructions=system, developer_instructions=None, user_instructions=None
        )
    waited_since = time.perf_counter()
    thread_id = _read_thread_id(arguments, err)
    waited_seconds = time.perf_counter() - waited_since if arguments.picks_thread else 0.0
    if not settings.provider.base_url:
        from codex_ls.embedded.install import ensure_model  # only the built-in model needs it

        ensure_model(settings.model, read_answer=read_answer)

    tools = _tools(arguments, settings, err)

    from codex_ls.turn.session import TurnRequest

    waited_since = time.perf_counter()
    prompt = read_prompt(arguments.prompt if asked is None else asked.words, err=err)
    if arguments.prompt is None and sys.stdin is not None and sys.stdin.isatty():
        asked = _own_prompt(prompt)
        settings = _asked_by(asked, settings, arguments)
        prompt = prompt if asked is None else asked.words
    waited_seconds += time.perf_counter() - waited_since
    return ExecInputs(
        request=TurnRequest(
            "\n\n".join([prompt, *files]),
            thread_id,
            images=images,
            output_schema=schema,
            is_fork=arguments.command == "fork",
            is_plain=_wants_plain_text(arguments),
            folder=current_folder(),
            tools=tools,
        ),
        settings=settings,
        last_message=last_message,
        is_code_only=arguments.is_code_only,
        received_at=started_at + waited_seconds,
    )


@dataclass(frozen=True, slots=True)
class _OwnPrompt:
    """One of the user's prompts with its arguments in it."""

    words: str
    model: str | None
    effort: Effort | None


def _own_prompt(words: str) -> _OwnPrompt | None:
    """What `/NAME ARGUMENTS` asks; None for every other question.

    Raises InvalidParams for a name that no prompt has, and ConfigError.
    """
    if not words.startswith("/"):
        return None
    from codex_ls.config.custom_prompts import command_in, expanded, find_prompt
    from codex_ls.config.load import codex_home_from

    command = command_in(words)
    if command is None:
        return None
    prompt = find_prompt(codex_home_from(os.environ), command[0])
    return _OwnPrompt(expanded(prompt, command[1]), prompt.model, prompt.effort)


def _asked_by(
    asked: _OwnPrompt | None, settings: "ModelSettings", arguments: ExecArguments
) -> "ModelSettings":
    """The settings with the model and the effort of the prompt, where no option names others."""
    if asked is None:
        return settings
    return replace(
        settings,
        model=arguments.model or asked.model or settings.model,
        effort=arguments.effort or asked.effort or settings.effort,
    )


def _tools(arguments: ExecArguments, settings: "ModelSettings", err: Output) -> "Tools | None":
    """What the model may do, where the command line or the user's configuration names a sandbox."""
    mode = arguments.sandbox or settings.sandbox_mode
    if mode is None or not arguments.has_tools:
        return None
    from codex_ls.agent.agent import Agent, Permissions
    from codex_ls.cli.approval_prompt import ApprovalPrompt

    if arguments.is_unprotected:
        err.write("warning: the model runs every command without a sandbox and without approval\n")
    # As in Codex: nobody is asked by a command that scripts use, unless the command line says so.
    approval = "never" if arguments.is_unprotected else arguments.approval or "never"
    permissions = Permissions(mode, approval, arguments.added_roots)
    agent = Agent(settings, Path.cwd(), permissions, ask=ApprovalPrompt(err))
    if agent.project.paths and not arguments.is_quiet:
        names = ", ".join(path.name for path in agent.project.paths)
        cut = ", truncated to a tenth of the context window" if agent.project.is_cut else ""
        err.write(f"note: instructions are read from {names}{cut}\n")
    return agent


def _wants_plain_text(arguments: ExecArguments) -> bool:
    """Whether the answer goes into a file or a program that does not render Markdown."""
    if arguments.json or arguments.is_code_only:
        return False
    file = arguments.last_message
    if file is not None:
        return file.suffix.lower() not in (".md", ".markdown")
    return not Output(sys.stdout).is_terminal


def _read_settings(arguments: ExecArguments, err: Output) -> "ModelSettings":
    from codex_ls.config.load import load_config
    from codex_ls.config.overrides import parse_body
    from codex_ls.config.profile import resolve

    config = load_config(overrides=arguments.overrides)
    for problem in () if arguments.is_quiet else config.problems:
        err.write(labelled_lines("note", problem.message, hint=problem.hint))
    settings = resolve(
        config,
        profile=arguments.profile,
        model=arguments.model,
        effort=arguments.effort,
        local_only=arguments.local_only,
    )
    return replace(
        settings,
        body=parse_body(arguments.body),
        keep_history=settings.keep_history and not arguments.is_ephemeral,
    )


def _read_thread_id(arguments: ExecArguments, err: Output) -> str | None:
    """The thread to go on with, looked up before anything else is waited for.

    Raises UnknownThread, InvalidParams.
    """
    if arguments.command == "ask":
        return None
    from codex_ls.cli.thread_choice import chosen_thread

    return chosen_thread(
        arguments.thread,
        is_last=arguments.is_last_thread,
        folder=None if arguments.is_any_folder else current_folder(),
        ask=err,
    )


def current_folder() -> str | None:
    """The folder the user is in; None if it has been removed."""
    try:
        return str(Path.cwd())
    except OSError:
        return None


def _read_schema(path: Path | None) -> Mapping[str, Any] | None:
    if path is None:
        return None
    try:
        schema = json.loads(path.read_bytes())
    except OSError as error:
        raise InvalidParams(
            f"The schema {path} can't be read: {error.strerror}.", hint="Check the path."
        ) from error
    except ValueError as error:
        raise InvalidParams(f"The schema {path} is not JSON: {error}.") from error
    if not isinstance(schema, dict):
        raise InvalidParams(f"The schema {path} is not a JSON object.")
    return schema


def _writable(path: Path | None) -> Path | None:
    """The absolute path for the answer; a mistake in it is told before the model is asked."""
    if path is None:
        return None
    if path.is_dir():
        raise InvalidParams(f"{path} is a folder.", hint="-o takes the name of a file.")
    if not path.absolute().parent.is_dir():
        raise InvalidParams(
            f"There is no folder {path.parent}.", hint="Create it, or correct the path after -o."
        )
    return path.absolute()


def _enter(directory: Path) -> None:
    try:
        os.chdir(directory)
    except OSError as error:
        raise InvalidParams(
            f"The folder {directory} can't be entered: {error.strerror}.", hint="Check --cd."
        ) from error
