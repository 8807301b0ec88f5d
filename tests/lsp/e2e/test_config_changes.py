"""config.toml changes while a turn runs: the turn ends as it began, and the next one is asked anew."""

from pathlib import Path

import pytest

from tests.lsp.e2e.conftest import write_config
from tests.lsp.e2e.test_exec import EXEC
from tests.support.lsp_client import LspClient
from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream

CHANGES = {
    "broken": ("model = [\n", "configInvalid"),
    "empty": ("", "unknownProfile"),
    "another server": ("ANOTHER", None),
    "gone": (None, "unknownProfile"),
}


@pytest.mark.parametrize("name", CHANGES)
async def test_a_turn_goes_on_as_it_began(
    client: LspClient, model: ModelServer, home: Path, name: str
) -> None:
    text, kind = CHANGES[name]
    gate = Gate()
    model.enqueue(chat_stream(content=["a", gate, "b"]))
    call = await client.send(EXEC, {"prompt": "x", "profile": "local"})
    await gate.reached.wait()
    config = home / "config.toml"
    async with ModelServer(chat_stream(content=["elsewhere"])) as other:
        if text is None:
            config.unlink()
        elif text == "ANOTHER":
            write_config(home, other)
        else:
            config.write_text(text)
        if kind is not None:
            later = await client.send(EXEC, {"prompt": "y", "profile": "local"})
            assert (await later.error())["data"]["kind"] == kind
        else:
            later = await client.send(EXEC, {"prompt": "y", "profile": "local"})
            assert (await later.result())["content"] == "elsewhere"
            assert len(other.turns) == 1
    gate.open()
    assert (await call.result())["content"] == "ab"

    write_config(home, model)
    model.enqueue(chat_stream(content=["again"]))
    again = await client.send(EXEC, {"prompt": "z", "profile": "local"})
    assert (await again.result())["content"] == "again"
    assert len(model.turns) == 2
