"""A turn for a person: thinking in [brackets], the answer, one line of figures.

Invariant: a piece of text is written in the same call that brought it, with one write, and nothing
that a person has read is taken back. The status line is the only thing that is ever erased: it is
gone before the first word, and a silence that is shown below a text before the next one.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal, assert_never

from codex_ls.errors import CodexError
from codex_ls.events import (
    AnsweredInThinking,
    ContentDelta,
    Event,
    ItemChanged,
    ItemOutput,
    Notice,
    Noticed,
    Phase,
    PhaseChanged,
    ReasoningDelta,
    ReasoningSource,
    Reclassified,
    RetryScheduled,
    ToolCallDelta,
    TurnFinished,
    TurnStarted,
    UsageReported,
)
from codex_ls.render.brackets import Brackets
from codex_ls.render.cells import clip
from codex_ls.render.code_block import FirstCodeBlock
from codex_ls.render.failure import cut_reason, failure_lines, labelled_lines, one_line
from codex_ls.render.figures import figures_line
from codex_ls.render.items import completed_lines, started_lines
from codex_ls.render.terminal_markdown import TerminalMarkdown
from codex_ls.render.wrapped import Style, WrappedText

Write = Callable[[str], None]
Where = Literal["out", "err", "off"]

EVERY_SOURCE: frozenset[ReasoningSource] = frozenset({"raw", "summary"})

_SLOW_TO_CONNECT_MS = 1000
"""After this it is more likely that the server accepted the request, and says nothing yet."""
_ERASE_LINE = "\r\x1b[K"
_MAKE_ROOM = "\x1bD\x1b[A"
"""A line down, which scrolls at the bottom of the screen, and up again: the column stays (IND, CUU)."""
_SAVE_CURSOR, _BACK = "\x1b7", "\x1b8"
_NEXT_LINE = "\x1b[B\r\x1b[2K"
_LABELS: dict[Phase, str] = {
    "connecting": "connecting to {provider}",
    "loading": "loading {model}",
    "prompt": "reading the prompt",
    "thinking": "thinking",
    "answering": "answering",
}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where each kind of text goes, and what is there to receive it.

    `status` is the stream whose terminal can erase a line. `one_screen` says that both streams end
    on the same terminal, where a line begun on one must be ended before the other writes. `columns`
    is asked for the width of the terminal each time, so that no status line wraps.
    `sources` are the kinds of thinking to show.
    """

    thinking: Where = "err"
    status: Where = "off"
    out_is_terminal: bool = False
    one_screen: bool = False
    dim_out: bool = False
    dim_err: bool = False
    columns: Callable[[], int] = field(default=lambda: 80, compare=False)
    sources: frozenset[ReasoningSource] = EVERY_SOURCE
    wraps_out: bool = False
    """Standard output is a terminal that can erase a word: the answer is wrapped, and its Markdown
    styled where `dim_out` allows styles."""
    wraps_err: bool = False
    is_code_only: bool = False
    """Write the first code block of the answer alone."""
    is_quiet: bool = False
    """Write no status, no notes and no figures."""


class HumanRenderer:
    """Writes the events of one turn: `render` each in order, `close` where they break off."""

    def __init__(self, *, out: Write, err: Write, layout: Layout) -> None:
        self._layout = layout
        self._out = _Stream(out)
        self._err = _Stream(err, cursor=self._out.cursor if layout.one_screen else None)
        self._thinking = self._err if layout.thinking == "err" else self._out
        self._status = {"out": self._out, "err": self._err, "off": None}[layout.status]
        is_dim = layout.dim_err if layout.thinking == "err" else layout.dim_out
        wraps_thinking = layout.wraps_err if layout.thinking == "err" else layout.wraps_out
        self._brackets = Brackets(dim=is_dim and not wraps_thinking)
        self._thought = WrappedText(layout.columns) if wraps_thinking else None
        self._thought_style = Style.DIM if is_dim else Style.PLAIN
        self._code = FirstCodeBlock() if layout.is_code_only else None
        self._markdown = (
            TerminalMarkdown(layout.columns, styled=layout.dim_out)
            if layout.wraps_out and not layout.is_code_only
            else None
        )
        self._answer_is_open = False
        self._told: list[Notice] = []
        self._model = ""
        self._provider = ""
        self._phase: PhaseChanged = PhaseChanged("connecting")
        self._status_text = ""
        self._has_shown_text = False
        self._silence_is_shown = False
        self._is_below_text = False
        self._is_behind_item = False
        self._runs_a_tool = False
        """The person may be asked something: no status line writes over it."""

    def render(self, event: Event) -> None:
        """Write what `event` adds to the screen."""
        if self._silence_is_shown and not (isinstance(event, PhaseChanged) and event.silent_ms):
            self._erase_status()
        match event:
            case ContentDelta(text=text) | AnsweredInThinking(text=text):
                self._render_content(text)
            case ReasoningDelta(text=text, source=source):
                if self._layout.thinking != "off" and source in self._layout.sources:
                    self._render_reasoning(text)
            case PhaseChanged(silent_ms=None):
                self._phase = event
            case PhaseChanged():
                self._render_silence(event)
            case TurnStarted(model=model, provider=provider):
                self._model, self._provider = one_line(model), one_line(provider)
            case Reclassified():
                self._render_reclassified()
            case RetryScheduled():
                self._render_retry(event)
            case Noticed(notice=notice):
                # In the middle of a text a notice would tear it apart: it then waits for the end.
                if not self._has_shown_text:
                    self._render_notice(notice)
            case TurnFinished():
                self._render_finished(event)
            case ItemChanged():
                self._render_item(event)
            case ToolCallDelta() | UsageReported() | ItemOutput():
                pass
            case _:
                assert_never(event)

    def tick(self, elapsed_ms: int) -> None:
        """Repaint the status line while nothing has arrived; called a few times a second."""
        if self._status is None or self._has_shown_text or self._runs_a_tool:
            return
        label = _LABELS[self._phase.phase].format(model=self._model, provider=self._provider)
        if self._phase.phase == "connecting" and elapsed_ms >= _SLOW_TO_CONNECT_MS:
            label = f"waiting for {self._provider}"
        if self._phase.waiting is not None:
            label = f"waiting for {self._provider}, queue of {self._phase.waiting}"
        if self._phase.fraction is not None:
            label += f" {self._phase.fraction:.0%}"
        text = clip(f"{label}, {elapsed_ms // 1000} s", self._layout.columns() - 1)
        if text != self._status_text:
            self._status.write_over(_ERASE_LINE + text)
            self._status_text = text

    def fail(self, error: CodexError) -> None:
        """Write a failure in the shape that all of them have, below whatever stands there."""
        self.close()
        self._err.write(failure_lines(error))

    def close(self) -> None:
        """Leave no status line, no open bracket and no line that is not ended."""
        self._erase_status()
        self._close_answer()
        self._thinking.write(self._wrapped(self._brackets.close()))
        self._thinking.end_line()

    def _close_answer(self) -> None:
        if self._answer_is_open:
            self._out.write(self._markdown.end() if self._markdown is not None else "")
            self._out.end_line()
        self._answer_is_open = False

    def _render_content(self, text: str) -> None:
        if self._code is not None:
            text = self._code.feed(text)
        self._write_content(text)

    def _write_content(self, text: str) -> None:
        before = ""
        if self._brackets.is_open or not self._answer_is_open:
            if self._layout.out_is_terminal or self._is_behind_item:
                text = text.lstrip("\r\n")
            if not text:
                return
            self._is_behind_item = False
            before = self._closed_brackets()
            self._answer_is_open = True
            self._begin_text()
        self._out.write(before + (text if self._markdown is None else self._markdown.feed(text)))

    def _render_reasoning(self, text: str) -> None:
        if self._thought is not None and not self._brackets.is_open:
            self._thought = WrappedText(self._layout.columns)
        pieces = self._wrapped(self._brackets.feed(text))
        if not pieces:
            return
        self._begin_text()
        if self._answer_is_open and self._shares_a_screen:
            self._close_answer()
        self._thinking.write(pieces)

    def _render_item(self, event: ItemChanged) -> None:
        """Show a call where the text stands; what comes behind it is waited for anew."""
        self.close()
        self._runs_a_tool = event.stage == "started"
        self._is_behind_item = True
        columns = self._layout.columns()
        lines = (
            started_lines(event.item, columns=columns)
            if event.stage == "started"
            else completed_lines(event.item, columns=columns, is_dim=self._layout.dim_err)
        )
        if lines and not self._layout.is_quiet:
            self._err.end_line()
            self._err.write(lines)
        self._has_shown_text = False

    def _wrapped(self, text: str) -> str:
        """A piece of thinking, wrapped and dimmed where its terminal can do that."""
        if self._thought is None:
            return text
        self._thought.put(text, self._thought_style)
        return self._thought.take()

    def _render_reclassified(self) -> None:
        if not self._answer_is_open:
            return
        self.close()
        if self._layout.out_is_terminal:
            aside = Brackets(dim=self._layout.dim_out)
            self._out.write(aside.feed("the text above was thinking") + aside.close() + "\n\n")
        else:
            self._err.write("note: the text written so far was thinking; the answer follows\n")

    def _render_silence(self, event: PhaseChanged) -> None:
        """Show for how long no text has come: below the text, if that ends in the middle of a line."""
        if self._status is None or not self._has_shown_text or event.silent_ms is None:
            return  # before the first word the status line counts the seconds
        label = _LABELS[event.phase].format(model=self._model, provider=self._provider)
        text = f"{label}, no text for {event.silent_ms // 1000} s"
        shown = clip(text, self._layout.columns() - 1)
        if not self._silence_is_shown:
            self._is_below_text = not self._status.cursor.at_line_start
        if self._is_below_text:
            self._status.write_over(f"{_MAKE_ROOM}{_SAVE_CURSOR}{_NEXT_LINE}{shown}{_BACK}")
        else:
            self._status.write_over(_ERASE_LINE + shown)
        self._status_text = text
        self._silence_is_shown = True

    def _render_retry(self, retry: RetryScheduled) -> None:
        if self._layout.is_quiet:
            return
        self._erase_status()
        self._err.write(
            f"attempt {retry.attempt} of {retry.max_attempts}"
            f" in {retry.delay_ms / 1000:.1f} s: {one_line(retry.reason)}\n"
        )

    def _render_notice(self, notice: Notice) -> None:
        if self._layout.is_quiet:
            return
        self._erase_status()
        self._err.write(labelled_lines("note", notice.message, hint=notice.hint))
        self._told.append(notice)

    def _render_finished(self, finished: TurnFinished) -> None:
        self._finish_code()
        self.close()
        cut = cut_reason(finished)
        for notice in finished.notices:
            if notice not in self._told and notice != cut:
                self._render_notice(notice)
        if finished.error is not None:
            self._err.write(failure_lines(finished.error))
            return
        if finished.status == "cancelled":
            self._err.write("interrupted\n")
        if cut is not None:
            self._err.write(labelled_lines("cut off", cut.message, hint=cut.hint))
        if self._has_shown_text and not self._layout.is_quiet:
            figures = self._out if self._layout.out_is_terminal else self._err
            columns = None if self._status is None else self._layout.columns()
            figures.write(f"{figures_line(finished, columns=columns)}\n")

    def _finish_code(self) -> None:
        """Write what is left of a code block; all of an answer that has none, which is said."""
        if self._code is None:
            return
        rest = self._code.finish()
        if rest and not self._code.has_begun and not self._layout.is_quiet:
            self.close()
            self._err.write("note: the answer has no code block; all of it is printed\n")
        self._write_content(rest)

    @property
    def _shares_a_screen(self) -> bool:
        return self._thinking is self._out or self._layout.one_screen

    def _closed_brackets(self) -> str:
        """What must stand before the answer on its stream; brackets elsewhere are closed there."""
        if not self._brackets.is_open:
            return ""
        closing = self._wrapped(self._brackets.close()) + (
            "\n\n" if self._shares_a_screen else "\n"
        )
        if self._thinking is self._out:
            return closing
        self._thinking.write(closing)
        return ""

    def _begin_text(self) -> None:
        if not self._has_shown_text:
            self._erase_status()
            self._has_shown_text = True

    def _erase_status(self) -> None:
        if self._status is not None and self._status_text:
            if self._silence_is_shown and self._is_below_text:
                self._status.write_over(f"{_SAVE_CURSOR}{_NEXT_LINE}{_BACK}")
            else:
                self._status.write_over(_ERASE_LINE)
            self._status_text = ""
            self._silence_is_shown = False


class _Cursor:
    """Whether the last character on a screen was the end of a line."""

    def __init__(self) -> None:
        self.at_line_start = True


class _Stream:
    """One output with the cursor of the screen it ends on."""

    def __init__(self, write: Write, *, cursor: _Cursor | None = None) -> None:
        self._write = write
        self.cursor = cursor or _Cursor()

    def write(self, text: str) -> None:
        if text:
            self._write(text)
            self.cursor.at_line_start = text[-1] == "\n"

    def write_over(self, text: str) -> None:
        """Write what leaves the cursor where it was, as far as lines go."""
        self._write(text)

    def end_line(self) -> None:
        if not self.cursor.at_line_start:
            self.write("\n")
