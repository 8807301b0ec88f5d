"""Thinking that comes inside the answer's text, between tags, taken apart as it streams.

A message is read in these states::

    lead ──opener──► reasoning ──closer──► lead ... ──any other text──► content
                └──► copy (the same, where thinking came in a field too)

- An opener counts only where nothing but white space and whole thinking stands before it: an answer
  may talk about `<think>`.
- While thinking, everything is handed on but the longest end that could still become the closer.
- In the answer, a closer that nothing opened shows that the answer so far was thinking (the opener
  stood in the prompt): `Reclassified`. A closer that stands in code, or that the answer itself opened,
  is part of the answer.
- Where thinking came in a field of its own, a pair may repeat it (llama.cpp's `deepseek-legacy`). It is
  dropped while it equals what came in the field; at the first difference it is the answer after all.

Lost on purpose: the tags, white space before an opener and around a removed pair, nothing else.
Held back: less than the longest tag, and leading white space. Time is linear in the text.
"""

from dataclasses import dataclass
from typing import Literal

from codex_ls.events import ContentDelta, ReasoningDelta, Reclassified, WireEvent
from codex_ls.wire.code_spans import CodeSpans
from codex_ls.wire.copies import Copies
from codex_ls.wire.markers import Markers


@dataclass(frozen=True, slots=True)
class TagPair:
    """How one family of models marks its thinking, exact and case-sensitive.

    `stray`: whether a lone closer in an answer means that the text before it was thinking. It is
    false where the closer is a word that answers use for other things.
    """

    opener: str
    closer: str
    stray: bool = True
    answer: tuple[str, str] | None = None
    """How the same models mark the answer behind it; dropped only where its opener stands there."""


THINK = TagPair("<think>", "</think>")  # DeepSeek, Qwen, GLM, most others
PAIRS = (
    THINK,
    TagPair("<think:opensource>", "</think:opensource>"),  # Tencent Hy3 (vLLM hy_v3)
    TagPair("<thinking>", "</thinking>", stray=False),
    TagPair("<reasoning>", "</reasoning>", stray=False),  # gpt-oss on Bedrock
    TagPair("<thought>", "</thought>", stray=False),  # Gemini's compatible endpoint
    TagPair("<seed:think>", "</seed:think>"),  # ByteDance Seed (vLLM basic_parsers)
    TagPair("<mm:think>", "</mm:think>"),  # MiniMax M3 (sglang)
    TagPair("<budget:thinking>", "</budget:thinking>"),  # litellm
    TagPair("[THINK]", "[/THINK]"),  # Mistral Magistral
    TagPair("◁think▷", "◁/think▷"),  # Kimi-VL
    TagPair("<|inner_prefix|>", "<|inner_suffix|>"),  # Apertus
    TagPair("<|channel>thought\n", "<channel|>", stray=False),  # Gemma 4
    TagPair(  # Cohere Command A
        "<|START_THINKING|>",
        "<|END_THINKING|>",
        answer=("<|START_RESPONSE|>", "<|END_RESPONSE|>"),
    ),
    TagPair(  # Sky-T1, OpenThinker
        "<|begin_of_thought|>",
        "<|end_of_thought|>",
        answer=("<|begin_of_solution|>", "<|end_of_solution|>"),
    ),
    TagPair(  # Kimi K3
        "<|open|>think<|sep|>",
        "<|close|>think<|sep|>",
        answer=("<|open|>response<|sep|>", "<|close|>response<|sep|>"),
    ),
)

_PAIR_OF = {pair.opener: pair for pair in PAIRS}
_STRAY = {pair.closer: pair for pair in PAIRS if pair.stray}
_MARKERS = Markers(*_PAIR_OF, *_STRAY)


class TagSplitter:
    """Pieces of a message's text to reasoning and content.

    `forced_open`: the message begins inside thinking, because the prompt opened it.
    `implicit_closers`: text that ends thinking without a closer, and itself belongs to the answer.
    """

    def __init__(
        self, *, forced_open: bool = False, implicit_closers: tuple[str, ...] = ()
    ) -> None:
        self._implicit = implicit_closers
        self._state: Literal["lead", "reasoning", "copy", "content"] = "lead"
        self._blank: list[str] = []  # white space that waits for what follows it
        self._held = ""  # the beginning of what may be a marker
        self._closers = Markers(THINK.closer, *implicit_closers)
        self._pair = THINK
        self._opener = ""  # the one that stood in the text
        self._answer_closer: Markers | None = None
        self._begun = False  # what is open has shown something but white space
        self._closed = False  # a pair was removed, and nothing has come behind it
        self._stray_possible = True
        self._apart: Copies | None = None  # thinking that came in a field of its own
        self._copied: list[str] = []  # a pair that equals it so far, tags included
        self._code = CodeSpans()
        self._forced = forced_open  # what is no opener is thinking too

    @property
    def open(self) -> bool:
        """True while thinking is open."""
        return self._state == "reasoning"

    def reasoning_came_apart(self, text: str) -> None:
        """Tell of a piece of thinking that came in a field of its own.

        Nothing was forced open then, and a pair inside the text may be its copy.
        """
        if self._state == "content":
            return
        if self._apart is None:
            self._apart = Copies()
            self._stray_possible = self._forced = False
            if self._state == "reasoning" and not self._begun:
                self._state = "copy" if self._opener else "lead"
                self._copied = [self._opener, self._take_blank()]
        self._apart.add(text)

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
        return events

    def finish(self) -> list[WireEvent]:
        """What was held back, as what it is now known to be."""
        held, self._held = self._held, ""
        if self._state == "reasoning":
            return self._thinking(self._take_blank() + held)
        if self._state == "copy":
            return [] if self._repeats(held) else [ContentDelta("".join((*self._copied, held)))]
        if self._state == "lead" and self._closed and not held:
            return []
        text = held if self._closed else self._take_blank() + held
        if not text:
            return []
        return [ReasoningDelta(text) if self._forced and held else ContentDelta(text)]

    # Each step takes what it can, keeps what it can't decide yet, and returns the rest.

    def _open(self, pair: TagPair) -> None:
        self._pair, self._closers = pair, Markers(pair.closer, *self._implicit)
        self._state, self._begun = "reasoning", False
        if self._apart is not None:
            self._state, self._copied = "copy", [self._take_blank(), pair.opener]
        self._blank.clear()

    def _close(self) -> None:
        self._state, self._closed, self._stray_possible = "lead", True, False
        self._forced = False
        self._blank.clear()

    def _lead(self, text: str) -> str:
        body = text.lstrip()
        if len(body) < len(text):
            self._blank.append(text[: len(text) - len(body)])
        if self._closed and self._pair.answer is not None and body:
            opener, closer = self._pair.answer
            if body.startswith(opener):
                self._state, self._answer_closer = "content", Markers(closer)
                self._begun = False
                self._blank.clear()
                return body[len(opener) :]
            if opener.startswith(body):
                self._held = body
                return ""
        marker = _MARKERS.at_start(body)
        if marker in _STRAY:
            self._pair = _STRAY[marker]
            self._close()  # nothing stands before it: a server's parser let it through
            return body[len(marker) :]
        if marker:
            self._opener = marker
            self._open(_PAIR_OF[marker])
            return body[len(marker) :]
        if not body or _MARKERS.may_start(body):
            self._held = body
            return ""
        if self._forced:
            text = self._take_blank() + body
            self._forced = False
            self._open(THINK)
            return text
        self._state, self._apart = "content", None
        return body if self._closed else self._take_blank() + body

    def _reasoning(self, text: str, events: list[WireEvent]) -> str:
        closer = self._closers.find(text)
        keep = 0 if closer else self._closers.held(text)
        head = text[: closer.start() if closer else len(text) - keep]
        if self._begun or head.strip():
            events += self._thinking(self._take_blank() + head)
        elif head:
            self._blank.append(head)
        if not closer:
            self._held = text[len(text) - keep :]
            return ""
        self._close()
        if closer[0] in self._implicit:
            self._state = "content"
            return text[closer.start() :]
        return text[closer.end() :]

    def _thinking(self, text: str) -> list[WireEvent]:
        if not text:
            return []
        self._begun = True
        return [ReasoningDelta(text)]

    def _copy(self, text: str) -> str:
        closer = self._closers.find(text)
        keep = 0 if closer else self._closers.held(text)
        head = text[: closer.start() if closer else len(text) - keep]
        if not self._repeats(head):
            self._state, self._apart = "content", None
            return "".join((*self._copied, text))
        self._copied.append(head)
        if not closer:
            self._held = text[len(text) - keep :]
            return ""
        self._close()
        return text[closer.start() if closer[0] in self._implicit else closer.end() :]

    def _repeats(self, text: str) -> bool:
        assert self._apart is not None
        return self._apart.repeats(text)

    def _content(self, text: str, events: list[WireEvent]) -> str:
        if self._answer_closer is not None:
            return self._marked_answer(text, self._answer_closer, events)
        if not self._stray_possible:
            events.append(ContentDelta(text))
            return ""
        marker = _MARKERS.find(text)
        if not marker:
            keep = _MARKERS.held(text)
            self._held = text[len(text) - keep :]
            self._answer(text[: len(text) - keep], events)
            return ""
        if marker[0] not in _STRAY:
            # The answer talks about the tags: a closer that comes now belongs to it.
            self._stray_possible = False
            return text
        self._answer(text[: marker.start()], events)
        if self._code.inside:
            self._answer(marker[0], events)
        else:
            events.append(Reclassified())
            self._pair = _STRAY[marker[0]]
            self._close()
        return text[marker.end() :]

    def _marked_answer(self, text: str, closers: Markers, events: list[WireEvent]) -> str:
        if not self._begun:  # nothing of the answer has been shown yet
            text = text.lstrip()
            self._begun = bool(text)
        closer = closers.find(text)
        keep = 0 if closer else closers.held(text)
        if head := text[: closer.start() if closer else len(text) - keep]:
            events.append(ContentDelta(head))
        if not closer:
            self._held = text[len(text) - keep :]
            return ""
        self._answer_closer = None
        self._close()
        return text[closer.end() :]

    def _answer(self, text: str, events: list[WireEvent]) -> None:
        if text:
            self._code.feed(text)
            events.append(ContentDelta(text))

    def _take_blank(self) -> str:
        if not self._blank:
            return ""
        blank = "".join(self._blank)
        self._blank.clear()
        return blank
