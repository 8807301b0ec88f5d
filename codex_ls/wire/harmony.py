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
from codex_ls.wire.markers import Markers
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
_RECIPIENT = re.compile(r"\bto=(?:functions\.)?([^\s<]+)")
_MAX_HEADER = 512
"""A header is a few words; anything longer was no header and is shown."""


class HarmonySplitter:
    """Pieces of text with harmony markers to reasoning, content and tool calls."""

    def __init__(self, tool_calls: ToolCallAssembler) -> None:
        self._tool_calls = tool_calls
        self._held = ""
        self._in_header = False
        self._header = ""
        self._body: Literal["reasoning", "content", "tool"] = "content"
        self._call = 0

    @property
    def open(self) -> bool:
        """True while a message of thinking is open."""
        return self._body == "reasoning" and not self._in_header

    def feed(self, text: str) -> list[WireEvent]:
        """The events that `text` completes."""
        events: list[WireEvent] = []
        if self._held:
            text, self._held = self._held + text, ""
        while text:
            marker = _MARKERS.find(text)
            if not marker:
                keep = _MARKERS.held(text)
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
        return events

    def _marker(self, marker: str, events: list[WireEvent]) -> None:
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

    def _begin_body(self, events: list[WireEvent]) -> None:
        header, self._header, self._in_header = self._header, "", False
        before, channel_marker, after = header.rpartition("<|channel|>")
        words = after.split()
        channel = words[0] if channel_marker and words else ""
        recipient = _RECIPIENT.search(f"{before} {after}")
        if recipient and channel != "analysis":
            self._body = "tool"
            self._call, delta = self._tool_calls.begin(recipient[1])
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
                events.append(ContentDelta(text))
            case "tool":
                events.append(self._tool_calls.more(self._call, text))


_WORDS = Markers("assistantfinal", "assistantcommentary", "assistantanalysis")
_FIRST_WORD = "analysis"


class StrippedHarmonySplitter:
    """The same with the markers gone: `analysis`, thinking, `assistantfinal`, answer."""

    def __init__(self) -> None:
        self._held = ""
        self._state: Literal["lead", "reasoning", "content"] = "lead"

    @property
    def open(self) -> bool:
        """True while thinking is open."""
        return self._state == "reasoning"

    def feed(self, text: str) -> list[WireEvent]:
        """The events that `text` completes."""
        text, self._held = self._held + text, ""
        events: list[WireEvent] = []
        if self._state == "lead":
            text = self._lead(text)
        while text and self._state == "reasoning":
            text = self._reasoning(text, events)
        if text:
            events.append(ContentDelta(text))
        return events

    def finish(self) -> list[WireEvent]:
        """What was held back."""
        text, self._held = self._held, ""
        if not text:
            return []
        return [ReasoningDelta(text) if self._state == "reasoning" else ContentDelta(text)]

    def _lead(self, text: str) -> str:
        if _FIRST_WORD.startswith(text):
            self._held = text
            return ""
        rest = text.removeprefix(_FIRST_WORD)
        # An answer may begin with the word itself: "analysis of ...".
        if len(rest) < len(text) and not (rest[0].isspace() or rest[0].islower()):
            self._state = "reasoning"
            return rest
        self._state = "content"
        return text

    def _reasoning(self, text: str, events: list[WireEvent]) -> str:
        word = _WORDS.find(text)
        keep = 0 if word else _WORDS.held(text)
        head = text[: word.start() if word else len(text) - keep]
        if head:
            events.append(ReasoningDelta(head))
        if not word:
            self._held = text[len(text) - keep :]
            return ""
        if word[0] == "assistantfinal":
            self._state = "content"
        return text[word.end() :]
