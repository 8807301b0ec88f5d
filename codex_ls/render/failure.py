"""How a failure or a cut answer is told: ``error: sentence``, then ``hint: ...``.

Invariant: no failure does anything to a terminal. A sentence may quote what a model server sent, so all
of it goes through `sanitize` here, whoever made it.
"""

from typing import Final

from codex_ls.errors import CodexError, ProviderError
from codex_ls.events import FinishReason, Notice, TurnFinished
from codex_ls.sanitize import is_blank, sanitize

_MODEL_STOPPED: Final[dict[FinishReason, str]] = {
    "length": "The model reached its limit of output tokens.",
    "contentFilter": "The model server's content filter stopped the answer.",
}
_BROKEN = "The answer ended too early and may not be complete."


def failure_lines(error: CodexError) -> str:
    """The lines for standard error, each ending in a newline; the hint only where there is one."""
    return labelled_lines("error", error.message, hint=error.hint)


def labelled_lines(label: str, message: str, *, hint: str | None = None) -> str:
    """`label: message` and, where there is one, `hint: ...`, each on a line of its own."""
    lines = f"{label}: {_indented(message)}\n"
    return f"{lines}hint: {_indented(hint)}\n" if hint else lines


def failure_sentence(error: CodexError) -> str:
    """Message and hint in one line, for a JSON event that has one text and no more."""
    return one_line(error.message, hint=error.hint)


def one_line(message: str, *, hint: str | None = None) -> str:
    """A message with its hint behind it, as one text that is safe to show."""
    return sanitize(f"{message} ({hint})" if hint else message)


def _indented(text: str) -> str:
    """Further lines of a text stand below its first one, so that the next label is seen."""
    return sanitize(text).strip().replace("\n", "\n  ")


def is_answered(finished: TurnFinished) -> bool:
    """True for a whole answer, and for one that the model itself ended early (limit, filter).

    False where the wire broke, the turn failed or was cancelled, and where no word of an answer came.
    """
    if is_blank(finished.content):
        return False
    if finished.status == "truncated":
        return finished.finish_reason in _MODEL_STOPPED
    return finished.status == "completed"


def cut_reason(finished: TurnFinished) -> Notice | None:
    """Why there is less text than there could be; None for an answer that ended by itself.

    The failure after which the text was kept, or else what the finish reason says.
    """
    if finished.status not in ("completed", "truncated"):
        return None
    if finished.status == "truncated":
        for notice in finished.notices:
            if notice.kind in _FAILURE_KINDS:
                return notice
        return Notice("truncated", _MODEL_STOPPED.get(finished.finish_reason, _BROKEN))
    is_told = any(notice.kind == "emptyAnswer" for notice in finished.notices)
    if is_told or finished.finish_reason not in _MODEL_STOPPED:
        return None
    return Notice("truncated", _MODEL_STOPPED[finished.finish_reason])


def _kinds_below(error_class: type[CodexError]) -> set[str]:
    kinds = {error_class.kind}
    for subclass in error_class.__subclasses__():
        kinds |= _kinds_below(subclass)
    return kinds


_FAILURE_KINDS: Final = frozenset(_kinds_below(ProviderError))
