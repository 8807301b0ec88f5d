"""The system's clock jumps while a turn runs: durations and limits do not, and nothing is lost."""

import itertools
import time

import pytest

from codex_ls.turn.session import Session, TurnRequest
from codex_ls.turn.thread_store import ThreadStore
from tests.support.model_server import ModelServer
from tests.support.streams import Cut, chat_chunk, chat_stream, error_answer, sse_answer
from tests.turn.conftest import events_of, settings_for
from tests.turn.test_faults import finished

DAY_S = 86_400.0


@pytest.fixture(autouse=True)
def _jumps(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every look at the wall clock finds it a year ahead of, or behind, the look before."""
    there = itertools.cycle((365 * DAY_S, -365 * DAY_S, 0.0))
    now, now_ns = time.time, time.time_ns
    monkeypatch.setattr(time, "time", lambda: now() + next(there))
    monkeypatch.setattr(time, "time_ns", lambda: now_ns() + int(next(there)) * 10**9)


async def test_a_turn_is_timed_and_kept_as_ever(tmp_path: object) -> None:
    env = {"CODEX_HOME": str(tmp_path)}
    started = time.perf_counter()
    stream = chat_stream(reasoning=["hm"], content=["a", "b"])
    async with ModelServer(stream, stream) as server, Session(env=env) as session:
        settings = settings_for(server)
        for thread_id in (None, None):
            turn = session.start(TurnRequest("x", thread_id), settings)
            told = finished(await events_of(turn))
            assert (told.status, told.reasoning, told.content) == ("completed", "hm", "ab")
            took_ms = round((time.perf_counter() - started) * 1000)
            timing = told.timing
            assert timing.first_reasoning_ms is not None
            assert timing.first_content_ms is not None
            assert 0 <= timing.first_reasoning_ms <= timing.first_content_ms <= timing.total_ms
            assert timing.total_ms <= took_ms + 1
    store = ThreadStore.of(env)
    assert store is not None
    assert len(store.recent()) == 2


async def test_a_limit_passes_after_its_own_time_and_no_other(session: Session) -> None:
    async with ModelServer(sse_answer(chat_chunk({"content": "a"}), Cut.STALL)) as server:
        settings = settings_for(server, stream_idle_timeout_ms=150, request_max_retries=0)
        started = time.perf_counter()
        told = finished(await events_of(session.start(TurnRequest("x"), settings)))
    assert (told.status, told.content) == ("truncated", "a")
    assert [notice.kind for notice in told.notices] == ["timedOut"]
    assert time.perf_counter() - started >= 0.15


async def test_a_retry_at_a_date_long_ago_is_made_at_once_and_one_far_away_is_not_waited_for(
    session: Session,
) -> None:
    past = {"Retry-After": "Mon, 01 Jan 2001 00:00:00 GMT"}
    future = {"Retry-After": "Fri, 01 Jan 2100 00:00:00 GMT"}
    async with ModelServer(
        error_answer(429, "slow", headers=past),
        chat_stream(content=["yes"]),
        error_answer(429, "slow", headers=future),
    ) as server:
        settings = settings_for(server, request_max_retries=1)
        told = finished(await events_of(session.start(TurnRequest("x"), settings)))
        assert (told.status, told.content) == ("completed", "yes")
        told = finished(await events_of(session.start(TurnRequest("x"), settings)))
        assert told.status == "failed"
        assert told.error is not None
        assert told.error.kind == "rateLimited"
        assert len(server.turns) == 3
