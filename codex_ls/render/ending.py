"""What the end of a turn amounts to: an answer, or a text that broke off, and why."""

from typing import Final

from codex_ls.errors import CodexError, ProviderError
from codex_ls.events import FinishReason, Notice, TurnFinished

_MODEL_STOPPED: Final[dict[FinishReason, str]] = {
    "length": "The model reached its limit of output tokens.",
    "contentFilter": "The model server's content filter stopped the answer.",
}
_BROKEN = "The answer ended too early and may not be complete."


def is_answered(finished: TurnFinished) -> bool:
    """True for a whole answer, and for one that the model itself ended early (limit, filter).

    False where the wire broke, the turn failed or was cancelled: what arrived is not an answer.
    """
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
