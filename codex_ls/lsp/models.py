"""`codex/models` and `codex/modelPull`: what a profile's server has, and fetching a built-in model."""

from typing import TYPE_CHECKING

from codex_ls.config.settings import ModelSettings
from codex_ls.lsp.params import ModelPullParams, ModelsParams, parse
from codex_ls.lsp.protocol import ModelPullResult, ModelsResult, ServedModel
from codex_ls.lsp.request import Request
from codex_ls.lsp.user_config import settings_of_turn
from codex_ls.lsp.work import Work

if TYPE_CHECKING:
    from codex_ls.embedded.pull import PullProgress
    from codex_ls.lsp.connection import Connection


async def models(connection: "Connection", request: Request) -> ModelsResult:
    """Return the models of the server that would be asked: the profile's, or else the settings'.

    Raises what resolving the profile raises, and MissingCredential, LocalOnly or ProviderError.
    """
    params = parse(ModelsParams, request.params)
    uri = params.textDocument.uri if params.textDocument else None
    settings = await settings_for(connection, request, profile=params.profile, uri=uri)
    return {"models": await models_of(connection, request, settings)}


async def settings_for(
    connection: "Connection", request: Request, *, profile: str | None, uri: str | None = None
) -> ModelSettings:
    """Return what a turn would run with now, the settings of the document's folder held to.

    Raises what `settings_of_turn` raises, and Cancelled.
    """
    await request.wait(connection.scopes.settle())
    return settings_of_turn(
        connection.user_config.current(),
        connection.scopes.settings_for(uri),
        trusted=connection.trusted,
        local_only=connection.user_config.local_only,
        profile=profile,
    )


async def models_of(
    connection: "Connection", request: Request, settings: ModelSettings
) -> list[ServedModel]:
    """Return the models of the settings' server; of the built-in one, those it can run.

    Raises MissingCredential, LocalOnly or ProviderError, and Cancelled.
    """
    if not settings.provider.base_url:
        return _built_in(connection)
    return await request.wait(_served(connection, settings))


def _built_in(connection: "Connection") -> list[ServedModel]:
    from codex_ls.embedded.catalog import MODELS
    from codex_ls.embedded.store import is_fetched

    return [
        {
            "name": model.name,
            "loaded": is_fetched(model, connection.env),
            "contextWindow": model.context,
            "size": model.size,
        }
        for model in MODELS
    ]


async def _served(connection: "Connection", settings: ModelSettings) -> list[ServedModel]:
    from codex_ls.providers.served import served_models

    listed: list[ServedModel] = []
    for model in await served_models(settings, connection.env, connection.secrets.ask):
        entry: ServedModel = {"name": model.name}
        window = model.window or model.largest_window
        if model.is_loaded is not None:
            entry["loaded"] = model.is_loaded
        if window is not None:
            entry["contextWindow"] = window
        if model.size_bytes is not None:
            entry["size"] = model.size_bytes
        listed.append(entry)
    return listed


async def pull_model(connection: "Connection", request: Request) -> ModelPullResult:
    """Fetch a built-in model, told as progress; what has come is kept if the client cancels.

    Raises NotFound, Unreachable, StreamBroken, ProviderError or ConfigError, and Cancelled.
    """
    from codex_ls.embedded.pull import pull

    params = parse(ModelPullParams, request.params)
    work = Work(connection.outbox.write, params.workDoneToken)
    ending = "Stopped"
    with connection.tokens.held(request, params.workDoneToken):
        work.begin(f"Codex: fetching {params.name[:60]}")
        try:
            path = await request.wait(
                pull(
                    params.name,
                    env=connection.env,
                    progress=lambda progress: _tell(work, progress),
                )
            )
            ending = "Fetched"
        finally:
            work.end(ending)
    return {"path": str(path), "bytes": path.stat().st_size}


def _tell(work: Work, progress: "PullProgress") -> None:
    done, total = progress.done_bytes, progress.total_bytes
    percentage = done * 100 // total if total else 0
    match progress.stage:
        case "waiting":
            work.report("Another pull of this model is running")
        case "connecting":
            work.report(f"Fetching from {progress.source}", percentage=percentage)
        case "fetching":
            figures = f"{done // 10_000_000 * 10:,} of {total / 1e6:,.0f} MB"
            work.report(figures, percentage=percentage)
        case "checking":
            work.report("Checking the checksum", percentage=percentage)
