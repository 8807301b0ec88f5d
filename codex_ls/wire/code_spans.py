"""Whether a place in streaming Markdown is inside code.

Only what tells a mention from a marker: fences of three or more backticks or tildes at a line's
start, and backtick spans within a line (CommonMark 0.31, sections 4.5 and 6.1, simplified: a span
ends with its line). One pass, constant state.
"""


class CodeSpans:
    """Feed the text in order; `inside` says whether its end stands in code."""

    def __init__(self) -> None:
        self._fence = ""  # the fence that is open: its character, repeated
        self._span = 0  # backticks that opened the span in this line
        self._run = ""  # the run of backticks or tildes that the text ends in
        self._line_start = True  # nothing but white space stands in this line before the run

    @property
    def inside(self) -> bool:
        """True if what comes next would be code."""
        if self._fence:
            return not (self._line_start and self._run.startswith(self._fence))
        return bool(self._span) != self._run.startswith("`")

    def feed(self, text: str) -> None:
        """Take the next piece of text."""
        if not self._run and "`" not in text and "~" not in text:
            last_line = text.rpartition("\n")
            if last_line[1]:
                self._span = 0
                self._line_start = not last_line[2].strip()
            elif text.strip():
                self._line_start = False
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
            self._span, self._line_start = 0, True
        elif not char.isspace():
            self._line_start = False

    def _end_run(self) -> None:
        run, self._run = self._run, ""
        if not run:
            return
        if self._fence:
            if self._line_start and run.startswith(self._fence):
                self._fence = ""
        elif len(run) >= 3 and self._line_start:
            self._fence = run
        elif run[0] == "`":
            if not self._span:
                self._span = len(run)
            elif self._span == len(run):
                self._span = 0
        self._line_start = False
