"""A model server, a config that points at it, and a started language server."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from tests.support.lsp_client import LspClient
from tests.support.model_server import ModelServer

Start = Callable[..., AbstractAsyncContextManager[LspClient]]


@pytest.fixture
async def model() -> AsyncIterator[ModelServer]:
    async with ModelServer() as server:
        yield server


@pytest.fixture
def home(tmp_path: Path, model: ModelServer) -> Path:
    home = tmp_path / "codex-home"
    home.mkdir()
    write_config(home, model)
    return home


def write_config(home: Path, model: ModelServer, *, profile: str = "local", more: str = "") -> None:
    """Two profiles on the fake server, and one that asks for a key."""
    (home / "config.toml").write_text(
        f"""
profile = "{profile}"
{more}
[model_providers.fake]
name = "Fake"
base_url = "{model.base_url}"
wire_api = "chat"
request_max_retries = 1

[model_providers.locked]
name = "Locked"
base_url = "{model.base_url}"
wire_api = "chat"
env_key = "LOCKED_KEY"

[profiles.local]
model = "m1"
model_provider = "fake"

[profiles.other]
model = "m2"
model_provider = "fake"

[profiles.locked]
model = "m3"
model_provider = "locked"
"""
    )


@pytest.fixture
def start(home: Path) -> Start:
    """Starts a server: `async with start() as client`."""

    def starter(*args: str, **env: str) -> AbstractAsyncContextManager[LspClient]:
        return LspClient.spawned(env={"CODEX_HOME": str(home), **env}, args=("serve", *args))

    return starter


@pytest.fixture
async def client(start: Start) -> AsyncIterator[LspClient]:
    """A client that has said hello; the server must leave politely."""
    async with start() as client:
        await client.initialize()
        yield client
        if client.process is not None and client.process.returncode is None:
            assert await client.leave() == 0
