"""A fake model server, a home that is configured to ask it, and a workspace."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.support.model_server import ModelServer


@pytest.fixture
async def server() -> AsyncIterator[ModelServer]:
    async with ModelServer() as server:
        yield server


@pytest.fixture
def command(tmp_path: Path, server: ModelServer) -> Command:
    home = tmp_path / "home"
    home.mkdir()
    command = Command(home=home)
    command.configure(server.base_url)
    return command


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    folder = tmp_path / "w"
    folder.mkdir()
    (folder / "a.txt").write_text("one\n")
    return folder
