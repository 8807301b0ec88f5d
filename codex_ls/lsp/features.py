"""The requests beside a turn: profiles, the doctor, saved threads, models."""

import asyncio
from collections.abc import Iterable, Mapping
from contextlib import aclosing
from dataclasses import asdict
from typing import TYPE_CHECKING

from codex_ls import protocol
from codex_ls.config.built_in import EMBEDDED
from codex_ls.config.load import Config, configured_home
from codex_ls.config.model_settings import ModelSettings
from codex_ls.config.model_settings import ProfileSummary as Summary
from codex_ls.config.profile import list_profiles, resolve
from codex_ls.errors import CodexError, ConfigError, UnknownProfile, UnknownThread
from codex_ls.events import Notice
from codex_ls.lsp.cancelling import is_broken_off
from codex_ls.lsp.client_requests import ClientWindow, Level, Secrets
from codex_ls.lsp.documents import Documents
from codex_ls.lsp.payloads import (
    Send,
    notice_of,
    thread_result,
    threads_result,
)
from codex_ls.lsp.progress import ClientProgress, WorkDoneProgress
from codex_ls.lsp.settings import WorkspaceSettings
from codex_ls.lsp.user_config import ClientSettings, UserConfig, settings_of_turn
from codex_ls.protocol import (
    DoctorCheck,
    DoctorParams,
    DoctorResult,
    ModelPullParams,
    ModelPullResult,
    ModelsParams,
    ModelsResult,
    ProfilesParams,
    ServedModel,
    ThreadParams,
    ThreadResult,
    ThreadsParams,
    ThreadsResult,
)
from codex_ls.turn.thread_store import ThreadStore

if TYPE_CHECKING:
    from codex_ls.doctor.check import Check
    from codex_ls.embedded.pull import PullProgress


# ---- codex/profiles ------------------------------------------------------------------------------


async def profiles(
    params: ProfilesParams, settings: ClientSettings, env: Mapping[str, str]
) -> protocol.ProfilesResult:
    """Return the answer to `codex/profiles`."""
    workspace = await settings.workspace(params.text_document.uri if params.text_document else None)
    try:
        config = settings.config()
    except ConfigError as error:
        path = configured_home(env) / "config.toml"
        return unreadable_result(error, config_path=str(path))
    return profiles_result(config, workspace, trusted=settings.trusted)


async def refuse_unknown_profiles(
    settings: ClientSettings, folders: Iterable[str], window: ClientWindow
) -> None:
    """Show an error for a profile that changed settings name and that does not exist."""
    await settings.scopes.settle()
    chosen = [settings.scopes.settings_for(folder) for folder in (*folders, None)]
    for name in dict.fromkeys(one.profile for one in chosen if one.profile is not None):
        try:
            resolve(settings.config(), profile=name)
        except UnknownProfile as error:
            window.message(Level.Error, f"Codex: {error.message}", error.hint)
        except CodexError:
            continue  # the next question says what else is wrong


def profiles_result(
    config: Config, workspace: WorkspaceSettings, *, trusted: bool
) -> protocol.ProfilesResult:
    """Return the answer. A profile that the workspace names but config.toml lacks is a problem."""
    source = _source(config, workspace, trusted=trusted)
    return protocol.ProfilesResult(
        active=workspace.profile if source == "settings" else config.default_profile,
        source=source,
        profiles=tuple(map(_entry, list_profiles(config))),
        config_path=str(config.path),
        problems=_problems(config, workspace, trusted=trusted),
    )


def unreadable_result(error: ConfigError, *, config_path: str) -> protocol.ProfilesResult:
    """Return the answer while config.toml is broken: no profiles, and the reason."""
    return protocol.ProfilesResult(
        source="config",
        profiles=(),
        config_path=config_path,
        problems=(notice_of(Notice(error.kind, error.message, error.hint)),),
    )


def _source(
    config: Config, workspace: WorkspaceSettings, *, trusted: bool
) -> protocol.ProfileSource:
    if workspace.profile is not None and (trusted or workspace.profile == config.default_profile):
        return "settings"
    return "config" if config.exists or config.default_profile != EMBEDDED else "default"


def _problems(
    config: Config, workspace: WorkspaceSettings, *, trusted: bool
) -> tuple[protocol.Notice, ...]:
    problems = [*config.problems, *workspace.notices]
    try:
        settings_of_turn(config, workspace, trusted=trusted, local_only=False)
    except CodexError as error:
        problems.append(Notice(error.kind, error.message, error.hint))
    return tuple(map(notice_of, problems))


def _entry(summary: Summary) -> protocol.ProfileSummary:
    return protocol.ProfileSummary(
        name=summary.name,
        model=summary.model,
        provider=summary.provider,
        wire_api=summary.wire_api,
        origin=summary.origin,
        is_local=summary.is_local,
        context_window=summary.context_window,
        problems=tuple(map(notice_of, summary.problems)),
    )


# ---- codex/doctor --------------------------------------------------------------------------------


_SIGNS = {"ok": "✓", "warning": "!", "failed": "✗", "skipped": "–"}


async def doctor(
    params: DoctorParams,
    user_config: UserConfig,
    progress: ClientProgress,
    env: Mapping[str, str],
    secrets: Secrets,
    *,
    send: Send | None = None,
) -> DoctorResult:
    """Return every check, or those until the client cancelled.

    `send` takes the progress, in the place of the client's.
    """
    from codex_ls.doctor.check import has_failed
    from codex_ls.doctor.examine import examine  # its parts are needed for nothing else

    work = WorkDoneProgress(send or progress.send, params.work_done_token)
    checks: list[Check] = []
    with progress.held(params.work_done_token):
        work.begin("Codex: checking the setup")
        examination = examine(
            env=env,
            profile=params.profile,
            overrides=user_config.overrides,
            local_only=user_config.local_only,
            with_discovery=params.discover,
            ask_secret=secrets.ask,
        )
        try:
            async with aclosing(examination):
                async for check in examination:
                    checks.append(check)
                    work.report(f"{_SIGNS[check.status]} {check.title}: {check.detail}")
        except asyncio.CancelledError:
            if is_broken_off():
                raise
        work.end("A check failed" if has_failed(checks) else "Nothing failed")
    return DoctorResult(checks=tuple(DoctorCheck(**asdict(check)) for check in checks))


# ---- codex/threads and codex/thread --------------------------------------------------------------


async def threads(
    params: ThreadsParams, documents: Documents, env: Mapping[str, str]
) -> ThreadsResult:
    """Return the conversations that are kept, those of the document's folder first."""
    store = ThreadStore.of(env)
    if store is None:
        return threads_result(())
    search = params.search
    found = await asyncio.to_thread(lambda: store.recent(search=search))
    folder = documents.folder(params.text_document.uri if params.text_document else None)
    if folder is None:
        return threads_result(found)
    here = str(folder)
    ordered = sorted(found, key=lambda thread: thread.folder != here)
    return threads_result(ordered, folder=here)


async def thread(params: ThreadParams, env: Mapping[str, str]) -> ThreadResult:
    """Return one conversation. Raises UnknownThread."""
    store = ThreadStore.of(env)
    if store is None:
        raise UnknownThread("Conversations cannot be saved: there is no configuration folder.")
    return thread_result(await asyncio.to_thread(store.read, params.thread_id))


# ---- codex/models and codex/modelPull ------------------------------------------------------------


async def models(
    params: ModelsParams, settings: ClientSettings, env: Mapping[str, str], secrets: Secrets
) -> ModelsResult:
    """Return the models of the server that would be asked: the profile's, or else the settings'.

    Raises what resolving the profile raises, and MissingCredential, LocalOnly or ProviderError.
    """
    workspace = await settings.workspace(params.text_document.uri if params.text_document else None)
    asked = settings.of_turn(workspace, profile=params.profile)
    found = await models_of(asked, env, secrets)
    names = {asked.model, f"{asked.model}:latest"}  # Ollama's default tag may be left out
    own = [model for model in found if model.name in names]
    windows = (
        *(model.context_window for model in own if model.loaded is not False),
        asked.context_window,
        *(model.context_window for model in own),
    )
    return ModelsResult(models=tuple(found), context_window=next(filter(None, windows), None))


async def models_of(
    settings: ModelSettings, env: Mapping[str, str], secrets: Secrets
) -> list[ServedModel]:
    """Return the models of the settings' server; of the built-in one, those it can run.

    Raises MissingCredential, LocalOnly or ProviderError.
    """
    if not settings.provider.base_url:
        return _built_in(env)
    return await _served(settings, env, secrets)


def _built_in(env: Mapping[str, str]) -> list[ServedModel]:
    from codex_ls.embedded.catalog import MODELS
    from codex_ls.embedded.store import is_fetched

    return [
        ServedModel(
            name=model.name,
            loaded=is_fetched(model, env),
            context_window=model.context,
            size=model.size,
        )
        for model in MODELS
    ]


async def _served(
    settings: ModelSettings, env: Mapping[str, str], secrets: Secrets
) -> list[ServedModel]:
    from codex_ls.providers.servers.list_models import list_models

    return [
        ServedModel(
            name=model.name,
            loaded=model.is_loaded,
            context_window=model.window or model.largest_window,
            size=model.size_bytes,
        )
        for model in await list_models(settings, env, secrets.ask)
    ]


async def pull_model(
    params: ModelPullParams, progress: ClientProgress, env: Mapping[str, str]
) -> ModelPullResult:
    """Fetch a built-in model, with progress; a partial download is kept if the task is cancelled.

    Raises NotFound, Unreachable, StreamBroken, ProviderError or ConfigError.
    """
    from codex_ls.embedded.pull import pull

    work = WorkDoneProgress(progress.send, params.work_done_token)
    ending = "Stopped"
    with progress.held(params.work_done_token):
        work.begin(f"Codex: fetching {params.name[:60]}")
        try:
            path = await pull(params.name, env=env, progress=lambda done: _report(work, done))
            ending = "Fetched"
        finally:
            work.end(ending)
    return ModelPullResult(path=str(path), bytes=path.stat().st_size)


def _report(work: WorkDoneProgress, progress: "PullProgress") -> None:
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
