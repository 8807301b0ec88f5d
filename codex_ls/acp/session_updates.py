"""The events of a turn, and the turns of a kept thread, as the updates of a session.

One event is at most one update, and leaves the moment it is known. What the protocol has no update for
stays unsaid (retries), or is a tool call of its own (phases, see `shown_phases`): in a thought or in the
answer it would be taken for the model's words.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Final, assert_never

from acp.helpers import (
    update_agent_message_text,
    update_agent_thought_text,
    update_user_message_text,
)
from acp.schema import (
    AgentMessageChunk,
    AgentPlanUpdate,
    AgentThoughtChunk,
    AvailableCommandsUpdate,
    ConfigOptionUpdate,
    StopReason,
    ToolCallProgress,
    ToolCallStart,
    UsageUpdate,
    UserMessageChunk,
)
from acp.schema import Usage as PromptUsage

from codex_ls.acp.shown_calls import completed, output_so_far, past_call, started
from codex_ls.acp.shown_phases import ShownPhases
from codex_ls.config.model_settings import ModelSettings
from codex_ls.events import (
    AnsweredInThinking,
    ContentDelta,
    Event,
    ItemChanged,
    ItemOutput,
    Notice,
    Noticed,
    PhaseChanged,
    ReasoningDelta,
    Reclassified,
    RetryScheduled,
    ToolCallDelta,
    TurnFinished,
    TurnStarted,
    Usage,
    UsageReported,
)
from codex_ls.turn.kept_thread import KeptTurn

Update = (
    AgentMessageChunk
    | AgentThoughtChunk
    | UserMessageChunk
    | AgentPlanUpdate
    | AvailableCommandsUpdate
    | ConfigOptionUpdate
    | ToolCallStart
    | ToolCallProgress
    | UsageUpdate
)

_SHOWN_OUTPUT_CHARS: Final = 4_000
"""So much of a running command's output is shown; all of it once it has ended."""


class TurnUpdates:
    """The updates of one turn."""

    def __init__(self, settings: ModelSettings, workspace: Path) -> None:
        self._workspace = workspace
        self._shows_raw = settings.show_raw_reasoning and not settings.hide_reasoning
        self._shows_summary = not settings.hide_reasoning
        self._turn_id = ""
        self._output: dict[str, str] = {}
        self._used: tuple[int, int] | None = None
        self._phases = ShownPhases(self.call_id)

    def of(self, event: Event) -> Update | None:
        """Return the update for an event; None where there is nothing to show."""
        match event:
            case ContentDelta(text=text) | AnsweredInThinking(text=text):
                return update_agent_message_text(text)
            case ReasoningDelta():
                return self._thought(event)
            case Reclassified():
                # What was sent can't be taken back; a line keeps it apart from the answer.
                return update_agent_message_text("\n\n---\n\n")
            case Noticed(notice=notice):
                return update_agent_message_text(shown_notice(notice))
            case UsageReported(usage=usage):
                return self._window(usage)
            case ItemChanged():
                return self._item(event)
            case ItemOutput():
                return self._item_output(event)
            case TurnStarted():
                self._turn_id = event.turn_id
                return None
            case PhaseChanged():
                return self._phases.update(event)
            case TurnFinished():
                return self._phases.end(has_failed=event.status in ("failed", "cancelled"))
            case ToolCallDelta() | RetryScheduled():
                return None
            case _:
                assert_never(event)

    def call_id(self, item_id: str) -> str:
        """Return the id of an item that no other turn of the session has."""
        return f"{self._turn_id}/{item_id}"

    def _thought(self, event: ReasoningDelta) -> AgentThoughtChunk | None:
        is_shown = self._shows_summary if event.source == "summary" else self._shows_raw
        return update_agent_thought_text(event.text) if is_shown else None

    def _item(self, event: ItemChanged) -> Update:
        make = started if event.stage == "started" else completed
        return make(event.item, self.call_id(event.item.item_id), self._workspace)

    def _item_output(self, event: ItemOutput) -> ToolCallProgress:
        text = (self._output.get(event.item_id, "") + event.text)[-_SHOWN_OUTPUT_CHARS:]
        self._output[event.item_id] = text
        return output_so_far(self.call_id(event.item_id), text)

    def _window(self, usage: Usage | None) -> UsageUpdate | None:
        """Return how full the window is; None where that is unknown, or was said."""
        if usage is None or not usage.context_window or usage.input_tokens is None:
            return None
        used = usage.input_tokens + (usage.output_tokens or 0)
        if (used, usage.context_window) == self._used:
            return None
        self._used = used, usage.context_window
        return UsageUpdate(session_update="usage_update", used=used, size=usage.context_window)


def shown_notice(notice: Notice) -> str:
    """Return a notice as a quotation, which nobody takes for the model's words."""
    sentences = " ".join(f"{notice.message} {notice.hint or ''}".split())
    return f"\n\n> note: {sentences}\n\n"


def stop_reason(finished: TurnFinished) -> StopReason:
    """Return why a turn that did not fail has ended."""
    if finished.status == "cancelled":
        return "cancelled"
    if any(notice.kind == "agentStopped" for notice in finished.notices):
        return "max_turn_requests"
    if finished.finish_reason == "length":
        return "max_tokens"
    return "refusal" if finished.finish_reason == "contentFilter" else "end_turn"


def prompt_usage(usage: Usage | None) -> PromptUsage | None:
    """Return the tokens of a turn; None where the model server did not count them."""
    if usage is None or usage.input_tokens is None or usage.output_tokens is None:
        return None
    return PromptUsage(
        input_tokens=usage.input_tokens,
        output_tokens=usage.output_tokens,
        total_tokens=usage.input_tokens + usage.output_tokens,
        cached_read_tokens=usage.cached_input_tokens,
        thought_tokens=usage.reasoning_tokens,
    )


def replayed(turn: KeptTurn, settings: ModelSettings) -> Iterator[Update]:
    """Yield an earlier turn: the question, the thinking, the calls, the answer."""
    yield update_user_message_text(turn.prompt)
    is_shown = settings.show_raw_reasoning and not settings.hide_reasoning
    if turn.reasoning and is_shown:
        yield update_agent_thought_text(turn.reasoning)
    results = {step.tool_call_id: step.text for step in turn.steps if step.role == "tool"}
    for step in turn.steps:
        for call in step.tool_calls:
            result = results.get(call.call_id, "")
            call_id = f"{turn.turn_id}/{call.call_id}"
            yield past_call(call_id, call.name, call.arguments, result)
    if turn.content:
        yield update_agent_message_text(turn.content)
    if turn.error is not None:
        yield update_agent_message_text(shown_notice(turn.error))
