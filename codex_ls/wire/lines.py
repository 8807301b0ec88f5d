"""Bytes cut into lines, wherever the network cut them.

Event streams end lines with LF, CR LF or a lone CR and with nothing else (WHATWG HTML, section
9.2.5): U+2028 or U+0085 inside a text are text. Cutting bytes before decoding them also makes a
character that was split over two reads a matter of course. Linear: a byte is looked at once, and an
unfinished line is kept as its pieces.
"""

MAX_LINE_BYTES = 16 * 1024 * 1024
"""A longer line is an attack or a fault; the longest honest one seen is an 8 MiB tool call."""


class LineSplitter:
    """Feeds of bytes to whole lines, without their ends."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []
        self._length = 0
        self._skip_lf = False  # the last feed ended in CR: an LF right behind it is the same end
        self.too_long = False
        """True once a line passed `MAX_LINE_BYTES`: it and all behind it are dropped."""

    def feed(self, data: bytes) -> list[bytes]:
        """The lines that `data` completes; none from one that is `too_long` on."""
        if not data or self.too_long:
            return []
        if self._skip_lf:
            self._skip_lf = False
            if data[:1] == b"\n":
                data = data[1:]
        self._skip_lf = data[-1:] == b"\r"
        lines = data.splitlines()
        unfinished = b""
        if lines and data[-1:] not in (b"\n", b"\r"):
            unfinished = lines.pop()
        if lines and self._pieces:
            lines[0] = self._take() + lines[0]
        if unfinished:
            self._pieces.append(unfinished)
            self._length += len(unfinished)
        if self._length > MAX_LINE_BYTES:
            self._give_up()
        if lines and max(len(lines[0]), len(data)) > MAX_LINE_BYTES:
            return self._honest(lines)
        return lines

    def finish(self) -> list[bytes]:
        """The last line, if the bytes ended without a line end."""
        return [self._take()] if self._pieces else []

    def _honest(self, lines: list[bytes]) -> list[bytes]:
        """The lines in front of the first that is too long."""
        for number, line in enumerate(lines):
            if len(line) > MAX_LINE_BYTES:
                self._give_up()
                return lines[:number]
        return lines

    def _give_up(self) -> None:
        self.too_long = True
        self._take()

    def _take(self) -> bytes:
        line = b"".join(self._pieces)
        self._pieces.clear()
        self._length = 0
        return line
