"""A fake model server that controls every byte, on a real socket.

No HTTP framework: what a real server would never let a test do (a reset in the middle of a chunk, a
stream held for ever, a length that lies) is the point. `tests.support.streams` makes the answers.

In an async test::

    gate = Gate()
    async with ModelServer(chat_stream(reasoning=["hm"], content=["4", gate, "2"])) as server:
        ...                                  # point the provider's base_url at server.base_url
        turn = await server.turn(0)          # the first model request: .json, .headers, .arrived_at
        await gate.reached.wait()            # "4" was sent, "2" is held back
        gate.open()
        await turn.hung_up.wait()            # the client closed the connection; .at says when

In a test without a loop (or one that drives an editor) the same class runs in a thread of its own:
`with ModelServer(...) as server`, and `server.turn_blocking(0)`, `gate.reached.wait_blocking()`,
`turn.hung_up.wait_blocking()`. `gate.open()` and `server.enqueue()` work from everywhere.

Which answer a request gets: the first function given to `on()` that does not return None; else the
answer `route()`d to its method and path; else, for a model request (a POST to `/chat/completions`,
`/responses` or `/api/chat` under any prefix), the next of the queue, and when that is empty the one
given to `always()`. `GET /v1/models`, `/health`, `/props` and `/api/version` have answers from the
start. What nothing answers gets a 404 (500 for a model request) and stands in `server.unexpected`.

`server.requests` has every request, `server.turns` the model requests, `server.connections` every
connection, `server.peak_connections` how many were open at once.

For tests in other languages there is a script, driven over HTTP (`tests/support/model_control.py`
has the format and the endpoints):
`python -m tests.support.model_server --scenario file.json --port 0`.
"""

import asyncio
import ssl
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine
from contextlib import suppress
from types import TracebackType
from typing import Any, Self

from tests.support.answers import Answer, error_answer, json_answer, models_answer
from tests.support.model_connection import Connection, Request, Writer, read_request, send
from tests.support.signals import WAIT_SECONDS, Signal

__all__ = ["Connection", "ModelServer", "Request"]

_READ_LIMIT = 64 * 1024

Controller = Callable[["Request"], Coroutine[Any, Any, Answer | None]]


Handler = Callable[[Request], Answer | None]


class ModelServer:
    """A scripted model server: an async context manager, and a plain one that runs in a thread."""

    def __init__(self, *answers: Answer, tls: ssl.SSLContext | None = None, port: int = 0) -> None:
        self.requests: list[Request] = []
        self.connections: list[Connection] = []
        self.unexpected: list[Request] = []
        self.peak_connections = 0
        self.controller: Controller | None = None
        self._queue = deque(answers)
        self._always: Answer | None = None
        self._handlers: list[Handler] = []
        self._routes: dict[tuple[str, str], Answer] = dict(_FIXED)
        self._arrivals: dict[int, Signal] = {}
        self._tls = tls
        self._port = port
        self._open = 0
        self._server: asyncio.Server | None = None
        self._links: dict[asyncio.Task[None], _Link] = {}
        self._thread: _LoopThread | None = None

    # ---- the script ----

    def enqueue(self, *answers: Answer) -> None:
        """Give each of the next model requests one of these."""
        self._queue.extend(answers)

    def always(self, answer: Answer) -> None:
        """Give this to every model request when the queue is empty."""
        self._always = answer

    def route(self, method: str, path: str, answer: Answer) -> None:
        """Give this to every such request."""
        self._routes[method, path] = answer

    def on(self, handler: Handler) -> Handler:
        """Ask this function first; it returns None for what it leaves to the others."""
        self._handlers.append(handler)
        return handler

    def forget(self) -> None:
        """Drop the script and the record."""
        self._queue.clear()
        self._always = None
        self._handlers.clear()
        self._routes = dict(_FIXED)
        self._arrivals.clear()
        for record in (self.requests, self.connections, self.unexpected):
            record.clear()

    # ---- what happened ----

    @property
    def port(self) -> int:
        """The port it listens on."""
        return self._port

    @property
    def origin(self) -> str:
        """`http://127.0.0.1:PORT`."""
        return f"{'https' if self._tls else 'http'}://127.0.0.1:{self._port}"

    @property
    def base_url(self) -> str:
        """`origin` with `/v1`: what a provider is configured with."""
        return f"{self.origin}/v1"

    @property
    def open_connections(self) -> int:
        """How many connections are open now."""
        return self._open

    @property
    def turns(self) -> list[Request]:
        """The model requests, in order of arrival."""
        return [request for request in self.requests if request.is_turn]

    async def turn(self, number: int = 0, *, seconds: float = WAIT_SECONDS) -> Request:
        """The model request with this number (from 0), as soon as it has arrived."""
        await self._arrival(number).wait(seconds)
        return self.turns[number]

    def turn_blocking(self, number: int = 0, *, seconds: float = WAIT_SECONDS) -> Request:
        """The same for a thread without a loop."""
        self._arrival(number).wait_blocking(seconds)
        return self.turns[number]

    def _arrival(self, number: int) -> Signal:
        return self._arrivals.setdefault(number, Signal(f"model request {number} arrives"))

    # ---- life ----

    async def start(self) -> None:
        """Listen on loopback."""
        loop = asyncio.get_running_loop()
        self._server = await loop.create_server(
            lambda: _Link(self), "127.0.0.1", self._port, ssl=self._tls, backlog=512
        )
        self._port = self._server.sockets[0].getsockname()[1]

    async def aclose(self) -> None:
        """Stop listening and drop every connection."""
        if self._server is not None:
            self._server.close()
        for link in list(self._links.values()):
            link.drop()
        await asyncio.gather(*self._links, return_exceptions=True)

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def __enter__(self) -> Self:
        self._thread = _LoopThread()
        self._thread.call(self.start())
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        assert self._thread is not None
        self._thread.call(self.aclose())
        self._thread.stop()

    # ---- one connection ----

    async def _serve(self, link: "_Link", reader: asyncio.StreamReader, writer: "Writer") -> None:
        while (request := await read_request(reader, link.connection)) is not None:
            answer = await self.controller(request) if self.controller else None
            if answer is None:
                self._record(request, link)
                answer = self._answer_to(request)
            stays_open = await send(answer, request, writer)
            if not stays_open or request.headers.get("connection", "").lower() == "close":
                return

    def _record(self, request: Request, link: "_Link") -> None:
        if not link.counted:
            link.counted = True
            request.connection.number = len(self.connections)
            self.connections.append(request.connection)
            self._open += 1
            self.peak_connections = max(self.peak_connections, self._open)
        self.requests.append(request)
        if request.is_turn:
            self._arrival(len(self.turns) - 1).set()

    def _answer_to(self, request: Request) -> Answer:
        for handler in self._handlers:
            if (answer := handler(request)) is not None:
                return answer
        if (routed := self._routes.get((request.method, request.path))) is not None:
            return routed
        if request.is_turn and self._queue:
            return self._queue.popleft()
        if request.is_turn and self._always is not None:
            return self._always
        self.unexpected.append(request)
        status = 500 if request.is_turn else 404
        return error_answer(status, f"nothing is scripted for {request.method} {request.target}")


_FIXED = {
    ("GET", "/v1/models"): models_answer("test-model"),
    ("GET", "/health"): json_answer({"status": "ok"}),
    ("GET", "/props"): json_answer({"total_slots": 4, "default_generation_settings": {}}),
    ("GET", "/api/version"): json_answer({"version": "0.13.5"}),
}


class _Link(asyncio.StreamReaderProtocol):
    """The protocol of one connection: it sees the client hang up even while nothing is read."""

    def __init__(self, server: ModelServer) -> None:
        self._owner = server
        # Not `_task`: that name is the base class's, which forgets it when the client hangs up.
        self._serving: asyncio.Task[None] | None = None
        self._closed_here = False
        self.counted = False
        self.connection = Connection(number=-1, opened_at=time.perf_counter())
        self._reader = asyncio.StreamReader(limit=_READ_LIMIT)
        super().__init__(self._reader)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(transport)
        assert isinstance(transport, asyncio.Transport)
        loop = asyncio.get_running_loop()
        self._link_transport = transport
        stream = asyncio.StreamWriter(transport, self, self._reader, loop)
        self._serving = loop.create_task(self._run(stream))
        self._owner._links[self._serving] = self
        self._serving.add_done_callback(self._owner._links.pop)

    def drop(self) -> None:
        """Close it from this side, at once."""
        assert self._serving is not None
        self._closed_here = True
        self._serving.cancel()
        self._link_transport.abort()

    async def _run(self, stream: asyncio.StreamWriter) -> None:
        try:
            with suppress(ConnectionError, asyncio.IncompleteReadError):
                writer = Writer(stream, self.connection)
                await self._owner._serve(self, self._reader, writer)
        finally:
            self._closed_here = True
            stream.close()

    def eof_received(self) -> bool | None:
        self.connection.hung_up.set()
        return super().eof_received()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self._closed_here:
            self.connection.hung_up.set()
        if self.counted:
            self._owner._open -= 1
        super().connection_lost(exc)


class _LoopThread:
    """An event loop in a thread of its own."""

    def __init__(self) -> None:
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="model-server")
        self._thread.start()

    def call(self, work: Coroutine[Any, Any, None]) -> None:
        """Run `work` there and wait for it."""
        asyncio.run_coroutine_threadsafe(work, self._loop).result(WAIT_SECONDS)

    def stop(self) -> None:
        """End the loop and its thread."""
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(WAIT_SECONDS)
        self._loop.close()


if __name__ == "__main__":
    from tests.support.model_control import main

    main()
