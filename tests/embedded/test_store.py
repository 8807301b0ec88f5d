"""Where models lie."""

from pathlib import Path

import pytest

from codex_ls.embedded.store import fetched_path, is_fetched, models_folder
from codex_ls.errors import ConfigError, NotFound
from tests.embedded.small_model import CONTENT, put, small_model

MODEL = small_model()


@pytest.mark.parametrize(
    ("env", "folder"),
    [
        ({"HOME": "/home/ann"}, "/home/ann/.codex/codex-ls/models"),
        ({"HOME": "/home/ann", "CODEX_HOME": "/srv/codex"}, "/srv/codex/codex-ls/models"),
        ({"HOME": "/home/ann", "CODEX_HOME": "~/c"}, "/home/ann/c/codex-ls/models"),
        ({"HOME": "/home/ann", "CODEX_HOME": "/c", "CODEX_LS_MODELS": "/models"}, "/models"),
    ],
)
def test_the_folder_follows_the_environment(env: dict[str, str], folder: str) -> None:
    assert models_folder(env) == Path(folder)


@pytest.mark.parametrize("env", [{}, {"CODEX_HOME": "here"}, {"CODEX_LS_MODELS": "./models"}])
def test_a_relative_folder_is_refused(env: dict[str, str]) -> None:
    with pytest.raises(ConfigError):
        models_folder(env)


def test_a_file_of_another_size_is_not_the_model(tmp_path: Path) -> None:
    env = {"CODEX_LS_MODELS": str(tmp_path)}
    assert not is_fetched(MODEL, env)
    put(tmp_path, MODEL.file, CONTENT[:-1])
    assert not is_fetched(MODEL, env)
    put(tmp_path, MODEL.file, CONTENT)
    assert is_fetched(MODEL, env)


def test_what_is_not_here_comes_with_the_command_that_fetches_it(tmp_path: Path) -> None:
    with pytest.raises(NotFound) as caught:
        fetched_path(MODEL, {"CODEX_LS_MODELS": str(tmp_path)})
    assert caught.value.message == "The built-in model small is not on this machine."
    assert caught.value.hint == (
        "codex-ls model pull small (or codex-ls init, for a model server that runs here)"
    )
