"""An answer's Markdown on a terminal: headings, bold text and code, styled as it comes.

A marker is hidden when it opens a style, before it is known whether another one closes it. Where none
has come at the end of the line, that line is erased and written again with its marker: `**kwargs` stays
what it is. Invariant: only markers ever wait for the next character, never a word. Linear: a line is
written three times at most.
"""

import re
from collections.abc import Callable, Iterable

from codex_ls.render.wrapped import Style, WrappedText

_PREFIX_LIKE = re.compile(r" *(?:#{1,6}|[-*+]|\d{1,9}[.)]?|`+|~+)?\Z")
"""The beginning of a line that may still become a heading, an item of a list or a fence."""
_HEADING = re.compile(r" {0,3}(#{1,6}) \Z")
_ITEM = re.compile(r" *(?:[-*+]|\d{1,9}[.)]) \Z")
_FENCE = re.compile(r" *(`{3,}|~{3,})")
_CLOSING = re.compile(r"[ \t]*(`{3,}|~{3,})[ \t]*\r?\Z")
_PUNCTUATION = re.compile(r"[^\w\s]")
_MAX_REPAINTED_ROWS = 12
"""More rows than this may have left the screen, where nothing can be erased."""


class TerminalMarkdown:
    """Takes an answer piece by piece and returns what to write for each.

    Without `styled` no escape but those of wrapping is written, and every marker stays.
    """

    def __init__(self, columns: Callable[[], int], *, styled: bool) -> None:
        self._text = WrappedText(columns)
        self._styled = styled
        self._fence = ""
        self._begin_line()

    def feed(self, text: str) -> str:
        """Return what to write for the next piece of the answer; may be empty."""
        for character in text:
            if character == "\n":
                self._finish_line()
                self._text.end_line()
                self._begin_line()
            elif character != "\r":
                self._source.append(character)
                self._put(character)
        return self._text.take()

    def end(self) -> str:
        """Return what is left to write where the answer ends or breaks off."""
        self._finish_line()
        self._fence = ""
        self._begin_line()
        return self._text.take()

    def _begin_line(self) -> None:
        self._source: list[str] = []
        self._begin_painting(frozenset(), all_literal=not self._styled)

    def _begin_painting(self, literal: frozenset[int], *, all_literal: bool) -> None:
        self._prefix: str | None = ""
        """The beginning of the line while it is not decided what kind it is."""
        self._wraps = True
        self._base = Style.PLAIN
        self._held = ""
        self._at = 0
        """How many characters of the line are decided."""
        self._before = " "
        self._bold_at: int | None = None
        self._code_at: int | None = None
        self._code_ticks = 0
        self._literal, self._all_literal = literal, all_literal

    def _put_all(self, line: Iterable[str]) -> None:
        for character in line:
            self._put(character)

    # ---- lines ----------------------------------------------------------------------------------

    def _put(self, character: str) -> None:
        if self._prefix is None:
            self._put_inline(character)
            return
        self._prefix += character
        if self._fence:
            if not re.fullmatch(r"[ \t]*(`*|~*)[ \t]*\r?", self._prefix):
                self._decide(Style.CODE, wraps=False)
        elif not _PREFIX_LIKE.match(self._prefix):
            self._decide_kind(self._prefix)

    def _decide_kind(self, prefix: str) -> None:
        if _FENCE.match(prefix):
            self._decide(Style.DIM, wraps=False)
        elif (heading := _HEADING.match(prefix)) and self._styled:
            self._prefix, self._at = None, len(prefix)
            self._base = Style.HEADING if len(heading[1]) == 1 else Style.BOLD
        elif _ITEM.match(prefix):
            self._prefix, self._at = None, len(prefix)
            self._text.put(prefix)
            self._text.indent = len(prefix)
        elif prefix.lstrip(" ").startswith("|"):
            self._decide(Style.PLAIN, wraps=False)
        else:
            self._decide(Style.PLAIN, wraps=True)

    def _decide(self, base: Style, *, wraps: bool) -> None:
        """Write what the line began with, now that its kind is known."""
        prefix, self._prefix = self._prefix or "", None
        self._base = base if self._styled else Style.PLAIN
        self._wraps = wraps
        for character in prefix:
            self._put_inline(character)

    def _finish_line(self) -> None:
        line = "".join(self._source)
        if self._prefix is not None:  # nothing but what could have become a marker
            is_marked = self._fence or _FENCE.match(line)
            self._decide(Style.DIM if is_marked else Style.PLAIN, wraps=not is_marked)
        self._settle("\n")
        self._repaint(line)
        closing = _CLOSING.match(line)
        if self._fence:
            if closing and closing[1].startswith(self._fence):
                self._fence = ""
        elif (opening := _FENCE.match(line)) and (
            opening[1][0] == "~" or "`" not in line[opening.end() :]  # ```code``` is a span
        ):
            self._fence = opening[1]

    def _repaint(self, line: str) -> None:
        """Write the line again where a marker opened what no other one closed."""
        literal: frozenset[int] = frozenset()
        for attempt in range(2):
            unclosed = {at for at in (self._bold_at, self._code_at) if at is not None}
            if not unclosed or self._text.rows > _MAX_REPAINTED_ROWS:
                return
            literal |= unclosed
            self._text.erase_line()
            self._begin_painting(literal, all_literal=attempt > 0)
            self._put_all(line)
            if self._prefix is not None:
                self._decide(Style.PLAIN, wraps=True)
            self._settle("\n")

    # ---- inside a line --------------------------------------------------------------------------

    def _put_inline(self, character: str) -> None:
        if not self._wraps:
            self._text.put(character, self._base, wraps=False)
            return
        if self._held and character == self._held[0]:
            self._held += character
            return
        self._settle(character)
        if character in "*`" and not self._all_literal:
            self._held = character
        else:
            self._write(character)

    def _settle(self, following: str) -> None:
        """Decide what a run of markers means, now that it is known what follows."""
        if not self._held:
            return
        run, self._held = self._held, ""
        is_marker = self._is_code(run) if run[0] == "`" else self._is_bold(run, following)
        if is_marker:
            self._at += len(run)
        else:
            self._write(run)

    def _is_code(self, run: str) -> bool:
        if self._code_at is not None:
            if len(run) != self._code_ticks:
                return False
            self._code_at = None
            return True
        if self._before == "\\" or self._at in self._literal:
            return False
        self._code_at, self._code_ticks = self._at, len(run)
        return True

    def _is_bold(self, run: str, following: str) -> bool:
        if self._code_at is not None or len(run) not in (2, 3) or self._before == "\\":
            return False
        if self._bold_at is not None:
            if self._before.isspace():
                return False
            self._bold_at = None
            return True
        may_open = self._before.isspace() or _PUNCTUATION.match(self._before)
        if following.isspace() or not may_open or self._at in self._literal:
            return False
        self._bold_at = self._at
        return True

    def _write(self, text: str) -> None:
        style = self._base
        if self._code_at is not None:
            style = Style.CODE
        elif self._bold_at is not None and style is Style.PLAIN:
            style = Style.BOLD
        self._text.put(text, style)
        self._at += len(text)
        self._before = text[-1]
