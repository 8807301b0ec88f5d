"""Finding the pieces of a scripted answer again, in whatever a program made of them."""

import re
from collections.abc import Iterable, Mapping

from benchmarks.model_server import Turn

Chunk = tuple[float, bytes]
"""What was read at once, and when (CLOCK_MONOTONIC, seconds)."""

Piece = tuple[int, int]
"""A turn's number, and the index of a piece of its answer."""

WORD = re.compile(rb"[ta](\d+)\.(\d+) ")
_LONGEST = 24


def first_seen(chunks: Iterable[Chunk]) -> dict[Piece, float]:
    """When each piece was first whole."""
    seen: dict[Piece, float] = {}
    rest = b""
    for at, data in chunks:
        rest += data
        end = 0
        for match in WORD.finditer(rest):
            seen.setdefault((int(match[1]), int(match[2])), at)
            end = match.end()
        rest = rest[max(end, len(rest) - _LONGEST) :]  # a piece may be cut in two
    return seen


def behind_ms(turns: Iterable[Turn], seen: Mapping[Piece, float]) -> list[float]:
    """How long after it was sent each piece was seen. KeyError tells which one never was."""
    return [
        (seen[turn.number, index] - sent_at) * 1000
        for turn in turns
        for index, sent_at in enumerate(turn.sent_at)
    ]
