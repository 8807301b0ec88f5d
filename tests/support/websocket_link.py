"""The test client's end of a WebSocket: one message a text message."""

import contextlib

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed


class WebSocketLink:
    """A `Link`; what is sent is in LSP's framing, as on the other links, and loses it here."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket

    async def receive(self) -> bytes | str | None:
        """The body of the next message; None at the end."""
        with contextlib.suppress(ConnectionClosed):
            return await self._socket.recv()
        return None

    async def send(self, data: bytes) -> None:
        """Send framed messages; nothing happens if the server is gone."""
        at = 0
        with contextlib.suppress(ConnectionClosed):
            while at < len(data):
                body = data.index(b"\r\n\r\n", at) + 4
                size = int(data[at:body].rpartition(b" ")[2])
                at = body + size
                await self._socket.send(data[body:at], text=True)

    async def close(self) -> None:
        """Close it, with RFC 6455's handshake."""
        await self._socket.close()
