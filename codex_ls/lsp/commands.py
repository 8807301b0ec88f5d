"""`workspace/executeCommand`: everything an editor without a plugin can have done here."""

import asyncio
import logging
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, get_args

from codex_ls.config.model_settings import ModelSettings
from codex_ls.config.profile import list_profiles
from codex_ls.errors import CodexError, InvalidParams
from codex_ls.events import Effort
from codex_ls.lsp.answer_files import AnswerFolder, doctor_document
from codex_ls.lsp.cancelling import cancel_once, is_broken_off, is_cancelled, to_its_end
from codex_ls.lsp.client_requests import ClientWindow, Level
from codex_ls.lsp.client_turn import ExecContext
from codex_ls.lsp.features import doctor, models_of
from codex_ls.lsp.payloads import Names, turn_error
from codex_ls.lsp.settings import WorkspaceSettings
from codex_ls.lsp.user_config import ClientSettings
from codex_ls.protocol import (
    CommandResult,
    DoctorArguments,
    DoctorParams,
    EffortArguments,
    EffortChoice,
    ModelArguments,
    ProfileArguments,
    ProgressToken,
    ServedModel,
)

# ---- what commands share -------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ChosenModel:
    """A model of the server of one profile; None is what config.toml says without a profile."""

    name: str
    profile: str | None


class RunningCommands:
    """The commands that run, whom they ask, and where their answers go."""

    def __init__(self, answers: AnswerFolder) -> None:
        self.answers = answers
        self.profile: str | None = None
        """What `codex.selectProfile` chose, for the commands of this session."""
        self.model: ChosenModel | None = None
        self.effort: Effort | None = None
        self.running: set[asyncio.Task[Any]] = set()

    @contextmanager
    def held(self) -> Iterator[None]:
        """Let `codex.stop` know of the command that runs here, meanwhile."""
        task = asyncio.current_task()
        assert task is not None
        self.running.add(task)
        try:
            yield
        finally:
            self.running.discard(task)

    def model_for(self, profile: str | None) -> str | None:
        """Return the model that was chosen, for questions to its own profile: no other one gets it.

        None is what config.toml says without a profile.
        """
        if self.model is None or profile != self.model.profile:
            return None
        return self.model.name

    def stop(self) -> None:
        """Cancel every command that is running."""
        for task in tuple(self.running):
            cancel_once(task)


# ---- codex.doctor, and how every command ends ----------------------------------------------------
#
# `workspace/executeCommand`: everything an editor without a plugin can have done here.
#
# A command's reply comes when all is over and shown, so that `$/cancelRequest` means something until
# then. To an editor that blocks until the reply it comes at once, and the command goes on by
# itself; then `window/workDoneProgress/cancel` and `codex.stop` end it.


logger = logging.getLogger(__name__)


async def carry_out(
    command: Coroutine[Any, Any, CommandResult],
    window: ClientWindow,
    commands: RunningCommands,
    start_task: Callable[[Coroutine[Any, Any, None]], None],
) -> CommandResult:
    """Return the result of a command. Raises InvalidParams, which is also shown to the user."""
    if window.capabilities.waits_for_commands:
        start_task(_on_its_own(command, window, commands))
        return CommandResult(status="started")
    try:
        with commands.held():
            return await command
    except asyncio.CancelledError:
        if is_broken_off():
            raise
        return CommandResult(status="cancelled")
    except CodexError as error:
        window.message(Level.Error, f"Codex: {error.message}", error.hint)
        if isinstance(error, InvalidParams):
            raise
        return CommandResult(status="failed", error=turn_error(error, Names()))


async def _on_its_own(
    command: Coroutine[Any, Any, CommandResult], window: ClientWindow, commands: RunningCommands
) -> None:
    """Run a command whose reply has been sent."""
    try:
        with commands.held():
            await command
    except CodexError as error:
        window.message(Level.Error, f"Codex: {error.message}", error.hint)
    except Exception as error:
        logger.exception("a command failed")
        window.message(Level.Error, f"Codex: internal error ({type(error).__name__}).")


async def examine(
    arguments: DoctorArguments,
    token: ProgressToken | None,
    context: ExecContext,
    window: ClientWindow,
    commands: RunningCommands,
) -> CommandResult:
    """Carry out `codex.doctor`: examine a profile, and show what was found."""
    created = None if token is not None else context.progress.create()
    token = token if created is None else created.token
    params = DoctorParams(
        profile=arguments.profile or commands.profile,
        discover=arguments.discover,
        work_done_token=token,
    )
    settings, env = context.settings, context.session.env
    try:
        found = await doctor(
            params,
            settings.user_config,
            context.progress,
            env,
            context.secrets,
            send=created.send if created is not None else None,
        )
    finally:
        if created is not None:
            await to_its_end(created.settle())
    text = doctor_document(found.checks)
    write = asyncio.to_thread(commands.answers.write, "codex-doctor", text, keep=True)
    path = await to_its_end(write)
    if is_cancelled():
        return CommandResult(status="cancelled", uri=path.as_uri())
    if not await window.document(path):
        window.message(Level.Info, f"Codex: the findings are in {path}")
    return CommandResult(status="completed", uri=path.as_uri())


# ---- codex.selectProfile, codex.selectModel, codex.selectEffort ----------------------------------
#
# `codex.selectProfile`, `codex.selectModel`, `codex.selectEffort`: who answers from now on, and how.
#
# For editors that can't say it with each question. It holds for the commands of this connection and is
# written nowhere. Called without a name they have the editor ask for one
# (`window/showMessageRequest`).


MAX_TITLES = 30
"""Editors show them as buttons, or as lines of one message."""


async def select_profile(
    arguments: ProfileArguments,
    settings: ClientSettings,
    window: ClientWindow,
    commands: RunningCommands,
) -> CommandResult:
    """Choose a profile, with its own model.

    Raises UnknownProfile, and whatever else is wrong with it.
    """
    name = arguments.profile
    if name is None:
        name = await _asked_for_profile(settings, window)
    if name is None:
        return CommandResult(status="cancelled")
    chosen = settings.of_turn(WorkspaceSettings(), profile=name)
    commands.profile, commands.model = name, None
    _tell(window, f"{name} ({chosen.model}) answers from now on, in this session.")
    return CommandResult(status="completed", profile=name)


async def select_model(
    arguments: ModelArguments, context: ExecContext, window: ClientWindow, commands: RunningCommands
) -> CommandResult:
    """Choose a model of the profile's server. Raises what `models_of` raises."""
    document = arguments.text_document
    workspace = await context.settings.workspace(document.uri if document is not None else None)
    settings = context.settings.of_turn(workspace, profile=commands.profile)
    name = arguments.model
    if name is None:
        served = await models_of(settings, context.session.env, context.secrets)
        name = await _asked_for_model(window, settings, served)
    if name is None:
        return CommandResult(status="cancelled")
    chosen = ChosenModel(name, settings.profile) if name else None
    commands.model = chosen
    model = chosen.name if chosen is not None else settings.model
    where = settings.profile or settings.provider.name
    _tell(window, f"{model} ({where}) answers from now on, in this session.")
    return CommandResult(status="completed", model=model)


async def select_effort(
    arguments: EffortArguments, window: ClientWindow, commands: RunningCommands
) -> CommandResult:
    """Choose how hard models think."""
    choice = arguments.effort
    if choice is None:
        choice = await _asked_for_effort(window)
    if choice is None:
        return CommandResult(status="cancelled")
    if choice == "default":
        commands.effort = None
        _tell(window, "the profile says how hard to think from now on.")
        return CommandResult(status="completed")
    commands.effort = choice
    _tell(window, f"asked with the effort {choice} from now on, in this session.")
    return CommandResult(status="completed", effort=choice)


def _tell(window: ClientWindow, sentence: str) -> None:
    window.message(Level.Info, f"Codex: {sentence}")


# ---- what the editor asks for --------------------------------------------------------------------


async def _asked_for_profile(settings: ClientSettings, window: ClientWindow) -> str | None:
    summaries = list_profiles(settings.config())
    titles = [f"{summary.name} ({summary.model})" for summary in summaries]
    number = await window.choose("Which profile answers in this session?", titles)
    return None if number is None else summaries[number].name


async def _asked_for_model(
    window: ClientWindow, settings: ModelSettings, served: Sequence[ServedModel]
) -> str | None:
    """Return the name of a model, empty text for the profile's own, None if none was chosen."""
    names = [model.name for model in served[:MAX_TITLES]]
    question = "Which model answers in this session?"
    if len(served) > MAX_TITLES:
        question += f" Of {len(served)}, the first {MAX_TITLES}; codex.selectModel takes any name."
    titles = [f"As {settings.profile or 'config.toml'} says", *names]
    number = await window.choose(question, titles)
    return None if number is None else ["", *names][number]


async def _asked_for_effort(window: ClientWindow) -> EffortChoice | None:
    choices: list[EffortChoice] = ["default", *get_args(Effort)]
    titles = ["As the profile says", *get_args(Effort)]
    number = await window.choose("Which reasoning effort in this session?", titles)
    return None if number is None else choices[number]
