"""`codex/models` and `codex/modelPull`: what a profile's server has, and fetching a built-in model."""

from typing import TYPE_CHECKING

from codex_ls.config.profile import resolve
from codex_ls.config.settings import ModelSettings
from codex_ls.lsp.params import ModelPullParams, ModelsParams, parse
from codex_ls.lsp.protocol import ModelPullResult, ModelsResult, ServedModel
from codex_ls.lsp.request import Request
from codex_ls.lsp.work import Work

if TYPE_CHECKING:
    from codex_ls.embedded.pull import PullProgress
    from codex_ls.lsp.connection import Connection


async def models(connection: "Connection", request: Request) -> ModelsResult:
    """Return the models of a profile's server.

    Raises what resolving the profile raises, and MissingCredential, LocalOnly or ProviderError.
    """
    params = parse(ModelsParams, request.params)
    settings = resolve(
        connection.user_config.current(),
        profile=params.profile,
        local_only=connection.user_config.local_only,
    )
    if not settings.provider.base_url:
        return {"models": _built_in(connection)}
    return {"models": await request.wait(_served(connection, settings))}


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
