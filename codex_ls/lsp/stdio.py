"""Serving the editor that started this process, over a pair of pipes."""

import asyncio
import contextlib
import logging
import os
import signal
import sys
from collections.abc import Iterator, Sequence

from codex_ls.lsp.connection import Connection
from codex_ls.lsp.inbox import PipeInbox
from codex_ls.lsp.outbox import PipeOutbox
from codex_ls.lsp.user_config import UserConfig


def serve_stdio(fd_in: int, fd_out: int, *, overrides: Sequence[str], local_only: bool) -> int:
    """Serve the client at the two descriptors; return the exit code."""
    quiet_loggers()
    user_config = UserConfig(env=os.environ, overrides=overrides, local_only=local_only)

    async def serve() -> int:
        stop = asyncio.Event()
        with stopped_by_signals(stop):
            connection = Connection(PipeOutbox(fd_out, on_broken=stop.set), user_config=user_config)
            return await connection.serve(PipeInbox(fd_in), stop=stop)

    return asyncio.run(serve())


@contextlib.contextmanager
def stopped_by_signals(stop: asyncio.Event) -> Iterator[None]:
    """Set `stop` on an interrupt or a polite kill, where the platform allows."""
    loop = asyncio.get_running_loop()
    names = ("SIGINT", "SIGTERM", "SIGHUP")
    signals = [getattr(signal, name) for name in names if hasattr(signal, name)]
    installed = []
    for number in signals:
        with contextlib.suppress(NotImplementedError, ValueError, RuntimeError):
            loop.add_signal_handler(number, stop.set)
            installed.append(number)
    try:
        yield
    finally:
        for number in installed:
            loop.remove_signal_handler(number)


def quiet_loggers() -> None:
    """Log warnings to standard error, and nothing of what libraries think worth telling."""
    logging.basicConfig(
        level=logging.WARNING, stream=sys.stderr, format="codex-ls: %(levelname)s %(message)s"
    )
    for name in ("pygls", "httpx", "httpcore", "asyncio", "websockets"):
        logging.getLogger(name).setLevel(logging.WARNING)
