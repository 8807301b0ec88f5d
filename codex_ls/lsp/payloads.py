"""Events and errors in the words of the protocol: camelCase keys, and none without a value."""

from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, assert_never

from pydantic import ValidationError

from codex_ls import protocol
from codex_ls.config.address import is_loopback
from codex_ls.config.model_settings import ModelSettings
from codex_ls.errors import CodexError, ProviderError
from codex_ls.events import (
    AnsweredInThinking,
    CommandItem,
    ContentDelta,
    Event,
    FileChangeItem,
    Item,
    ItemChanged,
    ItemOutput,
    Notice,
    Noticed,
    PhaseChanged,
    PlanItem,
    ReasoningDelta,
    Reclassified,
    RetryScheduled,
    Timing,
    ToolCallDelta,
    ToolItem,
    TurnFinished,
    TurnStarted,
    Usage,
    UsageReported,
)
from codex_ls.json_model import well_formed
from codex_ls.lsp.next_steps import next_step
from codex_ls.protocol import ProgressToken, Range, ThreadResult, ThreadsResult, ThreadTurn
from codex_ls.turn.kept_thread import KeptThread, KeptTurn
from codex_ls.turn.thread_store import ThreadSummary
from codex_ls.wire import ToolCall

Payload = dict[str, Any]
"""An object as it is sent: the hot path of deltas makes no models."""

Send = Callable[[ProgressToken | None, Payload], None]
"""Sends one value of `$/progress`; nothing without a token."""


@dataclass(frozen=True, slots=True)
class Names:
    """Who answers: part of the result and of every error."""

    provider: str | None = None
    profile: str | None = None
    model: str | None = None
    is_local: bool = False
    """Whether the model server is on this machine."""

    @classmethod
    def of(cls, settings: ModelSettings) -> "Names":
        """The names of a turn's settings."""
        return cls(
            provider=settings.provider.id,
            profile=settings.profile,
            model=settings.model,
            is_local=is_loopback(settings.provider.base_url),
        )


def event_payload(event: Event, names: Names) -> Payload | None:
    """Return an event's `codex` object, without `turnId` and `seq`; None for what is not sent."""
    match event:
        case TurnStarted():
            return _present(
                type="begin",
                threadId=event.thread_id,
                model=event.model,
                profile=event.profile,
                provider=event.provider,
                isLocal=names.is_local,
            )
        case PhaseChanged():
            return _present(
                type="phase",
                phase=event.phase,
                fraction=event.fraction,
                waiting=event.waiting,
                silentMs=event.silent_ms,
            )
        case ReasoningDelta():
            return {"type": "reasoning", "text": event.text, "source": event.source}
        case ContentDelta():
            return {"type": "content", "text": event.text}
        case Reclassified():
            return {"type": "reclassify", "from": "content", "to": "reasoning"}
        case AnsweredInThinking():
            return {"type": "reclassify", "from": "reasoning", "to": "content"}
        case RetryScheduled():
            return {
                "type": "retry",
                "attempt": event.attempt,
                "maxAttempts": event.max_attempts,
                "delayMs": event.delay_ms,
                "reason": event.reason,
            }
        case Noticed():
            return {"type": "notice", **notice_of(event.notice).dump()}
        case TurnFinished():
            usage = usage_of(event.usage)
            return _present(
                type="done",
                status=event.status,
                usage=None if usage is None else usage.dump(),
                timing=timing_of(event.timing).dump(),
                error=None if event.error is None else turn_error(event.error, names).dump(),
            )
        case ItemChanged():
            return {"type": "item", "stage": event.stage, "item": item_of(event.item).dump()}
        case ItemOutput():
            return {
                "type": "item",
                "stage": "output",
                "itemId": event.item_id,
                "text": event.text,
            }
        case ToolCallDelta():
            return _present(
                type="toolCall",
                index=event.index,
                id=event.call_id,
                name=event.name,
                arguments=well_formed(event.arguments),
            )
        case UsageReported():
            return None
        case _:
            assert_never(event)


def item_of(item: Item) -> protocol.TurnItem:
    """Return what a model does with its tools."""
    match item:
        case CommandItem():
            return protocol.TurnItem(
                id=item.item_id,
                type="command_execution",
                status=item.status,
                command=item.command,
                cwd=item.cwd,
                aggregated_output=item.output,
                exit_code=item.exit_code,
            )
        case FileChangeItem():
            from codex_ls.lsp.documents import uri_of  # with pygls, which the shell does without

            changes = [
                protocol.FileChange(
                    uri=uri_of(change.path) or "", kind=change.kind, diff=change.diff
                )
                for change in item.changes
            ]
            return protocol.TurnItem(
                id=item.item_id, type="file_change", status=item.status, changes=tuple(changes)
            )
        case ToolItem():
            return protocol.TurnItem(
                id=item.item_id,
                type="tool_call",
                status=item.status,
                tool=item.tool,
                arguments=item.arguments,
                result=item.result or None,
                error=item.error,
            )
        case PlanItem():
            steps = [protocol.PlanStep(text=text, completed=done) for text, done in item.steps]
            return protocol.TurnItem(id=item.item_id, type="todo_list", items=tuple(steps))
        case _:
            assert_never(item)


def exec_result(
    started: TurnStarted,
    finished: TurnFinished,
    notices: tuple[Notice, ...],
    *,
    place: Range | None = None,
) -> protocol.ExecResult:
    """Return the reply to a turn that did not fail.

    `notices` were added by this side of the turn; `place` is what the answer is about.
    """
    assert finished.status != "failed"
    return protocol.ExecResult(
        thread_id=started.thread_id,
        turn_id=started.turn_id,
        status=finished.status,
        content=finished.content,
        reasoning=finished.reasoning,
        finish_reason=finished.finish_reason,
        model=started.model,
        profile=started.profile,
        provider=started.provider,
        range=place,
        usage=usage_of(finished.usage),
        timing=timing_of(finished.timing),
        notices=tuple(map(notice_of, (*notices, *finished.notices))),
    )


def chat_result(
    started: TurnStarted,
    finished: TurnFinished,
    notices: tuple[Notice, ...],
    *,
    calls: tuple[ToolCall, ...],
) -> protocol.ChatResult:
    """Return the reply to a request of `codex/chat` that did not fail."""
    assert finished.status != "failed"
    return protocol.ChatResult(
        turn_id=started.turn_id,
        status=finished.status,
        content=finished.content,
        reasoning=finished.reasoning,
        tool_calls=tuple(
            protocol.ChatToolCall(id=call.call_id, name=call.name, arguments=call.arguments)
            for call in calls
        ),
        finish_reason=finished.finish_reason,
        model=started.model,
        profile=started.profile,
        provider=started.provider,
        usage=usage_of(finished.usage),
        timing=timing_of(finished.timing),
        notices=tuple(map(notice_of, (*notices, *finished.notices))),
    )


def notice_of(notice: Notice) -> protocol.Notice:
    """Return a notice."""
    return protocol.Notice(
        kind=notice.kind,
        message=notice.message,
        hint=notice.hint,
        next_step=next_step(notice.kind, notice.hint),
    )


def usage_of(usage: Usage | None) -> protocol.Usage | None:
    """Return a turn's tokens, if they are known."""
    return None if usage is None else protocol.Usage(**asdict(usage))


def timing_of(timing: Timing) -> protocol.Timing:
    """Return a turn's durations."""
    speed, prompt_speed = timing.output_tokens_per_second, timing.prompt_tokens_per_second
    return protocol.Timing(
        **asdict(timing)
        | {
            "output_tokens_per_second": None if speed is None else round(speed, 2),
            "prompt_tokens_per_second": None if prompt_speed is None else round(prompt_speed, 2),
            "prompt_estimated": timing.prompt_estimated or None,
            "load_estimated": timing.load_estimated or None,
        }
    )


def error_data(error: CodexError, names: Names) -> dict[str, Any]:
    """Return the `data` of an error reply."""
    return protocol.ErrorData(**_error_fields(error, names)).dump()


def turn_error(error: CodexError, names: Names) -> protocol.TurnError:
    """Return the `error` of a `done` event."""
    return protocol.TurnError(message=error.message, **_error_fields(error, names))


def _error_fields(error: CodexError, names: Names) -> dict[str, Any]:
    return {
        "kind": error.kind,
        "hint": error.hint,
        "next_step": next_step(error.kind, error.hint, provider=names.provider, model=names.model),
        "retryable": error.retryable,
        "provider": names.provider,
        "profile": names.profile,
        "http_status": error.http_status if isinstance(error, ProviderError) else None,
    }


def _present(**fields: Any) -> Payload:
    return {key: value for key, value in fields.items() if value is not None}


def threads_result(found: Iterable[ThreadSummary], *, folder: str | None = None) -> ThreadsResult:
    """Return the answer to `codex/threads`; those that began in `folder` are marked."""
    return ThreadsResult(
        threads=tuple(
            protocol.ThreadSummary(
                thread_id=thread.thread_id,
                title=thread.title,
                updated_at=thread.updated_at,
                profile=thread.profile,
                turns=thread.turns,
                here=True if folder is not None and thread.folder == folder else None,
            )
            for thread in found
        )
    )


def thread_result(kept: KeptThread) -> ThreadResult:
    """Return the answer to `codex/thread`: its turns, the oldest first."""
    return ThreadResult(thread_id=kept.thread_id, turns=tuple(map(_turn, kept.turns)))


def _turn(turn: KeptTurn) -> ThreadTurn:
    return ThreadTurn(
        turn_id=turn.turn_id,
        at=turn.at,
        prompt=turn.prompt,
        reasoning=turn.reasoning,
        content=turn.content,
        status=turn.status,
        finish_reason=turn.finish_reason,
        model=turn.model,
        provider=turn.provider,
        profile=turn.profile,
        usage=_usage_as_kept(turn.usage),
        timing=_timing_as_kept(turn.timing),
        notices=tuple(map(notice_of, turn.notices)),
        error=None if turn.error is None else notice_of(turn.error),
    )


def _usage_as_kept(usage: Usage | None) -> protocol.Usage | None:
    """Return what was written; None if it is no count, as in a file that someone edited."""
    try:
        return usage_of(usage)
    except ValidationError:
        return None


def _timing_as_kept(timing: Timing | None) -> protocol.Timing | None:
    try:
        return None if timing is None else timing_of(timing)
    except ValidationError:
        return None
