"""Text that comes twice: whether a second telling still equals the first.

White space does not count: servers trim one of the two. Linear, whatever the pieces.
"""

from collections import deque


class Copies:
    """Add the first telling piece by piece; ask of each piece of the second whether it goes on so."""

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
