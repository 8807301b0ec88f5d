import asyncio
from collections.abc import AsyncIterator

import pytest
from websockets.frames import Frame, Opcode
from websockets.protocol import OPEN

from codex_ls.lsp import websocket
from codex_ls.lsp.framing import encode
from codex_ls.lsp.inbox import Arrival
from codex_ls.lsp.websocket import WebSocketChannel

REQUEST = (
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
)
PING = b"\x89\x00"


class Both:
    """A channel, and the raw socket at its other end."""

    def __init__(
        self,
        channel: WebSocketChannel,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        broken: asyncio.Event,
        arrivals: AsyncIterator[Arrival],
    ) -> None:
        self.channel = channel
        self.messages: asyncio.Queue[object] = asyncio.Queue()
        self.reading = asyncio.create_task(self._read(arrivals))
        self.reader = reader
        self.writer = writer
        self.broken = broken

    async def _read(self, arrivals: AsyncIterator[Arrival]) -> None:
        async for arrival in arrivals:
            self.messages.put_nowait(arrival.message)


@pytest.fixture
async def both() -> AsyncIterator[Both]:
    """A channel whose handshake is done."""
    broken = asyncio.Event()
    accepted: asyncio.Future[WebSocketChannel] = asyncio.get_running_loop().create_future()

    def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        accepted.set_result(
            WebSocketChannel(reader, writer, on_broken=broken.set, origins=[], host="127.0.0.1")
        )

    server = await asyncio.start_server(accept, "127.0.0.1", 0)
    reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
    channel = await accepted
    writer.write(REQUEST)
    both = Both(channel, reader, writer, broken, channel.arrivals(is_known=lambda: True))
    await reader.readuntil(b"\r\n\r\n")
    yield both
    await channel.outbox.close(timeout_s=5)
    writer.close()
    await writer.wait_closed()
    await both.reading
    server.close()
    await server.wait_closed()


async def test_a_client_that_answers_no_ping_is_given_up(
    both: Both, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(websocket, "PING_INTERVAL_S", 0.01)
    keeping = asyncio.create_task(both.channel.keep_alive())
    assert await asyncio.wait_for(both.reader.readexactly(2), 10) == PING
    await asyncio.wait_for(both.broken.wait(), 10)
    await keeping


async def test_a_client_that_answers_is_pinged_again(both: Both) -> None:
    for number in range(3):
        assert both.channel.ping()
        assert await asyncio.wait_for(both.reader.readexactly(2), 10) == PING
        both.writer.write(Frame(Opcode.PONG, b"").serialize(mask=True))
        both.writer.write(Frame(Opcode.TEXT, b"%d" % number).serialize(mask=True))
        assert await asyncio.wait_for(both.messages.get(), 10) == number


async def test_every_message_of_one_write_is_a_text_frame_of_its_own(both: Both) -> None:
    both.channel.outbox.write(encode({"a": "ü"}) + encode([1, 2]) + encode("\r\n\r\n"))
    bodies = ['{"a":"ü"}'.encode(), b"[1,2]", rb'"\r\n\r\n"']
    sent = b"".join(Frame(Opcode.TEXT, body).serialize(mask=False) for body in bodies)
    assert await asyncio.wait_for(both.reader.readexactly(len(sent)), 10) == sent


async def test_nothing_is_sent_behind_the_goodbye(both: Both) -> None:
    assert both.channel.outbox._protocol.state is OPEN
    both.channel.outbox._protocol.send_close(1000)
    both.channel.outbox.write(encode("late"))
    assert await asyncio.wait_for(both.reader.readexactly(4), 10) == b"\x88\x02\x03\xe8"
