"""The text of one message, whatever thinking is mixed into it.

Chooses between the splitters by what the text itself shows: harmony markers at its start, else tags;
for a harmony model also its markers anywhere, and its words without them.
"""

from codex_ls.events import ContentDelta, WireEvent
from codex_ls.wire.harmony import STARTS, HarmonySplitter, StrippedHarmonySplitter
from codex_ls.wire.quirks import Quirks
from codex_ls.wire.reasoning_tags import TagSplitter
from codex_ls.wire.tool_calls import ToolCallAssembler


class MessageText:
    """Pieces of a message's text to reasoning, content and (harmony) tool calls."""

    def __init__(self, quirks: Quirks, tool_calls: ToolCallAssembler) -> None:
        self._tags = TagSplitter(
            forced_open=quirks.forced_open, implicit_closers=quirks.implicit_closers
        )
        self._harmony: HarmonySplitter | StrippedHarmonySplitter | None = None
        self._decided = False
        self._blank: list[str] = []
        self._held = ""
        self._quirks = quirks
        self._tool_calls = tool_calls

    @property
    def thinking_open(self) -> bool:
        """True while thinking has begun and not ended."""
        return self._tags.open or (self._harmony is not None and self._harmony.open)

    def reasoning_came_apart(self, text: str) -> None:
        """Tell of a piece of thinking that came in a field of its own."""
        self._tags.reasoning_came_apart(text)

    def feed(self, text: str) -> list[WireEvent]:
        """The events that `text` completes."""
        if not self._decided:
            text = self._decide(text)
            if not text:
                return []
        if self._harmony is None:
            return self._tags.feed(text)
        return self._through_tags(self._harmony.feed(text))

    def finish(self) -> list[WireEvent]:
        """What was held back."""
        events: list[WireEvent] = []
        if not self._decided:
            self._decided = True
            if text := "".join((*self._blank, self._held)):
                events += self._tags.feed(text)
        if self._harmony is not None:
            events += self._through_tags(self._harmony.finish())
        return events + self._tags.finish()

    def _decide(self, text: str) -> str:
        """Choose the splitter; the text to go on with, empty while it can't be known yet."""
        text, self._held = self._held + text, ""
        body = text.lstrip()
        if len(body) < len(text):
            self._blank.append(text[: len(text) - len(body)])
        word = "analysis" if self._quirks.harmony else ""
        if not body or STARTS.may_start(body) or (word and word.startswith(body)):
            self._held = body
            return ""
        self._decided = True
        if STARTS.at_start(body):
            self._harmony = HarmonySplitter(self._tool_calls)
            return body
        if word and body.startswith(word):
            self._harmony = StrippedHarmonySplitter()
        elif self._quirks.harmony:
            self._harmony = HarmonySplitter(self._tool_calls)
        return "".join(self._blank) + body

    def _through_tags(self, events: list[WireEvent]) -> list[WireEvent]:
        """The answer may still hold tags: converters put them where harmony had its channels."""
        out: list[WireEvent] = []
        for event in events:
            if isinstance(event, ContentDelta):
                out += self._tags.feed(event.text)
            else:
                out.append(event)
        return out
