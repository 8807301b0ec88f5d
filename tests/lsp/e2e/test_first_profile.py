"""A first profile: what answers on this machine is found, and one of it becomes the one that answers."""

import errno
import tomllib
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from codex_ls import protocol
from codex_ls.providers.servers.discover import KNOWN_PORTS
from tests.lsp.e2e.conftest import Start
from tests.support.model_server import ModelServer
from tests.support.protocol_messages import check_shape
from tests.support.streams import chat_stream


@pytest.fixture
async def found() -> AsyncIterator[ModelServer]:
    """A model server at one of the ports that are looked at."""
    for port in reversed(KNOWN_PORTS):
        server = ModelServer(port=port)
        try:
            await server.start()
        except OSError as error:
            assert error.errno == errno.EADDRINUSE  # noqa: PT017
            continue
        yield server
        await server.aclose()
        return
    pytest.fail("every port of a model server is in use")


@pytest.fixture
def nothing(home: Path) -> Path:
    """A folder for config.toml without one."""
    (home / "config.toml").unlink()
    return home


async def test_a_server_of_this_machine_answers_after_one_request(
    start: Start, nothing: Path, found: ModelServer
) -> None:
    found.always(chat_stream(content=["It works."]))
    async with start() as client:
        await client.initialize()
        profiles = await (await client.send("codex/profiles")).result()
        assert (profiles["source"], profiles["active"]) == ("default", "embedded")

        result = await (await client.send("codex/discover")).result()
        check_shape(result, protocol.DiscoverResult)
        assert result["builtIn"] == {
            "name": "qwen2.5-coder-1.5b",
            "loaded": False,
            "contextWindow": 8192,
            "size": 1_117_320_768,
        }
        assert result["configFolder"] == str(nothing)
        origin = f"http://localhost:{found.port}"
        (server,) = [one for one in result["servers"] if one["origin"] == origin]
        assert server["title"].startswith("llama.cpp")
        assert [model["name"] for model in server["models"]] == ["test-model"]
        assert _files(nothing) == []

        added = await (
            await client.send("codex/addProfile", {"origin": origin, "model": "test-model"})
        ).result()
        check_shape(added, protocol.AddProfileResult)
        written = nothing / f"{added['profile']}.config.toml"
        assert added == {
            "profile": "llamacpp",
            "isActive": True,
            "written": [str(written), str(nothing / "codex-ls.toml")],
        }
        assert tomllib.loads(written.read_text())["model"] == "test-model"
        answer = await (await client.send("codex/exec", {"prompt": "hi"})).result()
        assert (answer["profile"], answer["content"]) == ("llamacpp", "It works.")

        again = await (
            await client.send("codex/addProfile", {"origin": origin, "model": "test-model"})
        ).result()
        assert again == {"profile": "llamacpp", "isActive": True, "written": []}


@pytest.mark.parametrize(
    ("origin", "name"),
    [
        ("http://localhost:1", "test-model"),
        ("http://192.0.2.1:1234", "test-model"),
        ("{found}", "another-model"),
    ],
)
async def test_nothing_is_written_for_what_does_not_answer_here(
    start: Start, nothing: Path, found: ModelServer, origin: str, name: str
) -> None:
    origin = origin.format(found=f"http://localhost:{found.port}")
    async with start() as client:
        await client.initialize()
        sent = await client.send("codex/addProfile", {"origin": origin, "model": name})
        error = await sent.error()
    assert error["code"] == -32602
    assert error["message"].startswith(f"No server at {origin} has the model {name}.")
    assert _files(nothing) == []


def _files(folder: Path) -> list[str]:
    return [path.name for path in folder.iterdir()]
