"""A real browser, and the page of docs/editors/browser.md in it."""

import asyncio
import json
import re
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

DOCUMENTED = Path(__file__).parents[3] / "docs" / "editors" / "browser.md"
WATCH = """<script>
const watched = ["reasoning", "content", "status"];
const tell = () => fetch("/told", { method: "POST", body: JSON.stringify(
  Object.fromEntries(watched.map((id) => [id, document.getElementById(id).textContent]))) });
for (const id of watched)
  new MutationObserver(tell).observe(document.getElementById(id), { childList: true });
const opened = socket.onmessage;
socket.onmessage = (event) => {
  opened(event);
  if (JSON.parse(event.data).id !== 1) return;
  document.forms[0].prompt.value = "hi";
  document.forms[0].requestSubmit();
};
</script>"""
"""Sends off the form once the server has said hello, and tells what the page shows."""


class Site:
    """Serves one page, and hears what it shows."""

    def __init__(self) -> None:
        self.page = ""
        self.shown: asyncio.Queue[Any] = asyncio.Queue()

    async def until(self, **wanted: str) -> None:
        """Wait until the page shows these texts; a browser may take its time to start."""
        async with asyncio.timeout(60):
            while True:
                shown = await self.shown.get()
                if all(shown[name].startswith(text) for name, text in wanted.items()):
                    return

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer one request; a browser also opens connections that it never uses."""
        try:
            await self._answer(reader, writer)
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            writer.close()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode().lower()
        size = head.partition("content-length:")[2].split("\r\n")[0]
        body = await reader.readexactly(int(size or 0))
        if head.startswith("post /told "):
            self.shown.put_nowait(json.loads(body))
        page = self.page.encode() if head.startswith("get / ") else b""
        kind = b"Content-Type: text/html; charset=utf-8\r\nConnection: close\r\n"
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n%s\r\n%s" % (len(page), kind, page))


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
    """The documented page, with this listener's address and token."""
    (page,) = re.findall(r"^```html\n(.*?)^```$", DOCUMENTED.read_text(), re.MULTILINE | re.DOTALL)
    for documented, ours in (("ws://127.0.0.1:7777", listener.url), ("THE TOKEN", listener.token)):
        assert page.count(documented) == 1
        page = page.replace(documented, ours)
    return f"{page}{WATCH}"


async def test_an_allowed_page_shows_thinking_and_answer_as_they_come(
    site: tuple[Site, str], home: Path, model: ModelServer, tmp_path: Path
) -> None:
    thought, said = Gate("thought"), Gate("said")
    model.enqueue(
        chat_stream(reasoning=["Hm", thought, "."], content=["<b>Hello", said, ", browser.</b>"])
    )
    pages, origin = site
    env = {"CODEX_HOME": str(home)}
    async with listening("ws", env, "--allow-origin", origin) as listener:
        pages.page = page_for(listener)
        async with browser(tmp_path / "profile", origin):
            await pages.until(reasoning="Hm", content="", status="Thinking")
            thought.open()
            await pages.until(reasoning="Hm.", content="<b>Hello", status="Answering")
            said.open()
            await pages.until(content="<b>Hello, browser.</b>", status="Answered in")


async def test_a_page_that_knows_the_token_but_was_not_allowed_stays_out(
    site: tuple[Site, str], home: Path, model: ModelServer, tmp_path: Path
) -> None:
    pages, origin = site
    env = {"CODEX_HOME": str(home)}
    async with listening("ws", env, "--allow-origin", "http://localhost:1") as listener:
        pages.page = page_for(listener)
        async with browser(tmp_path / "profile", origin):
            await pages.until(content="", status="The server has hung up.")
    assert model.requests == []


async def test_a_browser_that_is_closed_ends_its_turns(
    site: tuple[Site, str], home: Path, model: ModelServer, tmp_path: Path
) -> None:
    gate = Gate()
    model.enqueue(chat_stream(content=["Hello", gate, "never"]))
    pages, origin = site
    env = {"CODEX_HOME": str(home)}
    async with listening("ws", env, "--allow-origin", origin) as listener:
        pages.page = page_for(listener)
        async with browser(tmp_path / "profile", origin):
            await pages.until(content="Hello")
        await asyncio.wait_for(model.turns[0].hung_up.wait(), 10)
