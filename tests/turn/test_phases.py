"""What a model server does while it is silent is told, whatever server it is."""

import asyncio
import dataclasses
from typing import Any

import pytest

from codex_ls.config.model_settings import ModelSettings, Provider
from codex_ls.errors import Unreachable
from codex_ls.events import ContentDelta, Event, PhaseChanged, TurnFinished
from codex_ls.turn.session import Session, TurnRequest
from tests.support.model_server import ModelServer, Request
from tests.support.streams import (
    Answer,
    Gate,
    chat_chunk,
    chat_stream,
    error_answer,
    json_answer,
    sse_answer,
)
from tests.turn.conftest import events_of, settings_for

LOADING_THEN_READY = ["connecting", "loading", "prompt", "answering"]


def told(**states: list[Any]) -> dict[str, list[Any]]:
    return {f"/{name.replace('__', '/')}": answers for name, answers in states.items()}


SERVERS: dict[str, dict[str, list[Any]]] = {
    "ollama": told(
        api__ps=[{"models": []}, {"models": [{"name": "m:latest", "model": "m:latest"}]}]
    ),
    "lmstudio": told(
        api__v1__models=[
            {"models": [{"key": "m", "loaded_instances": []}]},
            {"models": [{"key": "m", "loaded_instances": [{"id": "m"}]}]},
        ]
    ),
    "an older lmstudio": told(
        api__v0__models=[
            {"data": [{"id": "m", "state": "not-loaded"}]},
            {"data": [{"id": "m", "state": "loaded"}]},
        ]
    ),
    "llamacpp": told(
        health=[{"error": {"code": 503, "message": "Loading model"}}, {"status": "ok"}]
    ),
}


@pytest.mark.parametrize("provider_id", ["the server's own", "local-oss"])
@pytest.mark.parametrize("kind", SERVERS)
async def test_loading_and_reading_are_told_while_nothing_comes(
    session: Session, kind: str, provider_id: str
) -> None:
    first_byte = Gate("the model is loaded, and the prompt read")
    stream = chat_stream(content=["ok"])
    async with ModelServer(dataclasses.replace(stream, before=(first_byte,))) as server:
        waiting = {path: list(answers) for path, answers in SERVERS[kind].items()}

        @server.on
        def tell(request: Request) -> Answer | None:
            answers = waiting.get(request.path)
            if answers is None:
                return None if request.method == "POST" else json_answer({}, status=404)
            return json_answer(answers.pop(0) if len(answers) > 1 else answers[0])

        asked = settings_for(
            server, provider_id=kind.split()[-1] if "own" in provider_id else provider_id
        )
        events: list[Event] = []
        async for event in session.start(TurnRequest("hi"), asked):
            events.append(event)
            if event == PhaseChanged("prompt"):
                first_byte.open()
    phases = [event.phase for event in events if isinstance(event, PhaseChanged)]
    assert phases == LOADING_THEN_READY
    assert isinstance(events[-1], TurnFinished)


async def test_how_far_the_prompt_is_read_comes_from_the_stream(session: Session) -> None:
    def progress(processed: int) -> bytes:
        told = {"total": 110, "cache": 10, "processed": processed, "time_ms": 1}
        return chat_chunk({"role": "assistant", "content": None}, prompt_progress=told)

    stream = sse_answer(
        progress(10),
        progress(60),
        progress(110),
        chat_chunk({"content": "ok"}),
        b"data: [DONE]\n\n",
    )
    async with ModelServer(stream) as server:
        asked = settings_for(server, provider_id="llamacpp")
        events = [event async for event in session.start(TurnRequest("hi"), asked)]
        assert server.turns[0].json["return_progress"] is True
    assert [event for event in events if isinstance(event, PhaseChanged)] == [
        PhaseChanged("connecting"),
        PhaseChanged("prompt"),
        PhaseChanged("prompt", 0.0),
        PhaseChanged("prompt", 0.5),
        PhaseChanged("prompt", 1.0),
        PhaseChanged("answering"),
    ]


async def test_a_request_in_the_queue_of_vllm_waits_until_it_is_read(session: Session) -> None:
    read = Gate("the prompt is read")
    stream = chat_stream(content=["ok"])
    stream = dataclasses.replace(stream, body=(read, *stream.body))  # vLLM's headers come at once
    async with ModelServer(stream) as server:
        queue = [3, 1, 0]

        @server.on
        def tell(request: Request) -> Answer | None:
            if request.path == "/version":
                return json_answer({"version": "0.11.0"})
            if request.path != "/metrics":
                return None
            waiting = queue.pop(0) if queue else 7  # somebody else's
            line = f'vllm:num_requests_waiting{{engine="0",model_name="m"}} {waiting}.0\n'
            return Answer((line.encode(),), headers={"Content-Type": "text/plain; version=0.0.4"})

        events: list[Event] = []
        async for event in session.start(
            TurnRequest("hi"), settings_for(server, provider_id="vllm")
        ):
            events.append(event)
            if not queue and isinstance(event, PhaseChanged) and event.waiting is None:
                read.open()
    assert [event for event in events if isinstance(event, PhaseChanged)] == [
        PhaseChanged("connecting"),
        PhaseChanged("prompt"),
        PhaseChanged("prompt", waiting=3),
        PhaseChanged("prompt", waiting=1),
        PhaseChanged("prompt"),
        PhaseChanged("answering"),
    ]


async def test_how_far_the_built_in_model_is_loaded_is_told(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    told, fractions = asyncio.Event(), [0.25, 0.5, 0.75]

    class Loading:
        def fraction(self) -> float:
            if not fractions:
                told.set()
            return fractions.pop(0) if fractions else 0.99

    async def engine(_: str) -> object:
        session.servers._loading = Loading()  # type: ignore[assignment]
        await told.wait()
        raise Unreachable("It does not start.")

    monkeypatch.setattr(session.servers, "engine", engine)
    provider = Provider("embedded", "Built in", "")
    events = await events_of(session.start(TurnRequest("hi"), ModelSettings("m", provider)))
    assert [event for event in events if isinstance(event, PhaseChanged)][:4] == [
        PhaseChanged("loading"),
        PhaseChanged("loading", 0.25),
        PhaseChanged("loading", 0.5),
        PhaseChanged("loading", 0.75),
    ]
    assert isinstance(events[-1], TurnFinished)
    assert isinstance(events[-1].error, Unreachable)


async def test_a_quick_server_is_asked_for_nothing_but_the_answer(session: Session) -> None:
    async with ModelServer(chat_stream(content=["ok"])) as server:
        asked = settings_for(server, provider_id="ollama")
        assert ContentDelta("ok") in [e async for e in session.start(TurnRequest("hi"), asked)]
        assert [request.path for request in server.requests] == ["/v1/chat/completions"]


async def test_cancelling_ends_the_looking_too(session: Session) -> None:
    never, asked_about = Gate("headers"), Gate("an answer about the state")
    stream = dataclasses.replace(chat_stream(content=["ok"]), before=(never,))
    async with ModelServer(stream) as server:
        state = dataclasses.replace(json_answer({"models": []}), before=(asked_about,))
        server.route("GET", "/api/ps", state)
        turn = session.start(TurnRequest("hi"), settings_for(server, provider_id="ollama"))

        async def run() -> list[Event]:
            return [event async for event in turn]

        running = asyncio.ensure_future(run())
        await asked_about.reached.wait()
        turn.cancel()
        events = await running
        assert isinstance(events[-1], TurnFinished)
        assert events[-1].status == "cancelled"
        for request in server.requests:
            await request.hung_up.wait()


@pytest.mark.parametrize("provider_id", ["local-oss", "ollama", "vllm", "elsewhere"])
async def test_a_server_here_whose_name_says_nothing_is_asked_how_far_it_is(
    session: Session, provider_id: str
) -> None:
    async with ModelServer(chat_stream(content=["ok"])) as server:
        asked = settings_for(server, provider_id=provider_id)
        await events_of(session.start(TurnRequest("hi"), asked))
    assert server.turns[0].json.get("return_progress", False) is (
        provider_id in ("local-oss", "elsewhere")
    )


async def test_a_server_that_refuses_to_be_asked_how_far_it_is_is_not_asked_again(
    session: Session,
) -> None:
    refusal = error_answer(422, "Extra inputs are not permitted: return_progress")
    answers = (refusal, chat_stream(content=["ok"]), chat_stream(content=["ok"]))
    async with ModelServer(*answers) as server:
        settings = settings_for(server)
        for _ in range(2):
            events = await events_of(session.start(TurnRequest("hi"), settings))
            assert [event.text for event in events if isinstance(event, ContentDelta)] == ["ok"]
            last = events[-1]
            assert isinstance(last, TurnFinished)
            assert last.notices == ()
    assert [turn.json.get("return_progress") for turn in server.turns] == [True, None, None]
