"""Where a silent request stands in its server's queue, as far as the queue's length can tell.

A server tells how many requests wait, not which. Requests are taken in the order they came, so this one
has no more before it than the least number that was ever told, whoever came later; and once nobody
waits, this one does not either.
"""

_VAIN_LOOKS = 3
_EMPTY_LOOKS = 2
"""The first look may be too early: a server counts a request when its scheduler has seen it."""


class PlaceInQueue:
    """Takes note of a queue's length from look to look."""

    def __init__(self) -> None:
        self.waiting: int | None = None
        """How many wait, this request perhaps among them; None while nothing is known."""
        self.is_settled = False
        """Whether there is nothing more to ask: its turn has come, or the server does not tell."""
        self._vain = 0
        self._empty = 0

    def note(self, length: int | None) -> None:
        """The queue is so long now; None if the server did not tell."""
        if length is None:
            self._vain += 1
            self.is_settled = self.waiting is None and self._vain >= _VAIN_LOOKS
            return
        has_waited = bool(self.waiting)
        self.waiting = (
            length if self.waiting is None or not has_waited else min(self.waiting, length)
        )
        self._empty = 0 if length else self._empty + 1
        self.is_settled = not self.waiting and (has_waited or self._empty >= _EMPTY_LOOKS)
