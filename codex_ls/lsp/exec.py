"""`codex/exec`: from a request to its turn, from the turn's events to progress, and to one reply.

The promise kept here: every request is answered once. What is wrong before the turn begins is an error
and no progress; after `begin` there is one `done`, then the reply, then nothing.
"""

import time
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from typing import TYPE_CHECKING, TypeVar

from codex_ls.config.settings import ModelSettings
from codex_ls.errors import CodexError, InvalidParams, Unauthorized
from codex_ls.events import Notice, Noticed, Timing, TurnFinished, TurnStarted
from codex_ls.lsp import protocol
from codex_ls.lsp.context import Snapshot, describe
from codex_ls.lsp.params import ExecParams, parse
from codex_ls.lsp.payloads import Names, error_data, exec_result
from codex_ls.lsp.replies import ReplyError
from codex_ls.lsp.request import Cancelled, Request
from codex_ls.lsp.stream import EventSink, ShownReasoning, Stream, Tokens
from codex_ls.lsp.user_config import profile_of_turn, settings_of_turn
from codex_ls.turn.context import TurnContext
from codex_ls.turn.run import Turn, TurnRequest

if TYPE_CHECKING:
    from codex_ls.lsp.connection import Connection

T = TypeVar("T")
OpenSink = Callable[[ModelSettings, ShownReasoning], Awaitable[EventSink]]
ModelFor = Callable[[str | None], str | None]


class Exec:
    """One `codex/exec`, until its reply."""

    def __init__(
        self,
        connection: "Connection",
        request: Request,
        *,
        open_sink: OpenSink | None = None,
        model_for: ModelFor | None = None,
    ) -> None:
        """`open_sink` gives what takes the events, in the place of `codex/*` progress.

        `model_for` gives the model for a profile, or None for its own, where the request names none.
        """
        self._connection = connection
        self._request = request
        self._open_sink = open_sink
        self._model_for = model_for
        self._names = Names()
        self._notices: tuple[Notice, ...] = ()

    async def reply(self) -> protocol.ExecResult:
        """Return the result. Raises ReplyError."""
        try:
            params = parse(ExecParams, self._request.params)
            tokens = Tokens.of(work_done=params.workDoneToken, partial=params.partialResultToken)
            running = self._connection.tokens
            with running.held(self._request, tokens.typed, tokens.status):
                return await self._answer(params, tokens)
        except CodexError as error:
            raise reply_error(error, self._names) from None

    async def _answer(self, params: ExecParams, tokens: Tokens) -> protocol.ExecResult:
        # Before anything is waited for: an edit that comes behind the question is not in it.
        uri = params.textDocument.uri if params.textDocument else None
        snapshot = self._connection.snapshot(uri) if uri else None
        settings, shown = await self._settings(params, uri)
        if uri and snapshot is None:
            snapshot = await self._unless_cancelled(self._read(uri, params))
        async with AsyncExitStack() as stack:
            sink: EventSink | None = None
            if self._open_sink is not None:
                sink = await self._unless_cancelled(self._open_sink(settings, shown))
            elif tokens.typed is None:
                token = await self._unless_cancelled(self._connection.create_progress())
                tokens = Tokens(typed=token)
                stack.enter_context(self._connection.tokens.held(self._request, token))
            folder = self._connection.folder(uri)
            write = self._connection.outbox.write
            sink = sink or Stream(send=write, tokens=tokens, names=self._names, shown=shown)
            stack.callback(sink.close)
            turn = self._connection.session.start(
                TurnRequest(
                    prompt=params.prompt,
                    thread_id=params.threadId,
                    context=self._context(params, snapshot),
                    folder=None if folder is None else str(folder),
                ),
                settings,
                received_at=self._request.received_at,
            )
            self._request.on_cancel(turn.cancel)
            started, finished = await self._follow(turn, sink)
        if finished.error is not None:
            if isinstance(finished.error, Unauthorized):
                self._connection.secrets.forget(settings.provider.id)
            raise reply_error(finished.error, self._names)
        return exec_result(started, finished, self._notices)

    async def _settings(
        self, params: ExecParams, uri: str | None
    ) -> tuple[ModelSettings, ShownReasoning]:
        """Return what the turn runs with, and which of its thinking is shown."""
        connection = self._connection
        await self._unless_cancelled(connection.scopes.settle())
        workspace = connection.scopes.settings_for(uri)
        self._notices = connection.scopes.new_notices(workspace)
        self._names = Names(profile=params.profile or workspace.profile)
        config, model = connection.user_config.current(), params.model
        if model is None and self._model_for is not None:
            model = self._model_for(profile_of_turn(config, workspace, profile=params.profile))
        settings = settings_of_turn(
            config,
            workspace,
            trusted=connection.trusted,
            local_only=connection.user_config.local_only,
            profile=params.profile,
            model=model,
            effort=params.effort,
        )
        self._names = Names.of(settings)
        visible = not settings.hide_reasoning and workspace.thinking_show != "hidden"
        return settings, ShownReasoning(
            raw=visible and settings.show_raw_reasoning and workspace.thinking_show != "summary",
            summary=visible,
        )

    async def _read(self, uri: str, params: ExecParams) -> Snapshot:
        """Return a document that is not open. What a selection is of must be there; else a word
        about it is enough: the document also names the folder whose settings apply."""
        try:
            return await self._connection.read_snapshot(uri)
        except InvalidParams as error:
            if params.range is not None:
                raise
            hint = "Open it in the editor to have its text sent along."
            self._notices += (Notice("contextTruncated", error.message, hint),)
            return self._connection.named_snapshot(uri)

    def _context(self, params: ExecParams, snapshot: Snapshot | None) -> TurnContext | None:
        if snapshot is None and not params.diagnostics:
            return None
        context, notices = describe(
            snapshot or Snapshot(), params.range if snapshot else None, params.diagnostics or ()
        )
        self._notices += notices
        return context

    async def _unless_cancelled(self, awaitable: Awaitable[T]) -> T | None:
        """Return what `awaitable` gives; None once the client has cancelled: the turn tells it."""
        try:
            return await self._request.wait(awaitable)
        except Cancelled:
            return None

    async def _follow(self, turn: Turn, sink: EventSink) -> tuple[TurnStarted, TurnFinished]:
        """Hand on every event of the turn as it comes; return its first and its last."""
        outbox = self._connection.outbox
        started: TurnStarted | None = None
        try:
            async with aclosing(turn):
                async for event in turn:
                    sink.handle(event)
                    if isinstance(event, TurnStarted):
                        started = event
                        for notice in self._notices:
                            sink.handle(Noticed(notice))
                    elif isinstance(event, TurnFinished):
                        assert started is not None
                        return started, event
                    if outbox.congested:
                        await self._unless_cancelled(outbox.room())
            raise AssertionError("a turn ended without its last event")  # noqa: TRY301
        except Exception as error:
            if started is not None and not isinstance(error, CodexError):
                sink.handle(self._broken())
            raise

    def _broken(self) -> TurnFinished:
        """Return the end of a turn that a bug of ours has cut: the client still gets its `done`."""
        total_ms = round((time.perf_counter() - self._request.received_at) * 1000)
        return TurnFinished("failed", "other", "", "", Timing(total_ms=total_ms))


def reply_error(error: CodexError, names: Names) -> ReplyError:
    """Return the error reply that tells `error`."""
    if isinstance(error, InvalidParams):
        message = f"{error.message} {error.hint}" if error.hint else error.message
        return ReplyError(protocol.INVALID_PARAMS, message)
    return ReplyError(protocol.REQUEST_FAILED, error.message, error_data(error, names))
