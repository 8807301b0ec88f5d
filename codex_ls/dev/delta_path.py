"""The path of a delta, drawn from the code: one real turn runs in this process, and one word is watched.

A model server on a loopback address sends a word, and the language server sends it on as `$/progress`.
In between, every function is asked what it holds. Those that have the word in an argument, a variable,
or their result are the path, in the order in which they get it. `make generate` writes the path into
ARCHITECTURE.md.
"""

import asyncio
import dataclasses
import json
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

from codex_ls.lsp.outbox import PipeOutbox
from codex_ls.lsp.server import CodexServer
from codex_ls.lsp.user_config import UserConfig

PACKAGE: Final = Path(__file__).resolve().parents[1]
LIBRARIES: Final = ("httpcore", "httpx", "pygls")
"""Shown by name: which of their functions they use is theirs to change."""

_FIRST, _WORD = "Well, ", "zebra"
_CONFIG = """\
model = "model"
model_provider = "here"
[model_providers.here]
name = "here"
base_url = "http://127.0.0.1:{port}/v1"
"""
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
_NONE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

Step = tuple[str, str]
"""A module's path in the package or a library's name, and a function in it."""


class Watch:
    """Notes which functions hold the word, in the order in which they come to hold it."""

    def __init__(self) -> None:
        self.steps: dict[Step, None] = {}

    def __call__(self, frame: FrameType, event: str, result: Any) -> None:
        """Look at whoever is calling, and at what a function returns or yields: a profile function."""
        if event == "call":
            for one in reversed(list(_with_callers(frame))):
                self._look(one)
        elif event == "return":
            self._look(frame, result)

    def _look(self, frame: FrameType, result: Any = None) -> None:
        step = _step(frame)
        if step is not None and step not in self.steps:
            held = [value for name, value in frame.f_locals.items() if name != "self"]
            if _has_word([*held, result]):
                self.steps[step] = None


def _with_callers(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _step(frame: FrameType) -> Step | None:
    code = frame.f_code
    library = frame.f_globals.get("__name__", "").partition(".")[0]
    if library in LIBRARIES:
        return library, ""
    path = Path(code.co_filename)
    if not path.is_relative_to(PACKAGE) or path == Path(__file__) or "<" in code.co_name:
        return None
    return path.relative_to(PACKAGE).as_posix(), code.co_qualname


def _has_word(value: object) -> bool:
    match value:
        case str():
            return _WORD in value
        case bytes() | bytearray() | memoryview():
            return _WORD.encode() in bytes(value)
        case list() | tuple():
            return any(map(_has_word, value))
        case dict():
            return any(map(_has_word, value.values()))
        case _ if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return any(_has_word(getattr(value, f.name)) for f in dataclasses.fields(value))
        case _:
            return False


# ---- one turn ------------------------------------------------------------------------------------


def steps() -> tuple[Step, ...]:
    """Return the functions that a delta of an answer passes, from the socket to the editor."""
    return asyncio.run(_watched_turn())


async def _watched_turn() -> tuple[Step, ...]:
    words: asyncio.Queue[str | None] = asyncio.Queue()
    watch = Watch()
    with tempfile.TemporaryDirectory() as home:
        async with _model_server(words) as port, _language_server(Path(home), port) as (ask, seen):
            ask("codex/exec", {"prompt": "hi", "workDoneToken": "turn"})
            words.put_nowait(_FIRST)
            await seen(_FIRST)
            sys.setprofile(watch)
            try:
                words.put_nowait(_WORD)
                await seen(_WORD)
            finally:
                sys.setprofile(None)
            words.put_nowait(None)
            await seen('"done"')
    return tuple(watch.steps)


@asynccontextmanager
async def _model_server(words: "asyncio.Queue[str | None]") -> AsyncIterator[int]:
    """Answer one question with the words as they come; yield the port."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        if head.startswith(b"POST"):
            writer.write(_HEAD)
            while (word := await words.get()) is not None:
                chunk = {"choices": [{"index": 0, "delta": {"content": word}}]}
                writer.write(b"data: " + json.dumps(chunk).encode() + b"\n\n")
            writer.write(b"data: [DONE]\n\n")
        else:
            writer.write(_NONE)
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        yield server.sockets[0].getsockname()[1]


@asynccontextmanager
async def _language_server(home: Path, port: int) -> AsyncIterator[Any]:
    """Serve this process; yield how to send it a request, and how to wait for text that it sends."""
    (home / "config.toml").write_text(_CONFIG.format(port=port))
    env = {"CODEX_HOME": str(home)}
    read_fd, write_fd = os.pipe()
    output = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(output)
    loop = asyncio.get_running_loop()
    transport, _ = await loop.connect_read_pipe(lambda: protocol, os.fdopen(read_fd, "rb"))
    outbox = PipeOutbox(write_fd, on_broken=lambda: None)

    def ask(method: str, params: dict[str, Any]) -> None:
        server.protocol.handle_message({"id": method, "method": method, "params": params})

    async def seen(text: str) -> None:
        sent = b""
        while text.encode() not in sent:
            sent += await output.read(1 << 16)

    async with CodexServer(outbox, user_config=UserConfig(env=env), env=env) as server:
        ask("initialize", {"processId": None, "rootUri": None, "capabilities": {}})
        yield ask, seen
    transport.close()
    os.close(write_fd)


# ---- how it is shown -----------------------------------------------------------------------------


def table(path: Iterable[Step]) -> str:
    """Return the steps as a table: one row for each module, in the order in which they are reached."""
    functions: dict[str, list[str]] = {}
    for place, function in path:
        functions.setdefault(place, []).append(f"`{function}`" if function else "")
    rows = (
        f"| `{place}` | {', '.join(names)} |" if place not in LIBRARIES else f"| {place} | |"
        for place, names in functions.items()
    )
    return "\n".join(
        ["| module | functions, in the order in which they get the delta |", "|---|---|", *rows]
    )
