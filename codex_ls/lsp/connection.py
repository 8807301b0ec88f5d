"""One client, from `initialize` to the end: what its requests share, and who owns their tasks.

Whatever ends the connection (`exit`, the end of input, the death of the client's process, a client that
takes nothing more) ends every turn, and with it every connection to a model server, before `serve`
returns.
"""

import asyncio
import logging
import os
import uuid
from collections.abc import AsyncIterable, Coroutine, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from codex_ls.errors import CodexError
from codex_ls.lsp import methods, protocol
from codex_ls.lsp.abilities import Abilities
from codex_ls.lsp.answer_folder import AnswerFolder
from codex_ls.lsp.context import Snapshot
from codex_ls.lsp.documents import read_from_disk
from codex_ls.lsp.endpoint import Endpoint, Listener
from codex_ls.lsp.exec import reply_error
from codex_ls.lsp.folders import Folders
from codex_ls.lsp.framing import Incoming
from codex_ls.lsp.handlers import HANDLERS, Handler
from codex_ls.lsp.handshake import Client
from codex_ls.lsp.inbox import Arrival
from codex_ls.lsp.open_documents import OpenDocuments
from codex_ls.lsp.outbox import Outbox
from codex_ls.lsp.payloads import Names
from codex_ls.lsp.process_watch import process_gone
from codex_ls.lsp.replies import ReplyError
from codex_ls.lsp.request import Cancelled, Request
from codex_ls.lsp.running_commands import RunningCommands
from codex_ls.lsp.scopes import Item, Scopes
from codex_ls.lsp.secrets import Secrets
from codex_ls.lsp.tokens import RunningTokens
from codex_ls.lsp.uris import local_path
from codex_ls.lsp.user_config import UserConfig
from codex_ls.lsp.warm_up import warm_up
from codex_ls.turn.session import Session

logger = logging.getLogger(__name__)

END_TIMEOUT_S = 0.4
"""How long turns may take to tell their end, and then the client to take it, once all is over."""

CREATE_TIMEOUT_S = 1.0

MAX_IN_A_ROW = 16
"""So many notifications are handled before the turns go on. One at a time, a cancel behind a hundred
edits would wait for a hundred rounds of every turn that streams."""


class Connection:
    """Serves one client; handlers find here what they need."""

    def __init__(
        self,
        outbox: Outbox,
        *,
        user_config: UserConfig,
        env: Mapping[str, str] = os.environ,
        token: str | None = None,
    ) -> None:
        """`token` is what the client must show in `initialize`, if anything."""
        self.outbox = outbox
        self.user_config = user_config
        self.endpoint = Endpoint(
            outbox,
            handlers={
                method: partial(self._answer, handler) for method, handler in HANDLERS.items()
            },
            listeners=self._listeners(),
            on_client=self._on_client,
            start_task=self.start_task,
            token=token,
        )
        self.secrets = Secrets(self.endpoint.questions.ask)
        self.session = Session(env=env, ask_secret=self.secrets.ask)
        self.tokens = RunningTokens()
        self.folders = Folders({})
        self.documents = OpenDocuments(position_encoding="utf-16")
        self.scopes = Scopes(ask=None, folders=dict)
        self.trusted = True
        self.abilities = Abilities()
        self.commands = RunningCommands(AnswerFolder(env))
        self.env = env
        self._position_encoding = "utf-16"
        self._tasks: set[asyncio.Task[None]] = set()
        self._process_id: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    def _listeners(self) -> dict[str, Listener]:
        return {
            methods.INITIALIZED: self._on_initialized,
            methods.PROGRESS_CANCEL: self._on_progress_cancel,
            methods.DID_CHANGE_CONFIGURATION: self._on_settings,
            methods.DID_CHANGE_FOLDERS: self._on_folders,
            protocol.DID_CHANGE_TRUST: self._on_trust,
            methods.DID_OPEN: partial(self._on_document, methods.DID_OPEN),
            methods.DID_CHANGE: partial(self._on_document, methods.DID_CHANGE),
            methods.DID_CLOSE: partial(self._on_document, methods.DID_CLOSE),
        }

    # ---- from the first message to the last ----------------------------------------------------

    async def serve(self, inbox: AsyncIterable[Arrival], *, stop: asyncio.Event) -> int:
        """Handle messages until the connection ends or `stop` is set; return the exit code."""
        async with self.session:
            waits = (self._handle(inbox), self._client_gone(), stop.wait())
            ends = [asyncio.ensure_future(wait) for wait in waits]
            try:
                done, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
                for end in done:
                    end.result()
            finally:
                for end in ends:
                    end.cancel()
                await asyncio.gather(*ends, return_exceptions=True)
                await self._end_everything()
        if self.endpoint.exit_code is not None:
            return self.endpoint.exit_code
        return 0 if self.endpoint.is_shut_down else 1

    async def _handle(self, inbox: AsyncIterable[Arrival]) -> None:
        in_a_row = 0
        async for arrival in inbox:
            self.endpoint.handle_message(arrival.message, received_at=arrival.received_at)
            if self.endpoint.exit_code is not None:
                return
            if self.documents.is_far_behind:
                await self.documents.catch_up()
            in_a_row += 1
            if in_a_row == MAX_IN_A_ROW or _is_request(arrival.message):
                # Let a handler begin: it looks at the documents before the next edit changes them.
                in_a_row = 0
                await asyncio.sleep(0)

    async def _end_everything(self) -> None:
        self.endpoint.cancel_all()
        self.commands.stop()
        await self.scopes.aclose()
        await self.documents.aclose()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=END_TIMEOUT_S)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self.commands.answers.close()
        await self.outbox.close(timeout_s=END_TIMEOUT_S)

    def start_task(self, coroutine: Coroutine[Any, Any, None]) -> None:
        """Run something until it ends or the connection does."""
        task = asyncio.create_task(coroutine)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    # ---- what the client tells -----------------------------------------------------------------

    def _on_client(self, client: Client) -> None:
        self.trusted = client.trusted
        self.abilities = Abilities.of(client)
        self.secrets.enabled = client.answers_secrets
        self.folders = Folders(client.params)
        self.documents = OpenDocuments(position_encoding=client.position_encoding)
        self.scopes = Scopes(
            ask=self._ask_settings if client.can_be_asked_for_settings else None,
            folders=lambda: self.folders.paths,
            options=client.options,
        )
        self._position_encoding = client.position_encoding
        self._process_id.set_result(client.process_id)
        warm_up(self.user_config, self.session.http)

    async def _client_gone(self) -> None:
        await process_gone(await self._process_id)

    def _on_initialized(self, _params: object) -> None:
        client = self.endpoint.client
        if client is not None and client.registers_for_settings:
            self.start_task(self._register_for_settings())
        self.scopes.refresh()

    async def _register_for_settings(self) -> None:
        """Ask to be told when settings change; without it some clients stay silent."""
        registration = {
            "id": str(uuid.uuid4()),
            "method": methods.DID_CHANGE_CONFIGURATION,
            "registerOptions": {"section": protocol.SETTINGS_SECTION},
        }
        await self.endpoint.questions.ask(
            methods.REGISTER_CAPABILITY, {"registrations": [registration]}, default=None
        )

    def _on_settings(self, params: object) -> None:
        self.scopes.push(params.get("settings") if isinstance(params, dict) else None)

    def _on_document(self, method: str, params: object) -> None:
        self.documents.take(method, params)

    def _on_folders(self, params: object) -> None:
        self.folders.change(params)
        self.scopes.refresh()

    def _on_trust(self, params: object) -> None:
        if isinstance(params, dict) and isinstance(params.get("trusted"), bool):
            self.trusted = params["trusted"]

    def _on_progress_cancel(self, params: object) -> None:
        if isinstance(params, dict):
            self.tokens.cancel(params.get("token"))

    # ---- what the client is asked --------------------------------------------------------------

    async def _ask_settings(self, items: list[Item]) -> object:
        return await self.endpoint.questions.ask(methods.CONFIGURATION, {"items": items})

    async def create_progress(self) -> str | None:
        """Return a new work-done token that the client shows; None if it shows none."""
        client = self.endpoint.client
        if client is None or not client.shows_progress:
            return None
        token = str(uuid.uuid4())
        refused = object()
        try:
            async with asyncio.timeout(CREATE_TIMEOUT_S):
                answer = await self.endpoint.questions.ask(
                    methods.PROGRESS_CREATE, {"token": token}, default=refused
                )
        except TimeoutError:
            return None
        return None if answer is refused else token

    # ---- documents -----------------------------------------------------------------------------

    def snapshot(self, uri: str) -> Snapshot | None:
        """Return an open document as it is now; None if it is not open."""
        document = self.documents.get(uri)
        if document is None:
            return None
        return self._snapshot(uri, document.source, language=document.language_id)

    def version(self, uri: str) -> int | None:
        """Return the version of an open document; None if it is not open."""
        document = self.documents.get(uri)
        return None if document is None else document.version

    async def read_snapshot(self, uri: str) -> Snapshot:
        """Return a document of the workspace from disk. Raises InvalidParams."""
        roots = tuple(self.folders.paths.values())
        return self._snapshot(uri, await asyncio.to_thread(read_from_disk, uri, roots))

    def named_snapshot(self, uri: str) -> Snapshot:
        """Return a document of which nothing but its name is known."""
        return self._snapshot(uri, "")

    def folder(self, uri: str | None) -> Path | None:
        """Return the workspace folder of a document, or the first one where there is no document."""
        folder = self.scopes.folder_of(uri)
        return None if folder is None else self.folders.paths.get(folder)

    def _snapshot(self, uri: str, source: str, *, language: str | None = None) -> Snapshot:
        return Snapshot(
            source,
            encoding=self._position_encoding,
            path=local_path(uri),
            folder=self.folder(uri),
            language=language,
        )

    # ---- requests ------------------------------------------------------------------------------

    async def _answer(self, handler: Handler, request: Request) -> Any:
        try:
            if self.documents.is_behind and _is_about_a_document(request):
                caught_up = self.documents.catch_up()
                request.on_cancel(partial(_end_wait, caught_up))
                await caught_up
            return await handler(self, request)
        except CodexError as error:
            raise reply_error(error, Names()) from None
        except Cancelled:
            raise ReplyError(protocol.REQUEST_CANCELLED, "Cancelled") from None


def _is_request(message: Incoming) -> bool:
    return isinstance(message, dict) and "id" in message and "method" in message


def _is_about_a_document(request: Request) -> bool:
    """Whether a request names a document, or is a command, which may."""
    names_one = isinstance(request.params, dict) and "textDocument" in request.params
    return names_one or request.method == protocol.EXECUTE_COMMAND


def _end_wait(waiting: asyncio.Future[None]) -> None:
    if not waiting.done():
        waiting.set_result(None)
