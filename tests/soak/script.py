"""What becomes of each turn of a soak, and every word of it: known to both ends, so nothing can hide.

A turn's number decides its fate and its text. The number travels in the prompt; the model server plays
the turn, and the client compares what arrives with what must have been sent, piece by piece.
"""

import json
import random
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Self, assert_never

from tests.support.streams import Answer, Cut, Pause, Text, chat_stream

Fate = Literal["complete", "cancel", "close", "reset"]
"""Whole; cancelled by the client; cut off by the server, in an orderly way or with a TCP reset."""

_CUTS: Mapping[Fate, Cut] = {"close": Cut.CLOSE, "reset": Cut.RESET, "cancel": Cut.STALL}
_IN_PROMPT = re.compile(r"soak (\{[^}]*\})")
_CANCEL_IN_FLIGHT = 10
"""So many pieces come after the one at which the client cancels; then the server only waits for it."""
_FILLING = ("wörter ", "思考 ", "🧠 ", "x = 1\n", "plain words ")


@dataclass(frozen=True, slots=True)
class Script:
    """One turn: `reasoning` and `content` are counts of pieces."""

    number: int
    fate: Fate
    reasoning: int
    content: int
    ends_after: int
    """After so many pieces the turn is cut off (by the server) or cancelled (by the client)."""
    pause_ms: int

    @classmethod
    def of(cls, number: int, *, seed: int, pieces: int, pause_ms: int) -> Self:
        """The turn with that number: about `pieces` long, one in ten cancelled, one in twenty cut."""
        dice = random.Random(f"{seed}/{number}")
        reasoning = dice.randint(1, pieces)
        content = dice.randint(1, pieces)
        fate: Fate = "complete"
        match number % 20:
            case 3 | 13:
                fate = "cancel"
            case 7:
                fate = dice.choice(("close", "reset"))
            case _:
                pass
        ends_after = dice.randint(1, reasoning + content - 1)
        return cls(number, fate, reasoning, content, ends_after, pause_ms)

    @classmethod
    def in_prompt(cls, text: str) -> Self:
        """The turn that a prompt asks for. Raises LookupError if it asks for none."""
        found = _IN_PROMPT.search(text)
        if found is None:
            raise LookupError(text)
        return cls(*json.loads(found[1])["turn"])

    @property
    def prompt(self) -> str:
        """What the client asks."""
        numbers = (self.number, self.fate, self.reasoning, self.content)
        return "soak " + json.dumps({"turn": [*numbers, self.ends_after, self.pause_ms]})

    def pieces(self, kind: Literal["reasoning", "content"]) -> list[str]:
        """Every piece of one kind, each with the turn's number and its own."""
        count = self.reasoning if kind == "reasoning" else self.content
        filling = _FILLING[self.number % len(_FILLING)]
        return [f"{self.number}.{kind[0]}{index} {filling}" for index in range(count)]

    def text(self, kind: Literal["reasoning", "content"]) -> str:
        """All of one kind."""
        return "".join(self.pieces(kind))

    def sent(self, kind: Literal["reasoning", "content"]) -> str:
        """What of one kind leaves the server before it cuts the turn off."""
        if self.fate not in ("close", "reset"):
            return self.text(kind)
        before = 0 if kind == "reasoning" else self.reasoning
        return "".join(self.pieces(kind)[: max(0, self.ends_after - before)])

    def answer(self) -> Answer:
        """What the model server plays."""
        streams: dict[str, list[Text]] = {"reasoning": [], "content": []}
        count = 0
        for kind in ("reasoning", "content"):
            for piece in self.pieces(kind):
                if count == self._cut_at:
                    streams[kind].append(_CUTS[self.fate])
                streams[kind] += [piece, Pause(self.pause_ms / 1000)]
                count += 1
        if self._cut_at == count:
            streams["content"].append(_CUTS[self.fate])
        return chat_stream(
            reasoning=streams["reasoning"], content=streams["content"], usage=(10, count)
        )

    @property
    def _cut_at(self) -> int:
        """The number of pieces before the server's cut; -1 if it makes none."""
        match self.fate:
            case "close" | "reset":
                return self.ends_after
            case "cancel":
                return min(self.ends_after + _CANCEL_IN_FLIGHT, self.reasoning + self.content)
            case "complete":
                return -1
            case _:
                assert_never(self.fate)

    def what_is_wrong(self, status: str, reasoning: str, content: str) -> str | None:
        """What is lost, doubled or mixed up in a turn that ended so; None if nothing is."""
        wanted = {"complete": "completed", "cancel": "cancelled"}.get(self.fate, "truncated")
        if status != wanted:
            return f"turn {self.number} ({self.fate}) ended {status}"
        sent_reasoning, sent_content = self.sent("reasoning"), self.sent("content")
        is_whole = (reasoning, content) == (sent_reasoning, sent_content)
        if is_whole or (
            self.fate in ("cancel", "reset") and self._is_a_beginning(reasoning, content)
        ):
            return None
        return (
            f"turn {self.number} ({self.fate}): {reasoning[-60:]!r} and {content[-60:]!r}"
            f" instead of {sent_reasoning[-60:]!r} and {sent_content[-60:]!r}"
        )

    def _is_a_beginning(self, reasoning: str, content: str) -> bool:
        """Whether this is how the turn's text begins, ending where a piece ends."""
        all_of_it = self.sent("reasoning") + self.sent("content")
        if not all_of_it.startswith(reasoning + content):
            return False
        if content and reasoning != self.sent("reasoning"):
            return False
        ends = {0}
        for kind in ("reasoning", "content"):
            for piece in self.pieces(kind):
                ends.add(max(ends) + len(piece))
        return len(reasoning + content) in ends
