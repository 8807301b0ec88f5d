"""What the engine takes of the machine."""

import os

import pytest

from codex_ls.embedded.catalog import QWEN_CODER
from codex_ls.embedded.machine import available_memory, context_size, threads


@pytest.mark.parametrize(
    ("available", "context"),
    [(None, 8192), (16_000_000_000, 8192), (1_760_000_000, 8192), (1_700_000_000, 4096), (0, 2048)],
)
def test_the_conversation_is_as_long_as_memory_allows(available: int | None, context: int) -> None:
    assert context_size(QWEN_CODER, available) == context


def test_ci_gets_one_thread() -> None:
    assert threads({"CI": "true"}) == 1


@pytest.mark.parametrize(("cores", "expected"), [(1, 1), (2, 2), (3, 2), (4, 3), (16, 15)])
def test_one_core_stays_for_the_editor_but_two_threads_are_had_where_they_can_be(
    monkeypatch: pytest.MonkeyPatch, cores: int, expected: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: set(range(cores)), raising=False)
    assert threads({}) == expected


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_the_threads_follow_the_cores_that_this_process_may_use() -> None:
    allowed = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(allowed)})
        assert threads({}) == 1
    finally:
        os.sched_setaffinity(0, allowed)


@pytest.mark.skipif(not os.path.exists("/proc/meminfo"), reason="not Linux")  # noqa: PTH110
def test_linux_tells_its_memory() -> None:
    available = available_memory()
    assert available is not None
    assert 0 < available <= os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
