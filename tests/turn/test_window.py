"""A prompt that does not fit is told before it is sent, and a cut one afterwards."""

import dataclasses
from typing import Any

import pytest

from codex_ls.errors import ContextOverflow
from codex_ls.events import Event, PhaseChanged, TurnFinished
from codex_ls.turn.run import TurnRequest
from codex_ls.turn.session import Session
from tests.support.model_server import ModelServer, Request
from tests.support.streams import Answer, chat_stream, error_answer, json_answer, ollama_stream
from tests.turn.conftest import events_of, settings_for

LONG = "word " * 8000  # 40,000 characters: about 10,000 tokens


def finished(events: list[Event]) -> TurnFinished:
    assert isinstance(events[-1], TurnFinished)
    return events[-1]


def llamacpp_that_counts(server: ModelServer, *, window: int, tokens: int) -> None:
    server.route("GET", "/props", json_answer({"default_generation_settings": {"n_ctx": window}}))
    server.route("POST", "/apply-template", json_answer({"prompt": "p"}))
    server.route("POST", "/tokenize", json_answer({"tokens": [1] * tokens}))


async def test_a_prompt_over_the_window_is_refused_with_both_numbers(session: Session) -> None:
    async with ModelServer() as server:
        llamacpp_that_counts(server, window=8192, tokens=8321)
        asked = settings_for(server, provider_id="llamacpp")
        error = finished(await events_of(session.start(TurnRequest(LONG), asked))).error
        assert isinstance(error, ContextOverflow)
        assert error.message == "The prompt has 8321 tokens, and the model's window is 8192."
        assert server.turns == []


async def test_a_window_that_is_only_known_once_the_model_is_loaded(session: Session) -> None:
    async with ModelServer(error_answer(503, "Loading model")) as server:

        @server.on
        def tell(request: Request) -> Answer | None:
            if not server.turns and request.path == "/props":
                return error_answer(503, "Loading model")
            return None

        llamacpp_that_counts(server, window=8192, tokens=8321)
        asked = settings_for(server, provider_id="llamacpp")
        events = await events_of(session.start(TurnRequest(LONG), asked))
        assert [e.phase for e in events if isinstance(e, PhaseChanged)] == ["connecting", "loading"]
        assert isinstance(finished(events).error, ContextOverflow)
        assert len(server.turns) == 1


async def test_an_exact_count_that_fits_is_sent_whatever_the_estimate_said(
    session: Session,
) -> None:
    async with ModelServer(chat_stream(content=["ok"])) as server:
        llamacpp_that_counts(server, window=8192, tokens=8001)
        asked = settings_for(server, provider_id="llamacpp")
        assert finished(await events_of(session.start(TurnRequest(LONG), asked))).content == "ok"


async def test_an_estimate_is_called_one_and_only_refuses_what_is_far_too_long(
    session: Session,
) -> None:
    loaded = {
        "models": [
            {"key": "m", "loaded_instances": [{"id": "m", "config": {"context_length": 4096}}]}
        ]
    }
    async with ModelServer(chat_stream(content=["ok"])) as server:
        server.route("GET", "/api/v1/models", json_answer(loaded))
        asked = settings_for(server, provider_id="lmstudio")
        error = finished(await events_of(session.start(TurnRequest(LONG), asked))).error
        assert isinstance(error, ContextOverflow)
        assert "(estimated) tokens, and the model's window is 4096" in error.message
        middling = TurnRequest("word " * 3800)
        assert finished(await events_of(session.start(middling, asked))).content == "ok"


async def test_the_users_own_number_is_enough(session: Session) -> None:
    async with ModelServer() as server:
        asked = dataclasses.replace(settings_for(server), context_window=2048)
        error = finished(await events_of(session.start(TurnRequest(LONG), asked))).error
        assert isinstance(error, ContextOverflow)
        assert "window is 2048" in error.message


async def test_the_users_own_number_holds_for_short_prompts_too(session: Session) -> None:
    async with ModelServer() as server:
        asked = dataclasses.replace(settings_for(server), context_window=512)
        prompt = TurnRequest("word " * 1000)
        error = finished(await events_of(session.start(prompt, asked))).error
        assert isinstance(error, ContextOverflow)
        assert "window is 512" in error.message
        assert server.turns == []


async def test_a_short_prompt_is_sent_without_a_question(session: Session) -> None:
    async with ModelServer(chat_stream(content=["ok"])) as server:
        await events_of(session.start(TurnRequest("hi"), settings_for(server, provider_id="vllm")))
        assert len(server.requests) == 1


@pytest.mark.parametrize(
    ("loaded", "largest", "asked_for"),
    [(None, 131_072, 16_384), (32_768, 131_072, 32_768), (4096, 12_000, 12_000)],
)
async def test_ollama_is_asked_for_the_window_that_the_turn_needs(
    session: Session, loaded: int | None, largest: int, asked_for: int
) -> None:
    running: list[dict[str, Any]] = (
        [] if loaded is None else [{"name": "m", "context_length": loaded}]
    )
    async with ModelServer(ollama_stream(content=["ok"], usage=(10_000, 1))) as server:
        server.route("GET", "/api/ps", json_answer({"models": running}))
        server.route(
            "POST", "/api/show", json_answer({"model_info": {"llama.context_length": largest}})
        )
        asked = settings_for(server, wire_api="ollama")
        assert finished(await events_of(session.start(TurnRequest(LONG), asked))).content == "ok"
        assert server.turns[0].json["options"] == {"num_ctx": asked_for}


async def test_a_cut_that_the_figures_show_is_told(session: Session) -> None:
    async with ModelServer(chat_stream(content=["made up"], usage=(4096, 2))) as server:
        events = await events_of(session.start(TurnRequest(LONG), settings_for(server)))
    told = finished(events)
    assert told.content == "made up"
    assert [notice.kind for notice in told.notices] == ["contextTruncated"]
    assert "only 4096 of about 10" in told.notices[0].message
