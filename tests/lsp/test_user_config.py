import os
from pathlib import Path

import pytest

from codex_ls.errors import ConfigError, UnknownProfile, UntrustedWorkspace
from codex_ls.lsp.settings import WorkspaceSettings
from codex_ls.lsp.user_config import UserConfig, settings_of_turn

CONFIG = """
profile = "cloud"
[profiles.cloud]
model = "gpt-5-codex"
model_provider = "openai"
[profiles.local]
model = "m"
model_provider = "lmstudio"
"""
NOTHING = WorkspaceSettings()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    (tmp_path / "config.toml").write_text(CONFIG)
    return tmp_path


def user_config(home: Path, *overrides: str) -> UserConfig:
    return UserConfig(env={"CODEX_HOME": str(home)}, overrides=overrides)


def test_an_unchanged_config_is_read_once(home: Path) -> None:
    config = user_config(home)
    assert config.current() is config.current()


def test_a_change_takes_effect_with_the_next_question(home: Path) -> None:
    config = user_config(home)
    assert config.current().default_profile == "cloud"
    path = home / "config.toml"
    path.write_text(CONFIG.replace('profile = "cloud"', 'profile = "local"'))
    assert config.current().default_profile == "local"
    before = path.stat()
    path.write_text(CONFIG.replace('profile = "cloud"', 'profile = "xxxxx"'))
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    replaced = home / "replaced"
    replaced.write_text(CONFIG)
    replaced.rename(path)
    assert config.current().default_profile == "cloud"
    (home / "mine.config.toml").write_text('model = "x"\nmodel_provider = "ollama"\n')
    assert "mine" in config.current().profiles
    (home / "mine.config.toml").unlink()
    assert "mine" not in config.current().profiles


def test_a_broken_config_is_an_error_until_it_is_mended(home: Path) -> None:
    config = user_config(home)
    (home / "config.toml").write_text("model = [")
    for _ in range(2):
        with pytest.raises(ConfigError):
            config.current()
    (home / "config.toml").write_text(CONFIG)
    assert config.current().default_profile == "cloud"


def test_overrides_of_the_command_line_hold(home: Path) -> None:
    config = user_config(home, "profile=local").current()
    assert settings_of_turn(config, NOTHING, trusted=True, local_only=False).profile == "local"


def test_the_request_goes_before_the_workspace_and_that_before_the_config(home: Path) -> None:
    config = user_config(home).current()
    local = WorkspaceSettings(profile="local")

    def chosen(workspace: WorkspaceSettings, profile: str | None = None) -> str | None:
        return settings_of_turn(
            config, workspace, trusted=True, local_only=False, profile=profile
        ).profile

    assert chosen(NOTHING) == "cloud"
    assert chosen(local) == "local"
    assert chosen(local, "cloud") == "cloud"
    with pytest.raises(UnknownProfile):
        chosen(WorkspaceSettings(profile="gone"))
    with pytest.raises(UnknownProfile):
        chosen(local, "")


def test_the_lock_holds_if_anything_says_so(home: Path) -> None:
    config = user_config(home).current()
    locked = WorkspaceSettings(local_only=True)

    def is_locked(workspace: WorkspaceSettings, *, command_line: bool) -> bool:
        return settings_of_turn(config, workspace, trusted=True, local_only=command_line).local_only

    assert not is_locked(NOTHING, command_line=False)
    assert is_locked(NOTHING, command_line=True)
    assert is_locked(locked, command_line=False)


def test_a_workspace_that_is_not_trusted_chooses_no_profile(home: Path) -> None:
    config = user_config(home).current()

    def chosen(workspace: WorkspaceSettings, profile: str | None = None) -> str | None:
        return settings_of_turn(
            config, workspace, trusted=False, local_only=False, profile=profile
        ).profile

    with pytest.raises(UntrustedWorkspace, match="not trusted"):
        chosen(WorkspaceSettings(profile="local"))
    assert chosen(WorkspaceSettings(profile="local"), "local") == "local"
    assert chosen(WorkspaceSettings(profile="cloud")) == "cloud"
    assert chosen(NOTHING) == "cloud"
