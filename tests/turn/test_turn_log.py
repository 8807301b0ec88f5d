"""The log of turns: figures only, bounded, and what they come to."""

import dataclasses
import json
import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from codex_ls.turn import turn_log
from codex_ls.turn.session import Session, TurnRequest
from codex_ls.turn.statistics import Figure, Summary, median, percentile, since, summaries
from codex_ls.turn.turn_log import LoggedTurn, logged_turns
from tests.support.model_server import ModelServer
from tests.support.streams import DONE, chat_chunk, chat_stream, error_answer
from tests.turn.conftest import events_of, settings_for


@pytest.fixture
def env(tmp_path: Path) -> dict[str, str]:
    return {"CODEX_HOME": str(tmp_path)}


def log_file(env: dict[str, str]) -> Path:
    return Path(env["CODEX_HOME"], "codex-ls", "turns.jsonl")


async def test_a_turn_leaves_its_figures_and_no_word(env: dict[str, str]) -> None:
    answer = chat_stream(reasoning=["canary-thought"], content=["canary-answer"], usage=(12, 4))
    async with (
        ModelServer(answer, error_answer(401, "canary-error")) as server,
        Session(env=env) as session,
    ):
        settings = dataclasses.replace(settings_for(server), effort="low")
        await events_of(session.start(TurnRequest("canary-prompt"), settings))
        await events_of(session.start(TurnRequest("canary-prompt"), settings))
    first, second = logged_turns(env)
    assert (first.model, first.provider, first.profile) == ("m", "local", "local-oss")
    assert (first.status, first.finish_reason, first.effort) == ("completed", "stop", "low")
    assert (first.input_tokens, first.output_tokens, first.is_local) == (12, 4, True)
    assert first.first_reasoning_ms is not None
    assert (second.status, second.error, second.first_content_ms) == (
        "failed",
        "unauthorized",
        None,
    )
    text = log_file(env).read_text()
    assert "canary" not in text
    assert str(server.port) not in text
    assert log_file(env).stat().st_mode & 0o077 == 0


async def test_how_the_prompt_was_read_and_how_full_the_window_is_are_in_it(
    env: dict[str, str],
) -> None:
    timings = {"prompt_n": 500, "prompt_ms": 250.0, "predicted_per_second": 40.0}
    usage = {
        "prompt_tokens": 900,
        "completion_tokens": 9,
        "prompt_tokens_details": {"cached_tokens": 400},
    }
    answer = chat_stream(content=["ok"], done=False)
    answer = dataclasses.replace(
        answer, body=(*answer.body, chat_chunk(usage=usage, timings=timings), DONE)
    )
    async with ModelServer(answer) as server, Session(env=env) as session:
        settings = dataclasses.replace(settings_for(server), context_window=8192)
        await events_of(session.start(TurnRequest("hi"), settings))
    (turn,) = logged_turns(env)
    assert (turn.input_tokens, turn.cached_input_tokens, turn.window_tokens) == (900, 400, 8192)
    assert (turn.prompt_ms, turn.prompt_tokens_per_second, turn.prompt_estimated) == (
        250,
        2000.0,
        False,
    )


async def test_text_is_in_it_where_it_is_asked_for_without_keys(env: dict[str, str]) -> None:
    env = {**env, "MY_API_KEY": "canary-named", "HEADER": "canary-header"}
    answer = chat_stream(reasoning=["so canary-named"], content=["Four, canary-fixed."])
    async with ModelServer(answer) as server, Session(env=env) as session:
        settings = settings_for(
            server, http_headers={"X": "canary-fixed"}, env_http_headers={"Y": "HEADER"}
        )
        settings = dataclasses.replace(settings, log_text=True)
        prompt = "2 + 2? canary-header sk-proj-abcdefghijklmnopqrstuvwxyz0123456789"
        await events_of(session.start(TurnRequest(prompt), settings))
    (turn,) = logged_turns(env)
    assert (turn.prompt, turn.reasoning, turn.content) == (
        "2 + 2? [key] [key]",
        "so [key]",
        "Four, [key].",
    )


async def test_what_was_said_under_the_lock_is_never_in_it(env: dict[str, str]) -> None:
    async with ModelServer(chat_stream(content=["canary"])) as server, Session(env=env) as session:
        settings = dataclasses.replace(settings_for(server), log_text=True, local_only=True)
        await events_of(session.start(TurnRequest("canary"), settings))
    (turn,) = logged_turns(env)
    assert turn.status == "completed"
    assert "canary" not in log_file(env).read_text()


async def test_long_text_is_cut(env: dict[str, str]) -> None:
    async with ModelServer(chat_stream(content=["x"])) as server, Session(env=env) as session:
        settings = dataclasses.replace(settings_for(server), log_text=True)
        await events_of(session.start(TurnRequest("ü" * 100_000), settings))
    (turn,) = logged_turns(env)
    assert turn.prompt == "ü" * (turn_log.MAX_TEXT_CHARS - 1) + "…"


async def test_the_log_does_not_grow_without_end(
    env: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn_log, "MAX_FILE_BYTES", 1500)
    async with ModelServer() as server, Session(env=env) as session:
        server.always(chat_stream(content=["x"]))
        for _ in range(20):
            await events_of(session.start(TurnRequest("hi"), settings_for(server)))
    files = sorted(path.name for path in log_file(env).parent.glob("turns*"))
    sizes = [path.stat().st_size for path in log_file(env).parent.glob("turns*")]
    assert "turns.1.jsonl" in files
    assert set(files) <= {"turns.jsonl", "turns.1.jsonl"}
    assert max(sizes) < 2500
    assert 1 <= len(list(logged_turns(env))) < 20


def test_a_log_that_another_process_has_just_set_aside_is_not_lost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(turn_log, "MAX_FILE_BYTES", 10)
    new, old = tmp_path / "turns.jsonl", tmp_path / "turns.1.jsonl"
    write = os.write

    def write_and_be_overtaken(descriptor: int, data: bytes) -> int:
        written = write(descriptor, data)
        new.rename(old)
        new.write_text("next\n")
        return written

    monkeypatch.setattr(os, "write", write_and_be_overtaken)
    turn_log._append(tmp_path, "a line that fills it")
    assert (new.read_text(), old.read_text()) == ("next\n", "a line that fills it\n")


@pytest.mark.parametrize(
    "line",
    ["7", "x", "{}", '{"at":1}', '{"at":"t","model":"m","provider":"p","status":"s"}', "[" * 9999],
)
def test_lines_that_make_no_sense_are_passed_over(env: dict[str, str], line: str) -> None:
    log_file(env).parent.mkdir()
    good = {"at": "t", "model": "m", "provider": "p", "status": "completed", "total_ms": 5}
    log_file(env).write_text(f"{line}\n{json.dumps({**good, 'new': 1, 'load_ms': 'x'})}\n")
    assert list(logged_turns(env)) == [LoggedTurn("t", "m", "p", "completed", 5)]


# ---- statistics --------------------------------------------------------------------------------


def turn(first_ms: int | None, *, speed: float | None = None, **more: object) -> LoggedTurn:
    fields = {
        "profile": "a",
        "status": "completed",
        "first_content_ms": first_ms,
        "output_tokens_per_second": speed,
    }
    return LoggedTurn(
        at="2026-01-01T00:00:00.000Z",
        model="m",
        provider="p",
        total_ms=100,
        **{**fields, **more},  # type: ignore[arg-type]
    )


def test_medians_and_percentiles() -> None:
    assert median([3, 1, 2]) == 2
    assert median([4, 1, 2, 3]) == 2.5
    assert percentile([1], 0.95) == 1
    assert percentile(range(1, 101), 0.95) == 95
    assert percentile([1, 2, 3], 0.95) == 3


def test_a_summary_for_each_profile_and_model() -> None:
    turns = [
        turn(
            100,
            speed=10.0,
            estimated=False,
            prompt_tokens_per_second=400.0,
            input_tokens=100,
            output_tokens=412,
            window_tokens=1024,
        ),
        turn(
            300,
            speed=30.0,
            estimated=False,
            first_reasoning_ms=200,
            prompt_tokens_per_second=600.0,
            prompt_estimated=True,
            input_tokens=100,
            window_tokens=1000,
        ),
        turn(None, status="failed"),
        turn(50, profile=None, speed=5.0),
    ]
    assert summaries(turns) == (
        Summary(
            "a",
            "m",
            turns=3,
            failed=1,
            first_word_ms=Figure(150.0, 200.0, 2),
            total_ms=Figure(100.0, 100.0, 2),
            tokens_per_second=Figure(20.0, 10.0, 2),
            is_estimated=False,
            prompt_tokens_per_second=Figure(500.0, 400.0, 2),
            is_prompt_estimated=True,
            window_share=Figure(0.3, 0.5, 2),
            trend=None,
        ),
        Summary(
            "p",
            "m",
            turns=1,
            failed=0,
            first_word_ms=Figure(50.0, 50.0, 1),
            total_ms=Figure(100.0, 100.0, 1),
            tokens_per_second=Figure(5.0, 5.0, 1),
            is_estimated=True,
            prompt_tokens_per_second=None,
            is_prompt_estimated=False,
            window_share=None,
            trend=None,
        ),
    )


def test_a_trend_compares_the_older_half_with_the_newer_one() -> None:
    (summary,) = summaries([*[turn(100)] * 4, *[turn(150)] * 4])
    assert summary.trend == pytest.approx(0.5)
    (summary,) = summaries([turn(100)] * 7)
    assert summary.trend is None


def test_only_what_is_young_enough() -> None:
    now = datetime(2026, 1, 8, tzinfo=UTC)
    old = dataclasses.replace(turn(1), at="2025-12-31T23:59:59.000Z")
    unreadable = dataclasses.replace(turn(1), at="yesterday")
    assert since([old, turn(2), unreadable], timedelta(days=7), now=now) == [turn(2)]
