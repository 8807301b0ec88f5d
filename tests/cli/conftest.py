"""A fake model server, and the command that is configured to ask it."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.cli.command import Command
from tests.support.model_server import ModelServer


@pytest.fixture
def server() -> Iterator[ModelServer]:
    with ModelServer() as server:
        yield server


@pytest.fixture
def command(tmp_path: Path, server: ModelServer) -> Command:
    command = Command(home=tmp_path)
    command.configure(server.base_url)
    return command
