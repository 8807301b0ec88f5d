"""Text on a terminal, wrapped between words, each piece written the moment it comes.

A word that turns out too long for its row is erased there and written again on the next one. Invariant:
no character waits, and no style is left on between two pieces: a process that is killed never leaves a
coloured terminal.
"""

from collections.abc import Callable
from enum import Enum

from codex_ls.render.cells import cell_width


class Style(Enum):
    """How text looks: the escapes (SGR) that switch it on and off."""

    PLAIN = ("", "")
    DIM = ("\x1b[2m", "\x1b[22m")
    BOLD = ("\x1b[1m", "\x1b[22m")
    HEADING = ("\x1b[1;4m", "\x1b[22;24m")
    CODE = ("\x1b[36m", "\x1b[39m")

    @property
    def on(self) -> str:
        """What switches it on."""
        return str(self.value[0])

    @property
    def off(self) -> str:
        """What switches it off."""
        return str(self.value[1])


_TAB = 8


class WrappedText:
    """Wraps what is put into it; `take` returns what to write for it."""

    def __init__(self, columns: Callable[[], int]) -> None:
        self._columns = columns
        self._out: list[str] = []
        self._style = Style.PLAIN
        self._column = 0
        self._word: list[tuple[str, Style]] = []
        self._word_cells = 0
        self._room = 0
        self.indent = 0
        """The column at which further rows of this line begin."""
        self.rows = 1
        """How many rows this line takes so far."""

    def put(self, text: str, style: Style = Style.PLAIN, *, wraps: bool = True) -> None:
        """Write text; without `wraps` as it is, and a long line is left to the terminal."""
        if not wraps:
            self._write(text, style)
            self._begin_word()
            return
        # The last column stays free: a cursor behind it is in no column that escapes can count from.
        self._room = max(self._columns() - 1, 2)
        for character in text:
            if character == "\n":
                self.end_line()
            elif character in " \t":
                self._put_blank(character, style)
            else:
                self._put_visible(character, style)

    def end_line(self) -> None:
        """Begin a new line at the left edge."""
        self._switch(Style.PLAIN)
        self._out.append("\n")
        self._begin_word()
        self._column, self.indent, self.rows = 0, 0, 1

    def erase_line(self) -> None:
        """Erase every row of this line, and begin it again."""
        self._switch(Style.PLAIN)
        self._out.append((f"\x1b[{self.rows - 1}A" if self.rows > 1 else "") + "\r\x1b[J")
        self._begin_word()
        self._column, self.indent, self.rows = 0, 0, 1

    def take(self) -> str:
        """Return what was put in since the last call, every style switched off."""
        self._switch(Style.PLAIN)
        text = "".join(self._out)
        self._out.clear()
        return text

    def _put_blank(self, character: str, style: Style) -> None:
        cells = 1 if character == " " else _TAB - self._column % _TAB
        self._begin_word()
        if self._column + cells <= self._room:
            self._write(character, style)
            self._column += cells
        else:  # a blank at the edge is the break; the next word begins a row
            self._column = self._room

    def _put_visible(self, character: str, style: Style) -> None:
        cells = cell_width(character)
        is_wide = cells > 1  # East Asian text breaks anywhere
        if is_wide:
            self._begin_word()
        if self._column + cells > self._room:
            self._begin_row()
        self._write(character, style)
        self._column += cells
        self._word.append((character, style))
        self._word_cells += cells
        if is_wide:
            self._begin_word()

    def _begin_row(self) -> None:
        """Go to the next row, with the word that has begun unless it fills a row by itself."""
        indent = self.indent if self.indent < self._room // 2 else 0
        word, cells = self._word, self._word_cells
        if indent + cells >= self._room - 1:
            word, cells = [], 0
        self._switch(Style.PLAIN)
        back = f"\x1b[{cells}D\x1b[K" if cells else ""
        self._out.append(f"{back}\n{' ' * indent}")
        self.rows += 1
        self._word, self._word_cells, self._column = word, cells, indent + cells
        for character, style in word:
            self._write(character, style)

    def _begin_word(self) -> None:
        if self._word:
            self._word, self._word_cells = [], 0

    def _write(self, text: str, style: Style) -> None:
        self._switch(style)
        self._out.append(text)

    def _switch(self, style: Style) -> None:
        if style is not self._style:
            self._out.append(self._style.off + style.on)
            self._style = style
