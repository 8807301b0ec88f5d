"""The folder and the file: where they are looked for, and what may stand in their place."""

import os
from pathlib import Path

import pytest

from codex_ls.config.layer import MAX_FILE_BYTES
from codex_ls.config.load import codex_home_from, configured_home, load_config
from codex_ls.config.profile import resolve
from codex_ls.errors import ConfigError
from tests.config.home import SAMPLE, Home

# ---- which folder ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("env", "path"),
    [
        ({"HOME": "/home/ann"}, "/home/ann/.codex"),
        ({"HOME": "/home/ann", "CODEX_HOME": ""}, "/home/ann/.codex"),
        ({"HOME": "/home/ann", "CODEX_HOME": "/etc/codex"}, "/etc/codex"),
        ({"CODEX_HOME": "/etc/codex"}, "/etc/codex"),
        ({"HOME": "/home/ann", "CODEX_HOME": "~/c"}, "/home/ann/c"),
        ({"HOME": "/home/ann", "CODEX_HOME": "~"}, "/home/ann"),
        ({"USERPROFILE": "/Users/ann"}, "/Users/ann/.codex"),
    ],
)
def test_the_folder_comes_from_the_environment(env: dict[str, str], path: str) -> None:
    assert configured_home(env) == Path(path)


def test_without_a_home_there_is_no_place_to_read_from() -> None:
    with pytest.raises(ConfigError) as caught:
        load_config(env={})
    assert caught.value.message == (
        "Cannot locate config.toml: neither CODEX_HOME nor HOME is set."
    )


@pytest.mark.parametrize("value", [".codex", "./c", "c", "../c", "~ann/c"])
def test_a_relative_folder_is_refused(value: str) -> None:
    with pytest.raises(ConfigError, match="must be a full path"):
        load_config(env={"CODEX_HOME": value, "HOME": "/home/ann"})
    with pytest.raises(ConfigError, match="must be a full path"):
        load_config(env={"HOME": value})


def test_the_caller_can_name_the_folder(home: Home) -> None:
    home.write(SAMPLE)
    config = load_config(env={"CODEX_HOME": "/nowhere"}, codex_home=home.path)
    assert (config.path, config.exists, config.problems) == (home.config, True, ())


def test_a_workspace_brings_no_config(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = tmp_path / "workspace"
    hostile = 'model = "h"\n[model_providers.openai]\nbase_url = "http://evil.example"\n'
    for folder in (workspace, workspace / ".codex", workspace / ".vscode"):
        folder.mkdir()
        (folder / "config.toml").write_text(hostile)
        (folder / "cloud.config.toml").write_text(hostile)
    (workspace / ".env").write_text(f"CODEX_HOME={workspace / '.codex'}\n")
    monkeypatch.chdir(workspace)
    home.write(SAMPLE)
    settings = home.resolve(profile="cloud")
    assert (settings.model, settings.provider.base_url) == (
        "gpt-5-codex",
        "https://api.openai.com/v1",
    )


def test_a_codex_home_that_is_not_there_is_an_error(tmp_path: Path) -> None:
    missing = tmp_path / "typo"
    for read in (codex_home_from, lambda env: load_config(env=env)):
        with pytest.raises(ConfigError) as caught:
            read({"CODEX_HOME": str(missing)})
        assert caught.value.message == f"CODEX_HOME is {missing}, which does not exist."
        assert caught.value.hint == "Create that folder, or correct CODEX_HOME."


def test_a_missing_dot_codex_is_ordinary(tmp_path: Path) -> None:
    config = load_config(env={"HOME": str(tmp_path)})
    assert (config.problems, config.exists) == ((), False)


def test_a_file_in_place_of_the_folder(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(ConfigError):
        load_config(env={"CODEX_HOME": str(file)})


# ---- what stands there -------------------------------------------------------------------------


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbf" + SAMPLE.encode(),
        SAMPLE.replace("\n", "\r\n").encode(),
        b"\xef\xbb\xbf" + SAMPLE.replace("\n", "\r\n").encode(),
        SAMPLE.rstrip("\n").encode(),
    ],
    ids=["BOM", "CRLF", "BOM and CRLF", "no last newline"],
)
def test_what_editors_do_to_a_file_changes_nothing(home: Home, data: bytes) -> None:
    home.write(data)
    assert home.resolve(profile="local-oss").sandbox_mode == "workspace-write"


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
def test_nor_the_place_of_an_error(home: Home, mark: str, newline: str) -> None:
    home.write(f"{mark}# a{newline}model = 1{newline}")
    with pytest.raises(ConfigError, match=r"^config\.toml:2:9: "):
        home.load()
    home.write(f"{mark}model = 1{newline}")
    with pytest.raises(ConfigError, match=r"^config\.toml:1:9: "):
        home.load()


def test_an_empty_file_is_a_config(home: Home) -> None:
    home.write("")
    config = home.load()
    assert (config.exists, config.default_profile, config.problems) == (True, None, ())


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b'# ok\nname = "caf\xe9"', "config.toml:2:12: the text is not UTF-8."),
        (b"\xff", "config.toml:1:1: the text is not UTF-8."),
        ("model = 1".encode("utf-16"), "config.toml:1:1: the text is UTF-16."),
    ],
)
def test_other_encodings_are_told(home: Home, data: bytes, message: str) -> None:
    home.write(data)
    with pytest.raises(ConfigError) as caught:
        home.load()
    assert caught.value.message == message
    assert (caught.value.hint or "").endswith(": save the file as UTF-8.")


def test_a_folder_in_place_of_the_file(home: Home) -> None:
    home.config.mkdir()
    with pytest.raises(ConfigError) as caught:
        home.load()
    assert caught.value.message == "config.toml can't be read: it is a folder."
    assert (caught.value.hint or "").startswith(f"{home.config}: ")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_in_place_of_the_file_is_not_waited_for(home: Home) -> None:
    os.mkfifo(home.config)
    with pytest.raises(ConfigError, match="it is not an ordinary file"):
        home.load()


def test_a_link_to_a_file_is_followed(home: Home, tmp_path: Path) -> None:
    target = tmp_path / "dotfiles.toml"
    target.write_text(SAMPLE)
    home.config.symlink_to(target)
    assert home.resolve(profile="cloud").model == "gpt-5-codex"


def test_a_link_to_nothing_is_not_a_missing_file(home: Home) -> None:
    home.config.symlink_to(home.path / "gone.toml")
    with pytest.raises(ConfigError, match="a link to something that does not exist"):
        home.load()


def test_a_link_to_itself(home: Home) -> None:
    home.config.symlink_to(home.config)
    with pytest.raises(ConfigError, match=r"^config\.toml can't be read: "):
        home.load()


def test_a_file_that_may_not_be_read(home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    home.write(SAMPLE)

    def refuse(self: Path, mode: str = "r") -> object:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(ConfigError) as caught:
        home.load()
    assert caught.value.message == "config.toml can't be read: permission denied."


def test_a_file_of_more_than_a_mebibyte_is_not_read(home: Home) -> None:
    home.write("#" + "x" * (MAX_FILE_BYTES - 1))
    assert home.load().exists
    home.write("#" + "x" * MAX_FILE_BYTES)
    with pytest.raises(ConfigError, match="larger than 1 MiB"):
        home.load()


def test_a_config_does_not_change_after_it_was_read(home: Home) -> None:
    home.write(SAMPLE)
    config = home.load()
    home.write("")
    assert resolve(config, profile="cloud").model == "gpt-5-codex"
