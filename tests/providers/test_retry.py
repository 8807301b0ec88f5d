"""What is sent again, and when."""

import time
from email.utils import formatdate

import pytest

from codex_ls.errors import (
    BadRequest,
    ContextOverflow,
    NotFound,
    ProviderError,
    RateLimited,
    ServerError,
    StreamBroken,
    TimedOut,
    Unauthorized,
    Unreachable,
)
from codex_ls.providers.answer import retry_after_ms
from codex_ls.providers.retry import delay_ms, format_wait, is_retryable


@pytest.mark.parametrize(
    ("error", "at_home", "away"),
    [
        (RateLimited("x", http_status=429), True, True),
        (ServerError("x", http_status=500), True, True),
        (ServerError("x", http_status=501), False, False),
        (ServerError("reported inside the stream"), False, False),
        (TimedOut("x", http_status=408), True, True),
        (TimedOut("our own limit"), False, False),
        (StreamBroken("x"), True, True),
        (Unreachable("refused", passing=True), False, True),
        (Unreachable("bad certificate"), False, False),
        (BadRequest("x", http_status=400), False, False),
        (Unauthorized("x", http_status=401), False, False),
        (NotFound("x", http_status=404), False, False),
        (ContextOverflow("x", http_status=500), False, False),
    ],
)
def test_only_what_may_pass_by_itself(error: ProviderError, at_home: bool, away: bool) -> None:
    assert is_retryable(error, loopback=True) is at_home
    assert is_retryable(error, loopback=False) is away


def test_delays_double_with_some_jitter_and_have_an_end() -> None:
    for failed, full in ((1, 200), (2, 400), (3, 800), (20, 10_000)):
        waited = delay_ms(failed)
        assert waited is not None
        assert full * 0.8 <= waited <= full * 1.2


@pytest.mark.parametrize(
    ("wait_ms", "told"),
    [
        (61_000, "1 minute"),
        (300_000, "5 minutes"),
        (7_200_000, "2 hours"),
        (86_400_000, "24 hours"),
    ],
)
def test_a_long_wait_is_told_in_round_numbers(wait_ms: int, told: str) -> None:
    assert format_wait(wait_ms) == told


def test_the_servers_own_wish_wins_unless_it_is_too_long_to_wait() -> None:
    assert delay_ms(1, 1500) == 1500
    assert delay_ms(1, 3_600_000) is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("2", 2000),
        ("0.5", 500),
        ("-3", 0),
        ("", None),
        ("soon", None),
        ("1e999", None),
        ("nan", None),
    ],
)
def test_retry_after_in_seconds(value: str, expected: int | None) -> None:
    assert retry_after_ms(value) == expected


def test_retry_after_as_a_date() -> None:
    waited = retry_after_ms(formatdate(time.time() + 30, usegmt=True))
    assert waited is not None
    assert 28_000 <= waited <= 30_000
    assert retry_after_ms("Wed, 21 Oct 2015 07:28:00 GMT") == 0
