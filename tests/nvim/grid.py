"""A user interface of Neovim that keeps what it is told to draw, and when.

It is a terminal without a terminal: Neovim sends it the cells that change, as it sends them to any UI
(`:help ui-linegrid`), and nothing here ever asks Neovim to draw. What it does not send, a user does not see.
"""

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgpack


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell of the screen; colours are 24-bit numbers where they are set.

    The second cell of a double-width character has an empty text.
    """

    text: str
    attributes: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Frame:
    """The screen as it was from `at` (seconds of the monotonic clock) until the next frame."""

    at: float
    rows: tuple[str, ...]

    def shows(self, rows: Sequence[str]) -> bool:
        """Whether these rows stand on the screen, one below the other, each from its left edge on."""
        if not rows:
            return True
        for top in range(len(self.rows) - len(rows) + 1):
            column = self.rows[top].find(rows[0])
            while column >= 0:
                left = width(self.rows[top][:column])
                if all(
                    cut(self.rows[top + number], left).startswith(row)
                    for number, row in enumerate(rows)
                ):
                    return True
                column = self.rows[top].find(rows[0], column + 1)
        return False


def width(text: str) -> int:
    """Return how many cells a text takes: two for East Asian wide characters."""
    return sum(2 if is_wide(character) else 1 for character in text)


def is_wide(character: str) -> bool:
    """Whether a character takes two cells (the blocks that the tests write with)."""
    return "\u1100" <= character <= "\u115f" or "\u2e80" <= character <= "\uffe6"


def cut(text: str, cells: int) -> str:
    """Return what stands behind so many cells."""
    for index, character in enumerate(text):
        if cells <= 0:
            return text[index:]
        cells -= 2 if is_wide(character) else 1
    return ""


class Grid:
    """A UI attached to the Neovim that listens on a socket."""

    def __init__(self, path: Path, columns: int, lines: int) -> None:
        self.columns = columns
        self.lines = lines
        self.frames: list[Frame] = []
        self._highlights: dict[int, Mapping[str, Any]] = {0: {}}
        self._clear()
        self._changed = threading.Condition()
        self._socket = socket.socket(socket.AF_UNIX)
        self._socket.connect(str(path))
        options = {"rgb": True, "ext_linegrid": True}
        request = [0, 1, "nvim_ui_attach", [columns, lines, options]]
        self._socket.sendall(msgpack.packb(request))
        self._thread = threading.Thread(target=self._read, name="grid", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Detach."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._socket.close()

    # ---- what is seen ----

    def rows(self) -> list[str]:
        """Return the rows of the screen, without the blanks at their ends."""
        with self._changed:
            return list(self.frames[-1].rows) if self.frames else []

    def cells(self) -> list[list[Cell]]:
        """Return the screen with its colours, row by row."""
        with self._changed:
            return [
                [Cell(text, self._highlights.get(number, {})) for text, number in row]
                for row in self._cells
            ]

    def wait(self, condition: Callable[[list[str]], bool], seconds: float) -> bool:
        """Wait until a condition holds of the rows on the screen; return whether it ever did."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not (self.frames and condition(list(self.frames[-1].rows))):
                rest = deadline - time.monotonic()
                if rest <= 0:
                    return False
                self._changed.wait(rest)
        return True

    # ---- what Neovim sends ----

    def _read(self) -> None:
        unpacker = msgpack.Unpacker(raw=False, strict_map_key=False, unicode_errors="replace")
        while True:
            try:
                data = self._socket.recv(1 << 16)
            except OSError:
                return
            if not data:
                return
            unpacker.feed(data)
            for message in unpacker:
                if message[0] == 2 and message[1] == "redraw":
                    with self._changed:
                        self._redraw(message[2])

    def _redraw(self, batches: Sequence[Sequence[Any]]) -> None:
        for name, *calls in batches:
            handler = _HANDLERS.get(name)
            if handler is not None:
                for arguments in calls:
                    handler(self, *arguments)

    def _clear(self, *_arguments: object) -> None:
        self._cells = [[(" ", 0)] * self.columns for _ in range(self.lines)]

    def _resize(self, _grid: int, columns: int, lines: int) -> None:
        self.columns, self.lines = columns, lines
        self._clear()

    def _highlight(self, number: int, attributes: Mapping[str, Any], *_more: object) -> None:
        self._highlights[number] = attributes

    def _line(
        self, _grid: int, row: int, column: int, cells: Sequence[Any], *_wrap: object
    ) -> None:
        number = 0
        for cell in cells:
            if len(cell) > 1:
                number = cell[1]
            for _ in range(cell[2] if len(cell) > 2 else 1):
                self._cells[row][column] = (cell[0], number)
                column += 1

    def _scroll(
        self, _grid: int, top: int, bottom: int, left: int, right: int, count: int, _columns: int
    ) -> None:
        order = range(top, bottom - count) if count > 0 else range(bottom - 1, top - count - 1, -1)
        for row in order:
            self._cells[row][left:right] = self._cells[row + count][left:right]

    def _flush(self) -> None:
        rows = tuple("".join(text for text, _ in row).rstrip() for row in self._cells)
        if not self.frames or self.frames[-1].rows != rows:
            self.frames.append(Frame(time.monotonic(), rows))
            self._changed.notify_all()


_HANDLERS: dict[str, Callable[..., None]] = {
    "grid_clear": Grid._clear,
    "grid_resize": Grid._resize,
    "hl_attr_define": Grid._highlight,
    "grid_line": Grid._line,
    "grid_scroll": Grid._scroll,
    "flush": Grid._flush,
}
