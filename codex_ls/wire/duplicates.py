"""Text that a server sends twice, and what of it is new.

Three ways of it: deltas that each hold the whole text so far (`ResentText`: DashScope, gateways), the
whole text behind the deltas that it was streamed in (`StreamedText`), and thinking that comes both in a
field of its own and inside the answer (`RepeatedText`). Each is linear, whatever the pieces.
"""

from collections import deque
from dataclasses import dataclass
from typing import Literal

Piece = tuple[str, str]
"""A channel (the answer, or a source of thinking), and the next piece of its text."""

_MAX_WAITING = 4
_MIN_GROWN = 2
_MIN_WEIGHT = 4
"""Characters that came again, white space at the ends left out."""


@dataclass(slots=True)
class _Channel:
    state: Literal["new", "watched", "plain", "resent"] = "new"
    last: str = ""  # the last delta: under suspicion, all of the text
    told: int = 0  # how much of it was handed on


class ResentText:
    """Takes the deltas of one message, gives what each adds.

    A model repeats itself too ("ha", "haha"), and a wrong guess loses text. So a server is taken to
    resend only when two deltas have each begun with all that came before and gone on, and when they are
    no mere repetition of it; until then a delta that could be one waits, four at most. What is not
    decided when the answer ends is told as it came.
    """

    def __init__(self) -> None:
        self._channels: dict[str, _Channel] = {}
        self._waiting: list[Piece] = []
        self._grown = 0
        self._weight = 0

    def feed(self, name: str, text: str) -> list[Piece]:
        """The pieces to hand on now that this delta has come."""
        channel = self._channels.get(name)
        if channel is None:
            channel = self._channels[name] = _Channel()
        match channel.state:
            case "plain" if not self._waiting:
                return [(name, text)]
            case "resent":
                return self._rest(name, channel, text)
            case "new":
                channel.state, channel.last = "watched", text
                if not self._waiting:
                    channel.told = len(text)
                    return [(name, text)]
            case "watched":
                if not self._goes_on(channel.last, text):
                    channel.state = "plain"
                    return [*self.finish(), (name, text)]
                if len(text) > len(channel.last):
                    self._grown += 1
                    self._weight += len(channel.last.strip())
                channel.last = text
        self._waiting.append((name, text))
        if self._grown >= _MIN_GROWN and self._weight >= _MIN_WEIGHT:
            return self._decide()
        return self.finish() if len(self._waiting) > _MAX_WAITING else []

    def finish(self) -> list[Piece]:
        """What waited, as it came: nothing shows that it was sent before."""
        waiting, self._waiting = self._waiting, []
        for name, _ in waiting:
            self._channels[name].state = "plain"
        return waiting

    def _goes_on(self, last: str, text: str) -> bool:
        """Whether a delta may be the text so far and more of it; once sure, also the same again."""
        if not last.strip() or not text.startswith(last):
            return False
        if len(text) == len(last):
            return self._grown > 0
        times, rest = divmod(len(text), len(last))
        return bool(rest) or last * times != text

    def _decide(self) -> list[Piece]:
        waiting, self._waiting = self._waiting, []
        for channel in self._channels.values():
            if channel.state == "watched":
                channel.state = "resent"
                channel.last = channel.last[: channel.told] if channel.told else ""
        told: list[Piece] = []
        for name, text in waiting:
            told += self._rest(name, self._channels[name], text)
        return told

    def _rest(self, name: str, channel: _Channel, text: str) -> list[Piece]:
        if channel.state != "resent":
            return [(name, text)]
        if text.startswith(channel.last):
            new, channel.last = text[len(channel.last) :], text
            return [(name, new)] if new else []
        if channel.last.startswith(text):
            return []
        channel.state = "plain"
        return [(name, text)]


class StreamedText:
    """How much of a text was streamed, to find what a whole text has beside it."""

    __slots__ = ("chars", "last")

    def __init__(self) -> None:
        self.chars = 0
        self.last = ""

    def add(self, piece: str) -> None:
        """The next piece was streamed."""
        self.chars += len(piece)
        self.last = piece

    def missing(self, whole: str) -> str:
        """What `whole` has behind that which was streamed; all of it if nothing was.

        Empty for a text that is shorter, or is another one: the streamed one can't be taken back.
        """
        return whole[self.chars :] if whole[: self.chars].endswith(self.last) else ""


class RepeatedText:
    """Whether a second telling still equals the first: add that, then ask of each piece of the second.

    White space does not count: servers trim one of the two.
    """

    def __init__(self) -> None:
        self._left: deque[str] = deque()
        self._at = 0  # how much of the first piece left was already repeated

    def add(self, text: str) -> None:
        """The next piece of the first telling."""
        self._left.append(text)

    def repeats(self, text: str) -> bool:
        """Whether the next piece of the second telling is what comes next in the first."""
        rest = "".join(text.split())
        done = 0
        while done < len(rest):
            if not self._left:
                return False
            if self._at == 0:
                self._left[0] = "".join(self._left[0].split())
            head = self._left[0]
            size = min(len(head) - self._at, len(rest) - done)
            if head[self._at : self._at + size] != rest[done : done + size]:
                return False
            done += size
            self._at += size
            if self._at >= len(head):
                self._left.popleft()
                self._at = 0
        return True
