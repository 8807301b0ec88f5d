"""A model server, a config that points at it, and a language server started over any transport.

Every test that uses `start` or `client` can run over stdio, TCP and WebSocket: those marked `core` always
do, the others over stdio, and with `--transport=tcp`, `ws` or `all` the whole suite does.
"""

import json
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest

from tests.support import canary
from tests.support.lsp_client import LspClient
from tests.support.model_server import ModelServer
from tests.support.transports import TRANSPORTS, Transport, served

Start = Callable[..., AbstractAsyncContextManager[LspClient]]


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Choose the transports of a test."""
    if "transport" not in metafunc.fixturenames:
        return
    marks = {mark.name for mark in metafunc.definition.iter_markers()}
    chosen = metafunc.config.getoption("--transport")
    transports: list[Transport] = [name for name in TRANSPORTS if chosen in (name, "all")]
    if chosen is None:
        transports = list(TRANSPORTS) if "core" in marks else ["stdio"]
    skips = {"pipes": ("tcp", "ws"), "framed": ("ws",)}
    metafunc.parametrize(
        "transport",
        [
            pytest.param(
                name,
                marks=[
                    pytest.mark.skip(reason=f"{mark}: {name} has none")
                    for mark, without in skips.items()
                    if mark in marks and name in without
                ],
            )
            for name in transports
        ],
    )


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
{canary.CONFIG}

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
def start(home: Path, transport: Transport) -> Start:
    """Starts a server: `async with start() as client`. Nothing it says may hold the planted key."""

    @asynccontextmanager
    async def starter(*args: str, **env: str) -> AsyncIterator[LspClient]:
        planted = {"CODEX_HOME": str(home), **canary.ENV, **env}
        async with served(transport, planted, *args) as client:
            yield client
        canary.check("what a client was sent", json.dumps(client.messages, ensure_ascii=False))
        canary.check_folder(home)

    return starter


@pytest.fixture
async def client(start: Start) -> AsyncIterator[LspClient]:
    """A client that has said hello; the server must leave politely."""
    async with start() as client:
        await client.initialize()
        yield client
        if client.process is not None and client.process.returncode is None:
            assert await client.leave() == 0
