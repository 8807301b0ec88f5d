"""The silences of local servers, each as the real one behaves: the right phase, sentence and next step.

Minutes are not waited for: the event loop's clock jumps, which every limit and every pause goes by.
"""

import asyncio
import dataclasses
import re
from collections.abc import Callable

import pytest

from codex_ls.errors import ContextOverflow
from codex_ls.events import Event, Notice, PhaseChanged, TurnFinished
from codex_ls.turn.session import Session, TurnRequest
from tests.support.model_server import ModelServer, Request
from tests.support.streams import (
    Answer,
    Cut,
    Gate,
    chat_stream,
    json_answer,
    ollama_stream,
    sse_answer,
)
from tests.turn.conftest import events_of, settings_for

LONG = "word " * 8000
FOUR_MINUTES_S = 240.0


def finished(events: list[Event]) -> TurnFinished:
    assert isinstance(events[-1], TurnFinished)
    return events[-1]


async def test_lm_studio_may_load_for_four_minutes(
    session: Session, jump: Callable[[float], None]
) -> None:
    loaded, first_byte = False, Gate("the model is loaded")
    stream = dataclasses.replace(chat_stream(content=["ok"]), before=(first_byte,))
    async with ModelServer(stream) as server:

        @server.on
        def tell(request: Request) -> Answer | None:
            if request.path != "/api/v1/models":
                return None
            instances = [{"id": "m", "config": {"context_length": 8192}}] if loaded else []
            return json_answer({"models": [{"key": "m", "loaded_instances": instances}]})

        events: list[Event] = []
        async for event in session.start(
            TurnRequest("hi"), settings_for(server, provider_id="lmstudio")
        ):
            events.append(event)
            if event == PhaseChanged("loading"):
                jump(FOUR_MINUTES_S)  # every limit that runs is over now
                loaded = True
            if event == PhaseChanged("prompt"):
                first_byte.open()
        assert len(server.turns) == 1  # the load was not given up, and asked for anew
    phases = [event.phase for event in events if isinstance(event, PhaseChanged)]
    assert phases == ["connecting", "loading", "prompt", "answering"]
    assert (finished(events).status, finished(events).notices) == ("completed", ())


STOPS = Cut.STALL


@pytest.mark.parametrize(
    ("answer", "sentence"),
    [
        (
            sse_answer(STOPS),
            "Local accepted the request and sent nothing for 0.05 s (first-byte limit).",
        ),
        (
            sse_answer(b": ping\n\n", STOPS),
            "Local began its answer and sent nothing more for 0.05 s (idle limit).",
        ),
        (
            chat_stream(reasoning=["Well"], content=[STOPS]),
            "Local was thinking and sent nothing more for 0.05 s (idle limit).",
        ),
        (
            chat_stream(reasoning=["Well"], content=["So", STOPS]),
            "Local was answering and sent nothing more for 0.05 s (idle limit).",
        ),
        (
            sse_answer(
                b'data: {"choices":[{"delta":{"content":null}}],"prompt_progress":'
                b'{"total":1000,"cache":0,"processed":400,"time_ms":9}}\n\n',
                STOPS,
            ),
            "Local was reading the prompt (40%) and sent nothing more for 0.05 s (first-byte limit).",
        ),
    ],
)
async def test_what_the_server_was_doing_when_it_fell_silent(
    session: Session, answer: Answer, sentence: str
) -> None:
    async with ModelServer(answer) as server:
        asked = settings_for(server, first_byte_timeout_ms=50, stream_idle_timeout_ms=50)
        told = finished(await events_of(session.start(TurnRequest("hi"), asked)))
    message = told.error.message if told.error is not None else told.notices[0].message
    assert message == sentence


async def test_a_load_that_the_server_tells_of_beside_the_stream_is_named_too(
    session: Session,
) -> None:
    async with ModelServer(sse_answer(STOPS)) as server:
        server.route(
            "GET",
            "/api/v1/models",
            json_answer({"models": [{"key": "m", "loaded_instances": []}]}),
        )
        asked = settings_for(server, provider_id="lmstudio", first_byte_timeout_ms=1500)
        told = finished(await events_of(session.start(TurnRequest("hi"), asked)))
    assert told.error is not None
    assert told.error.message == (
        "Local was loading the model and sent nothing for 1.5 s (first-byte limit)."
    )


async def test_ollama_cuts_a_prompt_without_a_word(session: Session) -> None:
    stream = chat_stream(content=["made up"], usage=(4096, 2))
    async with ModelServer(stream) as server:
        asked = settings_for(server, provider_id="ollama")
        told = finished(await events_of(session.start(TurnRequest(LONG), asked)))
    assert told.content == "made up"
    (notice,) = told.notices
    message = re.sub(r"about 10\d{3} ", "about N ", notice.message)
    assert dataclasses.replace(notice, message=message) == Notice(
        "contextTruncated",
        "The model read only 4096 of about N (estimated) prompt tokens: the server truncated the prompt, and the answer is based on the rest.",
        "Ask about less text, or give the model a larger context (with Ollama: wire_api ="
        ' "ollama" in codex-ls.toml, and model_context_window).',
    )


async def test_ollamas_own_api_gets_the_window_it_needs_and_nothing_is_cut(
    session: Session,
) -> None:
    async with ModelServer(ollama_stream(content=["ok"], usage=(10_061, 2))) as server:
        server.route("GET", "/api/ps", json_answer({"models": []}))
        shown = {"model_info": {"qwen3.context_length": 40_960}}
        server.route("POST", "/api/show", json_answer(shown))
        asked = settings_for(server, provider_id="ollama", wire_api="ollama")
        told = finished(await events_of(session.start(TurnRequest(LONG), asked)))
        assert server.turns[0].json["options"]["num_ctx"] == 16_384
    assert (told.content, told.notices) == ("ok", ())


async def test_vllm_refuses_what_does_not_fit(session: Session) -> None:
    refused = {
        "object": "error",
        "message": "This model's maximum context length is 8192 tokens. However, you requested 9124"
        " tokens (8100 in the messages, 1024 in the completion). Please reduce the length of the"
        " messages or completion.",
        "type": "BadRequestError",
        "param": None,
        "code": 400,
    }
    async with ModelServer(json_answer(refused, status=400)) as server:
        asked = settings_for(server, provider_id="vllm")
        told = finished(await events_of(session.start(TurnRequest("hi"), asked)))
        assert len(server.turns) == 1  # asking again would not make it fit
    assert told.status == "failed"
    assert isinstance(told.error, ContextOverflow)
    assert told.error.message.startswith("The model server says: This model's maximum context")
    assert told.error.hint is not None
    assert "8192" in told.error.hint
    assert "9124" in told.error.hint or "8100" in told.error.hint


@pytest.mark.parametrize(
    "provider_id", ["llamacpp", "lmstudio", "ollama", "vllm", "sglang", "somebody's own"]
)
async def test_the_request_goes_out_before_anything_else_is_asked(
    session: Session, provider_id: str
) -> None:
    first_byte, looked = Gate("a probe has come"), asyncio.Event()
    stream = dataclasses.replace(chat_stream(content=["ok"]), before=(first_byte,))
    async with ModelServer(stream) as server:

        @server.on
        def tell(request: Request) -> Answer | None:
            if request.is_turn:
                return None
            looked.set()
            return json_answer({})

        turn = asyncio.ensure_future(
            events_of(
                session.start(TurnRequest("hi"), settings_for(server, provider_id=provider_id))
            )
        )
        await looked.wait()
        first_byte.open()
        assert finished(await turn).content == "ok"
        first, *probes = sorted(server.requests, key=lambda request: request.arrived_at)
    assert first.is_turn
    assert probes
    assert not any(probe.is_turn for probe in probes)
