"""A model server that said nothing for too long: the first-byte and the idle limit, in a sentence.

A person who reads it has to know what the server was doing: a model that still loads wants patience, one
that hangs in the middle of an answer a restart.
"""

from typing import Literal

from codex_ls.errors import TimedOut
from codex_ls.events import ContentDelta, PhaseChanged, ReasoningDelta

Limit = Literal["first-byte", "idle"]

_HINTS: dict[Limit, str] = {
    "first-byte": "Raise first_byte_timeout_ms if this model needs longer to load or to read.",
    "idle": "Raise stream_idle_timeout_ms if this model pauses that long.",
}


class ServerSilent(TimedOut):
    """One of our limits passed while nothing came; `has_begun`: something had come before."""

    def __init__(self, name: str, wait_s: float, limit: Limit, *, has_begun: bool) -> None:
        self._name = name
        said = f"sent nothing{' more' if has_begun else ''}"
        self._silence = f"{said} for {wait_s:g} s ({limit} limit)."
        doing = "began its answer" if has_begun else "took the request"
        super().__init__(f"{name} {doing} and {self._silence}", hint=_HINTS[limit])

    def after(self, sign: object) -> None:
        """Say what the server was doing; `sign` is the last event that told of it."""
        if (doing := _doing(sign)) is not None:
            self.message = f"{self._name} {doing} and {self._silence}"


def _doing(sign: object) -> str | None:
    match sign:
        case ReasoningDelta() | PhaseChanged(phase="thinking"):
            return "was thinking"
        case ContentDelta() | PhaseChanged(phase="answering"):
            return "was answering"
        case PhaseChanged(phase="prompt", waiting=int(waiting)):
            return f"kept the request in its queue ({waiting} waiting)"
        case PhaseChanged(phase="prompt"):
            return f"was reading the prompt{_share(sign.fraction)}"
        case PhaseChanged(phase="loading"):
            return f"was loading the model{_share(sign.fraction)}"
        case _:
            return None


def _share(fraction: float | None) -> str:
    return "" if fraction is None else f" ({fraction:.0%})"
