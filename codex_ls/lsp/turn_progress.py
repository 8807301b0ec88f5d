"""A turn on an editor's own progress line: its phase, and the line that is being written.

This is all that an editor without a plugin shows of an answer while it is written, since none of them
shows a file as it grows. Every value is a plain work-done value; they come at most four times a second,
and each costs the same however long the answer is.
"""

import asyncio
from contextlib import ExitStack

from codex_ls.events import ContentDelta, Event, ReasoningDelta, TurnFinished, TurnStarted
from codex_ls.lsp.status import StatusLine, ending
from codex_ls.lsp.stream import STATUS_INTERVAL_S, ShownReasoning, Timer, Timers
from codex_ls.lsp.work import Work

LINE_CHARS = 60
"""As much as fits beside other things in a status line."""

_HELD_CHARS = 400


class TurnProgress:
    """Shows one turn on a work-done token, from `begin` to `end`; `held` is let go of at the end."""

    def __init__(
        self,
        work: Work,
        *,
        title: str,
        shown: ShownReasoning,
        held: ExitStack,
        timers: Timers | None = None,
    ) -> None:
        """`timers` are the running event loop's, unless a test has its own."""
        self._work = work
        self._shown = shown
        self._held = held
        self._loop: Timers = timers or asyncio.get_running_loop()
        self._status = StatusLine()
        self._line = LastLine()
        self._timer: Timer | None = None
        self._is_over = False
        self.ending = ""
        """The line that stays, once the turn is over."""
        work.begin(title, message=self._status.text(0.0))  # not started

    def handle(self, event: Event) -> None:
        """Take note of an event; the end is told at once, all else at the next tick."""
        if self._is_over:
            return
        self._status.follow(event, self._loop.time())
        match event:
            case TurnStarted():
                self._tell()
            case TurnFinished():
                self._finish(ending(event))
            case ContentDelta():
                self._line.add(event.text)
            case ReasoningDelta():
                if self._shown.allows(event.source):
                    self._line.add(event.text)
            case _:
                pass

    def close(self) -> None:
        """End it, if the turn did not come to an end of its own. Idempotent."""
        if not self._is_over:
            self._finish("Failed")

    def _tell(self) -> None:
        now = self._loop.time()
        line = self._line.shown
        status = self._status.text(now)
        self._work.report(f"{status}: {line}" if line else status)
        self._timer = self._loop.call_at(now + STATUS_INTERVAL_S, self._tell)

    def _finish(self, message: str) -> None:
        self._is_over = True
        self.ending = message
        if self._timer is not None:
            self._timer.cancel()
        self._work.end(message)
        self._held.close()


class LastLine:
    """The last line with text of what is added in pieces."""

    def __init__(self) -> None:
        self._whole = ""
        self._current = ""

    def add(self, text: str) -> None:
        """Add the next piece."""
        *whole, current = (self._current + text[-_HELD_CHARS:]).split("\n")
        for line in whole:
            if line.strip():
                self._whole = line
        self._current = current[-_HELD_CHARS:]

    @property
    def shown(self) -> str:
        """Its end, as one line that fits."""
        line = " ".join((self._current if self._current.strip() else self._whole).split())
        return line if len(line) <= LINE_CHARS else f"…{line[1 - LINE_CHARS :].lstrip()}"
