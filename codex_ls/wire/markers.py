"""Markers in streaming text: how models mark thinking, answer and tool calls, and how to look for them.

`Markers` is the one primitive that keeps a splitter correct over any cut of its input: everything may
be handed on but the longest end that could still become a marker. The dataclasses are the columns of
the table in `families`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass


class Markers:
    """Exact, case-sensitive markers; none may be a beginning of another."""

    def __init__(self, *markers: str) -> None:
        self._pattern = re.compile(_any_of(markers))
        self._first = re.compile(f"[{re.escape(''.join({marker[0] for marker in markers}))}]")
        self._beginnings = frozenset(
            marker[:size] for marker in markers for size in range(1, len(marker))
        )
        self._reach = max(len(marker) for marker in markers) - 1

    def scan(self, text: str) -> tuple[re.Match[str] | None, int]:
        """The earliest marker in `text`; without one, the length of the end to hold back.

        That is the longest end that is a proper beginning of a marker. Hot path: most pieces have no
        character in them that begins a marker.
        """
        first = self._first.search(text)
        if first is None:
            return None, 0
        marker = self._pattern.search(text, first.start())
        if marker is not None:
            return marker, 0
        size = len(text)
        start = max(first.start(), size - self._reach)
        while found := self._first.search(text, start):
            start = found.start()
            if text[start:] in self._beginnings:
                return None, size - start
            start += 1
        return None, 0

    def find(self, text: str) -> re.Match[str] | None:
        """The earliest marker in `text`."""
        first = self._first.search(text)
        return None if first is None else self._pattern.search(text, first.start())

    def at_start(self, text: str) -> str:
        """The marker that `text` begins with, or an empty string."""
        match = self._pattern.match(text)
        return match[0] if match else ""

    def may_start(self, text: str) -> bool:
        """Whether `text` is a proper beginning of a marker."""
        return not text or text in self._beginnings


def _any_of(words: Iterable[str]) -> str:
    """A pattern of these words as a tree: it tries no beginning twice."""
    branches: dict[str, list[str]] = {}
    for word in words:
        branches.setdefault(word[:1], []).append(word[1:])
    if list(branches) == [""]:
        return ""
    patterns = [re.escape(first) + _any_of(rest) for first, rest in branches.items() if first]
    return patterns[0] if len(patterns) == 1 else f"(?:{'|'.join(patterns)})"


@dataclass(frozen=True, slots=True)
class TagPair:
    """How a family of models marks its thinking, exact and case-sensitive."""

    openers: tuple[str, ...]
    closers: tuple[str, ...]
    stray: bool = True
    """Whether a lone closer in an answer means that the text before it was thinking.

    It is false where the closer is a word that answers use for other things.
    """
    label: str = ""
    """A channel name that may stand right behind the opener, and is no part of the thinking."""
    model: str = ""
    """The models that mean it, as a pattern on the name; empty: whoever writes it."""

    @property
    def opener(self) -> str:
        """The usual opener."""
        return self.openers[0]

    @property
    def closer(self) -> str:
        """The usual closer."""
        return self.closers[0]


@dataclass(frozen=True, slots=True)
class AnswerPair:
    """How a family marks its answer; the markers are dropped, the text between them is the answer."""

    opener: str
    closers: tuple[str, ...]
    model: str = ""
    """As of `TagPair`: ordinary XML, and words, are markers only of the models that mean it."""
    anywhere: str = ""
    """The models that put the pair into the middle of an answer too, as a pattern on the name."""


@dataclass(frozen=True, slots=True)
class Body:
    """What stands behind the opener of a tool call, and tells it from a mention of the opener.

    `head` matches the beginning of a call; `begun` matches, in full, whatever may still become one. Both
    are text, compiled by `re` when they are first used: few answers have a call in them.
    A group named `value` in `head` is where a bracketed value begins that ends the call with its last
    bracket; without one, each of `ends` ends a call. `more` is what another call of the same section
    begins with.
    """

    head: str
    begun: str
    ends: tuple[str, ...] = ()
    more: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CallForm:
    """How a family writes tool calls where its server has no parser for them."""

    openers: tuple[str, ...]
    bodies: tuple[Body, ...]
    closers: tuple[str, ...] = ()
    """What ends the whole section; some models leave it out, some have none."""
    model: str = ""
    """As of `TagPair`."""
    in_thinking: str = ""
    """The models that call without closing their thinking first, as a pattern on the name."""
