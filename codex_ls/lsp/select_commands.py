"""`codex.selectProfile`, `codex.selectModel`, `codex.selectEffort`: who answers from now on, and how.

For editors that can't say it with each question. It holds for the commands of this connection and is
written nowhere. Called without a name they have the editor ask for one (`window/showMessageRequest`).
"""

from collections.abc import Awaitable, Callable, Sequence
from typing import TYPE_CHECKING, get_args

from codex_ls.config.profile import list_profiles
from codex_ls.config.settings import ModelSettings
from codex_ls.events import Effort
from codex_ls.lsp.command_params import (
    EffortArguments,
    EffortChoice,
    ExecuteCommandParams,
    ModelArguments,
    ProfileArguments,
)
from codex_ls.lsp.models import models_of, settings_for
from codex_ls.lsp.params import parse
from codex_ls.lsp.protocol import CommandResult, ServedModel
from codex_ls.lsp.request import Request
from codex_ls.lsp.running_commands import ChosenModel
from codex_ls.lsp.settings import WorkspaceSettings
from codex_ls.lsp.showing import Showing
from codex_ls.lsp.user_config import settings_of_turn

if TYPE_CHECKING:
    from codex_ls.lsp.connection import Connection

MAX_TITLES = 30
"""Editors show them as buttons, or as lines of one message."""

Run = Callable[[], Awaitable[CommandResult]]


def select_profile(connection: "Connection", request: Request, params: ExecuteCommandParams) -> Run:
    """Return what chooses a profile, with its own model. Raises InvalidParams."""
    arguments = parse(ProfileArguments, params.argument)

    async def run() -> CommandResult:
        name = arguments.profile
        if name is None:
            name = await request.wait(_asked_for_profile(connection))
        if name is None:
            return {"status": "cancelled"}
        settings = _settings_of(connection, name)
        connection.commands.profile, connection.commands.model = name, None
        _tell(connection, f"{name} ({settings.model}) answers from now on, in this session.")
        return {"status": "completed", "profile": name}

    return run


def select_model(connection: "Connection", request: Request, params: ExecuteCommandParams) -> Run:
    """Return what chooses a model of the profile's server. Raises InvalidParams."""
    arguments = parse(ModelArguments, params.argument)

    async def run() -> CommandResult:
        document, profile = arguments.textDocument, connection.commands.profile
        uri = document.uri if document is not None else None
        settings = await settings_for(connection, request, profile=profile, uri=uri)
        name = arguments.model
        if name is None:
            served = await models_of(connection, request, settings)
            name = await request.wait(_asked_for_model(connection, settings, served))
        if name is None:
            return {"status": "cancelled"}
        chosen = ChosenModel(name, settings.profile) if name else None
        connection.commands.model = chosen
        model = chosen.name if chosen is not None else settings.model
        where = settings.profile or settings.provider.name
        _tell(connection, f"{model} ({where}) answers from now on, in this session.")
        return {"status": "completed", "model": model}

    return run


def select_effort(connection: "Connection", request: Request, params: ExecuteCommandParams) -> Run:
    """Return what chooses how hard models think. Raises InvalidParams."""
    arguments = parse(EffortArguments, params.argument)

    async def run() -> CommandResult:
        choice = arguments.effort
        if choice is None:
            choice = await request.wait(_asked_for_effort(connection))
        if choice is None:
            return {"status": "cancelled"}
        if choice == "default":
            connection.commands.effort = None
            _tell(connection, "the profile says how hard to think from now on.")
            return {"status": "completed"}
        connection.commands.effort = choice
        _tell(connection, f"asked with the effort {choice} from now on, in this session.")
        return {"status": "completed", "effort": choice}

    return run


def _tell(connection: "Connection", sentence: str) -> None:
    Showing(connection).message("info", f"Codex: {sentence}")


def _settings_of(connection: "Connection", profile: str) -> ModelSettings:
    """Return a profile's settings. Raises UnknownProfile, and whatever else is wrong with it."""
    return settings_of_turn(
        connection.user_config.current(),
        WorkspaceSettings(),
        trusted=connection.trusted,
        local_only=connection.user_config.local_only,
        profile=profile,
    )


# ---- what the editor asks for ------------------------------------------------------------------


async def _asked_for_profile(connection: "Connection") -> str | None:
    summaries = list_profiles(connection.user_config.current())
    titles = [f"{summary.name} ({summary.model})" for summary in summaries]
    number = await Showing(connection).choose("Which profile answers in this session?", titles)
    return None if number is None else summaries[number].name


async def _asked_for_model(
    connection: "Connection", settings: ModelSettings, served: Sequence[ServedModel]
) -> str | None:
    """Return the name of a model, empty text for the profile's own, None if none was chosen."""
    names = [model["name"] for model in served[:MAX_TITLES]]
    question = "Which model answers in this session?"
    if len(served) > MAX_TITLES:
        question += f" Of {len(served)}, the first {MAX_TITLES}; codex.selectModel takes any name."
    titles = [f"As {settings.profile or 'config.toml'} says", *names]
    number = await Showing(connection).choose(question, titles)
    return None if number is None else ["", *names][number]


async def _asked_for_effort(connection: "Connection") -> EffortChoice | None:
    choices: list[EffortChoice] = ["default", *get_args(Effort)]
    titles = ["As the profile says", *get_args(Effort)]
    number = await Showing(connection).choose("How hard is the model to think?", titles)
    return None if number is None else choices[number]
