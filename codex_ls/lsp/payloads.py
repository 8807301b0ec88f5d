"""Events and errors in the words of the protocol: camelCase keys, and none without a value."""

from dataclasses import dataclass
from typing import Any, assert_never

from codex_ls.config.settings import ModelSettings
from codex_ls.errors import CodexError, ProviderError
from codex_ls.events import (
    ContentDelta,
    Event,
    Notice,
    Noticed,
    PhaseChanged,
    ReasoningDelta,
    Reclassified,
    RetryScheduled,
    Timing,
    ToolCallDelta,
    TurnFinished,
    TurnStarted,
    Usage,
    UsageReported,
)
from codex_ls.lsp import protocol
from codex_ls.lsp.protocol import Payload


@dataclass(frozen=True, slots=True)
class Names:
    """Who answers: told with the result and with every error."""

    provider: str | None = None
    profile: str | None = None

    @classmethod
    def of(cls, settings: ModelSettings) -> "Names":
        """The names of a turn's settings."""
        return cls(provider=settings.provider.id, profile=settings.profile)


def event_payload(event: Event, names: Names) -> Payload | None:
    """Return an event's `codex` object, without `turnId` and `seq`; None for what is not told."""
    match event:
        case TurnStarted():
            return _present(
                type="begin",
                threadId=event.thread_id,
                model=event.model,
                profile=event.profile,
                provider=event.provider,
            )
        case PhaseChanged():
            return _present(
                type="phase", phase=event.phase, fraction=event.fraction, waiting=event.waiting
            )
        case ReasoningDelta():
            return {"type": "reasoning", "text": event.text, "source": event.source}
        case ContentDelta():
            return {"type": "content", "text": event.text}
        case Reclassified():
            return {"type": "reclassify", "from": "content", "to": "reasoning"}
        case RetryScheduled():
            return {
                "type": "retry",
                "attempt": event.attempt,
                "maxAttempts": event.max_attempts,
                "delayMs": event.delay_ms,
                "reason": event.reason,
            }
        case Noticed():
            return {"type": "notice", **notice_payload(event.notice)}
        case TurnFinished():
            return _present(
                type="done",
                status=event.status,
                usage=usage_payload(event.usage),
                timing=timing_payload(event.timing),
                error=None if event.error is None else turn_error(event.error, names),
            )
        case ToolCallDelta() | UsageReported():
            return None
        case _:
            assert_never(event)


def exec_result(
    started: TurnStarted, finished: TurnFinished, notices: tuple[Notice, ...]
) -> protocol.ExecResult:
    """Return the reply to a turn that did not fail; `notices` were added by this side of the turn."""
    result: Any = _present(
        threadId=started.thread_id,
        turnId=started.turn_id,
        status=finished.status,
        content=finished.content,
        reasoning=finished.reasoning,
        finishReason=finished.finish_reason,
        model=started.model,
        profile=started.profile,
        provider=started.provider,
        usage=usage_payload(finished.usage),
        timing=timing_payload(finished.timing),
        notices=[notice_payload(notice) for notice in (*notices, *finished.notices)],
    )
    return result  # type: ignore[no-any-return]


def notice_payload(notice: Notice) -> protocol.Notice:
    """Return a notice."""
    payload: Any = _present(kind=notice.kind, message=notice.message, hint=notice.hint)
    return payload  # type: ignore[no-any-return]


def usage_payload(usage: Usage | None) -> Payload | None:
    """Return a turn's tokens, if they are known."""
    if usage is None:
        return None
    return _present(
        inputTokens=usage.input_tokens,
        outputTokens=usage.output_tokens,
        cachedInputTokens=usage.cached_input_tokens,
        reasoningTokens=usage.reasoning_tokens,
        contextWindow=usage.context_window,
    )


def timing_payload(timing: Timing) -> Payload:
    """Return a turn's durations."""
    speed, prompt_speed = timing.output_tokens_per_second, timing.prompt_tokens_per_second
    return _present(
        requestMs=timing.request_ms,
        firstReasoningMs=timing.first_reasoning_ms,
        firstContentMs=timing.first_content_ms,
        totalMs=timing.total_ms,
        loadMs=timing.load_ms,
        promptMs=timing.prompt_ms,
        outputTokensPerSecond=None if speed is None else round(speed, 2),
        estimated=timing.estimated,
        promptTokensPerSecond=None if prompt_speed is None else round(prompt_speed, 2),
        promptEstimated=timing.prompt_estimated or None,
        waitedMs=timing.waited_ms,
        loadEstimated=timing.load_estimated or None,
        thinkingTokens=timing.thinking_tokens,
    )


def error_data(error: CodexError, names: Names) -> protocol.ErrorData:
    """Return the `data` of an error reply."""
    data: Any = _present(
        kind=error.kind,
        hint=error.hint,
        retryable=error.retryable,
        provider=names.provider,
        profile=names.profile,
        httpStatus=error.http_status if isinstance(error, ProviderError) else None,
    )
    return data  # type: ignore[no-any-return]


def turn_error(error: CodexError, names: Names) -> protocol.TurnError:
    """Return the `error` of a `done` event."""
    return {"message": error.message, **error_data(error, names)}


def _present(**fields: Any) -> Payload:
    return {key: value for key, value in fields.items() if value is not None}
