"""A turn, and a conversation, over LM Studio's own API."""

import asyncio
import dataclasses
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from codex_ls.config.model_settings import ModelSettings
from codex_ls.errors import InvalidParams
from codex_ls.events import (
    ContentDelta,
    Event,
    Notice,
    PhaseChanged,
    ReasoningDelta,
    Reclassified,
    TurnFinished,
    Usage,
)
from codex_ls.turn.session import Session, TurnRequest
from tests.support.model_server import ModelServer
from tests.support.streams import (
    Answer,
    Gate,
    chat_stream,
    error_answer,
    lmstudio_event,
    lmstudio_stream,
    sse_answer,
)
from tests.turn.conftest import Watched, events_of, settings_for

FOUR_MINUTES_S = 240.0
LOADED = lmstudio_event("model_load.end", load_time_seconds=240.0)
READ = lmstudio_event("prompt_processing.end")


def loading(share: float) -> bytes:
    return lmstudio_event("model_load.progress", model_instance_id="m", progress=share)


def reading(share: float) -> bytes:
    return lmstudio_event("prompt_processing.progress", progress=share)


def native(server: ModelServer, *, provider_id: str = "lmstudio", **fields: Any) -> ModelSettings:
    asked = settings_for(server, provider_id=provider_id, wire_api="lmstudio")
    return dataclasses.replace(asked, **fields)


def last(events: list[Event]) -> TurnFinished:
    assert isinstance(events[-1], TurnFinished)
    return events[-1]


def phases(events: list[Event]) -> list[PhaseChanged]:
    """What the server does; how long it has been silent is told beside it."""
    return [
        event for event in events if isinstance(event, PhaseChanged) and event.silent_ms is None
    ]


# ---- how far it is -----------------------------------------------------------------------------


async def test_loading_for_four_minutes_and_reading_are_told_as_they_go(
    session: Session, jump: Callable[[float], None]
) -> None:
    steps = [
        (lmstudio_event("model_load.start", model_instance_id="m"), PhaseChanged("loading")),
        (loading(0.25), PhaseChanged("loading", 0.25)),
        (loading(0.5), PhaseChanged("loading", 0.5)),
        (LOADED, None),
        (lmstudio_event("prompt_processing.start"), PhaseChanged("prompt")),
        (reading(0.5), PhaseChanged("prompt", 0.5)),
        (reading(1), PhaseChanged("prompt", 1.0)),
        (READ, None),
    ]
    gates = [Gate(f"step {number}") for number in range(len(steps))]
    middle = [piece for (data, _), gate in zip(steps, gates, strict=True) for piece in (data, gate)]
    stream = lmstudio_stream(
        reasoning=["hm"], content=["ok"], load_ms=480_000, reasoning_tokens=1, middle=middle
    )
    async with ModelServer(stream) as server:
        turn = Watched(session.start(TurnRequest("hi"), native(server)))
        for (_, told), gate in zip(steps, gates, strict=True):
            await gate.reached.wait()
            if told is not None:
                await turn.until(lambda event, told=told: event == told)  # type: ignore[misc]
                jump(FOUR_MINUTES_S)
            gate.open()
        await turn.end()
        events = turn.events
        assert [request.path for request in server.turns] == ["/api/v1/chat"]
    assert phases(events) == [
        PhaseChanged("connecting"),
        PhaseChanged("prompt"),
        *(told for _, told in steps if told is not None),
        PhaseChanged("thinking"),
        PhaseChanged("answering"),
    ]
    finished = last(events)
    assert (finished.status, finished.finish_reason, finished.notices) == ("completed", "stop", ())
    assert (finished.reasoning, finished.content) == ("hm", "ok")
    assert finished.usage == Usage(12, 3, reasoning_tokens=1)
    timing = finished.timing
    assert (timing.load_ms, timing.prompt_ms) == (480_000, 250)


@pytest.mark.parametrize("said", [loading(0.5), reading(0.5)], ids=["loading", "reading"])
async def test_a_load_that_says_nothing_for_long_is_not_given_up(
    session: Session, jump: Callable[[float], None], said: bytes
) -> None:
    gate = Gate("it goes on")
    async with ModelServer(lmstudio_stream(content=["ok"], middle=(said, gate))) as server:
        asked = native(server)
        turn = Watched(session.start(TurnRequest("hi"), asked))
        await turn.until(lambda event: isinstance(event, PhaseChanged) and event.fraction == 0.5)
        for _ in range(3):
            jump(asked.provider.stream_idle_timeout_ms / 1000 + 1)
            await asyncio.sleep(0)
        gate.open()
        finished = await turn.end()
    assert (finished.status, finished.content) == ("completed", "ok")


async def test_where_a_first_byte_has_a_limit_a_load_that_says_nothing_more_has_it_too(
    session: Session,
) -> None:
    async with ModelServer(lmstudio_stream(middle=(loading(0.5), Gate("never opened")))) as server:
        asked = native(server)
        provider = dataclasses.replace(asked.provider, first_byte_timeout_ms=50)
        asked = dataclasses.replace(asked, provider=provider)
        finished = last(await events_of(session.start(TurnRequest("hi"), asked)))
    assert finished.error is not None
    assert finished.error.message == (
        "Local was loading the model (50%) and sent nothing more for 0.05 s (first-byte limit)."
    )


async def test_an_answer_that_falls_silent_is_given_up_as_ever(session: Session) -> None:
    stalls = lmstudio_stream(content=["one", Gate("never opened")], middle=(reading(0.5),))
    async with ModelServer(stalls) as server:
        asked = native(server)
        provider = dataclasses.replace(asked.provider, stream_idle_timeout_ms=50)
        asked = dataclasses.replace(asked, provider=provider)
        finished = last(await events_of(session.start(TurnRequest("hi"), asked)))
    assert (finished.status, finished.content) == ("truncated", "one")
    assert "idle limit" in finished.notices[0].message


@pytest.mark.parametrize(
    ("phase", "before"),
    [
        ("prompt", ()),
        ("loading", (loading(0.5),)),
        ("prompt", (loading(0.5), LOADED, reading(0.5))),
        ("thinking", (lmstudio_event("reasoning.delta", content="hm"),)),
        ("answering", (lmstudio_event("message.delta", content="4"),)),
    ],
    ids=["begun", "loading", "reading", "thinking", "answering"],
)
async def test_cancelling_closes_the_connection_in_every_phase(
    session: Session, phase: str, before: tuple[bytes, ...]
) -> None:
    gate = Gate(phase)
    head = lmstudio_event("chat.start", model_instance_id="m")
    async with ModelServer(sse_answer(head, *before, gate)) as server:
        turn = Watched(session.start(TurnRequest("hi"), native(server)))
        await gate.reached.wait()
        await turn.until(lambda _: [told.phase for told in phases(turn.events)][-1:] == [phase])
        turn.turn.cancel()
        assert (await turn.end()).status == "cancelled"
        await server.turns[0].hung_up.wait()


# ---- a conversation ----------------------------------------------------------------------------


async def test_a_second_turn_goes_on_from_the_first(session: Session) -> None:
    async with ModelServer(
        lmstudio_stream(content=["Nice."], response_id="resp_1"),
        lmstudio_stream(content=["Blue."], response_id="resp_2"),
    ) as server:
        first = session.start(TurnRequest("My color is blue."), native(server))
        await events_of(first)
        request = TurnRequest("Which?", thread_id=first.thread_id)
        assert last(await events_of(session.start(request, native(server)))).content == "Blue."
        bodies = [turn.json for turn in server.turns]
    assert {"input", "system_prompt"} <= set(bodies[0])
    assert bodies[1] == {
        "model": "m",
        "input": "Which?",
        "stream": True,
        "previous_response_id": "resp_1",
    }


@pytest.mark.parametrize("is_fork", [False, True])
async def test_a_thread_goes_on_in_another_process(tmp_path: Path, is_fork: bool) -> None:
    env = {"CODEX_HOME": str(tmp_path)}
    async with ModelServer(
        lmstudio_stream(content=["Nice."], response_id="resp_1"), lmstudio_stream(content=["Blue."])
    ) as server:
        async with Session(env=env) as session:
            first = session.start(TurnRequest("My color is blue."), native(server))
            await events_of(first)
        async with Session(env=env) as session:
            request = TurnRequest("Which?", thread_id=first.thread_id, is_fork=is_fork)
            await events_of(session.start(request, native(server)))
        body = server.turns[1].json
    assert (body["previous_response_id"], body["input"]) == ("resp_1", "Which?")


async def test_a_thread_of_another_provider_goes_on_as_text(session: Session) -> None:
    async with ModelServer(
        chat_stream(content=["Nice."]), lmstudio_stream(content=["Blue."])
    ) as server:
        first = session.start(TurnRequest("My color is blue."), settings_for(server))
        await events_of(first)
        request = TurnRequest("Which?", thread_id=first.thread_id)
        finished = last(await events_of(session.start(request, native(server))))
        body = server.turns[1].json
    assert "previous_response_id" not in body
    assert "My color is blue." in body["input"]
    assert "Nice." in body["input"]
    assert finished.notices == ()


async def test_a_cancelled_answer_goes_on_as_text(session: Session) -> None:
    gate = Gate("in the answer")
    async with ModelServer(
        lmstudio_stream(content=["Half of", gate, " it"]), lmstudio_stream(content=["The rest."])
    ) as server:
        first = session.start(TurnRequest("Tell it."), native(server))
        async for event in first:
            if event == ContentDelta("Half of"):
                first.cancel()
        await events_of(
            session.start(TurnRequest("Go on.", thread_id=first.thread_id), native(server))
        )
        body = server.turns[1].json
    assert "previous_response_id" not in body
    assert "Half of" in body["input"]


FORGOTTEN: dict[str, Answer] = {
    "a status": error_answer(400, "Response with id 'resp_1' not found"),
    "an event": sse_answer(
        lmstudio_event("chat.start", model_instance_id="m"),
        lmstudio_event(
            "error", error={"type": "internal_error", "message": "No history for resp_1"}
        ),
    ),
}


@pytest.mark.parametrize("way", FORGOTTEN)
async def test_a_restarted_lm_studio_gets_the_conversation_as_text(
    session: Session, way: str
) -> None:
    async with ModelServer(
        lmstudio_stream(content=["Nice."], response_id="resp_1"),
        FORGOTTEN[way],
        lmstudio_stream(content=["Blue."], response_id="resp_2"),
        lmstudio_stream(content=["Yes."]),
    ) as server:
        first = session.start(TurnRequest("My color is blue."), native(server))
        await events_of(first)
        thread_id = first.thread_id
        second = await events_of(
            session.start(TurnRequest("Which?", thread_id=thread_id), native(server))
        )
        third = await events_of(
            session.start(TurnRequest("Sure?", thread_id=thread_id), native(server))
        )
        bodies = [turn.json for turn in server.turns]
    assert last(second).content == "Blue."
    (notice,) = last(second).notices
    assert (notice.kind, notice.message) == (
        "historyResent",
        "Local could not continue the conversation it stored;"
        " the earlier turns were sent again as text.",
    )
    assert bodies[1]["previous_response_id"] == "resp_1"
    assert "previous_response_id" not in bodies[2]
    assert "system_prompt" in bodies[2]
    assert "My color is blue." in bodies[2]["input"]
    assert last(third).notices == ()
    assert (bodies[3]["previous_response_id"], bodies[3]["input"]) == ("resp_2", "Sure?")


async def test_an_error_of_another_kind_is_told_and_not_asked_again(session: Session) -> None:
    async with ModelServer(
        lmstudio_stream(content=["Nice."]), error_answer(404, "Model m not found")
    ) as server:
        first = session.start(TurnRequest("a"), native(server))
        await events_of(first)
        request = TurnRequest("b", thread_id=first.thread_id)
        finished = last(await events_of(session.start(request, native(server))))
        assert len(server.turns) == 2
    assert (finished.status, finished.notices) == ("failed", ())


async def test_with_history_off_lm_studio_keeps_nothing_either(session: Session) -> None:
    async with ModelServer() as server:
        server.always(lmstudio_stream(content=["Nice."], response_id=None))
        asked = native(server, keep_history=False, local_only=True)
        first = session.start(TurnRequest("My color is blue."), asked)
        await events_of(first)
        request = TurnRequest("Which?", thread_id=first.thread_id)
        await events_of(session.start(request, asked))
        bodies = [turn.json for turn in server.turns]
    assert [body["store"] for body in bodies] == [False, False]
    assert "My color is blue." in bodies[1]["input"]


# ---- what it can't, and what it does not say ---------------------------------------------------


async def test_an_output_schema_is_an_error_before_anything_is_sent(session: Session) -> None:
    async with ModelServer() as server:
        request = TurnRequest("hi", output_schema={"type": "object"})
        finished = last(await events_of(session.start(request, native(server))))
        assert server.requests == []
    assert isinstance(finished.error, InvalidParams)
    assert (
        finished.error.hint
        == 'Remove wire_api = "lmstudio" from this provider: Chat Completions supports them.'
    )


@pytest.mark.parametrize(
    "refusal",
    [
        "Model 'm' does not expose reasoning configuration.",
        "Reasoning setting 'off' is not supported by model 'm'. Supported settings: 'max'.",
    ],
)
async def test_a_refused_effort_is_left_out_and_told(session: Session, refusal: str) -> None:
    async with ModelServer(error_answer(400, refusal), lmstudio_stream(content=["ok"])) as server:
        asked = native(server, effort="none")
        finished = last(await events_of(session.start(TurnRequest("hi"), asked)))
        bodies = [turn.json for turn in server.turns]
    assert bodies[0]["reasoning"] == "off"
    assert "reasoning" not in bodies[1]
    assert finished.notices == (
        Notice(
            "effortRefused",
            "Local does not support the effort none; asked without it.",
            f"The model server says: {refusal}",
        ),
    )


@pytest.mark.parametrize(
    ("effort", "sent", "supported", "then"),
    [
        ("medium", "medium", ("on", "off"), "on"),
        ("minimal", "low", ("on", "off"), "on"),
        ("none", "off", ("low", "medium", "high"), "low"),
    ],
)
async def test_of_the_efforts_that_a_model_has_the_nearest_is_taken_and_told(
    session: Session, effort: Any, sent: str, supported: tuple[str, ...], then: str
) -> None:
    listed = ", ".join(f"'{name}'" for name in supported)
    refusal = (
        f"Reasoning setting '{sent}' is not supported by model 'm'. Supported settings: {listed}."
    )
    async with ModelServer(error_answer(400, refusal), lmstudio_stream(content=["ok"])) as server:
        asked = native(server, effort=effort)
        finished = last(await events_of(session.start(TurnRequest("hi"), asked)))
        assert [turn.json["reasoning"] for turn in server.turns] == [sent, then]
    (notice,) = finished.notices
    assert notice.message == f"Local does not support the effort {effort}; asked with {then}."
    assert finished.content == "ok"


async def test_a_server_that_refuses_what_it_lists_is_asked_without_an_effort(
    session: Session,
) -> None:
    liar = error_answer(
        400, "Reasoning setting is not supported. Supported settings: 'on', 'high'."
    )
    async with ModelServer(liar, liar, lmstudio_stream(content=["ok"])) as server:
        asked = native(server, effort="high")
        finished = last(await events_of(session.start(TurnRequest("hi"), asked)))
        assert [turn.json.get("reasoning") for turn in server.turns] == ["high", "on", None]
    assert finished.content == "ok"


async def test_an_answer_with_all_its_tokens_is_cut_off(session: Session) -> None:
    async with ModelServer(lmstudio_stream(content=["One two"], usage=(9, 2))) as server:
        asked = native(server, max_output_tokens=2)
        finished = last(await events_of(session.start(TurnRequest("Count."), asked)))
    assert (finished.status, finished.finish_reason) == ("truncated", "length")


async def test_thinking_without_its_opening_tag_is_remembered(session: Session) -> None:
    async with ModelServer() as server:
        server.always(lmstudio_stream(content=["hm", "</think>", "4"]))
        turns = [await events_of(session.start(TurnRequest("a"), native(server))) for _ in range(3)]
    words = (ContentDelta, ReasoningDelta, Reclassified)
    assert [[e for e in events if isinstance(e, words)] for events in turns] == [
        [ContentDelta("hm"), Reclassified(), ContentDelta("4")],
        [ReasoningDelta("hm"), ContentDelta("4")],
        [ReasoningDelta("hm"), ContentDelta("4")],
    ]


async def test_an_older_lm_studio_is_named(session: Session) -> None:
    told = b'{"error":"Unexpected endpoint or method. (POST /api/v1/chat)"}'
    headers = {"Content-Type": "application/json"}
    async with ModelServer(Answer(body=(told,), headers=headers)) as server:
        finished = last(await events_of(session.start(TurnRequest("hi"), native(server))))
    assert finished.error is not None
    assert finished.error.hint == (
        'LM Studio supports this API from version 0.4: update it, or remove wire_api = "lmstudio" from'
        " [model_providers.lmstudio]; the default is Chat Completions."
    )


async def test_its_state_is_asked_of_lm_studio_alone_while_nothing_comes(session: Session) -> None:
    first_byte, looked = Gate("first byte"), asyncio.Event()
    held = dataclasses.replace(lmstudio_stream(content=["ok"]), before=(first_byte,))
    async with ModelServer(held) as server:

        @server.on
        def tell(request: Any) -> Answer | None:
            if not request.is_turn:
                looked.set()
            return None

        asked = native(server, provider_id="my-own")
        turn = asyncio.ensure_future(events_of(session.start(TurnRequest("hi"), asked)))
        await looked.wait()
        first_byte.open()
        await turn
        probes = {request.path for request in server.requests if not request.is_turn}
    assert probes <= {"/api/v1/models", "/api/v0/models"}
