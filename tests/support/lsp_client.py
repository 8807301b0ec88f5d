"""A raw LSP client: sends what it is told, and records every message as it came, with the time.

It knows JSON-RPC framing and nothing else, so that nothing a server sends is dropped, typed or tidied::

    async with LspClient.spawned(env={"CODEX_HOME": str(home)}) as client:
        await client.initialize()
        call = await client.send("codex/exec", {"prompt": "hi", "workDoneToken": "t"})
        await client.seen(lambda m: is_event(m, "content"))
        assert (await call.result())["content"] == "hello"
        assert [event["type"] for event in client.events("t")] == [...]

Requests of the server are answered by `client.answers[method](params)`, or with -32601. At the end, every
message is held against the models of the protocol.
"""

import asyncio
import contextlib
import itertools
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from tests.support.protocol_messages import check_messages

WAIT_SECONDS = 10.0

Message = dict[str, Any]
Predicate = Callable[[Message], bool]
NO_ANSWER = object()
"""An answer function returns this to leave the server's request unanswered."""


@dataclass(frozen=True, slots=True)
class Recorded:
    """One message of the server, and the `time.perf_counter()` when it was whole."""

    message: Message
    at: float


class ReplyFailed(AssertionError):
    """The server answered with an error; `error` is its object."""

    def __init__(self, error: Message) -> None:
        super().__init__(json.dumps(error))
        self.error = error


class Call:
    """A request that was sent."""

    def __init__(self, client: "LspClient", message_id: int | str, sent_at: float) -> None:
        self.id = message_id
        self.sent_at = sent_at
        self._client = client

    async def reply(self, *, seconds: float = WAIT_SECONDS) -> Message:
        """The whole reply, whatever it is."""
        recorded = await self._client.seen(self._is_reply, seconds=seconds)
        return recorded.message

    async def result(self, *, seconds: float = WAIT_SECONDS) -> Any:
        """The reply's result. Raises ReplyFailed."""
        reply = await self.reply(seconds=seconds)
        if "error" in reply:
            raise ReplyFailed(reply["error"])
        return reply["result"]

    async def error(self, *, seconds: float = WAIT_SECONDS) -> Message:
        """The reply's error object; it must be one."""
        reply = await self.reply(seconds=seconds)
        assert "error" in reply, reply
        error: Message = reply["error"]
        return error

    async def cancel(self) -> None:
        """Send `$/cancelRequest`."""
        await self._client.notify("$/cancelRequest", {"id": self.id})

    def _is_reply(self, message: Message) -> bool:
        return message.get("id") == self.id and "method" not in message


class Link(Protocol):
    """What carries the messages."""

    async def receive(self) -> bytes | str | None:
        """The body of the next message; None at the end."""

    async def send(self, data: bytes) -> None:
        """Send framed messages; nothing happens if the server is gone."""

    async def close(self) -> None:
        """End it."""


class StreamLink:
    """LSP's own framing, on pipes or on TCP."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def receive(self) -> bytes | None:
        """The body of the next message; None at the end."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            header = await self._reader.readuntil(b"\r\n\r\n")
            fields = dict(line.split(": ", 1) for line in header.decode().splitlines() if line)
            return await self._reader.readexactly(int(fields["Content-Length"]))
        return None

    async def send(self, data: bytes) -> None:
        """Send bytes as they are."""
        self._writer.write(data)
        with contextlib.suppress(ConnectionError):
            await self._writer.drain()

    async def close(self) -> None:
        """Close both directions."""
        self._writer.close()
        with contextlib.suppress(ConnectionError):
            await self._writer.wait_closed()


class LspClient:
    """One connection to a server. Use `spawned`, `connected` or `over`."""

    def __init__(self, link: Link) -> None:
        self.recorded: list[Recorded] = []
        self.sent: list[Any] = []
        self.answers: dict[str, Callable[[Any], Any]] = {}
        self.process: asyncio.subprocess.Process | None = None
        self.listener: asyncio.subprocess.Process | None = None
        """A server that goes on when this client leaves; `process` is then the same."""
        self.token: str | None = None
        """Shown in `initialize`."""
        self.ended = asyncio.Event()
        self._bodies: list[bytes | str] = []  # as they came: tests take the messages apart
        self._link = link
        self._ids = itertools.count(1)
        self._arrived = asyncio.Condition()
        self._may_read = asyncio.Event()
        self._may_read.set()

    # ---- life ----------------------------------------------------------------------------------

    @classmethod
    @contextlib.asynccontextmanager
    async def spawned(
        cls,
        *,
        env: Mapping[str, str],
        args: Sequence[str] = ("serve",),
        python: str = sys.executable,
        cwd: Path | None = None,
        stderr: int | None = None,
    ) -> AsyncIterator[Self]:
        """A client of a server process of its own, which is gone afterwards."""
        process = await asyncio.create_subprocess_exec(
            python,
            "-m",
            "codex_ls",
            *args,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=stderr,
            cwd=cwd,
            env={"PATH": os.environ["PATH"], "PYTHONPATH": os.getcwd(), **env},  # noqa: PTH109
        )
        assert process.stdin is not None
        assert process.stdout is not None
        client = cls(StreamLink(process.stdout, process.stdin))
        client.process = process
        try:
            async with client._reading():
                yield client
        finally:
            if process.returncode is None:
                # Not `process.kill`: it would reap a process that ended just now behind asyncio's back.
                with contextlib.suppress(ProcessLookupError):
                    os.kill(process.pid, signal.SIGKILL)
            await client.exit_code()
            process._transport.close()  # type: ignore[attr-defined]

    @classmethod
    @contextlib.asynccontextmanager
    async def connected(cls, host: str, port: int) -> AsyncIterator[Self]:
        """A client of a server that listens on TCP."""
        reader, writer = await asyncio.open_connection(host, port)
        async with cls.over(StreamLink(reader, writer)) as client:
            yield client

    @classmethod
    @contextlib.asynccontextmanager
    async def over(cls, link: Link) -> AsyncIterator[Self]:
        """A client of a server at the other end of a link."""
        client = cls(link)
        try:
            async with client._reading():
                yield client
        finally:
            await link.close()

    @contextlib.asynccontextmanager
    async def _reading(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self._read())
        try:
            yield
            check_messages(self.sent, map(json.loads, self._bodies))
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)

    async def initialize(
        self,
        *,
        capabilities: Message | None = None,
        options: Message | None = None,
        folders: Sequence[Path] = (),
        initialized: bool = True,
        **params: Any,
    ) -> Message:
        """Send `initialize` and `initialized`; return the result. `options` is for `codex`."""
        if self.token is not None:
            options = {"token": self.token, **(options or {})}
        call = await self.send(
            "initialize",
            {
                "processId": os.getpid(),
                "rootUri": None,
                "capabilities": capabilities or {},
                "workspaceFolders": [{"uri": path.as_uri(), "name": path.name} for path in folders],
                **({} if options is None else {"initializationOptions": {"codex": options}}),
                **params,
            },
        )
        result: Message = await call.result()
        if initialized:
            await self.notify("initialized", {})
        return result

    async def leave(self, *, seconds: float = WAIT_SECONDS) -> int:
        """Send `shutdown` and `exit`; return the process's exit code, or 0 if a listener hangs up."""
        await (await self.send("shutdown")).result()
        await self.notify("exit")
        if self.listener is not None:
            await asyncio.wait_for(self.ended.wait(), seconds)
            return 0
        return await self.exit_code(seconds=seconds)

    async def exit_code(self, *, seconds: float = WAIT_SECONDS) -> int:
        """The exit code, as soon as the process has ended by itself."""
        process = self.process
        assert process is not None
        # Not `process.wait`: it also waits for the end of an output that nobody reads.
        async with asyncio.timeout(seconds):
            while process.returncode is None:  # noqa: ASYNC110
                await asyncio.sleep(0.002)
        return process.returncode

    # ---- to the server -------------------------------------------------------------------------

    async def send(self, method: str, params: Any = None, *, id: int | str | None = None) -> Call:
        """Send a request. `params` None leaves them out."""
        message_id = next(self._ids) if id is None else id
        message = {"jsonrpc": "2.0", "id": message_id, "method": method}
        call = Call(self, message_id, time.perf_counter())
        await self.send_message(message if params is None else {**message, "params": params})
        return call

    async def notify(self, method: str, params: Any = None) -> None:
        """Send a notification."""
        message = {"jsonrpc": "2.0", "method": method}
        await self.send_message(message if params is None else {**message, "params": params})

    async def send_message(self, message: Any) -> None:
        """Send anything as one framed message."""
        self.sent.append(message)
        await self.send_bytes(frame(message))

    async def send_bytes(self, data: bytes) -> None:
        """Send bytes as they are."""
        await self._link.send(data)

    async def close_input(self) -> None:
        """End the server's input."""
        await self._link.close()

    def stop_reading(self) -> None:
        """Take nothing more from the server, as an editor that hangs."""
        self._may_read.clear()

    def go_on_reading(self) -> None:
        """Take everything again."""
        self._may_read.set()

    async def open(self, path: Path, text: str, *, language: str = "python") -> str:
        """Send `textDocument/didOpen`; return the document's URI."""
        document = {"uri": path.as_uri(), "languageId": language, "version": 1, "text": text}
        await self.notify("textDocument/didOpen", {"textDocument": document})
        return path.as_uri()

    # ---- from the server -----------------------------------------------------------------------

    async def seen(self, predicate: Predicate, *, seconds: float = WAIT_SECONDS) -> Recorded:
        """The first message of which `predicate` holds: one recorded already, or the next."""
        looked_at = 0
        try:
            async with asyncio.timeout(seconds), self._arrived:
                while True:
                    for recorded in self.recorded[looked_at:]:
                        if predicate(recorded.message):
                            return recorded
                    looked_at = len(self.recorded)
                    if self.ended.is_set():
                        raise AssertionError(f"the server left: {self._tail()}")
                    await self._arrived.wait()
        except TimeoutError:
            raise AssertionError(f"not within {seconds} s, but: {self._tail()}") from None

    @property
    def messages(self) -> list[Message]:
        """Every message so far."""
        return [recorded.message for recorded in self.recorded]

    def values(self, token: object) -> list[Message]:
        """Every progress value of a token."""
        return [
            message["params"]["value"]
            for message in self.messages
            if message.get("method") == "$/progress" and message["params"]["token"] == token
        ]

    def events(self, token: object) -> list[Message]:
        """Every `codex` payload of a token."""
        return [value["codex"] for value in self.values(token) if "codex" in value]

    def text(self, token: object, kind: str) -> str:
        """The concatenated texts of one type of event."""
        return "".join(event["text"] for event in self.events(token) if event["type"] == kind)

    def _tail(self) -> str:
        return json.dumps(self.messages[-5:])[-2000:]

    async def _read(self) -> None:
        while True:
            await self._may_read.wait()
            body = await self._link.receive()
            if body is None:
                break
            self._bodies.append(body)
            recorded = Recorded(json.loads(body), time.perf_counter())
            async with self._arrived:
                self.recorded.append(recorded)
                self._arrived.notify_all()
            await self._answer(recorded.message)
        self.ended.set()
        async with self._arrived:
            self._arrived.notify_all()

    async def _answer(self, message: Message) -> None:
        if "method" not in message or "id" not in message:
            return
        reply = {"jsonrpc": "2.0", "id": message["id"]}
        answer = self.answers.get(message["method"])
        if answer is None:
            await self.send_message({**reply, "error": {"code": -32601, "message": "unknown"}})
            return
        result = answer(message.get("params"))
        if result is not NO_ANSWER:
            await self.send_message({**reply, "result": result})


def frame(message: Any) -> bytes:
    """A message with its header."""
    body = json.dumps(message).encode()
    return b"Content-Length: %d\r\n\r\n%s" % (len(body), body)


def is_event(message: Message, kind: str, *, token: object = None) -> bool:
    """Whether a message is a typed event of this kind."""
    if message.get("method") != "$/progress":
        return False
    params = message["params"]
    found = params["value"].get("codex", {}).get("type") == kind
    return bool(found and (token is None or params["token"] == token))
