"""What a person sees after a terminal got some text: rows of characters and how they look.

Knows the escapes that `codex-ls` writes (SGR, CUU, CUD, CUB, EL, ED, IND, DECSC, DECRC) and fails at any
other one; wraps at the right edge as xterm does.
"""

import re
from unicodedata import east_asian_width

_TOKEN = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[78D]|[^\x1b]", re.DOTALL)
_NAMES = {"1": "bold", "2": "dim", "4": "underline", "36": "cyan"}
_ENDS = {"22": {"bold", "dim"}, "24": {"underline"}, "39": {"cyan"}}


class Screen:
    """A terminal of so many columns and endless rows."""

    def __init__(self, columns: int) -> None:
        self._columns = columns
        self._cells: list[list[tuple[str, frozenset[str]]]] = [[]]
        self._row = self._column = 0
        self._saved = (0, 0)
        self._style: frozenset[str] = frozenset()

    def write(self, text: str) -> "Screen":
        """Do what the text says."""
        for token in _TOKEN.findall(text):
            if token[0] != "\x1b":
                self._put(token)
            elif token[1] != "[":
                self._escape(token[1])
            else:
                self._control(token[-1], token[2:-1])
        return self

    @property
    def rows(self) -> list[str]:
        """The text of each row, without blanks at its end."""
        return ["".join(text for text, _ in row).rstrip() for row in self._cells]

    @property
    def is_plain(self) -> bool:
        """Whether what is written next has no style."""
        return not self._style

    def styled(self, style: str) -> list[str]:
        """Every run of characters that look so, in reading order."""
        runs: list[str] = []
        was = False
        for row in self._cells:
            for text, looks in row:
                if style in looks:
                    if was:
                        runs[-1] += text
                    else:
                        runs.append(text)
                was = style in looks
            was = False
        return runs

    def _put(self, character: str) -> None:
        if character == "\n":  # as the terminal's driver does it (ONLCR)
            self._row, self._column = self._row + 1, 0
        elif character == "\r":
            self._column = 0
        else:
            wide = east_asian_width(character) in ("W", "F")
            if self._column + 1 + wide > self._columns:
                self._row, self._column = self._row + 1, 0
            self._set(character)
            if wide:
                self._set("")
        self._reach()

    def _set(self, text: str) -> None:
        self._reach()
        row = self._cells[self._row]
        row.extend([(" ", frozenset())] * (self._column + 1 - len(row)))
        row[self._column] = (text, self._style)
        self._column += 1

    def _reach(self) -> None:
        while len(self._cells) <= self._row:
            self._cells.append([])

    def _escape(self, name: str) -> None:
        if name == "7":
            self._saved = (self._row, self._column)
        elif name == "8":
            self._row, self._column = self._saved
        else:
            self._row += 1
            self._reach()

    def _control(self, name: str, given: str) -> None:
        count = int(given or "0") if name != "m" else 0
        match name:
            case "m":
                for code in given.split(";"):
                    ends = _ENDS.get(code)
                    self._style = self._style - ends if ends else self._style | {_NAMES[code]}
            case "A":
                self._row = max(0, self._row - (count or 1))
            case "B":
                self._row += count or 1
                self._reach()
            case "D":
                self._column = max(0, self._column - (count or 1))
            case "K":
                del self._cells[self._row][0 if count == 2 else self._column :]
            case "J":
                del self._cells[self._row][self._column :]
                del self._cells[self._row + 1 :]
            case _:
                raise AssertionError(f"an unknown escape: {name}")
