"""A text that grows by small pieces, in little more memory than the text itself.

A string of a few letters takes 64 bytes. So pieces are joined in blocks, and blocks at the end: each
letter is copied twice, however long the text becomes.
"""

from itertools import chain

_BLOCK = 4096


class Pieces:
    """Append to it; `text` is all of it."""

    __slots__ = ("_blocks", "_pieces")

    def __init__(self) -> None:
        self._blocks: list[str] = []
        self._pieces: list[str] = []

    def append(self, piece: str) -> None:
        """Add the next piece."""
        self._pieces.append(piece)
        if len(self._pieces) >= _BLOCK:
            self._blocks.append("".join(self._pieces))
            self._pieces.clear()

    def __bool__(self) -> bool:
        return bool(self._pieces or self._blocks)

    @property
    def is_blank(self) -> bool:
        """Whether there is nothing but white space."""
        return not any(piece.strip() for piece in chain(self._blocks, self._pieces))

    @property
    def text(self) -> str:
        """The whole text."""
        return "".join(chain(self._blocks, self._pieces))
