"""A turn's whole list of events, over a real socket."""

import asyncio
import dataclasses
from pathlib import Path

import pytest

from codex_ls.errors import (
    BadRequest,
    InvalidParams,
    LocalOnly,
    MissingCredential,
    StreamBroken,
    TimedOut,
    Unauthorized,
    UnknownThread,
    Unreachable,
)
from codex_ls.events import (
    AnsweredInThinking,
    ContentDelta,
    Event,
    Notice,
    Noticed,
    PhaseChanged,
    ReasoningDelta,
    Reclassified,
    RetryScheduled,
    ServerTimings,
    Timing,
    TurnFinished,
    TurnStarted,
    Usage,
    UsageReported,
)
from codex_ls.turn.prompt_context import SYSTEM_PROMPT, Diagnostic, TurnContext, prompt_with_context
from codex_ls.turn.session import Session, Turn, TurnRequest
from tests.support.model_server import ModelServer
from tests.support.streams import (
    Answer,
    Cut,
    Gate,
    chat_chunk,
    chat_stream,
    error_answer,
    json_answer,
    lmstudio_stream,
    ollama_stream,
    responses_stream,
    sse_answer,
    sse_event,
)
from tests.turn.conftest import events_of, settings_for

NO_TIMING = Timing(total_ms=0)


def plain(events: list[Event]) -> list[Event]:
    """The events without what no two runs share: ids and durations."""
    out: list[Event] = []
    for event in events:
        match event:
            case TurnStarted():
                out.append(dataclasses.replace(event, turn_id="", thread_id=""))
            case TurnFinished():
                out.append(dataclasses.replace(event, timing=NO_TIMING))
            case RetryScheduled():
                out.append(dataclasses.replace(event, delay_ms=0))
            case _:
                out.append(event)
    return out


def last(events: list[Event]) -> TurnFinished:
    finished = events[-1]
    assert isinstance(finished, TurnFinished)
    assert sum(isinstance(event, TurnFinished) for event in events) == 1
    return finished


STARTED = TurnStarted("", "", "m", "local", "local-oss")
HM = ReasoningDelta("hm")

WIRES = {
    "chat": chat_stream(reasoning=["h", "m"], content=["4", "2"], usage=(12, 4)),
    "responses": responses_stream(reasoning=["h", "m"], content=["4", "2"], usage=(12, 4)),
    "ollama": ollama_stream(reasoning=["h", "m"], content=["4", "2"], usage=(12, 4)),
    "lmstudio": lmstudio_stream(reasoning=["h", "m"], content=["4", "2"], usage=(12, 4)),
}


@pytest.mark.parametrize("wire", list(WIRES))
async def test_the_same_turn_gives_the_same_events_on_every_wire(
    session: Session, wire: str
) -> None:
    async with ModelServer(WIRES[wire]) as server:
        turn = session.start(TurnRequest("hi"), settings_for(server, wire_api=wire))
        events = await events_of(turn)
    usage = Usage(12, 4)
    without_figures = [event for event in plain(events) if not isinstance(event, UsageReported)]
    assert without_figures == [
        STARTED,
        PhaseChanged("connecting"),
        PhaseChanged("prompt"),
        PhaseChanged("thinking"),
        ReasoningDelta("h"),
        ReasoningDelta("m"),
        PhaseChanged("answering"),
        ContentDelta("4"),
        ContentDelta("2"),
        TurnFinished("completed", "stop", "hm", "42", NO_TIMING, usage),
    ]


async def test_the_first_word_is_out_while_the_server_holds_the_second(session: Session) -> None:
    gate = Gate()
    async with ModelServer(chat_stream(content=["one", gate, "two"])) as server:
        turn = session.start(TurnRequest("hi"), settings_for(server))
        async for event in turn:
            if event == ContentDelta("one"):
                assert not gate.opened
                break
        gate.open()
        assert last([event async for event in turn]).content == "onetwo"


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        pytest.param(Answer(before=(Cut.STALL,)), ("", ""), id="before the answer's head"),
        pytest.param(sse_answer(Gate()), ("", ""), id="while the prompt is read"),
        pytest.param(chat_stream(reasoning=["hm", Gate()]), ("hm", ""), id="while it thinks"),
        pytest.param(
            chat_stream(reasoning=["hm"], content=["4", Gate(), "2"]),
            ("hm", "4"),
            id="while it answers",
        ),
    ],
)
async def test_cancel_closes_the_connection_and_keeps_the_text(
    session: Session, answer: Answer, kept: tuple[str, str]
) -> None:
    async with ModelServer(answer) as server:
        turn = session.start(TurnRequest("hi"), settings_for(server))
        events: list[Event] = [await anext(turn), await anext(turn)]
        for gate in answer.gates:
            async for event in turn:
                events.append(event)
                if (bool(kept[0]), bool(kept[1])) == seen_kinds(events) and (
                    kept != ("", "") or events[-1] == PhaseChanged("prompt")
                ):
                    break
            await gate.reached.wait()
        if not answer.gates:
            waiting = next_of(turn)
            request = await server.turn(0)
            turn.cancel()
            events.append(await waiting)
        else:
            request = await server.turn(0)
            turn.cancel()
        events += [event async for event in turn]
        finished = last(events)
        assert (finished.status, finished.finish_reason) == ("cancelled", "cancelled")
        assert (finished.reasoning, finished.content) == kept
        await request.hung_up.wait()


def seen_kinds(events: list[Event]) -> tuple[bool, bool]:
    return (
        any(isinstance(event, ReasoningDelta) for event in events),
        any(isinstance(event, ContentDelta) for event in events),
    )


def next_of(turn: Turn) -> asyncio.Future[Event]:
    return asyncio.ensure_future(anext(turn))


async def test_cancel_while_waiting_to_retry_sends_nothing_more(session: Session) -> None:
    refusal = error_answer(503, "busy", headers={"Retry-After": "30"})
    async with ModelServer(refusal) as server:
        turn = session.start(TurnRequest("hi"), settings_for(server))
        events: list[Event] = []
        async for event in turn:
            events.append(event)
            if isinstance(event, RetryScheduled):
                assert event.delay_ms == 30_000
                turn.cancel()
        assert last(events).status == "cancelled"
        assert len(server.turns) == 1


async def test_cancel_before_the_first_event_still_begins_and_ends(session: Session) -> None:
    async with ModelServer() as server:
        turn = session.start(TurnRequest("hi"), settings_for(server))
        turn.cancel()
        assert plain(await events_of(turn)) == [
            STARTED,
            TurnFinished("cancelled", "cancelled", "", "", NO_TIMING),
        ]
        assert server.requests == []


async def test_a_thread_goes_on_and_turns_on_it_run_one_after_the_other(session: Session) -> None:
    gate = Gate()
    async with ModelServer(
        chat_stream(reasoning=["hm"], content=["4", gate]), chat_stream(content=["5"])
    ) as server:
        first = session.start(TurnRequest("2+2?"), settings_for(server))
        await anext(first)
        second = session.start(TurnRequest("2+3?", first.thread_id), settings_for(server))
        assert isinstance(await anext(second), TurnStarted)
        waiting = next_of(second)
        async for event in first:
            if event == ContentDelta("4"):
                assert len(server.turns) == 1
                gate.open()
        assert await waiting == PhaseChanged("connecting")
        assert last([event async for event in second]).content == "5"
        assert (await server.turn(1)).json["messages"] == [
            {"role": "system", "content": SYSTEM_PROMPT},
            {"role": "user", "content": "2+2?"},
            {"role": "assistant", "content": "4"},
            {"role": "user", "content": "2+3?"},
        ]


async def test_thinking_goes_back_only_where_the_server_wants_it(session: Session) -> None:
    async with ModelServer() as server:
        server.always(chat_stream(reasoning=["hm"], content=["4"], field="reasoning"))
        for provider_id, expected in (("zai", "hm"), ("local", None)):
            asked = settings_for(server, provider_id=provider_id)
            turn = session.start(TurnRequest("a"), asked)
            await events_of(turn)
            await events_of(session.start(TurnRequest("b", turn.thread_id), asked))
            assert server.turns[-1].json["messages"][2].get("reasoning") == expected


async def test_the_prompt_for_hi_is_short(session: Session) -> None:
    async with ModelServer(chat_stream(content=["hello"])) as server:
        await events_of(session.start(TurnRequest("hi"), settings_for(server)))
        asked = (await server.turn(0)).json
    # A token of English is over three characters; 150 tokens is the promise.
    assert len("".join(message["content"] for message in asked["messages"])) < 300
    assert asked["stream"] is True
    assert "tools" not in asked


async def test_context_is_told_with_line_numbers_and_problems(session: Session) -> None:
    problem = Diagnostic("undefined name 'y'", "error", 8, 8, "pyflakes", "F821")
    context = TurnContext("src/a.py", "python", "x = y\n```\n", 8, 9, (problem,))
    async with ModelServer(chat_stream(content=["ok"])) as server:
        await events_of(session.start(TurnRequest("why?", context=context), settings_for(server)))
        prompt = (await server.turn(0)).json["messages"][-1]["content"]
    assert prompt == (
        "From src/a.py, lines 8 to 9:\n````python\n8 x = y\n9 ```\n````\n\n"
        "Problems reported there:\n- line 8, error (pyflakes F821): undefined name 'y'\n\nwhy?"
    )


@pytest.mark.parametrize(
    ("context", "told"),
    [
        (
            TurnContext("a.py", None, "x\ny\nz", 8, 10, selected=(9, 9)),
            "From a.py, lines 8 to 10:\n```\n 8 x\n 9 y\n10 z\n```\n\nSelected there: line 9.\n\nwhy?",
        ),
        (
            TurnContext("a.py", None, "f(a, b)\n", 8, 8, selected=(8, 8), selection="a, b"),
            "From a.py, line 8:\n```\n8 f(a, b)\n```\n\nSelected there, in line 8: `a, b`\n\nwhy?",
        ),
        (
            TurnContext("a.py", "c", "`a\nb`\n", 8, 9, selected=(8, 9), selection="a\nb"),
            "From a.py, lines 8 to 9:\n```c\n8 `a\n9 b`\n```\n\n"
            "Selected there, in lines 8 to 9:\n```c\na\nb\n```\n\nwhy?",
        ),
        (
            TurnContext(
                "a.py",
                "python",
                "    x = y\n    `z`\n",
                8,
                9,
                (Diagnostic("no y", "error", 8, 8), Diagnostic("no z", "error", 9, 9)),
                is_numbered=False,
                form="Answer in code.",
            ),
            "From a.py, lines 8 to 9:\n```python\n    x = y\n    `z`\n```\n\n"
            "Problems reported there:\n- line 8, error: no y\n  at: `x = y`\n- line 9, error: no z"
            "\n\nwhy?\nAnswer in code.",
        ),
    ],
    ids=["lines", "part of a line", "parts of lines", "to be changed"],
)
def test_the_words_stand_behind_what_they_are_about(context: TurnContext, told: str) -> None:
    assert prompt_with_context("why?", context) == told


async def test_a_failure_before_any_text_is_retried_and_told(session: Session) -> None:
    async with ModelServer(error_answer(500, "boom"), chat_stream(content=["ok"])) as server:
        events = await events_of(session.start(TurnRequest("hi"), settings_for(server)))
    assert plain(events) == [
        STARTED,
        PhaseChanged("connecting"),
        RetryScheduled(2, 5, 0, "The model server says: boom"),
        PhaseChanged("prompt"),
        PhaseChanged("answering"),
        ContentDelta("ok"),
        TurnFinished("completed", "stop", "", "ok", NO_TIMING),
    ]


@pytest.mark.parametrize(
    ("answer", "attempts"),
    [
        pytest.param(error_answer(429, "slow down", headers={"Retry-After": "0"}), 3, id="429"),
        pytest.param(error_answer(503, "busy", headers={"Retry-After": "0"}), 3, id="503"),
        pytest.param(error_answer(408, "late", headers={"Retry-After": "0"}), 3, id="408"),
        pytest.param(Answer(before=(Cut.RESET,)), 3, id="reset before the head"),
        pytest.param(sse_answer(Cut.RESET), 3, id="reset before any text"),
        pytest.param(error_answer(400, "bad"), 1, id="400"),
        pytest.param(error_answer(401, "key"), 1, id="401"),
        pytest.param(error_answer(403, "key"), 1, id="403"),
        pytest.param(error_answer(404, "model"), 1, id="404"),
        pytest.param(
            error_answer(429, "come back tomorrow", headers={"Retry-After": "86400"}),
            1,
            id="429, a day",
        ),
        pytest.param(chat_stream(content=["x", Cut.RESET]), 1, id="reset behind text"),
    ],
)
async def test_one_retry_loop_with_one_count(
    session: Session, answer: Answer, attempts: int
) -> None:
    async with ModelServer() as server:
        server.always(answer)
        asked = settings_for(server, request_max_retries=2)
        events = await events_of(session.start(TurnRequest("hi"), asked))
        assert len(server.turns) == attempts
        assert sum(isinstance(event, RetryScheduled) for event in events) == attempts - 1
        assert last(events).status in ("failed", "truncated")


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(sse_answer(b"<html>not found</html>"), id="a web page"),
        pytest.param(sse_answer(b"data: " + b"x" * (17 * 1024 * 1024)), id="an endless event"),
    ],
)
async def test_what_makes_no_sense_is_not_asked_for_again(session: Session, answer: Answer) -> None:
    async with ModelServer() as server:
        server.always(answer)
        events = await events_of(session.start(TurnRequest("hi"), settings_for(server)))
        assert len(server.turns) == 1
        error = last(events).error
        assert isinstance(error, StreamBroken)
        assert not error.retryable


async def test_a_wait_that_is_too_long_is_told(session: Session) -> None:
    async with ModelServer() as server:
        server.always(error_answer(429, "slow down", headers={"Retry-After": "86400"}))
        error = last(await events_of(session.start(TurnRequest("hi"), settings_for(server)))).error
        assert error is not None
        assert error.hint == "Try again in 24 hours, or use another profile."


async def test_a_broken_stream_keeps_its_text_and_says_why(session: Session) -> None:
    async with ModelServer(chat_stream(reasoning=["hm", Cut.RESET])) as server:
        events = await events_of(session.start(TurnRequest("hi"), settings_for(server)))
    finished = last(events)
    assert (finished.status, finished.finish_reason, finished.reasoning) == (
        "truncated",
        "other",
        "hm",
    )
    assert [notice.kind for notice in finished.notices] == ["streamBroken"]
    assert finished.error is None


async def test_an_end_without_a_finish_reason_is_truncated(session: Session) -> None:
    stream = sse_answer(chat_chunk({"content": "4"}))
    async with ModelServer(stream) as server:
        events = await events_of(session.start(TurnRequest("hi"), settings_for(server)))
    assert (last(events).status, last(events).content) == ("truncated", "4")


async def test_an_error_inside_the_stream_is_typed(session: Session) -> None:
    stream = sse_answer(sse_event({"error": {"message": "no such luck", "code": 400}}))
    async with ModelServer(stream) as server:
        events = await events_of(session.start(TurnRequest("hi"), settings_for(server)))
    error = last(events).error
    assert isinstance(error, BadRequest)
    assert error.message == "The model server says: no such luck"


async def test_a_refused_loopback_connection_is_told_at_once(session: Session) -> None:
    async with ModelServer() as server:
        asked = settings_for(server)
    events = await events_of(session.start(TurnRequest("hi"), asked))
    finished = last(events)
    assert isinstance(finished.error, Unreachable)
    assert server.origin in finished.error.message
    assert finished.timing.total_ms < 1000
    assert not any(isinstance(event, RetryScheduled) for event in events)


async def test_a_loading_model_is_waited_for_without_counting(session: Session) -> None:
    loading = error_answer(503, "Loading model", kind="unavailable_error")
    async with ModelServer(loading, loading, chat_stream(content=["ok"])) as server:
        asked = settings_for(server, request_max_retries=0)
        events = await events_of(session.start(TurnRequest("hi"), asked))
    assert last(events).content == "ok"
    assert [e.phase for e in events if isinstance(e, PhaseChanged)] == [
        "connecting",
        "loading",
        "prompt",
        "answering",
    ]


async def test_each_limit_says_which_it_is(session: Session) -> None:
    async with ModelServer(sse_answer(Cut.STALL), chat_stream(content=["x", Cut.STALL])) as server:
        first = settings_for(server, first_byte_timeout_ms=50)
        error = last(await events_of(session.start(TurnRequest("a"), first))).error
        assert isinstance(error, TimedOut)
        assert "first-byte limit" in error.message
        idle = settings_for(server, stream_idle_timeout_ms=50)
        finished = last(await events_of(session.start(TurnRequest("b"), idle)))
        assert finished.status == "truncated"
        assert "idle limit" in finished.notices[0].message
        assert len(server.turns) == 2


async def test_a_stream_that_never_ends_after_its_finish_reason_is_over(session: Session) -> None:
    stream = sse_answer(
        (chat_chunk({"content": "4"})),
        (chat_chunk(finish_reason="stop")),
        Cut.STALL,
    )
    async with ModelServer(stream) as server:
        finished = last(await events_of(session.start(TurnRequest("hi"), settings_for(server))))
    assert (finished.status, finished.content) == ("completed", "4")


async def test_a_refused_effort_is_left_out_and_told(session: Session) -> None:
    refusal = error_answer(400, "Unrecognized request argument supplied: reasoning_effort")
    async with ModelServer(refusal, chat_stream(content=["ok"])) as server:
        asked = dataclasses.replace(settings_for(server), effort="low")
        events = await events_of(session.start(TurnRequest("hi"), asked))
        assert server.turns[0].json["reasoning_effort"] == "low"
        assert "reasoning_effort" not in server.turns[1].json
    assert last(events).content == "ok"
    assert [notice.kind for notice in last(events).notices] == ["effortRefused"]


async def test_a_stray_closer_reclassifies_and_is_remembered(session: Session) -> None:
    async with ModelServer() as server:
        server.always(chat_stream(content=["hm", "</think>", "4"]))
        first = await events_of(session.start(TurnRequest("a"), settings_for(server)))
        second = await events_of(session.start(TurnRequest("b"), settings_for(server)))
    assert [e for e in first if isinstance(e, (ContentDelta, ReasoningDelta, Reclassified))] == [
        ContentDelta("hm"),
        Reclassified(),
        ContentDelta("4"),
    ]
    assert [e for e in second if isinstance(e, (ContentDelta, ReasoningDelta, Reclassified))] == [
        HM,
        ContentDelta("4"),
    ]
    assert (last(first).reasoning, last(first).content) == ("hm", "4")
    assert (last(second).reasoning, last(second).content) == ("hm", "4")


async def test_thinking_is_the_answer_where_it_was_switched_off_and_nothing_else_came(
    session: Session,
) -> None:
    async with ModelServer() as server:
        server.always(chat_stream(reasoning=["0.9 is", " larger."]))
        off = dataclasses.replace(settings_for(server), effort="none")
        events = await events_of(session.start(TurnRequest("a"), off))
        on = await events_of(session.start(TurnRequest("a"), settings_for(server)))
    assert [e for e in events if isinstance(e, (ReasoningDelta, AnsweredInThinking))] == [
        ReasoningDelta("0.9 is"),
        ReasoningDelta(" larger."),
        AnsweredInThinking("0.9 is larger."),
    ]
    assert (last(events).reasoning, last(events).content) == ("", "0.9 is larger.")
    assert last(events).notices == ()
    assert (last(on).reasoning, last(on).content) == ("0.9 is larger.", "")
    assert [notice.kind for notice in last(on).notices] == ["emptyAnswer"]


@pytest.mark.parametrize(
    "answer",
    [
        chat_stream(reasoning=["hm"], content=["4"]),
        chat_stream(reasoning=["hm"], finish_reason="length"),
        chat_stream(content=["<think>hm"]),
    ],
)
async def test_thinking_stays_thinking_though_it_was_switched_off(
    session: Session, answer: Answer
) -> None:
    async with ModelServer(answer) as server:
        off = dataclasses.replace(settings_for(server), effort="none")
        turn = last(await events_of(session.start(TurnRequest("a"), off)))
    assert turn.reasoning == "hm"


async def test_a_model_that_begins_in_thinking_does_not_where_that_is_switched_off(
    session: Session,
) -> None:
    async with ModelServer(
        chat_stream(content=["hm</think>4"]), chat_stream(content=["plain"])
    ) as server:
        await events_of(session.start(TurnRequest("a"), settings_for(server)))
        off = dataclasses.replace(settings_for(server), effort="none")
        turn = last(await events_of(session.start(TurnRequest("b"), off)))
    assert (turn.reasoning, turn.content) == ("", "plain")


async def test_a_model_that_answers_plainly_is_no_longer_taken_to_begin_in_thinking(
    session: Session,
) -> None:
    async with ModelServer(
        chat_stream(content=["hm</think>4"]), chat_stream(content=["plain"])
    ) as server:
        server.always(chat_stream(content=["plain"]))
        turns = [
            last(await events_of(session.start(TurnRequest("x"), settings_for(server))))
            for _ in range(3)
        ]
    assert [(turn.reasoning, turn.content) for turn in turns] == [
        ("hm", "4"),
        ("plain", ""),
        ("", "plain"),
    ]


async def test_a_tool_call_ends_in_a_notice(session: Session) -> None:
    call = {"index": 0, "id": "c", "function": {"name": "read_file", "arguments": '{"path"'}}
    stream = sse_answer(
        (chat_chunk({"tool_calls": [call]})),
        (chat_chunk(finish_reason="tool_calls")),
        sse_event("[DONE]"),
    )
    async with ModelServer(stream) as server:
        finished = last(await events_of(session.start(TurnRequest("hi"), settings_for(server))))
    assert finished.finish_reason == "toolCalls"
    assert [notice.kind for notice in finished.notices] == ["toolCallIgnored"]
    assert "read_file" in finished.notices[0].message
    assert "cut off" in finished.notices[0].message


@pytest.mark.parametrize(("reason", "status"), [("stop", "completed"), ("length", "truncated")])
async def test_an_answer_that_never_came_is_explained(
    session: Session, reason: str, status: str
) -> None:
    async with ModelServer(chat_stream(reasoning=["hm"], finish_reason=reason)) as server:
        finished = last(await events_of(session.start(TurnRequest("hi"), settings_for(server))))
    assert (finished.status, finished.reasoning, finished.content) == (status, "hm", "")
    assert [notice.kind for notice in finished.notices] == ["emptyAnswer"]
    assert finished.notices[0].hint is not None


async def test_model_text_is_harmless_before_anyone_sees_it(session: Session) -> None:
    hostile = ["a\x1b]52;c;", "cm0=\x07b", "\x1b[2", "Jc\x00\u202e", "d"]
    async with ModelServer(chat_stream(content=hostile)) as server:
        events = await events_of(session.start(TurnRequest("hi"), settings_for(server)))
    assert last(events).content == "abcd"
    assert "".join(e.text for e in events if isinstance(e, ContentDelta)) == "abcd"


async def test_what_is_wrong_before_the_turn_is_raised_and_nothing_is_sent(
    session: Session, tmp_path: Path
) -> None:
    async with ModelServer() as server:
        with pytest.raises(UnknownThread):
            session.start(TurnRequest("hi", thread_id="nope"), settings_for(server))
        with pytest.raises(MissingCredential, match="MY_KEY"):
            await events_of(
                session.start(TurnRequest("hi"), settings_for(server, env_key="MY_KEY"))
            )
        away = dataclasses.replace(
            settings_for(server),
            provider=dataclasses.replace(
                settings_for(server).provider, base_url="http://192.0.2.1/v1"
            ),
            local_only=True,
        )
        with pytest.raises(LocalOnly):
            await events_of(session.start(TurnRequest("hi"), away))
        missing = TurnRequest("hi", images=(tmp_path / "none.png",))
        with pytest.raises(InvalidParams):
            await events_of(session.start(missing, settings_for(server)))
        assert server.requests == []


async def test_the_key_goes_with_the_request_and_into_no_message() -> None:
    env = {"MY_KEY": "sk-canary-123456"}
    async with (
        Session(env=env) as session,
        ModelServer(error_answer(401, "Incorrect API key provided: sk-canary-123456")) as server,
    ):
        asked = settings_for(server, env_key="MY_KEY")
        error = last(await events_of(session.start(TurnRequest("hi"), asked))).error
        assert (await server.turn(0)).headers["authorization"] == "Bearer sk-canary-123456"
    assert isinstance(error, Unauthorized)
    assert "canary" not in f"{error.message} {error.hint}"


async def test_no_redirect_is_followed(session: Session) -> None:
    async with ModelServer() as elsewhere:
        moved = Answer(status=307, headers={"Location": elsewhere.base_url}, framing="length")
        async with ModelServer(moved) as server:
            finished = last(await events_of(session.start(TurnRequest("x"), settings_for(server))))
        assert isinstance(finished.error, BadRequest)
        assert elsewhere.requests == []


async def test_under_the_lock_a_local_name_is_asked_by_its_number(session: Session) -> None:
    async with ModelServer(chat_stream(content=["ok"])) as server:
        provider = dataclasses.replace(
            settings_for(server).provider, base_url=f"http://localhost:{server.port}/v1"
        )
        asked = dataclasses.replace(settings_for(server), provider=provider, local_only=True)
        assert last(await events_of(session.start(TurnRequest("x"), asked))).content == "ok"
        assert (await server.turn(0)).headers["host"] == f"localhost:{server.port}"


async def test_a_page_or_a_whole_answer_in_place_of_a_stream(session: Session) -> None:
    page = Answer((b"<html>hi</html>",), headers={"Content-Type": "text/html"})
    message = {"role": "assistant", "content": "4", "reasoning_content": "hm"}
    whole = json_answer({"choices": [{"message": message, "finish_reason": "stop"}]})
    async with ModelServer(page, whole) as server:
        asked = settings_for(server, request_max_retries=0)
        error = last(await events_of(session.start(TurnRequest("a"), asked))).error
        assert isinstance(error, StreamBroken)
        assert "web page" in error.message
        finished = last(await events_of(session.start(TurnRequest("b"), asked)))
        assert (finished.reasoning, finished.content) == ("hm", "4")


async def test_leaving_the_session_stops_every_turn() -> None:
    async with ModelServer(chat_stream(content=["x", Gate()])) as server:
        async with Session(env={}) as session:
            turn = session.start(TurnRequest("hi"), settings_for(server))
            async for event in turn:
                if event == ContentDelta("x"):
                    break
            request = await server.turn(0)
        await request.hung_up.wait()
        assert last([event async for event in turn]).status == "cancelled"


async def test_the_servers_own_figures_win(session: Session) -> None:
    timings = {"prompt_ms": 812.4, "predicted_per_second": 41.5}
    stream = sse_answer(
        (chat_chunk({"content": "4"})),
        (chat_chunk(finish_reason="stop")),
        sse_event(
            {
                "choices": [],
                "usage": {"prompt_tokens": 3, "completion_tokens": 9},
                "timings": timings,
            }
        ),
        sse_event("[DONE]"),
    )
    async with ModelServer(stream) as server:
        events = await events_of(session.start(TurnRequest("hi"), settings_for(server)))
    assert UsageReported(Usage(3, 9), ServerTimings(None, 812, 41.5)) in events
    timing = last(events).timing
    assert (timing.prompt_ms, timing.output_tokens_per_second, timing.estimated) == (
        812,
        41.5,
        False,
    )


async def test_a_notice_of_the_settings_is_told_with_the_turn(session: Session) -> None:
    notice = Notice("configInvalid", "unknown key modell")
    async with ModelServer(chat_stream(content=["ok"])) as server:
        asked = dataclasses.replace(settings_for(server), notices=(notice,))
        events = await events_of(session.start(TurnRequest("hi"), asked))
    assert Noticed(notice) in events
    assert last(events).notices == (notice,)


@pytest.mark.parametrize("name", ["api-key", "X-API-Key", "authorization"])
async def test_a_key_in_a_header_of_any_name_is_one_that_was_refused(
    session: Session, name: str
) -> None:
    async with ModelServer(error_answer(401, "no")) as server:
        asked = settings_for(server, http_headers={name: "canary-123"})
        events = await events_of(session.start(TurnRequest("hi"), asked))
    end = events[-1]
    assert isinstance(end, TurnFinished)
    assert end.error is not None
    assert end.error.hint == "Check that the key is for this server, complete, and still valid."


@pytest.mark.parametrize(
    ("sent", "usage"),
    [
        ({"prompt_tokens": 12, "completion_tokens": None}, Usage(12)),
        ({"prompt_tokens": 0, "completion_tokens": 3}, Usage(None, 3)),
        ({"prompt_tokens": 12, "completion_tokens": 0, "total_tokens": 12}, Usage(12)),
        ({"prompt_tokens": 0, "completion_tokens": 0, "total_tokens": 0}, None),
        ({"prompt_tokens": None, "completion_tokens": None}, None),
        (
            {
                "prompt_tokens": 12,
                "completion_tokens": 3,
                "completion_tokens_details": {"reasoning_tokens": 0},
            },
            Usage(12, 3),
        ),
    ],
)
async def test_a_count_that_was_not_sent_is_not_told_as_zero(
    session: Session, sent: dict[str, object], usage: Usage | None
) -> None:
    async with ModelServer(chat_stream(reasoning=["hm"], content=["Hi."], usage=sent)) as server:
        events = await events_of(session.start(TurnRequest("hi"), settings_for(server)))
    last = events[-1]
    assert isinstance(last, TurnFinished)
    assert last.usage == usage


STRANGE = '{"status":"ok","key":"sk-abcdefgh12345678","more":"' + "x" * 300 + '"}'


@pytest.mark.parametrize("wire_api", ["chat", "responses", "ollama", "lmstudio"])
@pytest.mark.parametrize("framing", ["a body", "events", "events and the end mark"])
async def test_json_that_is_no_answer_is_asked_for_once_and_quoted(
    session: Session, wire_api: str, framing: str
) -> None:
    body = STRANGE if framing == "a body" else f"data: {STRANGE}\n\n"
    if framing == "events and the end mark":
        body += "data: [DONE]\n\n"
    answer = Answer((body.encode(),), headers={"Content-Type": "application/json"})
    async with ModelServer(answer, answer, answer) as server:
        settings = settings_for(server, wire_api=wire_api)
        events = await events_of(session.start(TurnRequest("hi"), settings))
        assert len(server.turns) == 1
    last = events[-1]
    assert isinstance(last, TurnFinished)
    assert last.error is not None
    assert last.error.kind == "streamBroken"
    before, _, quoted = last.error.message.partition("it begins with: ")
    assert before == "The response is not a model's answer; "
    assert len(quoted) == 200
    assert quoted.removeprefix("data: ").startswith('{"status":"ok","key":"[key]","more":"xxx')
    assert not any(isinstance(event, RetryScheduled) for event in events)


async def test_an_event_that_could_not_be_read_makes_an_answer_truncated(session: Session) -> None:
    torn = b'data: {"choices":[{"index":0,"delta":{"content":"two"}\n\n'
    stream = chat_stream(content=["one"], finish_reason=None, done=False, last=(torn,))
    rest = chat_stream(content=["three"])
    answer = sse_answer(*stream.body, *rest.body)
    async with ModelServer(answer) as server:
        events = await events_of(session.start(TurnRequest("hi"), settings_for(server)))
    last = events[-1]
    assert isinstance(last, TurnFinished)
    assert (last.status, last.content) == ("truncated", "onethree")
    assert [notice.message for notice in last.notices] == [
        "One event of the answer could not be read, and its text is missing; it begins with:"
        ' {"choices":[{"index":0,"delta":{"content":"two"}'
    ]


@pytest.mark.parametrize("reason", ["abort", "insufficient_system_resource", "ERROR"])
async def test_an_answer_that_the_server_broke_off_is_truncated(
    session: Session, reason: str
) -> None:
    stream = chat_stream(content=["It begins"], finish_reason=reason)
    async with ModelServer(stream) as server:
        finished = last(await events_of(session.start(TurnRequest("hi"), settings_for(server))))
    assert (finished.status, finished.content) == ("truncated", "It begins")
    assert [notice.message for notice in finished.notices] == [
        f"The model server ended the answer early ({reason}); it may be incomplete."
    ]
