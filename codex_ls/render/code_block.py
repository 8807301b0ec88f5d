"""The first fenced code block of an answer, piece by piece, as CommonMark delimits it.

Invariant: code leaves `feed` in the call that brought it. Only what may still be a closing fence waits:
blanks and fence characters at the beginning of a line.
"""

import re

_OPENING = re.compile(r"([ ]*)(`{3,}|~{3,})([^\n]*)\n")
_MAYBE_CLOSING = re.compile(r"[ \t]*(`*|~*)[ \t]*\r?\Z")
_CLOSING = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*\r?\Z")


class FirstCodeBlock:
    """Takes an answer and returns the text of its first code block, without the fences."""

    def __init__(self) -> None:
        self._prose: list[str] = []
        """What came before a block; returned at the end if there is none."""
        self._line = ""
        """The line that is not decided yet."""
        self._fence = ""
        self._indent = 0
        self._is_passing = False
        """In the middle of a line of code: the rest of it is code as well."""
        self.is_over = False

    @property
    def has_begun(self) -> bool:
        """Whether the answer has a code block."""
        return bool(self._fence)

    def feed(self, text: str) -> str:
        """Return the code that the next piece of the answer brought; may be empty."""
        code: list[str] = []
        for piece in text.splitlines(keepends=True) if not self.is_over else ():
            if self._is_passing:
                code.append(piece)
                self._is_passing = not piece.endswith("\n")
                continue
            self._line += piece
            if self._fence:
                code.append(self._code_line())
            elif piece.endswith("\n"):
                self._prose_line()
            if self.is_over:
                break
        return "".join(code)

    def finish(self) -> str:
        """Return what is left: of an unfinished block, or the whole answer where it has no block."""
        line, self._line = self._line, ""
        if not self._fence:
            return "".join([*self._prose, line])
        return "" if self.is_over or _CLOSING.match(line) else self._without_indent(line)

    def _prose_line(self) -> None:
        line, self._line = self._line, ""
        opening = _OPENING.fullmatch(line)
        # An info string behind backticks has none itself: ```code``` in one line is a span.
        if opening and not (opening[2][0] == "`" and "`" in opening[3]):
            self._fence, self._indent = opening[2], len(opening[1])
            self._prose.clear()
        else:
            self._prose.append(line)

    def _code_line(self) -> str:
        line = self._line
        closing = _CLOSING.match(line.removesuffix("\n"))
        if closing and closing[1].startswith(self._fence):
            self.is_over = line.endswith("\n")
            return ""
        if not line.endswith("\n") and _MAYBE_CLOSING.match(line):
            return ""
        self._line = ""
        self._is_passing = not line.endswith("\n")
        return self._without_indent(line)

    def _without_indent(self, line: str) -> str:
        """A line without the blanks that the opening fence had too: a block inside a list."""
        blanks = len(line) - len(line.lstrip(" "))
        return line[min(blanks, self._indent) :]
