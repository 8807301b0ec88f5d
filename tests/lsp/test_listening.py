import asyncio
from pathlib import Path

import pytest

from codex_ls.lsp import listening
from codex_ls.lsp.listening import _Listener
from codex_ls.lsp.user_config import UserConfig


async def test_a_stranger_who_says_nothing_is_hung_up_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listening, "HELLO_TIMEOUT_S", 0.01)
    monkeypatch.setattr(listening, "MAX_CONNECTIONS", 1)
    config = UserConfig(env={"CODEX_HOME": str(tmp_path)})
    listener = _Listener(token="geheim", user_config=config)
    server = await asyncio.start_server(listener.accept, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    links = [await asyncio.open_connection("127.0.0.1", port) for _ in range(2)]
    for reader, writer in links:  # the second is one too many
        assert await asyncio.wait_for(reader.read(), 5) == b""
        writer.close()
        await writer.wait_closed()
    server.close()
    await asyncio.gather(*listener.serving)
    await server.wait_closed()
