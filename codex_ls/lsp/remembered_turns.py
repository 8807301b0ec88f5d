"""The answers of this session, and what the documents they are about looked like when they were asked.

`codex/edit` names a turn and nothing of its text. What is kept is bounded: answers that were given long
ago are read from the thread store again, and of a document only digests stay.
"""

import re
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

from codex_ls.lsp.context import offsets_of
from codex_ls.lsp.documents import Snapshot, Text
from codex_ls.protocol import Range

MAX_TURNS = 500
MAX_CHARS = 8 * 1024 * 1024
"""Characters of answers that are kept in memory."""

_LINE_BREAK = re.compile(r"\r\n?")

Digest = bytes


@dataclass(frozen=True, slots=True)
class RememberedTurn:
    """What a turn answered. `seen` are digests of what it was asked about: see `digests_of`."""

    thread_id: str
    answer: str
    uri: str | None = None
    seen: frozenset[Digest] = frozenset()


class RememberedTurns:
    """The turns of one client; the oldest are forgotten first."""

    def __init__(self, *, max_turns: int = MAX_TURNS, max_chars: int = MAX_CHARS) -> None:
        self._turns: OrderedDict[str, RememberedTurn] = OrderedDict()
        self._chars = 0
        self._max_turns = max_turns
        self._max_chars = max_chars

    def add(self, turn_id: str, turn: RememberedTurn) -> None:
        """Keep a turn that is over."""
        self._turns[turn_id] = turn
        self._chars += len(turn.answer)
        while len(self._turns) > 1 and (
            len(self._turns) > self._max_turns or self._chars > self._max_chars
        ):
            _, oldest = self._turns.popitem(last=False)
            self._chars -= len(oldest.answer)

    def get(self, turn_id: str) -> RememberedTurn | None:
        """Return a turn; None if it is not known, or no longer."""
        return self._turns.get(turn_id)


def digests_of(snapshot: Snapshot, *places: Range | None) -> frozenset[Digest]:
    """Return digests of a document and of places in it: their text, and the whole lines they touch.

    Line ends do not count. What is empty has none: it says nothing about what was seen.
    """
    texts, found = [snapshot.source], [place for place in places if place is not None]
    if found:
        text = Text(snapshot.source, encoding=snapshot.encoding)
        texts += [part for place in found for part in _texts_of(text, place)]
    return frozenset(digest(part) for part in texts if part and not part.isspace())


def is_as_seen(seen: frozenset[Digest], snapshot: Snapshot, place: Range) -> bool:
    """Whether the text of a range, or the whole document, is one of what was seen."""
    return bool(digests_of(snapshot, place) & seen)


def digest(text: str) -> Digest:
    """Return a digest of a text whose line ends do not count."""
    unified = _LINE_BREAK.sub("\n", text) if "\r" in text else text
    data = unified.encode("utf-8", "surrogatepass")
    return blake2b(data, digest_size=16).digest()


def _texts_of(text: Text, place: Range) -> Iterator[str]:
    start, end = offsets_of(text, place)
    if start < end:
        yield text.source[start:end].rstrip("\r\n")
    first, last = text.line_at(start), text.line_at(max(start, end - 1))
    yield text.source[text.line_start(first) : text.line_start(last + 1)].rstrip("\r\n")
