"""The harmony format of gpt-oss, where a server leaves it in the text.

::

    <|channel|>analysis<|message|>thinking<|end|>
    <|start|>assistant<|channel|>commentary to=functions.f <|constrain|>json<|message|>{}<|call|>
    <|start|>assistant<|channel|>final<|message|>answer<|return|>

(OpenAI's harmony guide.) `analysis` is thinking; `final`, `commentary` to nobody, and text with no
header at all are the answer; a message to a function is a tool call; a channel that nobody named is
taken for thinking, since the answer always says that it is one.

Some servers drop the markers and leave their words: `analysisThe user asks...assistantfinal4`. That is
only recognised where the model's name says gpt-oss (`quirks.harmony`).
"""

import re
from typing import Literal

from codex_ls.events import ContentDelta, ReasoningDelta, WireEvent
from codex_ls.wire.code_spans import CodeSpans
from codex_ls.wire.markers import Markers
from codex_ls.wire.reasoning_tags import TagSplitter
from codex_ls.wire.tool_calls import ToolCallAssembler

STARTS = Markers("<|channel|>", "<|start|>", "<|message|>")
_MARKERS = Markers(
    "<|channel|>",
    "<|start|>",
    "<|message|>",
    "<|end|>",
    "<|return|>",
    "<|call|>",
    "<|constrain|>",
)
_CHANNELS = ("analysis", "commentary", "final")
_HEADER_WORDS = ("assistant", *_CHANNELS)
_BARE_HEADER = re.compile(
    r"(assistant)?(?:<\|channel\|>)?(?:analysis|commentary|final)"
    r"(?: to=[\w.:/-]{1,128})?(?: ?(?:<\|constrain\|>)?\w{1,16})?<\|message\|>"
    r"|(assistant)(?: to=[\w.:/-]{1,128})?<\|channel\|>"
)
_BARE_HEADER_BEGUN = re.compile(
    r"\w{0,20}(?:<[|\w]{0,16}>?\w{0,16})?(?: (?:t(?:o(?:=[\w.:/-]{0,128})?)?)?)?"
    r"(?: ?(?:<[|\w]{0,16}>?)?\w{0,16})?(?:<[|\w]{0,16})?"
)


def bare_header(text: str) -> str | None:
    """The marker that a message without its first one wants; empty: none; None: not known yet.

    Where the prompt ends in `<|start|>` or `<|channel|>`, the message begins behind it.
    """
    if match := _BARE_HEADER.match(text):
        return "<|start|>" if match[1] or match[2] else "<|channel|>"
    may_be = any(text.startswith(word) or word.startswith(text) for word in _HEADER_WORDS)
    return None if may_be and _BARE_HEADER_BEGUN.fullmatch(text) else ""


_ENDS = ("<|end|>", "<|return|>", "<|call|>")
_RECIPIENT = re.compile(r"\bto=(functions\.)?([^\s<]+)")
_MAX_HEADER = 512
"""A header is a few words; anything longer was no header and is shown."""


class HarmonySplitter:
    """Pieces of text with harmony markers to reasoning, content and tool calls.

    Text before the first header may still hold the tags of other formats, since converters put them
    there: it goes through `tags`, if there are any. What stands under a header is what the header says,
    verbatim.
    """

    def __init__(self, tool_calls: ToolCallAssembler, tags: TagSplitter | None) -> None:
        self._tool_calls = tool_calls
        self._tags = tags
        self._held = ""
        self._in_header = False
        self._header = ""
        self._body: Literal["reasoning", "content", "tool"] = "content"
        self._call = 0
        self._code = CodeSpans()
        self._waiting = ""  # an end that stood in code: what follows tells whether it is one

    @property
    def open(self) -> bool:
        """True while a message of thinking is open."""
        if self._tags is not None:
            return self._tags.open
        return self._body == "reasoning" and not self._in_header

    def feed(self, text: str) -> list[WireEvent]:
        """The events that `text` completes."""
        events: list[WireEvent] = []
        if self._held:
            text, self._held = self._held + text, ""
        while text:
            marker, keep = _MARKERS.scan(text)
            if not marker:
                self._held = text[len(text) - keep :]
                self._text(text[: len(text) - keep], events)
                break
            self._text(text[: marker.start()], events)
            self._marker(marker[0], events)
            text = text[marker.end() :]
        return events

    def finish(self) -> list[WireEvent]:
        """What was held back."""
        events: list[WireEvent] = []
        held, self._held = self._held, ""
        self._text(held, events)
        if self._tags is not None:
            events += self._tags.finish()
        return events

    @property
    def _in_code(self) -> bool:
        return self._body == "content" and not self._in_header and self._code.inside

    def _marker(self, marker: str, events: list[WireEvent]) -> None:
        if self._in_code:
            if marker in _ENDS and not self._waiting:
                self._waiting = marker
                return
            if not (self._waiting and marker in ("<|start|>", "<|channel|>")):
                self._text(marker, events)
                return
        self._waiting = ""
        if self._tags is not None:
            events += self._tags.finish()
            self._tags = None
        match marker:
            case "<|start|>" | "<|channel|>":
                if not self._in_header or marker == "<|start|>":
                    self._header = ""
                self._in_header = True
                self._header += marker
            case "<|constrain|>":
                self._text(" ", events)
            case "<|message|>":
                self._begin_body(events)
            case _:
                self._in_header, self._body = False, "content"
                self._code = CodeSpans()

    def _begin_body(self, events: list[WireEvent]) -> None:
        header, self._header, self._in_header = self._header, "", False
        self._code = CodeSpans()
        before, channel_marker, after = header.rpartition("<|channel|>")
        words = after.split()
        channel = words[0] if channel_marker and words else ""
        recipient = _RECIPIENT.search(f"{before} {after}")
        if recipient and (recipient[1] or channel != "analysis"):
            self._body = "tool"
            self._call, delta = self._tool_calls.begin(recipient[2])
            events.append(delta)
        elif channel in ("", "final", "commentary"):
            self._body = "content"
        else:
            self._body = "reasoning"

    def _text(self, text: str, events: list[WireEvent]) -> None:
        if not text:
            return
        if self._in_header:
            self._header += text
            if len(self._header) <= _MAX_HEADER:
                return
            text, self._header, self._in_header = self._header, "", False
        match self._body:
            case "reasoning":
                events.append(ReasoningDelta(text))
            case "content":
                text, self._waiting = self._waiting + text, ""
                self._code.feed(text)
                events += [ContentDelta(text)] if self._tags is None else self._tags.feed(text)
            case "tool":
                events.append(self._tool_calls.more(self._call, text))


_WORDS = Markers(*(f"assistant{channel}" for channel in _CHANNELS))
_FIRST_WORDS = Markers(
    "analysis", "commentary", "to=functions.", *(f"assistant{channel}" for channel in _CHANNELS)
)
_TO = " to="


class StrippedHarmonySplitter:
    """The same with the markers gone: `analysis`, thinking, `assistantfinal`, answer.

    A message to a function is left to `tags`, which knows its words as a tool call.
    """

    def __init__(self, tags: TagSplitter) -> None:
        self._tags = tags
        self._held = ""
        self._state: Literal["word", "reasoning", "commentary", "final"] = "word"

    @staticmethod
    def begins(text: str) -> bool | None:
        """Whether a message that begins so is of this form; None while it can't be known."""
        word = _FIRST_WORDS.at_start(text)
        if not word:
            return None if _FIRST_WORDS.may_start(text) or not text else False
        rest = text[len(word) :]
        if word.startswith(("assistant", "to=")):
            return True
        if not rest or (rest != _TO and _TO.startswith(rest)):
            return None
        # An answer may begin with the word itself: "analysis of ...".
        return rest.startswith(_TO) or not (rest[0].isspace() or rest[0].islower())

    @property
    def open(self) -> bool:
        """True while thinking is open."""
        return self._state == "reasoning"

    def feed(self, text: str) -> list[WireEvent]:
        """The events that `text` completes."""
        text, self._held = self._held + text, ""
        events: list[WireEvent] = []
        while text:
            match self._state:
                case "word":
                    text = self._word(text)
                case "reasoning" | "commentary":
                    text = self._channel(text, events)
                case "final":
                    events.append(ContentDelta(text))
                    text = ""
        return events

    def finish(self) -> list[WireEvent]:
        """What was held back."""
        text, self._held = self._held, ""
        events: list[WireEvent] = []
        match self._state:
            case "reasoning" if text:
                events.append(ReasoningDelta(text))
            case "word" | "commentary" if text:
                events += self._tags.feed(text)
        return events + self._tags.finish()

    def _word(self, text: str) -> str:
        """At the name of a channel; what stands behind it is returned."""
        word = _FIRST_WORDS.at_start(text)
        rest = text[len(word) :]
        if word.endswith("final"):
            self._state = "final"
            return rest
        if word.startswith("to="):
            self._state = "commentary"
            return text
        if rest != _TO and _TO.startswith(rest):
            self._held = text
            return ""
        is_call = rest.startswith(_TO)
        self._state = "commentary" if is_call or word.endswith("commentary") else "reasoning"
        return text.removeprefix("assistant") if is_call else rest

    def _channel(self, text: str, events: list[WireEvent]) -> str:
        """Inside a channel, up to the name of the next one."""
        word, keep = _WORDS.scan(text)
        head = text[: word.start() if word else len(text) - keep]
        if head and self._state == "reasoning":
            events.append(ReasoningDelta(head))
        elif head:
            events += self._tags.feed(head)
        if not word:
            self._held = text[len(text) - keep :]
            return ""
        if self._state == "commentary":
            events += self._tags.finish()
        self._state = "word"
        return text[word.start() :]
