"""Thinking as it stands on a screen: dim, in [brackets], piece by piece.

Invariant: every visible character leaves `feed` in the call that brought it. Only line breaks wait,
because whether they belong inside the brackets is known when the next word comes, or the end.
"""

_DIM = "\x1b[2m"
_NORMAL = "\x1b[22m"


class Brackets:
    """Puts brackets around pieces of thinking: ``[`` before the first word, ``]`` when it is over.

    Blank space after the opening and line breaks before the closing bracket are left out. With
    `dim` each piece is dimmed by itself: a process that is killed never leaves a dim terminal.
    """

    def __init__(self, *, dim: bool) -> None:
        self._dim = dim
        self._held: list[str] = []
        self.is_open = False

    def feed(self, text: str) -> str:
        """What to write now for the next piece of thinking; may be empty."""
        if not self.is_open:
            text = text.lstrip()
            if not text:
                return ""
            self.is_open = True
            return self._styled("[" + self._without_last_breaks(text))
        return self._styled(self._without_last_breaks(text))

    def close(self) -> str:
        """The closing bracket, or nothing where no thinking is open."""
        if not self.is_open:
            return ""
        self.is_open = False
        self._held.clear()
        return self._styled("]")

    def _without_last_breaks(self, text: str) -> str:
        visible = text.rstrip()
        if not visible and (self._held or "\n" in text):
            self._held.append(text)
            return ""
        blank = text[len(visible) :]
        before = "".join(self._held)
        self._held.clear()
        if "\n" in blank:
            self._held.append(blank)
            return before + visible
        return before + text

    def _styled(self, text: str) -> str:
        return f"{_DIM}{text}{_NORMAL}" if self._dim and text else text
