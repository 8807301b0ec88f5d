"""The short form of the soak: sixty-four conversations at once for twenty seconds.

`make soak` is the long one: ten minutes, with a picture (docs/reliability.md).
"""

import sys
from pathlib import Path

import pytest

from tests.soak.load import Load, Soaked, soak
from tests.soak.samples import growth
from tests.soak.script import Script

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")

KEPT_ALIVE = 8
"""Connections that wait for the next turn (`providers/http`)."""


def test_a_turn_that_lost_doubled_or_mixed_up_a_piece_is_seen() -> None:
    script = Script(5, "complete", reasoning=2, content=2, ends_after=1, pause_ms=0)
    reasoning, content = script.text("reasoning"), script.text("content")
    first, second = script.pieces("content")
    assert script.what_is_wrong("completed", reasoning, content) is None
    for wrong in ("", first, second, first * 2 + second, second + first, content + "x"):
        assert script.what_is_wrong("completed", reasoning, wrong) is not None
    assert script.what_is_wrong("truncated", reasoning, content) is not None
    cancelled = Script(5, "cancel", reasoning=2, content=2, ends_after=1, pause_ms=0)
    assert cancelled.what_is_wrong("cancelled", reasoning, first) is None
    assert cancelled.what_is_wrong("cancelled", reasoning, first[:-1]) is not None
    assert cancelled.what_is_wrong("cancelled", "", first) is not None
    assert cancelled.what_is_wrong("completed", reasoning, content) is not None


def test_growth_is_seen_through_noise_and_a_spike_is_none() -> None:
    noise = [(at, 1000 + 50 * (at * 7 % 5)) for at in range(100)]
    assert abs(growth(noise)) < 20
    assert abs(growth([*noise[:50], (50, 9000), *noise[51:]])) < 20
    assert growth([(at, value + 10 * at) for at, value in noise]) == pytest.approx(990, abs=20)


@pytest.mark.timeout(300)
async def test_sixty_four_conversations_at_once_lose_nothing_and_leave_nothing(
    tmp_path: Path,
) -> None:
    load = Load(seconds=20, pieces=12, pause_ms=50)
    seen = await soak(load, tmp_path)
    assert seen.faults == []
    assert set(seen.turns) == {"complete", "cancel", "close", "reset"}
    assert max(sample.turns for sample in seen.samples) == load.users
    assert (seen.open_at_the_end, seen.exit_code) == (0, 0)
    check_connections(seen, load)
    check_memory(seen, load)


def check_connections(seen: Soaked, load: Load) -> None:
    """Neither more than the turns need at any time, nor any that stay behind."""
    for sample in seen.samples:
        assert sample.open_connections <= load.users + KEPT_ALIVE
        # Of each turn a connection and its thread's file, of the process a few.
        assert sample.descriptors <= 2 * load.users + KEPT_ALIVE + 24
    assert seen.at_rest is not None
    assert seen.at_rest.open_connections <= KEPT_ALIVE
    assert seen.at_rest.descriptors <= KEPT_ALIVE + 16


def check_memory(seen: Soaked, load: Load) -> None:
    """Once the first turns have loaded and filled what they need, it stays what it is."""
    late = [(s.at_s, float(s.rss_kib)) for s in seen.samples if s.at_s > load.seconds * 0.4]
    assert growth(late) < 6 << 10
    assert max(sample.threads for sample in seen.samples) <= 8
