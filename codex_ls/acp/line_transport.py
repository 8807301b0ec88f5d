"""One JSON object a line on standard input and output, for the SDK's connection.

The SDK's own transport ends the process at a line that is JSON and no message (`42`, `[]`), and ignores
one that is no JSON; here each is answered with the error that JSON-RPC has for it, and reading goes on.
"""

import asyncio
import json
import re
from typing import Any, Final

Message = dict[str, Any]

MAX_LINE_BYTES: Final = 64 * 1024 * 1024
"""A longer line is refused: pictures are sent inside of one."""

_CONGESTED_BYTES: Final = 64 * 1024
_PARSE_ERROR, _INVALID_REQUEST = -32700, -32600
_SURROGATE: Final = re.compile("[\ud800-\udfff]")


class LineTransport:
    """Messages of one client, as `acp.connection.Connection` takes them."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, message: Message) -> None:
        """Write a message at once; raises ConnectionError if the client is gone.

        Nothing waits here: whoever sends much asks `is_congested`, and can be cancelled meanwhile.
        """
        if self._writer.transport.is_closing():
            raise ConnectionError("The client has disconnected.")
        # `default`: the errors of a validation may hold anything.
        text = json.dumps(message, ensure_ascii=False, separators=(",", ":"), default=str)
        self._writer.write(_SURROGATE.sub("\ufffd", text).encode() + b"\n")

    @property
    def is_congested(self) -> bool:
        """Whether the client reads too slowly."""
        size = getattr(self._writer.transport, "get_write_buffer_size", None)  # not on Windows
        return size is not None and size() > _CONGESTED_BYTES

    async def room(self) -> None:
        """Wait until the client has read. Raises ConnectionError if it is gone."""
        # Whoever stops waiting must not stop those who wait for the same.
        await asyncio.shield(self._writer.drain())

    async def receive(self) -> Message | None:
        """Return the next message; None at the end of the input."""
        while (line := await self._line()) is not None:
            if not line.strip():
                continue
            try:
                message = json.loads(line)
            except (ValueError, RecursionError):
                await self._refuse(_PARSE_ERROR, "This line is not JSON.")
                continue
            if (reason := _why_invalid(message)) is None:
                return dict(message)
            await self._refuse(_INVALID_REQUEST, reason)
        return None

    async def close(self) -> None:
        """Write nothing more."""
        self._writer.close()

    async def _refuse(self, code: int, sentence: str) -> None:
        error = {"code": code, "message": sentence}
        await self.send({"jsonrpc": "2.0", "id": None, "error": error})

    async def _line(self) -> bytes | None:
        """Return the next line; None at the end, an unfinished last line included."""
        while True:
            try:
                return await self._reader.readuntil(b"\n")
            except asyncio.IncompleteReadError:
                return None
            except asyncio.LimitOverrunError as error:
                await self._skip_line(error.consumed)
                await self._refuse(_PARSE_ERROR, f"This line has more than {MAX_LINE_BYTES} bytes.")

    async def _skip_line(self, consumed: int) -> None:
        while True:
            await self._reader.readexactly(consumed)
            try:
                await self._reader.readuntil(b"\n")
            except asyncio.LimitOverrunError as error:
                consumed = error.consumed
            except asyncio.IncompleteReadError:
                return
            else:
                return


def _why_invalid(message: object) -> str | None:
    """Return what makes this no message of JSON-RPC; None if it is one."""
    match message:
        case {"method": str()}:
            return None
        case {"method": _}:
            return "The method of a message is a string."
        case {"id": int(), "error": dict()} | {"id": int(), "result": _}:
            return None
        case dict():
            return "This is neither a request nor a notification nor a response."
        case _:
            return "A message is a JSON object; batches are not supported."
