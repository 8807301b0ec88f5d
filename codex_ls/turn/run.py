"""One turn, from a question to its last event, as an async iterator.

::

    Session.start(request, settings) -> Turn -> TurnStarted, ..., TurnFinished

A turn asks (`turn/asking`), hands on what the wire says the moment it says it (`turn/record`), and ends
in exactly one `TurnFinished`, whatever happened: invariant 9, every failure keeps the text that had
arrived. Nothing is read from the socket before the last piece was taken from here.
"""

from __future__ import annotations

import logging
from collections.abc import AsyncGenerator, AsyncIterator, Iterator, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from codex_ls.config.address import is_loopback, origin
from codex_ls.config.profile import ModelSettings
from codex_ls.errors import CodexError, LocalOnly
from codex_ls.events import (
    Event,
    Notice,
    RetryScheduled,
    Status,
    StreamFinished,
    TurnFinished,
    TurnStarted,
)
from codex_ls.providers.origin import credentials, refused
from codex_ls.turn.asking import Asking
from codex_ls.turn.clock import TurnClock
from codex_ls.turn.context import SYSTEM_PROMPT, TurnContext, prompt_with_context
from codex_ls.turn.ids import new_id
from codex_ls.turn.interrupt import Interrupt, Interrupted
from codex_ls.turn.journal import Journal
from codex_ls.turn.record import TurnRecord
from codex_ls.turn.thread import PastTurn, Thread, read_image
from codex_ls.wire import Image, ModelCall, broken_off, cut_off

if TYPE_CHECKING:
    from codex_ls.turn.session import Session

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class TurnRequest:
    """What is asked: the user's words, and what they are about."""

    prompt: str
    thread_id: str | None = None
    """The thread to go on with; None begins a new one."""
    context: TurnContext | None = None
    images: tuple[Path, ...] = ()
    output_schema: Mapping[str, Any] | None = None
    is_fork: bool = False
    """Go on with a copy of the thread, and leave the thread as it is."""
    folder: str | None = None
    """Where the user works: a new thread is remembered as one of this folder."""


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
            self._clock, prefer="raw" if settings.show_raw_reasoning else "summary"
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
            asking = await self._interrupt.wait(self._prepare())
            begun = True
            yield self._started
            async with aclosing(self._answer(asking)) as events:
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

    async def _prepare(self) -> Asking:
        """Everything that can go wrong before the turn begins."""
        settings = self._settings
        self._images = tuple(read_image(path) for path in self._request.images)
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
        return Asking(self._session, settings, headers, self._clock, self._interrupt)

    async def _answer(self, asking: Asking) -> AsyncGenerator[Event, None]:
        """Everything between the turn's first event and its last."""
        record = self._record
        for notice in self._settings.notices:
            for event in record.notice(notice):
                yield event
        await self._interrupt.wait(self._thread.lock.acquire())
        self._locked = True
        self._session.keeping.refresh(self._thread)
        self._hold_to_this_machine()
        call = self._call()
        self._open_journal()
        for event in self._complaint():
            yield event
        async with aclosing(asking.ask(call)) as steps:
            async for step in steps:
                if isinstance(step, RetryScheduled):
                    self._clock.retries += 1
                    yield step
                    continue
                if isinstance(step, StreamFinished):
                    self._end = step
                for event in record.take(step):
                    yield event
        for event in (*record.closing_notices(self._end), *self._complaint()):
            yield event
        if not self._end.complete:
            if not record.has_text:
                raise broken_off()
            for event in record.notice(cut_off()):
                yield event

    def _call(self) -> ModelCall:
        settings, request = self._settings, self._request
        self._prompt = prompt_with_context(request.prompt, request.context)
        messages = self._thread.messages(
            SYSTEM_PROMPT, self._prompt, self._images, provider=settings.provider.id
        )
        return ModelCall(
            settings.model,
            messages,
            effort=settings.effort,
            summary=settings.summary,
            verbosity=settings.verbosity,
            max_output_tokens=settings.max_output_tokens,
            context_window=settings.context_window,
            output_schema=request.output_schema,
            may_be_kept=settings.keep_history,
        )

    def _hold_to_this_machine(self) -> None:
        """Raise LocalOnly if text that was meant for this machine alone would leave it."""
        provider = self._settings.provider
        if any(turn.local_only for turn in self._thread.turns) and not is_loopback(
            provider.base_url
        ):
            raise LocalOnly(
                f"This thread was begun under the local-only lock, and {provider.name} is elsewhere.",
                hint="Choose a local profile, or begin a new thread.",
            )

    def _open_journal(self) -> None:
        self._journal = self._session.keeping.begin(
            self.turn_id,
            self._thread,
            self._settings,
            prompt=self._request.prompt,
            sent=self._prompt,
            images=self._images,
        )

    def _complaint(self) -> Iterator[Event]:
        complaint = self._session.keeping.complaint(self._journal)
        return iter(()) if complaint is None else self._record.notice(complaint)

    def _finish(self, status: Status, error: CodexError | None = None) -> TurnFinished:
        """The last event; the thread is free for its next turn when it is out."""
        reason = "cancelled" if status == "cancelled" else self._end.finish_reason
        shown = error if status == "failed" else None
        finished = self._record.finished(status, reason, shown)
        if self._record.has_text:
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
        self._session.keeping.end(self._thread, self._journal)
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
