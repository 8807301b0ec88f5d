"""Whether a failed request is sent again, and when: the one retry policy of the program.

Only before the first text, and only for what may pass by itself: 408, 429, 5xx that are not about the
request, a 4xx that says it is busy, and broken connections.
A refused connection on this machine is told at once: nothing listens there, and waiting won't change it.
"""

import random

from codex_ls.errors import CodexError, ProviderError, StreamBroken, Unreachable
from codex_ls.wire.refusals import is_final, is_passing

_STATUSES = frozenset({408, 425, 429, 500, 502, 503, 504, 520, 522, 524, 529})
_FIRST_DELAY_MS = 200
_LONGEST_DELAY_MS = 10_000
_MINUTES_TO_COUNT = 120
LONGEST_RETRY_AFTER_MS = 60_000
"""A server that wants a longer wait is told to the user instead."""


def is_retryable(error: CodexError, *, loopback: bool) -> bool:
    """Whether the same request may work if it is sent again.

    An error that a server reported inside an answer counts by the status it carries; without one
    the server means it.
    """
    if not isinstance(error, ProviderError):
        return False
    if error.http_status is not None:
        if is_passing(error):
            return True
        # A model's chat template that refuses is a 500 too, and the prompt may be read anew each time.
        return error.retryable and error.http_status in _STATUSES and not is_final(error)
    if isinstance(error, Unreachable):
        return not loopback and error.passing
    return isinstance(error, StreamBroken) and error.retryable


def delay_ms(failed_attempts: int, retry_after_ms: int | None = None) -> int | None:
    """Milliseconds until the next attempt, doubling, with jitter; None if the server asks for too long.

    `failed_attempts` is 1 after the first failure.
    """
    if retry_after_ms is not None:
        return retry_after_ms if retry_after_ms <= LONGEST_RETRY_AFTER_MS else None
    full = min(_LONGEST_DELAY_MS, _FIRST_DELAY_MS << min(failed_attempts - 1, 16))
    return round(full * random.uniform(0.8, 1.2))  # noqa: S311  jitter, not a secret


def format_wait(wait_ms: int) -> str:
    """A long wait for a sentence: "5 minutes", "24 hours"."""
    minutes = max(1, round(wait_ms / 60_000))
    if minutes < _MINUTES_TO_COUNT:
        return f"{minutes} minute{'s' if minutes > 1 else ''}"
    return f"{round(minutes / 60)} hours"
