"""Whether a place in streaming Markdown is inside code.

Only what tells a mention from a marker: fences of three or more backticks or tildes at a line's
start, also in a quote or a list, and backtick spans within a line (CommonMark 0.31, sections 4.5 and
6.1, simplified: a span ends with its line). One pass, constant state.
"""

_BEFORE_A_FENCE = frozenset(">-*+.)0123456789")
"""What else may stand before a fence: the marks of quotes and lists."""


class CodeSpans:
    """Feed the text in order; `inside` says whether its end stands in code."""

    def __init__(self) -> None:
        self._fence = ""  # the fence that is open: its character, repeated
        self._info = False  # the fence's first line is not over
        self._closing = False  # this line closes the fence, if nothing else comes in it
        self._span = 0  # backticks that opened the span in this line
        self._run = ""  # the run of backticks or tildes that the text ends in
        self._line_start = True  # nothing that hinders a fence stands in this line before the run

    @property
    def inside(self) -> bool:
        """True if what comes next would be code."""
        if self._fence:
            return not self._closing and not (
                self._line_start and self._run.startswith(self._fence)
            )
        return bool(self._span) != self._run.startswith("`")

    def feed(self, text: str) -> None:
        """Take the next piece of text."""
        if not self._run and "`" not in text and "~" not in text:
            _, newline, last_line = text.rpartition("\n")
            if self._closing and text.partition("\n")[0].strip():
                self._closing = False
            if newline:
                self._end_line()
            if self._line_start and last_line:
                self._line_start = _may_come_before_a_fence(last_line)
            return
        for char in text:
            self._char(char)

    def _char(self, char: str) -> None:
        if char in "`~" and (not self._run or self._run[0] == char):
            self._run += char
            return
        self._end_run()
        if char in "`~":
            self._run = char
        elif char == "\n":
            self._end_line()
        elif not char.isspace():
            self._closing = False
            self._line_start = self._line_start and char in _BEFORE_A_FENCE

    def _end_line(self) -> None:
        if self._closing:
            self._fence = ""
        self._span, self._info, self._closing, self._line_start = 0, False, False, True

    def _end_run(self) -> None:
        run, self._run = self._run, ""
        if not run:
            return
        if self._fence:
            if self._info and run[0] == self._fence[0] == "`":
                # A fence's first line has no other backticks: it was a span.
                self._span = 0 if len(run) == len(self._fence) else len(self._fence)
                self._fence, self._info = "", False
            else:
                self._closing = self._line_start and run.startswith(self._fence)
        elif len(run) >= 3 and self._line_start:
            self._fence, self._info = run, True
        elif run[0] == "`":
            if not self._span:
                self._span = len(run)
            elif self._span == len(run):
                self._span = 0
        self._line_start = False


def _may_come_before_a_fence(text: str) -> bool:
    return all(char.isspace() or char in _BEFORE_A_FENCE for char in text)
