"""What `exec` needs before it can ask: configuration, files, the prompt.

The order is part of the behaviour. Files and configuration come first, so that a mistake is told
before anything is read or waited for; the modules of the turn are loaded before standard input is
read, while the program at its other end is still writing.
"""

import json
import os
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codex_ls.cli.arguments import ExecArguments
from codex_ls.cli.output import Output
from codex_ls.cli.prompt import read_prompt
from codex_ls.errors import InvalidParams
from codex_ls.render.failure import labelled_lines

if TYPE_CHECKING:
    from codex_ls.config.profile import ModelSettings
    from codex_ls.turn.run import TurnRequest


@dataclass(frozen=True, slots=True)
class ExecInputs:
    """One question with everything that its turn needs.

    `received_at` is a `time.perf_counter()`: the start of the program, or the moment the prompt was
    complete where it had to be waited for.
    """

    request: "TurnRequest"
    settings: "ModelSettings"
    last_message: Path | None
    received_at: float


def read_inputs(arguments: ExecArguments, *, err: Output, started_at: float) -> ExecInputs:
    """Read configuration, files and prompt. Raises CodexError; tells `err` what is worth a line."""
    if arguments.without_effect:
        flags = ", ".join(arguments.without_effect)
        err.write(f"note: without effect, because no tools are run yet: {flags}\n")
    schema = _read_schema(arguments.output_schema)
    images = tuple(path.absolute() for path in arguments.images)
    last_message = _writable(arguments.last_message)
    if arguments.directory is not None:
        _enter(arguments.directory)
    settings = _read_settings(arguments, err)
    waited_since = time.perf_counter()
    thread_id = _read_thread_id(arguments, err)
    waited_seconds = time.perf_counter() - waited_since if arguments.picks_thread else 0.0
    if not settings.provider.base_url:
        from codex_ls.embedded.commands import ensure_model  # only the built-in model needs it

        ensure_model(settings.model)

    from codex_ls.turn.run import TurnRequest

    waited_since = time.perf_counter()
    prompt = read_prompt(arguments.prompt, err=err)
    waited_seconds += time.perf_counter() - waited_since
    return ExecInputs(
        request=TurnRequest(
            prompt,
            thread_id,
            images=images,
            output_schema=schema,
            is_fork=arguments.command == "fork",
            folder=current_folder(),
        ),
        settings=settings,
        last_message=last_message,
        received_at=started_at + waited_seconds,
    )


def _read_settings(arguments: ExecArguments, err: Output) -> "ModelSettings":
    from codex_ls.config.load import load_config
    from codex_ls.config.profile import resolve

    config = load_config(overrides=arguments.overrides)
    for problem in config.problems:
        err.write(labelled_lines("note", problem.message, hint=problem.hint))
    settings = resolve(
        config,
        profile=arguments.profile,
        model=arguments.model,
        effort=arguments.effort,
        local_only=arguments.local_only,
    )
    return replace(settings, keep_history=False) if arguments.is_ephemeral else settings


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
        is_any_folder=arguments.is_any_folder,
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
        raise InvalidParams(f"There is no folder {path.parent}.", hint="-o writes into a folder.")
    return path.absolute()


def _enter(directory: Path) -> None:
    try:
        os.chdir(directory)
    except OSError as error:
        raise InvalidParams(
            f"The folder {directory} can't be entered: {error.strerror}.", hint="Check --cd."
        ) from error
