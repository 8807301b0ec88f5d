"""What is taken from a stream, and what is not."""

import asyncio
import os
from pathlib import Path

import pytest

from codex_ls.lsp.transport import (
    HELLO_BYTES,
    MAX_BODY_BYTES,
    MessageReader,
    PipeFeed,
    read_stream,
)
from tests.lsp.test_jsonrpc import add_features
from tests.lsp.wire import INITIALIZE, Recorder, server_for
from tests.support.lsp_client import frame


async def read(data: bytes, home: Path, *, size: int = 1 << 20) -> Recorder:
    """What a server answers to these bytes, cut into pieces of one size."""
    outbox, stream = Recorder(), asyncio.StreamReader()
    async with server_for(outbox, home, register=add_features) as server:
        reading = asyncio.ensure_future(read_stream(server, stream))
        for start in range(0, len(data), size):
            stream.feed_data(data[start : start + size])
            await asyncio.sleep(0)
        stream.feed_eof()
        await asyncio.wait_for(reading, 10)
    return outbox


async def nothing() -> None:
    """What lies between two messages."""


ECHO = {"jsonrpc": "2.0", "id": 1, "method": "test/echo", "params": {"text": "ü😀\r\n\r\n"}}
BODY = b'{"id": 2, "method": "test/echo"}'


@pytest.mark.parametrize("size", [1, 2, 7, 1 << 20])
async def test_messages_are_read_however_they_are_cut(tmp_path: Path, size: int) -> None:
    data = frame(INITIALIZE) + frame(ECHO)
    for header in (
        b"content-length:%d\r\n\r\n",
        b"CONTENT-LENGTH: \t %d \r\nContent-Type: application/vscode-jsonrpc; charset=utf-8\r\n\r\n",
        b"Content-Type: x\r\nContent-Length: %d\r\n\r\n",
    ):
        data += header % len(BODY) + BODY
    outbox = await read(data, tmp_path, size=size)
    assert [message["id"] for message in outbox.messages] == [0, 1, 2, 2, 2]
    assert outbox.messages[1]["result"] == {"text": "ü😀\r\n\r\n"}


@pytest.mark.parametrize(
    "rest",
    [
        b"",
        b"Content-Le",
        b"Content-Length: 90\r\n\r\n{",
        b"\r\n",
        b"hello\r\n\r\n",
        b": 5\r\n\r\n",
        b"Content-Type: x\r\n\r\n{}",
        b"Content-Length: -5\r\n\r\n{}",
        b"Content-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1),
        b"Content-Type: " + b"x" * 100_000,
    ],
)
async def test_whoever_breaks_the_rules_is_at_its_end(tmp_path: Path, rest: bytes) -> None:
    behind = b"" if rest.endswith(b"{") else frame(ECHO)
    outbox = await read(frame(INITIALIZE) + frame(ECHO) + rest + behind, tmp_path)
    assert [message["id"] for message in outbox.messages] == [0, 1, *([] if rest else [1])]


async def test_what_a_message_starts_begins_before_the_next_is_read(tmp_path: Path) -> None:
    hold = {"id": 1, "method": "test/hold"}
    cancel = {"method": "$/cancelRequest", "params": {"id": 1}}
    outbox = await read(frame(INITIALIZE) + frame(hold) + frame(cancel), tmp_path)
    assert outbox.messages[1]["result"] == "cancelled"


@pytest.mark.parametrize("data", [b"GET / HTTP/1.1", b"\x16\x03\x01", b"CX", b"Content-X", b"\r"])
async def test_what_does_not_begin_like_a_message_is_not_read_to_a_line_end(data: bytes) -> None:
    stream = asyncio.StreamReader()
    stream.feed_data(data)
    reader = MessageReader(stream, is_known=lambda: True, begun=nothing)
    if data == b"Content-X":
        stream.feed_eof()
    assert await asyncio.wait_for(reader.readline(), 5) == b""


async def test_a_stranger_is_not_read_without_end() -> None:
    stream = asyncio.StreamReader()
    reader = MessageReader(stream, is_known=lambda: False, begun=nothing)
    stream.feed_data(b"Content-Length: 600000\r\n\r\n" + b" " * 600_000)
    assert await reader.readline() == b"Content-Length: 600000\r\n"
    assert await reader.readline() == b"\r\n"
    assert len(await reader.readexactly(600_000)) == 600_000
    stream.feed_data(b"Content-Length: %d\r\n\r\n" % (HELLO_BYTES - 600_000))
    assert await reader.readline() == b""


async def test_a_pipe_is_read_in_order_and_only_as_fast_as_its_reader() -> None:
    read_end, write_end = os.pipe()
    feed = PipeFeed(read_end)
    data = b"".join(b"%d\n" % number for number in range(200_000))
    written = 0

    def write() -> None:
        nonlocal written
        while written < len(data):
            written += os.write(write_end, data[written : written + 4096])
        os.close(write_end)

    writing = asyncio.ensure_future(asyncio.to_thread(write))
    assert await feed.stream.readexactly(10) == data[:10]
    for _ in range(100):
        await asyncio.sleep(0.001)
    assert written < len(data)  # nobody reads on: the pipe and the stream's buffer are full
    assert await feed.stream.read() == data[10:]
    await writing
    os.close(read_end)
