"""`codex/profiles`: which profiles there are, which one holds, and what is wrong with them."""

from typing import TYPE_CHECKING

from codex_ls.config.built_in import EMBEDDED
from codex_ls.config.load import Config, codex_home_from
from codex_ls.config.profile import list_profiles
from codex_ls.config.settings import ProfileSummary as Summary
from codex_ls.errors import CodexError, ConfigError
from codex_ls.events import Notice
from codex_ls.lsp import protocol
from codex_ls.lsp.params import ProfilesParams, parse
from codex_ls.lsp.payloads import notice_payload
from codex_ls.lsp.request import Request
from codex_ls.lsp.settings import WorkspaceSettings
from codex_ls.lsp.user_config import settings_of_turn

if TYPE_CHECKING:
    from codex_ls.lsp.connection import Connection


async def profiles(connection: "Connection", request: Request) -> protocol.ProfilesResult:
    """Return the answer to `codex/profiles`. Raises InvalidParams."""
    params = parse(ProfilesParams, request.params)
    await connection.scopes.settle()
    workspace = connection.scopes.settings_for(
        params.textDocument.uri if params.textDocument else None
    )
    try:
        config = connection.user_config.current()
    except ConfigError as error:
        path = codex_home_from(connection.env) / "config.toml"
        return unreadable_result(error, config_path=str(path))
    return profiles_result(config, workspace, trusted=connection.trusted)


def profiles_result(
    config: Config, workspace: WorkspaceSettings, *, trusted: bool
) -> protocol.ProfilesResult:
    """Return the answer. A profile that the workspace names but config.toml lacks is a problem."""
    result: protocol.ProfilesResult = {
        "source": _source(config, workspace, trusted=trusted),
        "profiles": [_entry(summary) for summary in list_profiles(config)],
        "configPath": str(config.path),
        "problems": _problems(config, workspace, trusted=trusted),
    }
    active = workspace.profile if result["source"] == "settings" else config.default_profile
    if active is not None:
        result["active"] = active
    return result


def unreadable_result(error: ConfigError, *, config_path: str) -> protocol.ProfilesResult:
    """Return the answer while config.toml is broken: no profiles, and the reason."""
    return {
        "source": "config",
        "profiles": [],
        "configPath": config_path,
        "problems": [notice_payload(Notice(error.kind, error.message, error.hint))],
    }


def _source(config: Config, workspace: WorkspaceSettings, *, trusted: bool) -> str:
    if workspace.profile is not None and (trusted or workspace.profile == config.default_profile):
        return "settings"
    return "config" if config.exists or config.default_profile != EMBEDDED else "default"


def _problems(
    config: Config, workspace: WorkspaceSettings, *, trusted: bool
) -> list[protocol.Notice]:
    problems = [*config.problems, *workspace.notices]
    try:
        settings_of_turn(config, workspace, trusted=trusted, local_only=False)
    except CodexError as error:
        problems.append(Notice(error.kind, error.message, error.hint))
    return [notice_payload(problem) for problem in problems]


def _entry(summary: Summary) -> protocol.ProfileSummary:
    return {
        "name": summary.name,
        "model": summary.model,
        "provider": summary.provider,
        "wireApi": summary.wire_api,
        "origin": summary.origin,
        "isLocal": summary.is_local,
        "problems": [notice_payload(problem) for problem in summary.problems],
    }
