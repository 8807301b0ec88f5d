"""A turn that a client asked for, from its request to its one reply.

The promise kept here: every request is answered once. What is wrong before the turn begins is an error
and no progress; after `begin` there is one `done`, then the reply, then nothing.
"""

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from codex_ls.agent.client_tools import CallReasoning
from codex_ls.config.model_settings import ModelSettings
from codex_ls.errors import CodexError, Unauthorized
from codex_ls.events import Effort, Notice, Noticed, Timing, TurnFinished, TurnStarted
from codex_ls.lsp.agent_turns import AgentTurns, Questions
from codex_ls.lsp.cancelling import is_broken_off, to_its_end
from codex_ls.lsp.client_requests import Secrets
from codex_ls.lsp.documents import Documents
from codex_ls.lsp.jsonrpc import received_at, reply_error
from codex_ls.lsp.payloads import Names, Send
from codex_ls.lsp.progress import ClientProgress
from codex_ls.lsp.remembered_turns import RememberedTurns
from codex_ls.lsp.stream import EventSink, ProgressTokens, ShownReasoning, Stream
from codex_ls.lsp.user_config import ClientSettings, check_expected, profile_of_turn
from codex_ls.protocol import ExpectedProfile, ProgressToken, Range
from codex_ls.turn.session import Session, Turn, TurnRequest

T = TypeVar("T")
ResultT = TypeVar("ResultT")
OpenSink = Callable[[ModelSettings, ShownReasoning], Awaitable[EventSink]]
ModelFor = Callable[[str | None], str | None]


@dataclass(frozen=True, slots=True)
class ExecContext:
    """What a turn needs of the client that asks it."""

    session: Session
    secrets: Secrets
    settings: ClientSettings
    documents: Documents
    progress: ClientProgress
    turns: RememberedTurns
    agents: AgentTurns
    call_reasoning: CallReasoning


class TurnParams(Protocol):
    """What every request for a turn may name."""

    @property
    def profile(self) -> str | None:
        """A profile of config.toml."""

    @property
    def model(self) -> str | None:
        """Another model than the profile's."""

    @property
    def effort(self) -> Effort | None:
        """Another effort than the profile's."""

    @property
    def expected(self) -> ExpectedProfile | None:
        """Who the user was shown as the one that answers."""

    @property
    def work_done_token(self) -> ProgressToken | None:
        """LSP's token."""

    @property
    def partial_result_token(self) -> ProgressToken | None:
        """LSP's other token."""


class ClientTurn(ABC, Generic[ResultT]):
    """One request for a turn, until its reply; cancelling the task that it runs in ends the turn."""

    def __init__(
        self,
        context: ExecContext,
        params: TurnParams,
        *,
        open_sink: OpenSink | None = None,
        model_for: ModelFor | None = None,
        questions: Questions | None = None,
    ) -> None:
        """`open_sink` gives what takes the events, in the place of `codex/*` progress.

        `model_for` gives the model for a profile, or None for its own, where the request names none.

        `questions` ask the user of a turn that acts, in the place of `codex/approve`.
        """
        self.context = context
        self.questions = questions or context.agents.questions()
        self.notices: tuple[Notice, ...] = ()
        self._tokens = ProgressTokens.of(
            work_done=params.work_done_token, partial=params.partial_result_token
        )
        self._open_sink = open_sink
        self._model_for = model_for
        self._received_at = received_at.get()
        self._stop = asyncio.Event()
        self._names = Names()

    @abstractmethod
    async def answer(self) -> ResultT:
        """Return the result. Raises CodexError."""

    async def reply(self) -> ResultT:
        """Return the result. Raises JsonRpcException."""
        try:
            with self.context.progress.held(self._tokens.typed, self._tokens.status):
                return await self.answer()
        except CodexError as error:
            raise reply_error(error, self._names) from None

    async def run(
        self,
        request: TurnRequest,
        settings: ModelSettings,
        shown: ShownReasoning,
        *,
        place: Range | None = None,
    ) -> tuple[TurnStarted, TurnFinished]:
        """Run a turn with its progress; `place` is what its answer is about.

        Returns its first and its last event. Raises the turn's error.
        """
        progress, tokens = self.context.progress, self._tokens
        async with AsyncExitStack() as stack:
            sink: EventSink | None = None
            send: Send = progress.send
            if (open_sink := self._open_sink) is not None:
                sink = await self.unless_cancelled(lambda: open_sink(settings, shown))
            elif tokens.typed is None:
                created = progress.create()
                if created is not None:
                    send, tokens = created.send, ProgressTokens(typed=created.token)
                    stack.push_async_callback(lambda: to_its_end(created.settle()))
                    stack.enter_context(progress.held(created.token))
            sink = sink or Stream(
                send=send,
                tokens=tokens,
                names=self._names,
                shown=shown,
                place=place,
                sends_calls=request.tools is not None and request.tools.takes_calls,
            )
            stack.callback(sink.close)
            turn = self.context.session.start(request, settings, received_at=self._received_at)
            started, finished = await self._run(turn, sink)
        if finished.error is not None:
            if isinstance(finished.error, Unauthorized):
                self.context.secrets.forget(settings.provider.id)
            raise finished.error
        return started, finished

    async def settings(
        self, params: TurnParams, uri: str | None
    ) -> tuple[ModelSettings, ShownReasoning]:
        """Return what the turn runs with, and which of its thinking is shown.

        `uri` is the document whose folder's settings apply.
        """
        client = self.context.settings
        await self.unless_cancelled(client.scopes.settle)
        workspace = client.scopes.settings_for(uri)
        self.notices = client.scopes.new_notices(workspace)
        self._names = Names(profile=params.profile or workspace.profile)
        config, model = client.config(), params.model
        self.notices += config.problems  # what the shell warns about, an editor's user reads too
        if model is None and self._model_for is not None:
            profile = profile_of_turn(config, workspace, profile=params.profile)
            model = self._model_for(profile)
        settings = client.of_turn(
            workspace, profile=params.profile, model=model, effort=params.effort
        )
        self._names = Names.of(settings)
        check_expected(params.expected, settings)
        visible = not settings.hide_reasoning and workspace.thinking_show != "hidden"
        return settings, ShownReasoning(
            raw=visible and settings.show_raw_reasoning and workspace.thinking_show != "summary",
            summary=visible,
        )

    async def unless_cancelled(self, wait: Callable[[], Awaitable[T]]) -> T | None:
        """Return what is waited for; None once the client has cancelled: the turn reports it."""
        if self._stop.is_set():
            return None
        try:
            return await wait()
        except asyncio.CancelledError:
            if is_broken_off():
                raise
            self._stop.set()
            return None

    async def _run(self, turn: Turn, sink: EventSink) -> tuple[TurnStarted, TurnFinished]:
        """Return the first and the last event of the turn, which the client may end before its time.

        Its end is still reported, and answered; so the turn runs in a task that the client can't cancel.
        """
        following = asyncio.ensure_future(self._follow(turn, sink))
        try:
            if not self._stop.is_set():
                return await asyncio.shield(following)
        except asyncio.CancelledError:
            if is_broken_off():
                following.cancel()
                await asyncio.gather(following, return_exceptions=True)
                raise
        self._stop.set()
        turn.cancel()
        return await following

    async def _follow(self, turn: Turn, sink: EventSink) -> tuple[TurnStarted, TurnFinished]:
        """Hand on every event of the turn as it comes; return its first and its last."""
        outbox = self.context.progress.outbox
        started: TurnStarted | None = None
        try:
            async with aclosing(turn):
                async for event in turn:
                    sink.handle(event)
                    if isinstance(event, TurnStarted):
                        started = event
                        self.questions.thread_id = event.thread_id
                        self.questions.turn_id = event.turn_id
                        for notice in self.notices:
                            sink.handle(Noticed(notice))
                    elif isinstance(event, TurnFinished):
                        assert started is not None
                        return started, event
                    if outbox.congested:
                        await self._first_of(outbox.room(), self._stop.wait())
            raise AssertionError("a turn ended without its last event")  # noqa: TRY301
        except Exception as error:
            if started is not None and not isinstance(error, CodexError):
                sink.handle(self._broken())
            raise

    async def _first_of(self, *waits: Awaitable[object]) -> None:
        tasks = [asyncio.ensure_future(wait) for wait in waits]
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in tasks:
                task.cancel()

    def _broken(self) -> TurnFinished:
        """Return the end of a turn that a bug of ours has cut: the client still gets its `done`."""
        total_ms = round((time.perf_counter() - self._received_at) * 1000)
        return TurnFinished("failed", "other", "", "", Timing(total_ms=total_ms))
