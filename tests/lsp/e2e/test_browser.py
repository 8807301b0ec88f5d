"""A real browser: a page that was allowed asks and sees the words come; another one does not get in."""

import asyncio
import json
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.support.model_server import ModelServer
from tests.support.streams import Gate, chat_stream
from tests.support.transports import Listener, listening

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="no Chromium here")

PAGE = """<!doctype html><title>An editor in a browser</title><script>
const tell = (what) => fetch("/told", { method: "POST", body: JSON.stringify(what) });
const socket = new WebSocket("%(url)s");
const send = (message) => socket.send(JSON.stringify({ jsonrpc: "2.0", ...message }));
const codex = { token: "%(token)s" };
socket.onopen = () =>
  send({ id: 1, method: "initialize", params: { capabilities: {}, initializationOptions: { codex } } });
socket.onerror = () => tell({ refused: true });
socket.onmessage = ({ data }) => {
  const message = JSON.parse(data);
  if (message.id === 1)
    send({ id: 2, method: "codex/exec", params: { prompt: "hi", workDoneToken: "w" } });
  else if (message.id === 2) tell({ content: message.result.content });
  else if (message.params.value.codex.type === "content") tell({ piece: message.params.value.codex.text });
};
</script>"""


class Site:
    """Serves one page, and hears what it tells."""

    def __init__(self) -> None:
        self.page = ""
        self.told: asyncio.Queue[Any] = asyncio.Queue()

    async def heard(self) -> Any:
        """What the page tells next; a browser may take its time to start."""
        return await asyncio.wait_for(self.told.get(), 60)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = head.partition("content-length:")[2].split("\r\n")[0]
        body = await reader.readexactly(int(size or 0))
        if head.startswith("post /told "):
            self.told.put_nowait(json.loads(body))
        page = self.page.encode() if head.startswith("get / ") else b""
        kind = b"Content-Type: text/html; charset=utf-8\r\nConnection: close\r\n"
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n%s" % (len(page), kind, page))
        writer.close()


@pytest.fixture
async def site() -> AsyncIterator[tuple[Site, str]]:
    """A site, and its origin."""
    site = Site()
    server = await asyncio.start_server(site.serve, "127.0.0.1", 0)
    yield site, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    server.close()
    await server.wait_closed()


@asynccontextmanager
async def browser(profile: Path, url: str) -> AsyncIterator[None]:
    """A browser at a page."""
    assert CHROMIUM is not None
    process = await asyncio.create_subprocess_exec(
        CHROMIUM,
        "--headless=new",
        "--no-sandbox",
        "--disable-gpu",
        "--disable-dev-shm-usage",
        "--no-first-run",
        "--disable-background-networking",
        "--remote-debugging-port=0",
        f"--user-data-dir={profile}",
        url,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        yield
    finally:
        process.terminate()
        await process.wait()
        process._transport.close()  # type: ignore[attr-defined]


def page_for(listener: Listener) -> str:
    return PAGE % {"url": listener.url, "token": listener.token}


async def test_an_allowed_page_sees_the_words_as_they_come(
    site: tuple[Site, str], home: Path, model: ModelServer, tmp_path: Path
) -> None:
    gate = Gate()
    model.enqueue(chat_stream(content=["Hello", gate, ", browser."]))
    pages, origin = site
    env = {"CODEX_HOME": str(home)}
    async with listening("ws", env, "--allow-origin", origin) as listener:
        pages.page = page_for(listener)
        async with browser(tmp_path / "profile", origin):
            assert await pages.heard() == {"piece": "Hello"}
            gate.open()
            assert await pages.heard() == {"piece": ", browser."}
            assert await pages.heard() == {"content": "Hello, browser."}


async def test_a_page_that_knows_the_token_but_was_not_allowed_stays_out(
    site: tuple[Site, str], home: Path, model: ModelServer, tmp_path: Path
) -> None:
    pages, origin = site
    env = {"CODEX_HOME": str(home)}
    async with listening("ws", env, "--allow-origin", "http://localhost:1") as listener:
        pages.page = page_for(listener)
        async with browser(tmp_path / "profile", origin):
            assert await pages.heard() == {"refused": True}
    assert model.requests == []
