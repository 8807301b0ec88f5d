"""Getting an answer out of a model server: the request, its repetition, the bytes it brings.

One retry loop for everything. A request is sent again only before the first text, for what
`providers/retry` names; a server that says it is loading its model is waited for without counting; a
server that refuses a field it does not know is asked once more without it.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from typing import TYPE_CHECKING

from codex_ls.config.address import is_loopback
from codex_ls.errors import ProviderError, StreamBroken, Unreachable
from codex_ls.events import (
    ContentDelta,
    Noticed,
    PhaseChanged,
    ReasoningDelta,
    Reclassified,
    RetryScheduled,
    StreamFailed,
    StreamFinished,
    UsageReported,
    WireEvent,
)
from codex_ls.providers.http import Answer
from codex_ls.providers.load_state import is_loading
from codex_ls.providers.origin import has_authorization
from codex_ls.providers.redaction import secrets_of, without_secrets
from codex_ls.providers.retry import delay_ms, is_retryable, told_wait
from codex_ls.providers.silence import ServerSilent
from codex_ls.turn.dialect import learned_quirks, without_refused
from codex_ls.turn.lookout import Arrived, Lookout
from codex_ls.turn.sending import Sending
from codex_ls.turn.window_watch import WindowWatch
from codex_ls.wire import (
    ModelCall,
    Quirks,
    decoder_for,
    error_from_response,
)

if TYPE_CHECKING:
    from codex_ls.config.profile import ModelSettings, Provider
    from codex_ls.embedded.engine import Engine
    from codex_ls.turn.clock import TurnClock
    from codex_ls.turn.interrupt import Interrupt
    from codex_ls.turn.session import Session

_LOADING_POLL_S = 0.5
_ENGINE_LOOK_S = 0.25
_AFTER_FINISH_S = 2.0
"""Once the finish reason is there, only figures can follow; some servers then never end the stream."""

MAX_TURN_CHARS = 64 * 1024 * 1024
"""A turn with more text than this is cut off: memory is bounded whatever a server sends."""


class Asking:
    """All requests of one turn."""

    def __init__(
        self,
        session: Session,
        settings: ModelSettings,
        headers: Mapping[str, str],
        clock: TurnClock,
        interrupt: Interrupt,
    ) -> None:
        self._session = session
        self._settings = settings
        self._sending = Sending(session.http, settings, headers)
        self._secrets = secrets_of(settings.provider, headers)
        self._clock = clock
        self._interrupt = interrupt
        self._quirks = Quirks()
        self._texts = 0  # characters of text so far: after the first, nothing is sent again

    def ask(self, call: ModelCall) -> AsyncGenerator[WireEvent | RetryScheduled, None]:
        """What the wire says, `StreamFinished` last, and the retries on the way.

        Iterating raises ProviderError, LocalOnly, or Interrupted; the connection is then closed.
        """
        return self._ask(call) if self._provider.base_url else self._ask_built_in(call)

    @property
    def _provider(self) -> Provider:
        return self._sending.provider

    async def _ask_built_in(
        self, call: ModelCall
    ) -> AsyncGenerator[WireEvent | RetryScheduled, None]:
        """As `ask`, of the built-in server, which is started if need be, and once more if it is gone."""
        for is_last in (False, True):
            yield PhaseChanged("loading")
            loading = Lookout(self._interrupt, self._session.loading, next_look_s=_ENGINE_LOOK_S)
            starting = loading.until(self._session.engine(self._settings.model))
            async with aclosing(starting) as phases:
                async for phase in phases:
                    if isinstance(phase, PhaseChanged):
                        yield phase
                    else:
                        aimed = self._for_engine(phase.value, call)
            try:
                async with aclosing(self._ask(aimed)) as steps:
                    async for step in steps:
                        yield step
            except (Unreachable, StreamBroken):
                # Something ended it a moment ago, and its last breath still took the connection.
                if is_last or self._texts:
                    raise
            else:
                return

    async def _ask(self, call: ModelCall) -> AsyncGenerator[WireEvent | RetryScheduled, None]:
        self._quirks = learned_quirks(
            self._provider,
            self._settings.model,
            forced_open=self._session.forced_open,
            untold_progress=self._session.untold_progress,
        )
        failed = 0
        signals = self._sending.signals()
        lookout = Lookout(
            self._interrupt, signals.look if signals else None, patience_s=signals.patience_s
        )
        window = WindowWatch(
            signals,
            self._provider.base_url,
            self._settings,
            self._session.windows,
            self._session.chosen_windows,
            self._session.asked_windows,
        )
        call = await self._interrupt.wait(window.fit(call))
        yield PhaseChanged("connecting")
        while True:
            answer: Answer | None = None
            step: PhaseChanged | Arrived[Answer] | None = None
            event: WireEvent | None = None
            try:
                async with aclosing(
                    lookout.until(self._sending.send(call, self._quirks), dispose=Answer.aclose)
                ) as steps:
                    async for step in steps:
                        if isinstance(step, PhaseChanged):
                            yield step
                        else:
                            answer = step.value
                assert answer is not None
                self._clock.written_at = self._clock.written_at or answer.written_at
                error = await self._refusal(answer)
                if error is None:
                    yield PhaseChanged("prompt")
                    window.begin()
                    async with aclosing(self._read(answer, lookout, window)) as events:
                        async for event in events:
                            yield event
                    return
            except ProviderError as raised:
                if isinstance(raised, ServerSilent):
                    raised.after(event or step)
                error = raised
            finally:
                try:
                    if answer is not None:
                        await answer.aclose()
                finally:
                    await window.end()
            without_secrets(self._explained(error), self._secrets)
            if self._texts:
                raise error
            if is_loading(error):
                yield PhaseChanged("loading")
                await self._interrupt.wait(asyncio.sleep(_LOADING_POLL_S))
                # Only a loaded model has a window.
                call = await self._interrupt.wait(window.fit(call))
                continue
            simpler = without_refused(call, self._quirks, error, server_name=self._provider.name)
            if simpler is not None:
                if self._quirks.prompt_progress and not simpler.quirks.prompt_progress:
                    self._session.untold_progress.add(self._provider.base_url)
                call, self._quirks = simpler.call, simpler.quirks
                if simpler.notice is not None:
                    yield Noticed(simpler.notice)
                continue
            failed += 1
            retry = self._retry(failed, error, answer)
            yield retry
            await self._interrupt.wait(asyncio.sleep(retry.delay_ms / 1000))

    def _retry(self, failed: int, error: ProviderError, answer: Answer | None) -> RetryScheduled:
        """The next attempt, after so many that failed. Raises `error` if there is none."""
        max_attempts = 1 + self._provider.request_max_retries
        wished_ms = answer.retry_after_ms if answer is not None else None
        wait_ms = delay_ms(failed, wished_ms)
        if wished_ms is not None and wait_ms is None:
            error.hint = f"It wants {told_wait(wished_ms)} to pass first; or ask another profile."
        is_worth_it = is_retryable(error, loopback=is_loopback(self._provider.base_url))
        if failed >= max_attempts or wait_ms is None or not is_worth_it:
            raise error
        return RetryScheduled(failed + 1, max_attempts, wait_ms, error.message)

    def _for_engine(self, engine: Engine, call: ModelCall) -> ModelCall:
        """Aim at the built-in server, and ask it as it wants to be asked."""
        self._sending.aim_at(engine)
        extras = engine.extras_for(call.effort, has_schema=call.output_schema is not None)
        return replace(call, extras={**extras, **call.extras})

    async def _refusal(self, answer: Answer) -> ProviderError | None:
        """The error that an answer's status stands for."""
        if 200 <= answer.status < 300:
            return None
        body = await self._interrupt.wait(answer.read_error())
        return error_from_response(answer.status, body, answer.content_type)

    def _explained(self, error: ProviderError) -> ProviderError:
        """The error itself, with the next step for this profile."""
        if not self._settings.provider.base_url:
            return error
        from codex_ls.providers.remedies import with_next_step  # for those who need it

        return with_next_step(
            error, self._settings, has_key=has_authorization(self._sending.headers)
        )

    async def _read(
        self, answer: Answer, lookout: Lookout, window: WindowWatch
    ) -> AsyncGenerator[WireEvent, None]:
        """What the answer's bytes mean, each read handed on before the next."""
        limit = self._settings.max_output_tokens
        decoder = decoder_for(self._provider.wire_api, self._quirks, output_limit=limit)
        async with aclosing(lookout.until(answer.read())) as steps:
            async for step in steps:
                if isinstance(step, PhaseChanged):
                    yield step
                else:
                    data = step.value
        answered = is_working = False
        while True:
            for event in decoder.feed(data) if data else decoder.finish():
                match event:
                    case StreamFailed():
                        raise event.error
                    case StreamFinished() if event.complete:
                        self._unlearn(event, answered=answered)
                        await self._interrupt.wait(answer.aclose(drain=True))
                    case ContentDelta():
                        answered = True
                        self._texts += len(event.text)
                    case ReasoningDelta():
                        self._texts += len(event.text)
                    case UsageReported():
                        event = window.noted(event)
                    case PhaseChanged():
                        is_working = True  # the stream itself says that the server loads or reads
                    case Reclassified():
                        self._session.forced_open.add(
                            (self._provider.base_url, self._settings.model)
                        )
                yield event
                if isinstance(event, UsageReported) and (cut := window.cut_notice(event.usage)):
                    yield Noticed(cut)
            if self._texts > MAX_TURN_CHARS:
                raise StreamBroken("The answer passed 64 million characters and was cut off.")
            if decoder.done:
                return
            if decoder.ending:
                reading = self._read_figures(answer)
            else:
                reading = answer.read(is_working=is_working and not self._texts)
            data = await self._interrupt.wait(reading)

    def _unlearn(self, end: StreamFinished, *, answered: bool) -> None:
        """Forget that the prompt opens thinking, once an answer has shown that it does not."""
        came_apart = end.echo is not None and end.echo.field is not None
        if self._quirks.forced_open and (not answered or came_apart):
            self._session.forced_open.discard((self._provider.base_url, self._settings.model))

    async def _read_figures(self, answer: Answer) -> bytes:
        try:
            return await answer.read(limit_s=_AFTER_FINISH_S)
        except ProviderError:
            return b""  # the text is whole: only figures are missing
