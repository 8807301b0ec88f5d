"""`$/progress` of one client: its tokens, what runs under them, and work-done progress."""

import asyncio
import logging
import time
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any, Protocol

from lsprotocol import types
from pygls.capabilities import get_capability
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from codex_ls.lsp.cancelling import cancel_once
from codex_ls.lsp.payloads import Payload, Send
from codex_ls.protocol import ProgressToken

# ---- progress on a token of ours -----------------------------------------------------------------
#
# Progress on a token that the server made up: kept back until the client has said that it shows it.
#
# LSP 3.17, "Server Initiated Progress", wants no progress on a token whose creation failed. Waiting
# for the answer would cost every question a round trip, and a second where a client never answers; so
# the turn begins at once, and its progress follows when the answer is there.


logger = logging.getLogger(__name__)

CREATE_TIMEOUT_S = 1.0
"""A client that has not answered by then gets no progress on this token."""

GRACE_S = 0.25
"""So long after the request for a token a turn that is over still waits for its answer."""


class CreatedProgress:
    """One such token. `send` takes a message, and hands it on when the client has agreed."""

    def __init__(
        self,
        token: str,
        *,
        ask: Callable[[], Awaitable[bool]],
        send: Callable[..., None],
        grace_s: float = GRACE_S,
    ) -> None:
        """`ask` asks the client, and gives whether it shows the token."""
        self.token = token
        self._was_answered = False
        self._send = send
        self._kept: list[tuple[Any, ...]] | None = []
        self._is_shown = False
        self._grace_until = time.monotonic() + grace_s
        self._answer = asyncio.ensure_future(self._wait(ask))

    def send(self, *message: Any) -> None:
        """Send one message, now or when the client has agreed; nothing if it has not."""
        if self._is_shown:
            self._send(*message)
        elif self._kept is not None:
            self._kept.append(message)

    @property
    def was_in_vain(self) -> bool:
        """Whether the client said neither yes nor no for as long as it was waited for."""
        return self._answer.done() and not self._was_answered

    async def settle(self) -> None:
        """Wait for the client's answer, a moment at most; after this nothing more is sent late."""
        left = self._grace_until - time.monotonic()
        if not self._answer.done() and left > 0:
            await asyncio.wait((self._answer,), timeout=left)
        self._answer.cancel()
        await asyncio.gather(self._answer, return_exceptions=True)
        self._kept = None

    async def _wait(self, ask: Callable[[], Awaitable[bool]]) -> None:
        try:
            async with asyncio.timeout(CREATE_TIMEOUT_S):
                self._is_shown = await ask()
            self._was_answered = True
        except TimeoutError:
            logger.debug("the client did not answer window/workDoneProgress/create")
        finally:
            kept, self._kept = self._kept or [], None
        if self._is_shown:
            for message in kept:
                self._send(*message)


# ---- progress of one client ----------------------------------------------------------------------


class Outbox(Protocol):
    """Where messages for one client go: a writer for pygls that never blocks."""

    @property
    def congested(self) -> bool:
        """True while more waits than a turn may add to."""

    def write(self, data: bytes) -> None:
        """Send `data` after all that was written earlier. Never blocks, never raises."""

    async def room(self) -> None:
        """Wait until no longer congested, or until the client is gone."""

    async def close(self, *, timeout_s: float = 0.0) -> None:
        """Give what is queued `timeout_s` to leave, then take no more."""


class ClientProgress:
    """Sends progress, and cancels what the client wants to have cancelled by its token."""

    def __init__(self, server: LanguageServer, outbox: Outbox) -> None:
        self.outbox = outbox
        self._server = server
        self._created: CreatedProgress | None = None
        self._tasks: dict[ProgressToken, list[asyncio.Task[Any]]] = {}

    def send(self, token: ProgressToken | None, value: Payload) -> None:
        """Send one value; nothing without a token."""
        if token is not None:
            self._server.progress(types.ProgressParams(token=token, value=value))

    def create(self) -> CreatedProgress | None:
        """Return progress on a new token, for which the client is asked; None if it shows none."""
        if not get_capability(self._server.client_capabilities, "window.work_done_progress"):
            return None
        # Whoever has not answered the last time is not waited for again.
        in_vain = self._created is not None and self._created.was_in_vain
        token = str(uuid.uuid4())
        self._created = CreatedProgress(
            token,
            ask=partial(self._create, token),
            send=self.send,
            grace_s=0.0 if in_vain else GRACE_S,
        )
        return self._created

    async def _create(self, token: str) -> bool:
        params = types.WorkDoneProgressCreateParams(token=token)
        try:
            await self._server.window_work_done_progress_create_async(params)
        except JsonRpcException:
            return False
        return True

    @contextmanager
    def held(self, *tokens: ProgressToken | None) -> Iterator[None]:
        """Let `tokens` stand for the task that runs, meanwhile.

        pygls knows one request a token; a client that uses one twice cancels both.
        """
        task = asyncio.current_task()
        assert task is not None
        ours = {token for token in tokens if token is not None}
        for token in ours:
            self._tasks.setdefault(token, []).append(task)
        try:
            yield
        finally:
            for token in ours:
                self._tasks[token].remove(task)
                if not self._tasks[token]:
                    del self._tasks[token]

    def cancel(self, token: ProgressToken) -> None:
        """Cancel what runs under a token; nothing, if it is unknown or finished."""
        for task in tuple(self._tasks.get(token, ())):
            cancel_once(task)


# ---- work-done progress --------------------------------------------------------------------------


class WorkDoneProgress:
    """One piece of work on a work-done token; without a token it says nothing."""

    def __init__(self, send: Send, token: ProgressToken | None) -> None:
        self._send = send
        self._token = token
        self._last: Payload = {}

    def begin(self, title: str, *, message: str | None = None) -> None:
        """Say what is done, and how far it is: in words where no percentage will be known."""
        begin: Payload = {"kind": "begin", "title": title, "cancellable": True}
        self._tell(begin | ({"percentage": 0} if message is None else {"message": message}))

    def report(self, message: str, *, percentage: int | None = None) -> None:
        """Say how far it is; what was said already is not said again."""
        value: Payload = {"kind": "report", "message": message}
        if percentage is not None:
            value["percentage"] = percentage
        if value != self._last:
            self._last = value
            self._tell(value)

    def end(self, message: str) -> None:
        """Say what came of it."""
        self._tell({"kind": "end", "message": message})

    def _tell(self, value: Payload) -> None:
        self._send(self._token, value)
