"""What a model server does before its first word, as one tool call of the turn.

The protocol has no message for it, and in a thought or in the answer it would be taken for the model's
words. A tool call is apart from both and is updated in place. It appears only if there is something to
report: a model being loaded, a queue, a prompt that is read for more than a second.
"""

import time
from collections.abc import Callable
from typing import Any, Final, assert_never

from acp.schema import ToolCallProgress, ToolCallStart, ToolCallStatus

from codex_ls.events import PhaseChanged

META_KEY: Final = "codex-ls/phase"
"""The key in `_meta` with `phase`, `fraction` (0 to 1) and `waiting`, for clients that draw it."""

_SHORT_S: Final = 1.0
_IN_PROGRESS: Final[ToolCallStatus] = "in_progress"


class ShownPhases:
    """The phases of one turn, which may send several requests."""

    def __init__(
        self, call_id: Callable[[str], str], clock: Callable[[], float] = time.monotonic
    ) -> None:
        """`call_id` makes an id unique in the session; `clock` counts seconds."""
        self._call_id = call_id
        self._clock = clock
        self._count = 0
        self._since = clock()
        self._shown: str | None = None
        """The title of the call that is in progress."""

    def update(self, event: PhaseChanged) -> ToolCallStart | ToolCallProgress | None:
        """Return the update for a phase, if there is one."""
        if event.silent_ms is not None:
            return None
        match event.phase:
            case "connecting":
                self._since = self._clock()
                return None
            case "loading" | "prompt":
                return self._waiting(event)
            case "thinking" | "answering":
                return self.end()
            case _:
                assert_never(event.phase)

    def end(self, *, has_failed: bool = False) -> ToolCallProgress | None:
        """Return the last update, once text arrives or the turn is over."""
        if self._shown is None:
            return None
        title = self._shown if has_failed else f"Ready after {self._clock() - self._since:.0f} s"
        self._shown = None
        return ToolCallProgress(
            session_update="tool_call_update",
            tool_call_id=self._id,
            title=title,
            status="failed" if has_failed else "completed",
        )

    @property
    def _id(self) -> str:
        return self._call_id(f"phase_{self._count}")

    def _waiting(self, event: PhaseChanged) -> ToolCallStart | ToolCallProgress | None:
        title = "Loading the model" if event.phase == "loading" else "Reading the prompt"
        if event.waiting is not None:
            title = f"Waiting for the model server, queue of {event.waiting}"
        if event.fraction is not None:
            title += f": {event.fraction:.0%}"
        before, is_short = self._shown, self._clock() - self._since < _SHORT_S
        is_reading = event.phase == "prompt" and event.waiting is None
        if title == before or (before is None and is_reading and is_short):
            return None
        self._shown = title
        meta = {META_KEY: _facts(event)}
        if before is not None:
            return ToolCallProgress(
                session_update="tool_call_update",
                tool_call_id=self._id,
                title=title,
                status=_IN_PROGRESS,
                field_meta=meta,
            )
        self._count += 1
        return ToolCallStart(
            session_update="tool_call",
            tool_call_id=self._id,
            title=title,
            kind="other",
            status=_IN_PROGRESS,
            field_meta=meta,
        )


def _facts(event: PhaseChanged) -> dict[str, Any]:
    facts = {"phase": event.phase, "fraction": event.fraction, "waiting": event.waiting}
    return {name: value for name, value in facts.items() if value is not None}
