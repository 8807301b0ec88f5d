"""Thinking, answer and tool calls that come in one text, between markers, taken apart as it streams.

A message is read in these states::

    lead ──opener──► reasoning ──closer──► lead ... ──any other text──► content ──call──► content
                └──► copy (the same, where thinking came in a field too)

- An opener counts only where nothing but white space and whole thinking stands before it: an answer
  may talk about `<think>`.
- While thinking, everything is handed on but the longest end that could still become the closer.
- A marker of the answer counts where the answer begins, also behind thinking that came in a field.
- In the answer, a closer that nothing opened shows that the answer so far was thinking (the opener
  stood in the prompt): `Reclassified`. A closer that the answer itself opened is part of the answer.
- A tool call in the answer becomes `ToolCallDelta`s (`text_calls`); one in thinking stays thinking,
  unless the model is known to leave its thinking open there.
- A token that ends a turn is dropped where it is the last word of the message.
- No marker counts in code.
- Where thinking came in a field of its own, a pair may repeat it (llama.cpp's `deepseek-legacy`). It is
  dropped while it equals what came in the field; at the first difference it is the answer after all.

Lost on purpose: the markers, white space before an opener, around a removed pair and inside the
answer's markers, nothing else. Held back: less than the longest marker, white space, and the beginning
of a call. Time is linear in the text.
"""

from typing import Literal

from codex_ls.events import ContentDelta, ReasoningDelta, Reclassified, WireEvent
from codex_ls.wire.code_spans import CodeSpans
from codex_ls.wire.duplicates import RepeatedText
from codex_ls.wire.families import THINK, Vocabulary, vocabulary_for
from codex_ls.wire.markers import AnswerPair, Markers, TagPair
from codex_ls.wire.text_calls import TextCall
from codex_ls.wire.tool_calls import ToolCallAssembler

_ANY_MODEL = ""


class TagSplitter:
    """Pieces of a message's text to reasoning, content and tool calls.

    `forced_open`: the message begins inside thinking, because the prompt opened it.
    `model`: its name, since some families mark with words that mean nothing elsewhere.
    """

    def __init__(
        self,
        tool_calls: ToolCallAssembler | None = None,
        *,
        forced_open: bool = False,
        model: str = _ANY_MODEL,
    ) -> None:
        self._tool_calls = ToolCallAssembler() if tool_calls is None else tool_calls
        self._words: Vocabulary = vocabulary_for(model)
        self._state: Literal["lead", "reasoning", "copy", "content", "call"] = "lead"
        self._blank: list[str] = []  # white space that waits for what follows it
        self._held = ""  # the beginning of what may be a marker
        self._closers = self._closers_of(THINK)
        self._opener = ""  # the one that stood in the text
        self._label = ""  # a channel's name, which may follow it
        self._answer: AnswerPair | None = None  # the answer stands between its markers
        self._unsure = False  # what waits begins with a marker that counts as the last word only
        self._begun = False  # what is open has shown something but white space
        self._closed = False  # a pair was removed, and nothing has come behind it
        self._answered = False  # something of the answer has been shown
        self._stray_possible = True
        self._apart: RepeatedText | None = None  # thinking that came in a field of its own
        self._copied: list[str] = []  # a pair that equals it so far, tags included
        self._code = CodeSpans()
        self._forced = forced_open  # what is no opener is thinking too
        self._call: TextCall | None = None
        self._call_in: Literal["reasoning", "content"] = "content"

    @property
    def open(self) -> bool:
        """True while thinking is open."""
        return self._state == "reasoning" or (
            self._state == "call" and self._call_in == "reasoning"
        )

    def reasoning_came_apart(self, text: str) -> None:
        """Tell of a piece of thinking that came in a field of its own.

        Nothing was forced open then, and a pair inside the text may be its copy.
        """
        if self._state in ("content", "call"):
            return
        if self._apart is None:
            self._apart = RepeatedText()
            self._stray_possible = self._forced = False
            if self._state == "reasoning" and not self._begun:
                self._state = "copy" if self._opener else "lead"
                self._copied = [self._opener, self._take_blank()]
        self._apart.add(text)

    def may_hold_markers(self, text: str) -> bool:
        """Whether anything in a piece looks like a marker of any kind."""
        return "<" in text or self._words.content.find(text) is not None

    def feed(self, text: str) -> list[WireEvent]:
        """The events that `text` completes."""
        events: list[WireEvent] = []
        if self._held:
            text, self._held = self._held + text, ""
        while text:
            match self._state:
                case "lead":
                    text = self._lead(text)
                case "reasoning":
                    text = self._reasoning(text, events)
                case "copy":
                    text = self._copy(text)
                case "content":
                    text = self._content(text, events)
                case "call":
                    text = self._in_call(text, events)
        return events

    def finish(self) -> list[WireEvent]:
        """What was held back, as what it is now known to be."""
        events: list[WireEvent] = []
        if self._call is not None:
            # What was no call after all may hold other markers.
            verdict = self._call.finish()
            if verdict == "call":
                self._tell_calls(events)
                return events
            self._held = ""
            rest = self._not_a_call(events)
            return events + self.feed(rest) + self.finish()
        held, self._held = self._held, ""
        match self._state:
            case "reasoning":
                events += self._thinking(self._take_blank() + held)
            case "copy":
                if not self._repeats(held):
                    events.append(ContentDelta("".join((*self._copied, held))))
            case "content":
                if self._unsure and not held:
                    self._blank.clear()
                self._show(self._take_blank() + held, events)
            case "lead":
                blank = "" if self._closed or self._answered else self._take_blank()
                if text := blank + held:
                    thought = self._forced and bool(held)
                    events.append(ReasoningDelta(text) if thought else ContentDelta(text))
        return events

    # Each step takes what it can, keeps what it can't decide yet, and returns the rest.

    def _closers_of(self, pair: TagPair) -> Markers:
        return Markers(*pair.closers, *self._words.in_thinking)

    def _open(self, pair: TagPair, opener: str) -> None:
        self._closers, self._label = self._closers_of(pair), pair.label
        self._state, self._begun = "reasoning", False
        if self._apart is not None:
            self._state, self._copied = "copy", [self._take_blank(), opener]
        self._blank.clear()

    def _close(self, closer: str) -> None:
        """Thinking ended with that marker, which may open the answer as well."""
        self._state, self._closed, self._stray_possible = "lead", True, False
        self._forced = False
        self._blank.clear()
        if closer in self._words.answers:
            self._open_answer(self._words.answers[closer])

    def _open_answer(self, pair: AnswerPair) -> None:
        self._state, self._answer, self._begun = "content", pair, False
        self._closed, self._apart, self._stray_possible = True, None, False
        self._blank.clear()

    def _lead(self, text: str) -> str:
        body = text.lstrip()
        if len(body) < len(text):
            self._blank.append(text[: len(text) - len(body)])
        marker = self._words.lead.at_start(body)
        if not body or (not marker and self._words.lead.may_start(body)):
            self._held = body
            return ""
        rest = body[len(marker) :]
        if marker in self._words.strays:
            self._close(marker)  # nothing stands before it: a server's parser let it through
            return rest
        if marker in self._words.openers:
            self._opener = marker
            self._open(self._words.openers[marker], marker)
            return rest
        if marker in self._words.answers:
            self._open_answer(self._words.answers[marker])
            return rest
        if marker in self._words.frame:
            return rest
        if self._forced and marker not in self._words.calls:
            text = self._take_blank() + body
            self._open(THINK, "")
            self._forced = False
            return text
        self._state, self._apart = "content", None
        if self._closed and not self._answered:
            self._blank.clear()
        return body

    def _reasoning(self, text: str, events: list[WireEvent]) -> str:
        if self._label:
            if self._label.startswith(text) and text != self._label:
                self._held = text
                return ""
            text, self._label = text.removeprefix(self._label), ""
        closer, keep = self._closers.scan(text)
        head = text[: closer.start() if closer else len(text) - keep]
        if self._begun or head.strip():
            events += self._thinking(self._take_blank() + head)
        elif head:
            self._blank.append(head)
        if not closer:
            self._held = text[len(text) - keep :]
            return ""
        if closer[0] in self._words.in_thinking:
            self._begin_call(closer[0], "reasoning")
        else:
            self._close(closer[0])
        return text[closer.end() :]

    def _thinking(self, text: str) -> list[WireEvent]:
        if not text:
            return []
        self._begun = True
        return [ReasoningDelta(text)]

    def _copy(self, text: str) -> str:
        if self._label:
            if self._label.startswith(text) and text != self._label:
                self._held = text
                return ""
            if text.startswith(self._label):
                self._copied.append(self._label)
                text = text[len(self._label) :]
            self._label = ""
        closer, keep = self._closers.scan(text)
        head = text[: closer.start() if closer else len(text) - keep]
        if not self._repeats(head):
            self._state, self._apart = "content", None
            return "".join((*self._copied, text))
        self._copied.append(head)
        if not closer:
            self._held = text[len(text) - keep :]
            return ""
        if closer[0] in self._words.in_thinking:
            self._close("")
            return text[closer.start() :]
        self._close(closer[0])
        return text[closer.end() :]

    def _repeats(self, text: str) -> bool:
        assert self._apart is not None
        return self._apart.repeats(text)

    def _content(self, text: str, events: list[WireEvent]) -> str:
        if self._answer is not None and not self._begun:  # nothing of it has been shown yet
            text = text.lstrip()
            self._begun = bool(text)
        marker, keep = self._words.content.scan(text)
        head = text[: marker.start() if marker else len(text) - keep]
        if self._answer is None:
            if self._unsure and not head.strip():
                self._blank.append(head)
            else:
                self._show(head, events)
        else:  # white space before its closer is none of the answer
            shown = head.rstrip()
            self._show(shown, events)
            self._blank.append(head[len(shown) :])
        if not marker:
            self._held = text[len(text) - keep :]
            return ""
        self._at_marker(marker[0], events)
        return text[marker.end() :]

    def _at_marker(self, marker: str, events: list[WireEvent]) -> None:
        words = self._words
        ends_answer = self._answer is not None and marker in self._answer.closers
        if marker in words.ends or (ends_answer and self._code.inside):
            # Only as the last word of the message, and then even in code that was not closed.
            self._blank.append(marker)
            self._unsure = True
        elif self._code.inside:
            self._show(marker, events)
        elif ends_answer:
            self._answer, self._state, self._closed = None, "lead", False
            self._blank.clear()
        elif marker in words.calls:
            self._begin_call(marker, "content")
        elif marker in words.strays and self._stray_possible:
            if self._answered:
                events.append(Reclassified())
                self._answered = False
            self._close(marker)
        elif marker not in words.inline:
            if marker in words.openers:
                # The answer talks about the tags: a closer that comes now belongs to it.
                self._stray_possible = False
            self._show(marker, events)

    def _show(self, text: str, events: list[WireEvent]) -> None:
        """Hand on a piece of the answer, with the white space that waited for it."""
        if not text:
            return
        text = self._take_blank() + text
        self._answered, self._unsure = True, False
        self._code.feed(text)
        events.append(ContentDelta(text))

    # ---- calls ----

    def _begin_call(self, opener: str, where: Literal["reasoning", "content"]) -> None:
        self._call = TextCall(self._words.calls[opener], opener)
        self._opener, self._call_in, self._state = opener, where, "call"

    def _in_call(self, text: str, events: list[WireEvent]) -> str:
        assert self._call is not None
        match self._call.feed(text):
            case "more":
                self._tool_calls.keep(len(text))
                return ""
            case "call":
                return self._tell_calls(events)
            case "text":
                return self._not_a_call(events)

    def _tell_calls(self, events: list[WireEvent]) -> str:
        assert self._call is not None
        for name, arguments in self._call.calls:
            index, begun = self._tool_calls.begin(name)
            events.append(begun)
            if arguments:
                events.append(self._tool_calls.more(index, arguments))
        rest, self._call = self._call.rest, None
        # As behind thinking: the model may think again, close its message, or go on with its answer.
        self._state, self._apart, self._answer = "lead", None, None
        self._closed, self._forced = not self._answered, False
        self._blank.clear()
        if self._call_in == "reasoning":
            self._stray_possible = False
        return rest

    def _not_a_call(self, events: list[WireEvent]) -> str:
        assert self._call is not None
        rest, self._call = self._call.rest, None
        self._state = self._call_in
        if self._call_in == "reasoning":
            events += self._thinking(self._take_blank() + self._opener)
        else:
            self._show(self._opener, events)
        return rest

    def _take_blank(self) -> str:
        if not self._blank:
            return ""
        blank = "".join(self._blank)
        self._blank.clear()
        return blank
