"""A broken setup: a home, an environment, and real servers on real sockets that behave badly."""

import socket
import ssl
import threading
from collections.abc import Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from codex_ls.doctor.check import Check
from codex_ls.doctor.doctor_context import Patience
from codex_ls.doctor.examine import examine
from codex_ls.providers.origin import AskSecret
from tests.support.answers import Answer, json_answer
from tests.support.model_server import ModelServer
from tests.support.streams import chat_stream

QUICK = Patience(ask_s=1.0, answer_s=10.0, free_s=0.5, slow_first_word_ms=2_000)
NOTHING = json_answer({"error": {"message": "not found"}}, status=404)
OK = chat_stream(reasoning=["hm"], content=["OK"])


@dataclass
class World:
    """What one row of the table arranges. `names` are the values for the catalogue's braces."""

    home: Path
    stack: AsyncExitStack
    env: dict[str, str] = field(default_factory=dict)
    ports: tuple[int, ...] = ()
    profile: str | None = None
    local_only: bool = False
    patience: Patience = QUICK
    ask_secret: AskSecret | None = None
    names: dict[str, object] = field(default_factory=dict)

    def write(self, text: str) -> None:
        """config.toml."""
        (self.home / "config.toml").write_text(text)

    def configure(
        self, base_url: str, *, model: str = "test-model", provider: str = "fake", more: str = ""
    ) -> None:
        """One provider, in use without a profile."""
        self.write(
            f'model = "{model}"\nmodel_provider = "{provider}"\n\n'
            f'[model_providers.{provider}]\nname = "Fake"\nbase_url = "{base_url}"\n{more}\n'
        )

    async def server(self, *, tls: ssl.SSLContext | None = None, **routes: Answer) -> ModelServer:
        """A model server without anything of llama.cpp; `GET /a` is written `a`."""
        server = await self.stack.enter_async_context(ModelServer(tls=tls))
        for path in ("/props", "/health", "/api/version"):
            server.route("GET", path, NOTHING)
        for path, answer in routes.items():
            server.route("GET", path, answer)
        server.always(OK)
        self.names["port"] = server.port
        return server

    def listen(self, serve: Callable[[socket.socket], None], host: str = "127.0.0.1") -> int:
        """Something else that listens; returns its port."""
        listener = self.stack.enter_context(Listener(serve, host))
        self.names["port"] = listener.port
        return listener.port

    async def examine(self, *, with_discovery: bool = False) -> list[Check]:
        """Every check."""
        env = {"CODEX_HOME": str(self.home), "HOME": str(self.home.parent), **self.env}
        return [
            check
            async for check in examine(
                env=env,
                profile=self.profile,
                local_only=self.local_only,
                ports=self.ports,
                patience=self.patience,
                ask_secret=self.ask_secret,
                with_discovery=with_discovery,
            )
        ]


class Listener:
    """Listens in threads of its own, one for each connection, until it is left."""

    def __init__(self, serve: Callable[[socket.socket], None], host: str) -> None:
        self._serve = serve
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, 0), family=family)
        self.port: int = self._socket.getsockname()[1]
        self._connections: list[socket.socket] = []
        self._threads = [threading.Thread(target=self._accept)]

    def __enter__(self) -> Self:
        self._threads[0].start()
        return self

    def __exit__(self, *_: object) -> None:
        with suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        accepting = self._threads[0]
        accepting.join()  # from here on nobody comes: whoever was let in is shut down below
        self._socket.close()
        for connection in self._connections:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join()
        for connection in self._connections:
            connection.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                self._connections.append(connection)
                thread = threading.Thread(target=self._run, args=(connection,))
                self._threads.append(thread)
                thread.start()

    def _run(self, connection: socket.socket) -> None:
        with suppress(OSError):
            self._serve(connection)
            connection.shutdown(socket.SHUT_RDWR)


def forwarder(port: int) -> Callable[[socket.socket], None]:
    """Serves by handing every byte on to a port of 127.0.0.1."""

    def pump(source: socket.socket, target: socket.socket) -> None:
        with suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        with suppress(OSError):
            target.shutdown(socket.SHUT_RDWR)

    def serve(connection: socket.socket) -> None:
        with socket.create_connection(("127.0.0.1", port)) as there:
            back = threading.Thread(target=pump, args=(there, connection))
            back.start()
            pump(connection, there)
            back.join()

    return serve


def greeter(greeting: bytes) -> Callable[[socket.socket], None]:
    """Serves by saying this first, whoever comes."""

    def serve(connection: socket.socket) -> None:
        connection.sendall(greeting)
        hang(connection)

    return serve


def proxy_that_says(head: bytes) -> Callable[[socket.socket], None]:
    """Serves as a proxy that answers every request itself."""

    def serve(connection: socket.socket) -> None:
        received = b""
        while b"\r\n\r\n" not in received and (data := connection.recv(65536)):
            received += data
        connection.sendall(head)

    return serve


def hang(connection: socket.socket) -> None:
    """Reads everything and says nothing."""
    while connection.recv(65536):
        pass


def free_port() -> int:
    """A port at which nothing listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
