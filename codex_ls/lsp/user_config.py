"""config.toml and the client's settings together: what a turn runs with."""

import asyncio
import os
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from codex_ls.config.address import origin
from codex_ls.config.layer import shown
from codex_ls.config.load import Config, codex_home_from, is_config_file, load_config
from codex_ls.config.model_settings import ModelSettings
from codex_ls.config.profile import resolve
from codex_ls.errors import CodexError, ProfileChanged, UntrustedWorkspace
from codex_ls.events import Effort
from codex_ls.lsp.settings import Ask, Scopes, WorkspaceSettings
from codex_ls.protocol import ExpectedProfile

# ---- config.toml ---------------------------------------------------------------------------------
#
# The user's config.toml as it is now: read again when a file of it changed, so that an edit takes
# effect with the next question and an unchanged one costs a few `stat` calls.


Fingerprint = tuple[tuple[str | int, ...], ...]
"""Of each file its name, times, size and inode."""


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
        fingerprint = self.fingerprint()
        if self._read is None or self._read[0] != fingerprint:
            self._read = None
            self._read = (fingerprint, load_config(env=self._env, overrides=self.overrides))
        return self._read[1]

    def fingerprint(self) -> Fingerprint:
        """Return a fingerprint of the files, equal if none changed. Raises ConfigError."""
        home = codex_home_from(self._env)
        try:
            with os.scandir(home) as entries:
                return tuple(
                    sorted(
                        _fingerprint_of(entry) for entry in entries if is_config_file(entry.name)
                    )
                )
        except OSError as error:
            return (("", error.errno or 0),)


def _fingerprint_of(entry: os.DirEntry[str]) -> tuple[str | int, ...]:
    """Of a link what it leads to; a link that leads nowhere is a file that can't be read."""
    try:
        found = os.stat(entry.path)  # noqa: PTH116
    except OSError as error:
        return (entry.name, error.errno or 0)
    return (entry.name, found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino)


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
    Mode would have to decide: its author is unknown, and another profile in its place might
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


def check_expected(expected: ExpectedProfile | None, settings: ModelSettings) -> None:
    """Raise ProfileChanged if a turn would not ask the profile, at the address, that the user saw."""
    if expected is None:
        return
    profile, address = settings.profile or "", origin(settings.provider.base_url)
    where = address or "the built-in model"
    if expected.profile != profile:
        raise ProfileChanged(
            f"This question would now go to {_named(profile)} ({where}), not to"
            f" {_named(expected.profile)} as shown.",
            hint="Nothing was sent. Ask again to use it, or select another profile.",
        )
    if expected.origin is not None and expected.origin != address:
        raise ProfileChanged(
            f"{_named(profile, starts=True)} now points to {where}, not to"
            f" {shown(expected.origin) or 'the built-in model'} as shown.",
            hint="Nothing was sent. Ask again to use it, or select another profile.",
        )


def _named(profile: str, *, starts: bool = False) -> str:
    article = "The" if starts else "the"
    if not profile:
        return f"{article} top of config.toml"
    return f"{article} profile `{shown(profile)}`"


# ---- settings of one client ----------------------------------------------------------------------


class ClientSettings:
    """The settings of one client. `listen` to what it says in `initialize`, `aclose` in the end."""

    def __init__(self, user_config: UserConfig) -> None:
        self.user_config = user_config
        self.trusted = True
        """Whether the workspace may choose a profile."""
        self.scopes = Scopes(ask=None, folders=dict)

    def listen(
        self,
        *,
        ask: Ask | None,
        folders: Callable[[], Mapping[str, Path]],
        options: Mapping[str, object],
        changed: Callable[[], None] = lambda: None,
    ) -> None:
        """Take `initializationOptions.codex`; `ask` is None for a client that can't be asked.

        `changed` is called when settings came.
        """
        self.trusted = options.get("trusted") is not False
        self.scopes = Scopes(ask=ask, folders=folders, options=options, changed=changed)

    def config(self) -> Config:
        """Return config.toml as it is now. Raises ConfigError."""
        return self.user_config.current()

    async def workspace(self, uri: str | None) -> WorkspaceSettings:
        """Return what the editor says for a document, once it has said it."""
        await self.scopes.settle()
        return self.scopes.settings_for(uri)

    def of_turn(
        self,
        workspace: WorkspaceSettings,
        *,
        profile: str | None = None,
        model: str | None = None,
        effort: Effort | None = None,
    ) -> ModelSettings:
        """Return what a turn runs with. Raises what `settings_of_turn` raises, and ConfigError."""
        return settings_of_turn(
            self.config(),
            workspace,
            trusted=self.trusted,
            local_only=self.user_config.local_only,
            profile=profile,
            model=model,
            effort=effort,
        )


# ---- changes of profiles -------------------------------------------------------------------------
#
# Notifies a client when what it shows of profiles may be out of date.
#
# The files are polled once a second with `stat` alone: file system events report too little where a
# file is replaced, a link leads elsewhere or the folder comes later, and differ on every system. The
# files are those that `UserConfig` reads, so a change that is reported is one that the next question
# sees.


INTERVAL_S = 1.0

Watched = tuple[object, ...]


class ProfileWatch:
    """Calls `changed` when the files of the configuration, the settings or the trust change.

    `files` gives a fingerprint of the files, and may wait for a disk: it runs on a thread. `others`
    gives one of all else that selects a profile. Nothing is looked at before `start`.
    """

    def __init__(
        self,
        *,
        files: Callable[[], Watched],
        others: Callable[[], Watched],
        changed: Callable[[], None],
        interval_s: float = INTERVAL_S,
    ) -> None:
        self._files = files
        self._others = others
        self._changed = changed
        self._interval_s = interval_s
        self._is_started = False
        self._told: tuple[Watched, Watched] = ((), ())
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look; what is there now is what the client knows."""
        self._is_started = True
        self._told = (self._now(), self._others())
        self._task = asyncio.create_task(self._watch())

    def look(self) -> None:
        """Look at the settings and the trust now: something of them may have changed."""
        if self._is_started:
            self._compare(self._told[0])

    async def aclose(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    async def _watch(self) -> None:
        while True:
            await asyncio.sleep(self._interval_s)
            self._compare(await asyncio.to_thread(self._now))

    def _compare(self, files: Watched) -> None:
        found = (files, self._others())
        if found != self._told:
            self._told = found
            self._changed()

    def _now(self) -> Watched:
        with suppress(CodexError):
            return self._files()
        return ()
