"""A relay between a client and a model server, which notes when the answer's first word passed.

Whoever watches a screen for a real model's first word has to know the word. The relay is plain sockets
and copies bytes: it adds some tenths of a millisecond to what takes seconds.
"""

import contextlib
import json
import re
import socket
import threading
import time
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Self

from benchmarks.pieces import Chunk


@dataclass(slots=True)
class Exchange:
    """One connection: what the client sent, and what came back when."""

    request: bytearray = field(default_factory=bytearray)
    answer: list[Chunk] = field(default_factory=list)
    hung_up_at: float | None = None
    """When the client closed the connection."""

    def first_word(self) -> tuple[float, bytes] | None:
        """When the first piece of text with a letter or figure in it passed, and the piece."""
        said = b""
        for at, data in self.answer:
            said += data
            for line in said.splitlines():
                word = _word(line)
                if word is not None:
                    return at, word.encode()
        return None

    def prompt_tokens(self) -> int | None:
        """How long the prompt was, as the model server counted."""
        said = b"".join(data for _, data in self.answer)
        found = re.search(rb'"(?:prompt_tokens|input_tokens)": ?(\d+)', said)
        return int(found[1]) if found else None


def _word(line: bytes) -> str | None:
    if not line.startswith(b"data: {"):
        return None
    try:
        event: dict[str, Any] = json.loads(line[6:])
    except ValueError:
        return None  # the rest of the line is still to come
    delta: Any = event.get("delta")
    if choices := event.get("choices"):
        delta = choices[0].get("delta", {}).get("content")
    word = delta.strip() if isinstance(delta, str) else ""
    return word if any(map(str.isalnum, word)) else None


class Relay:
    """A context manager: listens on `port`, and passes everything on to the port behind it."""

    def __init__(self, upstream_port: int) -> None:
        self._upstream = ("127.0.0.1", upstream_port)
        self.exchanges: list[Exchange] = []

    def __enter__(self) -> Self:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def forget(self) -> None:
        """Drop what passed so far; connections that are kept alive go on being seen."""
        self.exchanges = [exchange for exchange in self.exchanges if exchange.hung_up_at is None]
        for exchange in self.exchanges:
            exchange.request.clear()
            exchange.answer.clear()

    def stop(self) -> None:
        """Refuse every new connection."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)  # or `accept` would go on waiting
        self._listener.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):  # the listener is closed at the end
            while True:
                client, _ = self._listener.accept()
                server = socket.create_connection(self._upstream)
                for end in (client, server):
                    end.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                exchange = Exchange()
                self.exchanges.append(exchange)
                for pump in (self._ask, self._answer):
                    threading.Thread(
                        target=pump, args=(client, server, exchange), daemon=True
                    ).start()

    def _ask(self, client: socket.socket, server: socket.socket, exchange: Exchange) -> None:
        with contextlib.suppress(OSError):
            while data := client.recv(65536):
                exchange.request += data
                server.sendall(data)
        exchange.hung_up_at = time.monotonic()
        with contextlib.suppress(OSError):
            server.shutdown(socket.SHUT_RDWR)

    def _answer(self, client: socket.socket, server: socket.socket, exchange: Exchange) -> None:
        with client, server:
            with contextlib.suppress(OSError):
                while data := server.recv(65536):
                    exchange.answer.append((time.monotonic(), data))
                    client.sendall(data)
            with contextlib.suppress(OSError):
                # Closing alone would tell the client nothing while the other thread reads from it.
                client.shutdown(socket.SHUT_RDWR)
