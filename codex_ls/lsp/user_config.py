"""The user's config.toml as it is now: read again when a file of it changed, so that an edit takes
effect with the next question and an unchanged one costs a few `stat` calls.
"""

import os
from collections.abc import Mapping, Sequence

from codex_ls.config.layer import shown
from codex_ls.config.load import PROFILE_FILE_SUFFIX, Config, codex_home_from, load_config
from codex_ls.config.profile import resolve
from codex_ls.config.settings import ModelSettings
from codex_ls.errors import UntrustedWorkspace
from codex_ls.events import Effort
from codex_ls.lsp.settings import WorkspaceSettings

Fingerprint = tuple[tuple[str, int, int, int], ...]


class UserConfig:
    """Gives the current `Config`; `overrides` and `local_only` come from the command line."""

    def __init__(
        self, *, env: Mapping[str, str], overrides: Sequence[str] = (), local_only: bool = False
    ) -> None:
        self.local_only = local_only
        self.overrides = overrides
        self._env = env
        self._read: tuple[Fingerprint, Config] | None = None

    def current(self) -> Config:
        """Return the configuration. Raises ConfigError; it is tried again the next time."""
        fingerprint = self._fingerprint()
        if self._read is None or self._read[0] != fingerprint:
            self._read = None
            self._read = (fingerprint, load_config(env=self._env, overrides=self.overrides))
        return self._read[1]

    def _fingerprint(self) -> Fingerprint:
        home = codex_home_from(self._env)
        try:
            with os.scandir(home) as entries:
                return tuple(
                    sorted(
                        (entry.name, stat.st_mtime_ns, stat.st_size, stat.st_ino)
                        for entry in entries
                        if entry.name == "config.toml" or entry.name.endswith(PROFILE_FILE_SUFFIX)
                        for stat in (os.stat(entry.path),)  # noqa: PTH116 - of the link's target
                    )
                )
        except OSError:
            return ()


def profile_of_turn(
    config: Config, workspace: WorkspaceSettings, *, profile: str | None
) -> str | None:
    """Return who a turn asks: the request's profile, else the workspace's, else config.toml's."""
    return profile or workspace.profile or config.default_profile


def settings_of_turn(
    config: Config,
    workspace: WorkspaceSettings,
    *,
    trusted: bool,
    local_only: bool,
    profile: str | None = None,
    model: str | None = None,
    effort: Effort | None = None,
) -> ModelSettings:
    """Return what a turn runs with: the request's profile, else the workspace's, else config.toml's.

    Raises what `resolve` raises, and UntrustedWorkspace if the setting of a workspace in Restricted
    Mode would have to decide: nobody can tell who made it, and another profile in its place might
    send what is private elsewhere.
    """
    if profile is None and workspace.profile is not None:
        profile = workspace.profile
        if not trusted and profile != config.default_profile:
            raise UntrustedWorkspace(
                f"The setting codex.profile names `{shown(profile)}`,"
                " but this workspace is not trusted.",
                hint="Trust the workspace, or choose the profile for this question.",
            )
    return resolve(
        config,
        profile=profile,
        model=model,
        effort=effort,
        local_only=local_only or workspace.local_only,
    )
