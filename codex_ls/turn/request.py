"""The requests of one turn: what is sent where, the one retry loop, and the bytes an answer brings.

A request is sent again only before the first text, for what `providers/retry` names; a server that says
it is loading its model is waited for without counting; a server that refuses a field it does not know is
asked once more without it.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Mapping
from contextlib import aclosing
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, Any

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
from codex_ls.providers.answer import Answer
from codex_ls.providers.error_hints import start_hint
from codex_ls.providers.http_request import Limits, Request
from codex_ls.providers.key_redaction import secrets_of, without_secrets
from codex_ls.providers.origin import (
    has_authorization,
    locked_to_this_machine,
    request_url,
    server_url,
)
from codex_ls.providers.retry import delay_ms, format_wait, is_retryable
from codex_ls.providers.servers.signals import Signals
from codex_ls.providers.transport_errors import ReadTimedOut
from codex_ls.turn.context_window import ContextWindow
from codex_ls.turn.learned_quirks import RequestAdapter, learned_quirks
from codex_ls.turn.progress_poller import Arrived, ProgressPoller
from codex_ls.turn.stream_limits import StreamLimits, first_word_limit_s
from codex_ls.wire import (
    ModelCall,
    Quirks,
    error_from_response,
    request_for,
)
from codex_ls.wire.refusals import is_loading

if TYPE_CHECKING:
    from codex_ls.config.profile import ModelSettings, Provider
    from codex_ls.embedded.engine import Engine
    from codex_ls.providers.client import HttpClient
    from codex_ls.turn.clock import TurnClock
    from codex_ls.turn.interrupt import Interrupt
    from codex_ls.turn.model_servers import ModelServers

_LOADING_POLL_S = 0.5
_ENGINE_POLL_S = 0.25

MAX_TURN_CHARS = 64 * 1024 * 1024
"""A turn with more text than this is cut off: memory is bounded whatever a server sends."""


class RequestLoop:
    """All requests of one turn."""

    def __init__(
        self,
        servers: ModelServers,
        settings: ModelSettings,
        headers: Mapping[str, str],
        clock: TurnClock,
        interrupt: Interrupt,
    ) -> None:
        self._servers = servers
        self._settings = settings
        self._sender = RequestSender(servers.http, settings, headers)
        self._secrets = secrets_of(settings.provider, headers)
        self._clock = clock
        self._interrupt = interrupt
        self._quirks = Quirks()
        self._texts = 0  # characters of text so far: after the first, nothing is sent again

    def ask(self, call: ModelCall) -> AsyncGenerator[WireEvent | RetryScheduled, None]:
        """What the wire says, `StreamFinished` last, and the retries on the way.

        Iterating raises ProviderError, LocalOnly, or Interrupted; the connection is then closed.
        """
        self._texts = 0
        return self._ask(call) if self._provider.base_url else self._ask_built_in(call)

    @property
    def _provider(self) -> Provider:
        return self._sender.provider

    async def _ask_built_in(
        self, call: ModelCall
    ) -> AsyncGenerator[WireEvent | RetryScheduled, None]:
        """As `ask`, of the built-in server, which is started if need be, and once more if it is gone."""
        for is_last in (False, True):
            yield PhaseChanged("loading")
            loading = ProgressPoller(
                self._interrupt, self._servers.loading, interval_s=_ENGINE_POLL_S
            )
            starting = loading.until(self._servers.engine(self._settings.model))
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
        refusals, where = self._servers.refusals, (self._provider.base_url, call.model)
        known = refusals.of(*where)
        self._quirks = learned_quirks(
            self._provider,
            call.model,
            # Without thinking the template opens none: what comes is the answer.
            forced_open=set() if call.effort == "none" else self._servers.forced_open,
            refused=known,
        )
        failed = 0
        signals = self._sender.signals()
        poller = ProgressPoller(
            self._interrupt, signals.look if signals else None, patience_s=signals.patience_s
        )
        window = ContextWindow(
            signals, self._provider.base_url, self._settings, self._servers.windows
        )
        call = await self._interrupt.wait(window.fit(call))
        adapter = RequestAdapter(call, self._quirks, self._provider, refused=known)
        for notice in adapter.notices():
            yield Noticed(notice)
        call, self._quirks = adapter.call, adapter.quirks
        yield PhaseChanged("connecting")
        loading_until, patience_s = 0.0, first_word_limit_s(self._provider)
        while True:
            answer: Answer | None = None
            step: PhaseChanged | Arrived[Answer] | None = None
            event: WireEvent | None = None
            try:
                async with aclosing(
                    poller.until(self._sender.send(call, self._quirks), dispose=Answer.aclose)
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
                    if adapter.found:
                        keep = self._settings.keep_history and bool(
                            self._settings.provider.base_url
                        )
                        refusals.learn(*where, {**known, **adapter.found}, keep=keep)
                    yield PhaseChanged("prompt")
                    window.begin()
                    async with aclosing(self._read(answer, poller, window)) as events:
                        async for event in events:
                            yield event
                    return
            except ProviderError as raised:
                if isinstance(raised, ReadTimedOut):
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
            now = asyncio.get_running_loop().time()
            if is_loading(error) and now < (loading_until := loading_until or now + patience_s):
                yield PhaseChanged("loading")
                await self._interrupt.wait(asyncio.sleep(_LOADING_POLL_S))
                # Only a loaded model has a window.
                adapter.call = call = await self._interrupt.wait(window.fit(adapter.call))
                continue
            if (adapted := adapter.adapt(error)) is not None:
                call, self._quirks = adapter.call, adapter.quirks
                if adapted.notice is not None:
                    yield Noticed(adapted.notice)
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
            error.hint = f"Try again in {format_wait(wished_ms)}, or use another profile."
        is_worth_it = is_retryable(error, loopback=is_loopback(self._provider.base_url))
        if failed >= max_attempts or wait_ms is None or not is_worth_it:
            raise error
        return RetryScheduled(failed + 1, max_attempts, wait_ms, error.message)

    def _for_engine(self, engine: Engine, call: ModelCall) -> ModelCall:
        """Aim at the built-in server, and ask it as it wants to be asked."""
        self._sender.aim_at(engine)
        extras = engine.extras_for(
            call.effort, has_schema=call.output_schema is not None, has_tools=bool(call.tools)
        )
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
        from codex_ls.providers.error_hints import with_next_step  # for those who need it

        return with_next_step(
            error, self._settings, has_key=has_authorization(self._sender.headers)
        )

    async def _read(
        self, answer: Answer, poller: ProgressPoller, window: ContextWindow
    ) -> AsyncGenerator[WireEvent, None]:
        """What the answer's bytes mean, each read handed on before the next."""
        from codex_ls.wire.decoder import decoder_for

        limit = self._settings.max_output_tokens
        decoder = decoder_for(self._provider.wire_api, self._quirks, output_limit=limit)
        async with aclosing(poller.until(answer.read())) as steps:
            async for step in steps:
                if isinstance(step, PhaseChanged):
                    yield step
                else:
                    data = step.value
        answered = is_working = False
        loop = asyncio.get_running_loop()
        limits = StreamLimits(self._provider, loop.time())
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
                        self._servers.forced_open.add(
                            (self._provider.base_url, self._settings.model)
                        )
                limits.note(event)
                yield event
                if isinstance(event, UsageReported) and (cut := window.cut_notice(event.usage)):
                    yield Noticed(cut)
            if self._texts > MAX_TURN_CHARS:
                raise StreamBroken("The answer exceeded 64 million characters and was truncated.")
            if decoder.done:
                return
            limits.after_read(decoder.finish_reason, loop.time())
            read: bytes | None = None
            while read is None:
                if loop.time() >= limits.wake_at:
                    if limits.is_settled:
                        read = b""  # what figures there are have come
                        break
                    if (silence := limits.silence(loop.time())) is not None:
                        yield silence
                is_first = is_working and not self._texts
                try:
                    read = await self._interrupt.wait(
                        answer.read_until(limits.wake_at, is_working=is_first)
                    )
                except ProviderError:
                    if not limits.is_settled:
                        raise
                    read = b""  # the text is whole: only figures are missing
            data = read

    def _unlearn(self, end: StreamFinished, *, answered: bool) -> None:
        """Forget that the prompt opens thinking, once an answer has shown that it does not."""
        came_apart = end.echo is not None and end.echo.field is not None
        if self._quirks.forced_open and (not answered or came_apart):
            self._servers.forced_open.discard((self._provider.base_url, self._settings.model))


class RequestSender:
    """Sends the requests of one turn: address, headers, and the questions asked beside them."""

    def __init__(
        self, http: HttpClient, settings: ModelSettings, headers: Mapping[str, str]
    ) -> None:
        """`headers` hold the key, if there is one."""
        self.provider: Provider = settings.provider
        self.headers = dict(headers)
        self._http = http
        self._settings = settings

    def aim_at(self, engine: Engine) -> None:
        """Send to the built-in server from now on."""
        self.provider = replace(self.provider, base_url=engine.base_url)
        self.headers["Authorization"] = f"Bearer {engine.api_key}"

    async def send(self, call: ModelCall, quirks: Quirks) -> Answer:
        """Send a call and wait for the answer's head. Raises ProviderError or LocalOnly."""
        provider = self.provider
        path, body = request_for(provider.wire_api, call, quirks)
        url, headers = await self._aim(request_url(provider, path))
        limits = Limits.of(
            provider.base_url,
            idle_timeout_ms=provider.stream_idle_timeout_ms,
            connect_timeout_ms=provider.connect_timeout_ms,
            first_byte_timeout_ms=provider.first_byte_timeout_ms,
        )
        request = Request(
            url,
            headers,
            json.dumps(body, ensure_ascii=False).encode("utf-8", "replace"),
            limits,
            provider.name,
            start_hint(provider),
        )
        return await self._http.send(request, on_sent=load_decoders)

    def signals(self) -> Signals:
        """What the provider's server tells about itself."""

        async def ask(
            path: str, body: dict[str, Any] | None = None, /, *, as_text: bool = False
        ) -> Any:
            url, headers = await self._aim(server_url(self.provider, path))
            if as_text:
                return await self._http.get_text(url, headers)
            content = None if body is None else json.dumps(body).encode()
            return await self._http.get_json(
                url, headers, body=content, on_silence=signals.note_silence
            )

        signals = Signals(self.provider, self._settings.model, ask)
        return signals

    async def _aim(self, url: str) -> tuple[str, dict[str, str]]:
        """The address to send to, checked if the local-only lock is on, and the headers."""
        if not self._settings.local_only:
            return url, self.headers
        url, host = await locked_to_this_machine(url, self._settings)
        return url, {**self.headers, "Host": host}


def load_decoders() -> None:
    """Import the decoders and their tables, a tenth of a shell's start, while the server works."""
    import_module("codex_ls.wire.decoder")
