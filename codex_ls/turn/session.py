"""Turns, from a question to its last event, and what the turns of one process share.

::

    Session.start(request, settings) -> Turn -> TurnStarted, ..., TurnFinished

A turn asks (`turn/request`), hands on what the wire says the moment it says it (`turn/record`), and ends
in exactly one `TurnFinished`, whatever happened: invariant 9, every failure keeps the text that had
arrived. Nothing is read from the socket before the last piece was taken from here.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import (
    AsyncGenerator,
    AsyncIterator,
    Awaitable,
    Callable,
    Coroutine,
    Iterator,
    Mapping,
)
from contextlib import AsyncExitStack, aclosing
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from codex_ls.config.address import is_loopback, origin
from codex_ls.config.profile import ModelSettings
from codex_ls.errors import CodexError, LocalOnly, UnknownThread
from codex_ls.events import (
    Event,
    ItemChanged,
    ItemOutput,
    Notice,
    RetryScheduled,
    Status,
    StreamFinished,
    TurnFinished,
    TurnStarted,
    WireEvent,
)
from codex_ls.providers.origin import AskSecret, credentials, refused
from codex_ls.sanitize import sanitize
from codex_ls.turn.clock import TurnClock
from codex_ls.turn.interrupt import Interrupt, Interrupted
from codex_ls.turn.journal import Journal
from codex_ls.turn.model_servers import ModelServers
from codex_ls.turn.prompt_context import TurnContext, prompt_with_context, system_prompt
from codex_ls.turn.record import TurnRecord
from codex_ls.turn.request import RequestLoop
from codex_ls.turn.thread import PastTurn, Thread, new_id, read_image
from codex_ls.turn.thread_repository import ThreadRepository
from codex_ls.wire import Image, Message, ModelCall, broken_off, cut_off

if TYPE_CHECKING:
    from codex_ls.providers.client import HttpClient
    from codex_ls.turn.tracing import Sender, Tracing

logger = logging.getLogger(__name__)


class Tools(Protocol):
    """What runs the tool calls of a turn (`agent/agent` does)."""

    @property
    def steps(self) -> tuple[Message, ...]:
        """The messages between the question and the answer."""

    @property
    def last_text(self) -> str:
        """The answer, without what the model said before its calls."""

    @property
    def takes_calls(self) -> bool:
        """Whether the calls among the events are for someone else to run."""

    def system_prompt(self, settings: ModelSettings) -> str:
        """Return the system text."""

    def run(
        self,
        ask: Callable[[ModelCall], AsyncGenerator[WireEvent | RetryScheduled, None]],
        call: ModelCall,
        *,
        turn_id: str,
        wait: Callable[[Coroutine[Any, Any, Any]], Awaitable[Any]],
    ) -> AsyncGenerator[WireEvent | RetryScheduled | ItemChanged | ItemOutput, None]:
        """Yield everything between the turn's first event and its last, `StreamFinished` last."""


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """What is asked: the user's words, and what they are about."""

    prompt: str
    thread_id: str | None = None
    """The thread to go on with; None begins a new one."""
    replaces: str | None = None
    """The turn of that thread that this one takes the place of: it is no longer part of the thread."""
    context: TurnContext | None = None
    attached: tuple[TurnContext, ...] = ()
    """Files and parts of files that go along."""
    images: tuple[Path | Image, ...] = ()
    """Pictures, or the files that they are read from."""
    output_schema: Mapping[str, Any] | None = None
    is_fork: bool = False
    """Go on with a copy of the thread, and leave the thread as it is."""
    is_plain: bool = False
    """A file or a program gets the answer: it is asked for as plain text."""
    folder: str | None = None
    """Where the user works: a new thread is remembered as one of this folder."""
    tools: Tools | None = None
    """What the model may do besides answering; None: nothing, and it is told of nothing."""
    is_kept: bool = True
    """Whether the conversation is kept, in memory and on disk; False: the client has it."""


class Turn:
    """One turn: an async iterator of events, `TurnStarted` first, one `TurnFinished` last.

    Iterating raises MissingCredential, LocalOnly or InvalidParams before `TurnStarted`, and nothing
    after it: a failure is then a `TurnFinished`.
    """

    def __init__(
        self,
        session: Session,
        thread: Thread,
        request: TurnRequest,
        settings: ModelSettings,
        received_at: float,
    ) -> None:
        self.turn_id = new_id()
        self.thread_id = thread.thread_id
        self._session = session
        self._thread = thread
        self._request = request
        self._settings = settings
        self._interrupt = Interrupt()
        self._clock = TurnClock(received_at)
        self._record = TurnRecord(
            self._clock,
            prefer="raw" if settings.show_raw_reasoning else "summary",
            thinks=settings.effort != "none",
            takes_calls=request.tools is not None and request.tools.takes_calls,
        )
        self._started = TurnStarted(
            self.turn_id, self.thread_id, settings.model, settings.provider.id, settings.profile
        )
        self._end = StreamFinished("other", complete=False)
        self._prompt = request.prompt
        self._images: tuple[Image, ...] = ()
        self._locked = False
        self._journal = Journal(self.turn_id)
        self._events = self._run()

    def __aiter__(self) -> AsyncIterator[Event]:
        return self._events

    async def __anext__(self) -> Event:
        return await anext(self._events)

    def cancel(self) -> None:
        """Stop the turn; its socket closes, then `TurnFinished` with `cancelled` comes."""
        self._interrupt.request()

    async def aclose(self) -> None:
        """Stop without another event; the socket closes."""
        await self._events.aclose()
        self._session.forget(self)

    async def _run(self) -> AsyncGenerator[Event, None]:
        record, begun = self._record, False
        try:
            requests = await self._interrupt.wait(self._prepare())
            begun = True
            yield self._started
            async with aclosing(self._answer(requests)) as events:
                async for event in events:
                    self._journal.add(event)
                    yield event
            yield self._finish("completed" if self._is_whole else "truncated")
        except Interrupted:
            if not begun:
                yield self._started
            for event in record.flush():
                self._journal.add(event)
                yield event
            yield self._finish("cancelled")
        except CodexError as error:
            if not begun:
                raise
            for event in record.flush():
                self._journal.add(event)
                yield event
            if record.has_text:
                for event in record.notice(Notice(error.kind, error.message, error.hint)):
                    yield event
            yield self._finish("truncated" if record.has_text else "failed", error)
        finally:
            self._journal.close()
            self._release()
            self._session.forget(self)

    @property
    def _is_whole(self) -> bool:
        """Whether the answer ended because the model was done with it."""
        return self._end.complete and self._end.finish_reason not in ("length", "contentFilter")

    async def _prepare(self) -> RequestLoop:
        """Everything that can go wrong before the turn begins."""
        settings = self._settings
        self._images = tuple(
            image if isinstance(image, Image) else read_image(image)
            for image in self._request.images
        )
        if settings.local_only and not is_loopback(settings.provider.base_url):
            raise refused(settings)
        logger.debug(
            "turn %s: %s at %s, profile %s",
            self.turn_id,
            settings.model,
            origin(settings.provider.base_url) or "the built-in server",
            settings.profile,
        )
        headers = await credentials(settings.provider, self._session.env, self._session.ask_secret)
        return RequestLoop(self._session.servers, settings, headers, self._clock, self._interrupt)

    async def _answer(self, requests: RequestLoop) -> AsyncGenerator[Event, None]:
        """Everything between the turn's first event and its last."""
        record = self._record
        for notice in self._settings.notices:
            for event in record.notice(notice):
                yield event
        await self._interrupt.wait(self._thread.lock.acquire())
        self._locked = True
        self._session.threads.refresh(self._thread)
        self._check_replaced()
        self._hold_to_this_machine()
        if self._request.replaces is not None:
            self._thread.drop(self._request.replaces)
        call = self._call()
        self._open_journal()
        for event in self._persistence_warning():
            yield event
        tools = self._request.tools
        running = (
            requests.ask(call)
            if tools is None
            else tools.run(requests.ask, call, turn_id=self.turn_id, wait=self._interrupt.wait)
        )
        async with aclosing(running) as steps:
            async for step in steps:
                if isinstance(step, RetryScheduled):
                    self._clock.retries += 1
                    yield step
                    continue
                if isinstance(step, ItemChanged | ItemOutput):
                    for event in record.flush():
                        yield event
                    yield step
                    continue
                if isinstance(step, StreamFinished):
                    self._end = step
                for event in record.take(step):
                    yield event
        for event in (*record.closing_notices(self._end), *self._persistence_warning()):
            yield event
        if not self._end.complete:
            if not record.has_text:
                raise broken_off()
            if not self._end.explained:
                for event in record.notice(cut_off()):
                    yield event

    def _call(self) -> ModelCall:
        settings, request = self._settings, self._request
        self._prompt = prompt_with_context(request.prompt, request.context, request.attached)
        system = (
            system_prompt(
                settings.instructions,
                settings.developer_instructions,
                settings.user_instructions,
                is_plain=request.is_plain,
            )
            if request.tools is None
            else request.tools.system_prompt(settings)
        )
        messages = self._thread.messages(
            system,
            self._prompt,
            self._images,
            provider=settings.provider.id,
            with_steps=request.tools is not None,
        )
        return ModelCall(
            settings.model,
            messages,
            effort=settings.effort,
            summary=settings.summary,
            verbosity=settings.verbosity,
            max_output_tokens=settings.max_output_tokens,
            sampling=settings.sampling.given(),
            context_window=settings.context_window,
            output_schema=request.output_schema,
            may_be_kept=settings.keep_history,
            body=settings.body,
        )

    def _check_replaced(self) -> None:
        """Raise UnknownThread if the turn that this one is to replace is not in the thread."""
        replaces = self._request.replaces
        if replaces is not None and replaces not in self._thread.turn_ids:
            raise UnknownThread(
                f"There is no turn {replaces[:64]} in this thread.",
                hint="Ask without replaces: the question is then added at the end.",
            )

    def _hold_to_this_machine(self) -> None:
        """Raise LocalOnly if text that was meant for this machine alone would leave it."""
        provider = self._settings.provider
        if any(turn.local_only for turn in self._thread.turns) and not is_loopback(
            provider.base_url
        ):
            raise LocalOnly(
                f"This thread was started under the local-only lock, and {provider.name} is not"
                f" on this machine.",
                hint="Choose a local profile, or start a new thread.",
            )

    def _open_journal(self) -> None:
        if not self._request.is_kept:
            return
        self._journal = self._session.threads.begin(
            self.turn_id,
            self._thread,
            self._settings,
            prompt=self._request.prompt,
            sent=self._prompt,
            images=self._images,
            replaces=self._request.replaces,
        )

    def _persistence_warning(self) -> Iterator[Event]:
        warning = self._session.threads.persistence_warning(self._journal)
        return iter(()) if warning is None else self._record.notice(warning)

    def _finish(self, status: Status, error: CodexError | None = None) -> TurnFinished:
        """The last event; the thread is free for its next turn when it is out."""
        reason = "cancelled" if status == "cancelled" else self._end.finish_reason
        shown = error if status == "failed" else None
        finished = self._record.finished(status, reason, shown)
        steps: tuple[Message, ...] = ()
        if self._request.tools is not None:
            steps, last = self._request.tools.steps, sanitize(self._request.tools.last_text)
            finished = replace(finished, last_message=last)
            self._journal.add_steps(steps, last)
        self._thread.turn_ids.add(self.turn_id)
        if self._request.is_kept and (self._record.has_text or steps):
            self._thread.turns.append(
                PastTurn(
                    self._prompt,
                    finished.reasoning,
                    finished.content,
                    status,
                    self._images,
                    self._end.echo,
                    self._settings.provider.id,
                    self.turn_id,
                    self._settings.local_only,
                    steps,
                    finished.last_message or "",
                )
            )
        logger.debug(
            "turn %s: %s (%s), %s, %s",
            self.turn_id,
            status,
            reason,
            finished.timing,
            finished.usage,
        )
        self._journal.end(finished, self._end.echo)
        self._session.threads.end(self._thread, self._journal)
        self._leave_figures(finished)
        self._release()
        return finished

    def _leave_figures(self, finished: TurnFinished) -> None:
        """One line in the log, and a trace where somebody wants one."""
        # The answer did not have to wait for these.
        from codex_ls.turn.tracing import TracedTurn
        from codex_ls.turn.turn_log import log_turn

        session, settings, request = self._session, self._settings, self._request
        log_turn(session.env, self._started, settings, finished, prompt=request.prompt)
        wants_json = request.output_schema is not None
        session.tracing.add(
            TracedTurn.of(self._started, settings, finished, self._clock, wants_json=wants_json)
        )

    def _release(self) -> None:
        if self._locked:
            self._locked = False
            self._thread.lock.release()


class Session:
    """What turns share: threads, connections, the built-in server, what was learned about models.

    One per process; open it with `async with`. Leaving it stops every turn and closes every
    connection.
    """

    def __init__(
        self, *, env: Mapping[str, str] = os.environ, ask_secret: AskSecret | None = None
    ) -> None:
        self.env = env
        self.ask_secret = ask_secret
        self.servers = ModelServers(env)
        self.threads = ThreadRepository(env)
        self._tracing: Tracing | None = None
        self._turns: set[Turn] = set()
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Session:
        await self._stack.enter_async_context(self.servers)
        return self

    async def __aexit__(self, *_: object) -> None:
        for turn in tuple(self._turns):
            turn.cancel()
        await self._stack.aclose()
        if self._tracing is not None:
            await self._tracing.close()

    @property
    def http(self) -> HttpClient:
        """The connections of this session."""
        return self.servers.http

    def start(
        self, request: TurnRequest, settings: ModelSettings, *, received_at: float | None = None
    ) -> Turn:
        """A turn that runs while it is iterated. `received_at` is a `time.perf_counter()`.

        Raises UnknownThread.
        """
        if not request.is_kept:
            thread = Thread(folder=request.folder)
        elif request.is_fork and request.thread_id is not None:
            thread = self.threads.fork(request.thread_id, folder=request.folder)
        else:
            thread = self.threads.thread(request.thread_id, folder=request.folder)
        turn = Turn(self, thread, request, settings, received_at or time.perf_counter())
        self._turns.add(turn)
        return turn

    def reasoning_field(self, thread_id: str) -> str | None:
        """The field in which the thinking of the thread's last turn came."""
        turns = self.threads.thread(thread_id).turns
        echo = turns[-1].echo if turns else None
        return echo.field if echo is not None else None

    @property
    def tracing(self) -> Tracing:
        """The traces of this session, which are off unless the environment asks for them."""
        if self._tracing is None:
            from codex_ls.turn.tracing import Tracing  # no first word has to wait for it

            self._tracing = Tracing(self.env, connect=_spans_to)
        return self._tracing

    def forget(self, turn: Turn) -> None:
        """A turn is over."""
        self._turns.discard(turn)


def _spans_to(endpoint: str) -> Sender:
    """What sends spans to a collector. Raises ImportError without OpenTelemetry's SDK."""
    from codex_ls.turn.otel_spans import Spans

    return Spans.to_collector(endpoint)
