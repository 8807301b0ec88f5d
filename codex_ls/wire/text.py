"""The text of one message, whatever thinking is mixed into it.

Chooses between the splitters by what the text itself shows: harmony markers at its start, else tags;
for a harmony model also its markers anywhere, and its words without them. Before that, deltas that
repeat all of the text become what each adds to it (`duplicates`).
"""

from collections.abc import Iterable

from codex_ls.events import ReasoningDelta, ReasoningSource, WireEvent
from codex_ls.wire.duplicates import Piece, ResentText
from codex_ls.wire.harmony import (
    STARTS,
    HarmonySplitter,
    StrippedHarmonySplitter,
    bare_header,
)
from codex_ls.wire.quirks import Quirks
from codex_ls.wire.reasoning_tags import TagSplitter
from codex_ls.wire.tool_calls import ToolCallAssembler

_WINDOW = 4096
"""A longer piece that holds markers is read in windows: each marker costs a copy of the rest of one."""


_ANSWER = "answer"


class MessageText:
    """Pieces of a message's text, and of its thinking, to reasoning, content and tool calls."""

    def __init__(self, quirks: Quirks, tool_calls: ToolCallAssembler) -> None:
        self._resent = ResentText()
        self._tags = TagSplitter(tool_calls, forced_open=quirks.forced_open, model=quirks.model)
        self._harmony: HarmonySplitter | StrippedHarmonySplitter | None = None
        self._decided = False
        self._blank: list[str] = []
        self._held = ""
        self._speaks_harmony = quirks.harmony
        self._thought = False  # thinking came in a field of its own
        self._tool_calls = tool_calls

    @property
    def thinking_open(self) -> bool:
        """True while thinking has begun and not ended."""
        return self._tags.open if self._harmony is None else self._harmony.open

    def reasoning(self, text: str, source: ReasoningSource = "raw") -> list[WireEvent]:
        """The events of a piece of thinking that came in a field of its own."""
        return self._told(self._resent.feed(source, text))

    def feed(self, text: str) -> list[WireEvent]:
        """The events that `text` completes."""
        return self._told(self._resent.feed(_ANSWER, text))

    def _told(self, pieces: Iterable[Piece]) -> list[WireEvent]:
        events: list[WireEvent] = []
        for channel, text in pieces:
            if channel == _ANSWER:
                events += self._answer(text)
            else:
                self._thought = True
                self._tags.reasoning_came_apart(text)
                events.append(ReasoningDelta(text, "summary" if channel == "summary" else "raw"))
        return events

    def _answer(self, text: str) -> list[WireEvent]:
        if len(text) <= _WINDOW or not self._tags.may_hold_markers(text):
            return self._feed(text)
        windows = (text[at : at + _WINDOW] for at in range(0, len(text), _WINDOW))
        return [event for window in windows for event in self._feed(window)]

    def _feed(self, text: str) -> list[WireEvent]:
        if not self._decided:
            text = self._decide(text)
            if not text:
                return []
        return self._tags.feed(text) if self._harmony is None else self._harmony.feed(text)

    def finish(self) -> list[WireEvent]:
        """What was held back."""
        events = self._told(self._resent.finish())
        if not self._decided:
            self._decided = True
            if self._speaks_harmony and StrippedHarmonySplitter.begins(self._held):
                self._harmony = StrippedHarmonySplitter(self._tags)
                events += self._harmony.feed(self._held)
            elif text := "".join((*self._blank, self._held)):
                events += self._tags.feed(text)
        return events + (self._tags if self._harmony is None else self._harmony).finish()

    def _decide(self, text: str) -> str:
        """Choose the splitter; the text to go on with, empty while it can't be known yet."""
        text, self._held = self._held + text, ""
        body = text.lstrip()
        if len(body) < len(text):
            self._blank.append(text[: len(text) - len(body)])
        if not body or STARTS.may_start(body):
            self._held = body
            return ""
        if STARTS.at_start(body):
            self._decided = True
            self._harmony = HarmonySplitter(self._tool_calls, self._tags)
            return body
        if self._speaks_harmony:
            return self._decide_harmony(body)
        self._decided = True
        return "".join(self._blank) + body

    def _decide_harmony(self, body: str) -> str:
        """The same of a message that begins with no marker of harmony, though its model speaks it."""
        header, stripped = bare_header(body), StrippedHarmonySplitter.begins(body)
        if header is None or (not header and stripped is None):
            self._held = body
            return ""
        self._decided = True
        if header:
            self._harmony = HarmonySplitter(self._tool_calls, self._tags)
            return header + body
        if stripped:
            self._harmony = StrippedHarmonySplitter(self._tags)
            return body
        # Where thinking came in a field, the server has read the channels: this is the final one.
        tags = None if self._thought else self._tags
        self._harmony = HarmonySplitter(self._tool_calls, tags)
        return "".join(self._blank) + body
