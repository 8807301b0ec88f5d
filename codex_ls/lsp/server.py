"""`codex-ls serve`: the language server on standard input and output, or on a loopback address.

On standard input `initialize` is answered before pygls is imported, for that takes most of the start;
what the client sends meanwhile waits in the pipe. Standard output belongs to the protocol alone:
whatever else this process or a child of it prints goes to standard error.
"""

import gc
import os
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from codex_ls.lsp.framing import Incoming, MessageReader, encode
from codex_ls.lsp.handshake import Client, initialize_result, read_client

_CHUNK_BYTES = 64 * 1024
_EXIT_GRACE_S = 0.5


@dataclass(slots=True)
class Greeting:
    """What came before the heavy parts were there."""

    reader: MessageReader = field(default_factory=MessageReader)
    client: Client | None = None
    """Set if `initialize` came first, made sense, and has been answered."""
    backlog: list[tuple[Incoming, float]] = field(default_factory=list)
    """Messages that were read and not handled, and when."""


def run_stdio(*, overrides: Sequence[str] = (), local_only: bool = False) -> int:
    """Serve on standard input and output until the client leaves; return the exit code.

    `overrides` are `-c` options, `key=value`. The code is 0 after `shutdown` and `exit`, else 1.
    """
    if os.isatty(0):
        sys.stderr.write("codex-ls: waiting for an editor that speaks LSP here; Ctrl-D ends it.\n")
    fd_in, fd_out = _claim_stdio()
    greeting = _greet(fd_in, fd_out)
    if not greeting.backlog and greeting.client is None:
        return 1  # nobody was there
    with _loading():
        from codex_ls.lsp.listening import serve_stdio

    code = serve_stdio(fd_in, fd_out, greeting=greeting, overrides=overrides, local_only=local_only)
    _leave_soon(code)
    return code


def run_tcp(
    host: str, port: int, *, overrides: Sequence[str] = (), local_only: bool = False
) -> int:
    """Serve on a loopback address until interrupted; port 0 takes a free one.

    A client shows the token in `initializationOptions.codex.token`: the value of `CODEX_LS_TOKEN`, or
    one made up now and told on standard error. Raises InvalidParams for any other than a loopback
    address, and for one that can't be listened on.
    """
    with _loading():
        from codex_ls.lsp.listening import serve_tcp

    return serve_tcp(host, port, overrides=overrides, local_only=local_only)


def run_ws(
    host: str,
    port: int,
    *,
    allowed_origins: Sequence[str] = (),
    overrides: Sequence[str] = (),
    local_only: bool = False,
) -> int:
    """As `run_tcp`, for WebSocket clients: editors in a browser.

    A page may connect if its origin is one of `allowed_origins`. Raises InvalidParams as `run_tcp` does,
    for an origin that is none, and if the extra `ws` is not installed.
    """
    with _loading():
        from codex_ls.lsp.listening import serve_ws

    return serve_ws(
        host, port, allowed_origins=allowed_origins, overrides=overrides, local_only=local_only
    )


def _claim_stdio() -> tuple[int, int]:
    """Return private descriptors of standard input and output, and put harmless ones in their place."""
    fd_in, fd_out = os.dup(0), os.dup(1)
    nowhere = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nowhere, 0)
    os.close(nowhere)
    os.dup2(2, 1)
    if sys.platform == "win32":
        import msvcrt

        msvcrt.setmode(fd_in, os.O_BINARY)
        msvcrt.setmode(fd_out, os.O_BINARY)
    return fd_in, fd_out


def _greet(fd_in: int, fd_out: int) -> Greeting:
    """Wait for the first message; answer it if it is a good `initialize`, else leave it be."""
    greeting = Greeting()
    while not greeting.backlog:
        chunk = os.read(fd_in, _CHUNK_BYTES)
        if not chunk:
            return greeting
        messages = greeting.reader.feed(chunk)
        now = time.perf_counter()
        greeting.backlog += [(message, now) for message in messages]
    match greeting.backlog[0][0]:
        case {"method": "initialize", "id": str() | int() as message_id, "params": params}:
            client = read_client(params)
        case _:
            return greeting
    if client is not None:
        reply = {"jsonrpc": "2.0", "id": message_id, "result": initialize_result(client)}
        frame = memoryview(encode(reply))
        while frame:
            frame = frame[os.write(fd_out, frame) :]
        greeting.client = client
        del greeting.backlog[0]
    return greeting


@contextmanager
def _loading() -> Iterator[None]:
    """Around the import of what stays until the end: it is then out of the collector's sight.

    Meanwhile there are few collections. Without any, what the modules throw away while they are loaded
    would stay too: 9 MiB.
    """
    usual = gc.get_threshold()
    gc.set_threshold(5_000, *usual[1:])
    yield
    gc.freeze()
    gc.set_threshold(*usual)


def _leave_soon(code: int) -> None:
    """See to it that the process ends, even if a thread hangs in a look-up of a name."""
    import threading

    timer = threading.Timer(_EXIT_GRACE_S, os._exit, args=(code,))
    timer.daemon = True
    timer.start()
