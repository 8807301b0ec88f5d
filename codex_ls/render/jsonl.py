"""A turn for a program: the lines that ``codex exec --json`` prints, and one of our own.

The shape (event and item names, the five counts of `usage`) is that of Codex 0.169 and of the
types of `@openai/codex-sdk`. Ours alone are ``item.delta``, the next piece of an item's text, the
moment it came, and ``untold`` and ``model_context_window`` beside `usage`; programs that don't know
them pass over them.

Invariant: linear. ``item.updated`` carries the whole text so far, so it is sent only when the text
has doubled since the last one: all updates of an item together are at most twice its length.
"""

import json
from collections.abc import Callable, Mapping
from typing import Any, Literal, assert_never

from codex_ls.errors import CodexError
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
    ReasoningSource,
    Reclassified,
    RetryScheduled,
    ToolCallDelta,
    TurnFinished,
    TurnStarted,
    Usage,
    UsageReported,
)
from codex_ls.render.failure import cut_reason, failure_sentence, is_answered, one_line
from codex_ls.render.items import item_json

ItemType = Literal["reasoning", "agent_message"]

# Legal inside a JSON string, but line readers such as Node's readline cut there.
_LINE_BREAKS = str.maketrans({"\x85": "\\u0085", "\u2028": "\\u2028", "\u2029": "\\u2029"})


class JsonlRenderer:
    """Writes the events of one turn as JSON lines, one `write` for each.

    `sources` are the kinds of thinking to tell; an empty set keeps all of it back.
    """

    def __init__(
        self, *, write: Callable[[str], None], sources: frozenset[ReasoningSource]
    ) -> None:
        self._write = write
        self._sources = sources
        self._item_count = 0
        self._reasoning: _Item | None = None
        self._answer: _Item | None = None
        self._told: list[Notice] = []
        self._has_started = False
        self._item_ids: dict[str, str] = {}

    def render(self, event: Event) -> None:
        """Write the lines that `event` adds."""
        match event:
            case ContentDelta(text=text):
                self._render_content(text)
            case ReasoningDelta(text=text, source=source):
                if source in self._sources:
                    self._render_reasoning(text)
            case TurnStarted(thread_id=thread_id):
                self._has_started = True
                self._emit({"type": "thread.started", "thread_id": thread_id})
                self._emit({"type": "turn.started"})
            case Reclassified():
                self._render_reclassified()
            case AnsweredInThinking(text=text):
                self._render_answered_in_thinking(text)
            case RetryScheduled():
                self._emit_problem(
                    f"Attempt {event.attempt} of {event.max_attempts}"
                    f" in {event.delay_ms / 1000:.1f} s: {one_line(event.reason)}"
                )
            case Noticed(notice=notice):
                self._render_notice(notice)
            case TurnFinished():
                self._render_finished(event)
            case ItemChanged():
                self._render_item(event)
            case PhaseChanged() | ToolCallDelta() | UsageReported() | ItemOutput():
                pass
            case _:
                assert_never(event)

    def tick(self, elapsed_ms: int) -> None:
        """Nothing: programs are told what happened, not that time passes."""

    def fail(self, error: CodexError) -> None:
        """Tell a failure: an `error` line, and `turn.failed` where a turn had begun."""
        self._emit_failure(failure_sentence(error))

    def close(self) -> None:
        """Complete the items that are open."""
        for item in (self._reasoning, self._answer):
            if item is not None:
                self._complete(item)
        self._reasoning = self._answer = None

    def _render_content(self, text: str) -> None:
        if self._reasoning is not None and not text.isspace():
            self._complete(self._reasoning)
            self._reasoning = None
        if self._answer is None:
            self._answer = _Item("agent_message")
        self._add(self._answer, text)

    def _render_reasoning(self, text: str) -> None:
        if self._reasoning is None:
            self._reasoning = _Item("reasoning")
        self._add(self._reasoning, text)

    def _render_reclassified(self) -> None:
        """What was told as the message was reasoning: the same item, with its new type."""
        if self._answer is None:
            return
        item, self._answer = self._answer, None
        item.item_type = "reasoning"
        if item.item_id is not None:
            self._emit({"type": "item.updated", "item": item.whole()})
            self._complete(item)

    def _render_answered_in_thinking(self, text: str) -> None:
        """What was told as reasoning was the message: the same item, if it has all of it."""
        item = self._reasoning
        self._answer = None  # blank space, if anything
        if item is None or item.item_id is None or item.whole()["text"] != text:
            self._render_content(text)
            return
        self._answer, self._reasoning = item, None
        item.item_type = "agent_message"
        self._emit({"type": "item.updated", "item": item.whole()})

    def _render_notice(self, notice: Notice) -> None:
        self._told.append(notice)
        self._emit_problem(one_line(notice.message, hint=notice.hint))

    def _render_item(self, event: ItemChanged) -> None:
        self.close()
        item_id = self._item_ids.get(event.item.item_id)
        if item_id is None:
            item_id = f"item_{self._item_count}"
            self._item_ids[event.item.item_id] = item_id
            self._item_count += 1
        self._emit({"type": f"item.{event.stage}", "item": item_json(event.item, item_id)})

    def _render_finished(self, finished: TurnFinished) -> None:
        self.close()
        cut = cut_reason(finished)
        for notice in finished.notices:
            if notice not in self._told and notice != cut:
                self._render_notice(notice)
        if finished.error is not None:
            self._emit_failure(failure_sentence(finished.error))
        elif finished.status == "cancelled":
            self._emit({"type": "turn.failed", "error": {"message": "The turn was interrupted."}})
        elif cut is not None and not is_answered(finished):
            self._emit_failure(one_line(cut.message, hint=cut.hint))
        else:
            if cut is not None:
                self._render_notice(cut)
            self._emit({"type": "turn.completed", **_usage(finished.usage)})

    def _add(self, item: "_Item", text: str) -> None:
        item.pieces.append(text)
        item.length += len(text)
        if item.item_id is None:
            # An item of blank space alone is none; Codex leaves it out as well.
            if text.isspace():
                if self._item_ids:  # what separates the text from that before a call
                    item.pieces.clear()
                return
            item.item_id = f"item_{self._item_count}"
            self._item_count += 1
            self._emit({"type": "item.started", "item": {**item.label(), "text": ""}})
            text = "".join(item.pieces)
        self._emit({"type": "item.delta", "item": item.label(), "delta": text})
        if item.length >= item.next_update_at:
            item.next_update_at = 2 * item.length
            self._emit({"type": "item.updated", "item": item.whole()})

    def _complete(self, item: "_Item") -> None:
        if item.item_id is not None:
            self._emit({"type": "item.completed", "item": item.whole()})

    def _emit_problem(self, message: str) -> None:
        """A problem that does not end the turn: Codex makes it a completed `error` item."""
        item = {"id": f"item_{self._item_count}", "type": "error", "message": message}
        self._item_count += 1
        self._emit({"type": "item.completed", "item": item})

    def _emit_failure(self, message: str) -> None:
        self._emit({"type": "error", "message": message})
        if self._has_started:
            self._emit({"type": "turn.failed", "error": {"message": message}})

    def _emit(self, line: Mapping[str, Any]) -> None:
        text = json.dumps(line, ensure_ascii=False, separators=(",", ":"))
        if not text.isascii():
            text = text.translate(_LINE_BREAKS)
        self._write(text + "\n")


class _Item:
    """One `reasoning` or `agent_message` item; it has an id once its first word has been told."""

    __slots__ = ("item_id", "item_type", "length", "next_update_at", "pieces")

    def __init__(self, item_type: ItemType) -> None:
        self.item_type: ItemType = item_type
        self.item_id: str | None = None
        self.pieces: list[str] = []
        self.length = 0
        self.next_update_at = 1

    def label(self) -> dict[str, Any]:
        return {"id": self.item_id, "type": self.item_type}

    def whole(self) -> dict[str, Any]:
        self.pieces = ["".join(self.pieces)]
        return {**self.label(), "text": self.pieces[0]}


def _usage(usage: Usage | None) -> dict[str, Any]:
    """`usage` with the five counts of Codex 0.169, and what is ours: `untold` says which of them nobody
    told, `model_context_window` how many tokens fit, where that is known.

    The official SDK's types want five numbers, so what the model server did not tell stands as zero.
    """
    told = {
        "input_tokens": usage and usage.input_tokens,
        "cached_input_tokens": usage and usage.cached_input_tokens,
        "cache_write_input_tokens": 0,  # no model server tells it
        "output_tokens": usage and usage.output_tokens,
        "reasoning_output_tokens": usage and usage.reasoning_tokens,
    }
    untold = [name for name, count in told.items() if count is None]
    counts = {name: count or 0 for name, count in told.items()}
    window = usage and usage.context_window
    return {
        "usage": counts,
        **({"untold": untold} if untold else {}),
        **({"model_context_window": window} if window else {}),
    }
