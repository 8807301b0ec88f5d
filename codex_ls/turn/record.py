"""What has been said in a turn so far: its texts, notices and figures.

The one place where model text is cleaned (`sanitize`) and kept.
"""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import assert_never

from codex_ls.errors import CodexError
from codex_ls.events import (
    AnsweredInThinking,
    ContentDelta,
    Event,
    FinishReason,
    Notice,
    Noticed,
    PhaseChanged,
    ReasoningDelta,
    ReasoningSource,
    Reclassified,
    Status,
    StreamFailed,
    StreamFinished,
    ToolCallDelta,
    TurnFinished,
    Usage,
    UsageReported,
    WireEvent,
)
from codex_ls.sanitize import Sanitizer, is_blank, sanitize
from codex_ls.turn.clock import TurnClock

_BLOCK = 4096
_SHOWN_CALLS = 5
_SHOWN_NAME = 80


class TextBuffer:
    """A text that grows by small pieces, in little more memory than the text itself.

    A string of a few letters takes 64 bytes. So pieces are joined in blocks, and blocks at the end: each
    letter is copied twice, however long the text becomes.
    """

    __slots__ = ("_blocks", "_pieces")

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._pieces: list[str] = []

    def append(self, piece: str) -> None:
        """Add the next piece."""
        self._pieces.append(piece)
        if len(self._pieces) >= _BLOCK:
            self._blocks.append("".join(self._pieces))
            self._pieces.clear()

    def __bool__(self) -> bool:
        return bool(self._pieces or self._blocks)

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing to see: blanks, controls and zero-width characters alone."""
        return all(map(is_blank, chain(self._blocks, self._pieces)))

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(chain(self._blocks, self._pieces))


@dataclass(slots=True)
class _Call:
    name: str = ""
    arguments: list[str] = field(default_factory=list)


class TurnRecord:
    """Takes what the wire says, gives what the turn says."""

    def __init__(
        self,
        clock: TurnClock,
        *,
        prefer: ReasoningSource,
        thinks: bool = True,
        takes_calls: bool = False,
    ) -> None:
        """`thinks`: whether the model was left to think.

        `takes_calls`: whether a client runs its tool calls.
        """
        self._clock = clock
        self._takes_calls = takes_calls
        self._thinks = thinks
        self._prefer = prefer
        self._preferred_came = False
        self._reasoning = TextBuffer()
        self._content = TextBuffer()
        self._clean_reasoning, self._clean_content = Sanitizer(), Sanitizer()
        self._calls: dict[int, _Call] = {}
        self._phase = ""
        self._waiting: int | None = None
        self.usage: Usage | None = None
        self.notices: list[Notice] = []

    @property
    def has_text(self) -> bool:
        """Whether anything of the model's has been shown."""
        return bool(self._reasoning or self._content)

    def take(self, event: WireEvent) -> Iterable[Event]:
        """What the surfaces are told of one event from the wire."""
        match event:
            case ContentDelta():
                return self._add_content(self._clean_content.feed(event.text), event)
            case ReasoningDelta():
                if not self._is_wanted(event.source):
                    return ()
                return self._add_reasoning(self._clean_reasoning.feed(event.text), event)
            case Reclassified():
                return self._reclassify(event)
            case ToolCallDelta():
                call = self._calls.setdefault(event.index, _Call())
                call.name = event.name or call.name
                call.arguments.append(event.arguments)
                if not self._takes_calls:
                    return (event,)
                return (*self.phase(PhaseChanged("answering")), event)
            case UsageReported():
                event = replace(event, usage=self._counted(event.usage))
                self.usage = event.usage or self.usage
                self._clock.server = event.server
                return (event,)
            case PhaseChanged():
                return self.phase(event)
            case Noticed():
                return self.notice(event.notice)
            case StreamFinished() | StreamFailed():
                return self.flush()
            case _:
                assert_never(event)

    def _counted(self, usage: Usage | None) -> Usage | None:
        """The usage without zeros that stand for "not counted": there was a prompt, and text came."""
        if usage is None:
            return None
        counted = replace(
            usage,
            input_tokens=usage.input_tokens or None,
            output_tokens=None
            if self.has_text and not usage.output_tokens
            else usage.output_tokens,
            reasoning_tokens=(
                None if self._reasoning and not usage.reasoning_tokens else usage.reasoning_tokens
            ),
        )
        return None if counted.input_tokens is counted.output_tokens is None else counted

    def phase(self, event: PhaseChanged) -> Iterator[Event]:
        """A phase, unless nothing new is said by it."""
        is_new = event.phase != self._phase
        if is_new:
            self._phase = event.phase
            self._clock.phase(event.phase)
        if event.silent_ms is not None:
            yield event
        elif is_new or event.fraction is not None or event.waiting != self._waiting:
            self._waiting = event.waiting
            self._clock.queued(event.waiting)
            yield event

    def notice(self, notice: Notice) -> Iterator[Event]:
        """A notice, once, with everything in it safe to show."""
        hint = None if notice.hint is None else sanitize(notice.hint)
        clean = Notice(notice.kind, sanitize(notice.message), hint)
        if clean not in self.notices:
            self.notices.append(clean)
            yield Noticed(clean)

    def closing_notices(self, end: StreamFinished) -> Iterator[Event]:
        """What the user should know about an answer that is not there, or not whole."""
        if self._calls and not self._takes_calls:
            yield from self.notice(self._ignored_calls())
        kinds = {notice.kind for notice in self.notices}
        told = "thinkingUnclosed" in kinds
        thinks = self._thinks or told or "effortRefused" in kinds
        if not thinks and end.complete and end.finish_reason == "stop":
            yield from self._take_thinking_as_answer()
        answered = not self._content.is_blank
        if end.complete and not answered and not self._calls and not told:
            thought = bool(self._reasoning)
            yield from self.notice(_empty_answer(end.finish_reason, thought=thought))

    def finished(
        self, status: Status, reason: FinishReason, error: CodexError | None = None
    ) -> TurnFinished:
        """The turn's last event."""
        return TurnFinished(
            status,
            reason,
            self._reasoning.text,
            self._content.text,
            self._clock.timing(self.usage),
            self.usage,
            tuple(self.notices),
            error,
        )

    def flush(self) -> Iterator[Event]:
        """Text that was kept back because it might have been part of an escape sequence."""
        reasoning, content = self._clean_reasoning.finish(), self._clean_content.finish()
        yield from self._add_reasoning(reasoning, ReasoningDelta(reasoning, self._prefer))
        yield from self._add_content(content, ContentDelta(content))

    def _reclassify(self, event: Reclassified) -> Iterator[Event]:
        content = self._clean_content.finish()
        yield from self._add_content(content, ContentDelta(content))
        self._reasoning.append(self._content.text)
        self._content = TextBuffer()
        self._phase = "thinking"
        self._clock.reclassified()
        yield event

    def _take_thinking_as_answer(self) -> Iterator[Event]:
        """Where nobody was to think, a server's parser took the answer for thinking.

        vLLM and SGLang do for Qwen 3.5 and Nemotron (vllm-project/vllm#37414).
        """
        if self._reasoning and self._content.is_blank:
            self._content, self._reasoning = self._reasoning, TextBuffer()
            self._phase = "answering"
            self._clock.answered_in_thinking()
            yield AnsweredInThinking(self._content.text)

    def _is_wanted(self, source: ReasoningSource) -> bool:
        """Whether to take it: where thinking comes raw and as a summary, one of them is enough."""
        if source == self._prefer:
            self._preferred_came = True
        return source == self._prefer or not self._preferred_came

    def _add_reasoning(self, text: str, came: ReasoningDelta) -> Iterable[Event]:
        """The events of a piece of thinking: the one that came, unless its text had to be cleaned."""
        if not text:
            return ()
        self._clock.reasoning()
        self._reasoning.append(text)
        delta = came if text is came.text else ReasoningDelta(text, came.source)
        if self._phase == "thinking":
            return (delta,)
        return (*self.phase(PhaseChanged("thinking")), delta)

    def _add_content(self, text: str, came: ContentDelta) -> Iterable[Event]:
        """The same of a piece of the answer."""
        if not text:
            return ()
        self._clock.content()
        self._content.append(text)
        delta = came if text is came.text else ContentDelta(text)
        if self._phase == "answering":
            return (delta,)
        return (*self.phase(PhaseChanged("answering")), delta)

    def _ignored_calls(self) -> Notice:
        asked = list(dict.fromkeys(call.name or "a tool" for call in self._calls.values()))
        names = ", ".join(name[:_SHOWN_NAME] for name in asked[:_SHOWN_CALLS])
        if len(asked) > _SHOWN_CALLS:
            names += f" and {len(asked) - _SHOWN_CALLS} more"
        broken = any(not _is_json("".join(call.arguments)) for call in self._calls.values())
        return Notice(
            "toolCallIgnored",
            f"The model asked to run {names}, but it has no tools here."
            + (" Its arguments were cut off or are not JSON." if broken else ""),
            "Ask it to answer from the context it has.",
        )


def _is_json(text: str) -> bool:
    try:
        json.loads(text or "{}")
    except (ValueError, RecursionError):
        return False
    return True


def _empty_answer(reason: FinishReason, *, thought: bool) -> Notice:
    match reason, thought:
        case "length", True:
            message = "The model used all its tokens for thinking, so there is no answer."
            hint = (
                "Allow more tokens (model_max_output_tokens), lower the effort,"
                " or ask it to answer now."
            )
        case "length", False:
            message = "The model was cut off at its token limit before it wrote anything."
            hint = "Allow more tokens (model_max_output_tokens), or a larger context."
        case "contentFilter", _:
            message = "The model server's filter removed the answer."
            hint = "Rephrase the question."
        case _, True:
            message = "The model thought, and then stopped without an answer."
            hint = "Ask it to answer now, lower the effort, or allow more tokens."
        case _:
            message = "The model returned an empty answer."
            hint = "Ask again, or check the model's chat template."
    return Notice("emptyAnswer", message, hint)
