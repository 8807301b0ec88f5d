"""A refusal with an obvious next request: it is made, once, and remembered."""

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from codex_ls.config.model_settings import ModelSettings, Sampling
from codex_ls.events import Event, PhaseChanged, RetryScheduled, TurnFinished
from codex_ls.turn.learned_quirks import Refusals
from codex_ls.turn.session import Session, TurnRequest
from tests.support.model_server import ModelServer, Request
from tests.support.streams import (
    Answer,
    chat_stream,
    error_answer,
    json_answer,
    lmstudio_stream,
    ollama_stream,
    responses_stream,
)
from tests.turn.conftest import events_of, settings_for

STREAMS: dict[str, Answer] = {
    "chat": chat_stream(content=["ok"]),
    "responses": responses_stream(content=["ok"]),
    "ollama": ollama_stream(content=["ok"]),
    "lmstudio": lmstudio_stream(content=["ok"]),
}
JINJA = error_answer(500, "Error: Jinja Exception: System role not supported")


def refusing(
    server: ModelServer, refuses: Callable[[dict[str, Any]], Answer | None], wire: str = "chat"
) -> None:
    """Let `server` answer each model request as `refuses` says, else with "ok"."""

    @server.on
    def answer(request: Request) -> Answer | None:
        if not request.is_turn and not request.path.endswith("/chat"):
            return None
        return refuses(request.json) or STREAMS[wire]


def unsupported(name: str, sentence: str = "Unsupported parameter: '{}'") -> Answer:
    error = {"message": sentence.format(name), "param": name, "code": "unsupported_parameter"}
    return json_answer({"error": error}, status=400)


async def ask(session: Session, settings: ModelSettings, **more: Any) -> list[Event]:
    return await events_of(session.start(TurnRequest("hi", **more), settings))


def last(events: list[Event]) -> TurnFinished:
    assert isinstance(events[-1], TurnFinished)
    return events[-1]


def has_system(body: dict[str, Any]) -> bool:
    messages = body.get("messages") or ()
    is_said = any(message["role"] == "system" for message in messages)
    return is_said or "instructions" in body or "system_prompt" in body


def user_text(body: dict[str, Any]) -> str:
    """The first question, wherever the wire has it."""
    if "messages" in body:
        return next(m["content"] for m in body["messages"] if m["role"] == "user")  # type: ignore[no-any-return]
    if isinstance(body["input"], str):
        return body["input"]
    return body["input"][0]["content"][0]["text"]  # type: ignore[no-any-return]


@pytest.mark.parametrize("wire", STREAMS)
@pytest.mark.parametrize("status", [400, 500])
async def test_a_system_role_that_is_refused_goes_in_front_of_the_question(
    session: Session, wire: str, status: int
) -> None:
    async with ModelServer() as server:
        refusal = error_answer(status, "Error: Jinja Exception: System role not supported")
        refusing(server, lambda body: refusal if has_system(body) else None, wire)
        settings = replace(settings_for(server, wire_api=wire), instructions="Be brief.")
        events = await ask(session, settings)
        assert (last(events).status, last(events).content) == ("completed", "ok")
        assert last(events).notices == ()
        posts = [request for request in server.requests if request.path.endswith(("s", "/chat"))]
        bodies = [request.json for request in posts if request.method == "POST"]
        assert [has_system(body) for body in bodies] == [True, False]
        assert user_text(bodies[1]) == "Be brief.\n\nhi"
        assert not any(isinstance(event, RetryScheduled) for event in events)

        again = await ask(session, settings)
        assert last(again).content == "ok"
        assert len([r for r in server.requests if r.method == "POST"]) == 3


async def test_a_template_that_refuses_the_merged_question_too_is_asked_twice_in_all(
    session: Session,
) -> None:
    async with ModelServer() as server:
        server.always(JINJA)
        finished = last(await ask(session, settings_for(server)))
        assert len(server.turns) == 2
    assert finished.status == "failed"
    assert finished.error is not None
    assert "System role not supported" in finished.error.message
    assert finished.error.hint


async def test_what_was_refused_is_remembered_by_the_next_process(tmp_path: Path) -> None:
    env = {"CODEX_HOME": str(tmp_path)}
    async with ModelServer() as server:
        refusing(server, lambda body: JINJA if has_system(body) else None)
        settings = settings_for(server)
        for _ in range(2):
            async with Session(env=env) as session:
                assert last(await ask(session, settings)).content == "ok"
        assert [has_system(turn.json) for turn in server.turns] == [True, False, False]
        kept = (tmp_path / "codex-ls" / "refusals.json").read_text("utf-8")
        assert server.origin not in kept
        assert (tmp_path / "codex-ls" / "refusals.json").stat().st_mode & 0o777 == 0o600

        async with Session(env=env) as session:  # another model has its own template
            await ask(session, replace(settings, model="other"))
        assert has_system(server.turns[3].json)


async def test_nothing_is_remembered_on_disk_where_no_history_is_kept(tmp_path: Path) -> None:
    async with ModelServer() as server:
        refusing(server, lambda body: JINJA if has_system(body) else None)
        async with Session(env={"CODEX_HOME": str(tmp_path)}) as session:
            await ask(session, replace(settings_for(server), keep_history=False))
    assert not (tmp_path / "codex-ls" / "refusals.json").exists()


@pytest.mark.parametrize(
    "text",
    ["", "[1]", "{", '{"k": 3}', '{"k": {"at": "x", "merge_system": true}}', "\x00" * 100],
)
def test_a_file_that_makes_no_sense_is_passed_over(tmp_path: Path, text: str) -> None:
    (tmp_path / "codex-ls").mkdir()
    (tmp_path / "codex-ls" / "refusals.json").write_text(text, "utf-8")
    refusals = Refusals({"CODEX_HOME": str(tmp_path)})
    assert refusals.of("http://a/v1", "m") == {}
    refusals.learn("http://a/v1", "m", {"merge_system": True}, keep=True)
    assert Refusals({"CODEX_HOME": str(tmp_path)}).of("http://a/v1", "m")["merge_system"] is True


def test_an_old_entry_counts_no_more(tmp_path: Path) -> None:
    refusals = Refusals({"CODEX_HOME": str(tmp_path)})
    refusals.learn("http://a/v1", "m", {"left_out": ["seed"]}, keep=True)
    path = tmp_path / "codex-ls" / "refusals.json"
    old = (datetime.now(UTC) - timedelta(days=31)).date().isoformat()
    entries = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps({key: {**e, "at": old} for key, e in entries.items()}), "utf-8")
    assert Refusals({"CODEX_HOME": str(tmp_path)}).of("http://a/v1", "m") == {}


@pytest.mark.parametrize(
    ("refused", "taken"),
    [("max_tokens", "max_completion_tokens"), ("max_completion_tokens", "max_tokens")],
)
async def test_the_limit_of_output_tokens_goes_under_its_other_name(
    session: Session, refused: str, taken: str
) -> None:
    provider_id = "openai" if refused == "max_completion_tokens" else "local"
    async with ModelServer() as server:
        refusing(server, lambda body: unsupported(refused) if refused in body else None)
        settings = replace(settings_for(server, provider_id=provider_id), max_output_tokens=500)
        for _ in range(2):
            finished = last(await ask(session, settings))
            assert (finished.content, finished.notices) == ("ok", ())
        bodies = [turn.json for turn in server.turns]
    assert [(refused in body, body.get(taken)) for body in bodies] == [
        (True, None),
        (False, 500),
        (False, 500),
    ]


async def test_a_limit_that_has_no_name_there_is_left_out_with_a_notice(session: Session) -> None:
    def refuses(body: dict[str, Any]) -> Answer | None:
        named = [name for name in body if name.startswith("max_")]
        return unsupported(named[0]) if named else None

    async with ModelServer() as server:
        refusing(server, refuses)
        settings = replace(settings_for(server), max_output_tokens=500)
        for _ in range(2):
            finished = last(await ask(session, settings))
            assert finished.content == "ok"
            assert [(n.kind, n.message) for n in finished.notices] == [
                (
                    "parameterRefused",
                    "Local does not support model_max_output_tokens here;"
                    " the request was sent without it.",
                )
            ]
        assert len(server.turns) == 4


async def test_a_limit_that_is_too_high_is_the_users_to_change(session: Session) -> None:
    sentence = "max_tokens is too large: 500. This model supports at most 100 completion tokens"
    async with ModelServer() as server:
        server.always(json_answer({"error": {"message": sentence}}, status=400))
        settings = replace(settings_for(server), max_output_tokens=500)
        finished = last(await ask(session, settings))
        assert len(server.turns) == 1
    assert finished.error is not None
    assert finished.error.hint == "Lower model_max_output_tokens, or leave it out."


SAMPLING = Sampling(temperature=0.2, top_p=0.9, top_k=20, repeat_penalty=1.1, seed=7)


@pytest.mark.parametrize("wire", ["chat", "responses", "ollama", "lmstudio"])
async def test_sampling_that_is_refused_is_left_out_with_a_notice(
    session: Session, wire: str
) -> None:
    refused = {"temperature", "top_k"}

    def refuses(body: dict[str, Any]) -> Answer | None:
        named = sorted(refused & {*body, *body.get("options", {})})
        return unsupported(named[0]) if named else None

    async with ModelServer() as server:
        refusing(server, refuses, wire)
        settings = replace(
            settings_for(server, wire_api=wire), sampling=replace(SAMPLING, seed=None)
        )
        finished = last(await ask(session, settings))
        assert finished.content == "ok"
        told = {notice.message for notice in finished.notices}
        assert told == {
            f"Local does not support {name} here; the request was sent without it."
            for name in refused
        }
        again = last(await ask(session, settings))
        assert {notice.message for notice in again.notices} == told
        bodies = [r.json for r in server.requests if r.method == "POST"]
        sent = bodies[-1].get("options", bodies[-1])
        assert len(bodies) == 4
    assert (sent["top_p"], "temperature" in sent, "top_k" in sent) == (0.9, False, False)


async def test_one_of_two_names_for_a_penalty_may_be_refused_in_silence(session: Session) -> None:
    async with ModelServer() as server:
        name = "repetition_penalty"
        refusing(server, lambda body: unsupported(name) if name in body else None)
        settings = replace(settings_for(server), sampling=Sampling(repeat_penalty=1.1))
        finished = last(await ask(session, settings))
        assert (finished.content, finished.notices) == ("ok", ())
        assert server.turns[1].json["repeat_penalty"] == 1.1


async def test_of_temperature_and_top_p_the_first_is_kept(session: Session) -> None:
    sentence = "`temperature` and `top_p` cannot both be specified for this model."

    def refuses(body: dict[str, Any]) -> Answer | None:
        both = "temperature" in body and "top_p" in body
        return error_answer(400, sentence) if both else None

    async with ModelServer() as server:
        refusing(server, refuses)
        settings = replace(settings_for(server), sampling=Sampling(temperature=0.2, top_p=0.9))
        finished = last(await ask(session, settings))
        assert finished.content == "ok"
        assert len(server.turns) == 2
        assert server.turns[1].json["temperature"] == 0.2
    assert [notice.message for notice in finished.notices] == [
        "Local does not support top_p here; the request was sent without it."
    ]


@pytest.mark.parametrize(
    ("sentence", "key", "wire"),
    [
        ("Unknown parameter: 'stream_options'.", "stream_options", "chat"),
        ("Extra inputs are not permitted: return_progress", "return_progress", "chat"),
        ("Unknown parameter: 'store'.", "store", "responses"),
        ("Unsupported parameter: 'include'", "include", "responses"),
    ],
)
async def test_what_nobody_asked_for_is_left_out_in_silence(
    session: Session, sentence: str, key: str, wire: str
) -> None:
    async with ModelServer() as server:
        refusing(server, lambda body: error_answer(400, sentence) if key in body else None, wire)
        provider_id = "openai" if wire == "responses" else "local"
        settings = settings_for(server, provider_id=provider_id, wire_api=wire)
        for _ in range(2):
            finished = last(await ask(session, settings))
            assert (finished.content, finished.notices) == ("ok", ())
        assert [key in turn.json for turn in server.turns] == [True, False, False]


async def test_a_model_that_does_not_stream_is_asked_for_a_whole_answer(session: Session) -> None:
    def refuses(body: dict[str, Any]) -> Answer | None:
        if body["stream"]:
            return unsupported("stream", "Your organization must be verified to stream this model.")
        message = {"role": "assistant", "content": "ok"}
        choice = {"index": 0, "message": message, "finish_reason": "stop"}
        return json_answer({"object": "chat.completion", "choices": [choice]})

    async with ModelServer() as server:
        refusing(server, refuses)
        for _ in range(2):
            finished = last(await ask(session, settings_for(server)))
            assert (finished.status, finished.content) == ("completed", "ok")
            assert [(n.kind, n.message) for n in finished.notices] == [
                (
                    "parameterRefused",
                    "Local does not stream this model; the answer comes all at once.",
                )
            ]
        assert [turn.json["stream"] for turn in server.turns] == [True, False, False]


async def test_verbosity_and_summary_are_left_out_with_a_notice(session: Session) -> None:
    def refuses(body: dict[str, Any]) -> Answer | None:
        if "verbosity" in body.get("text", {}):
            return unsupported("text.verbosity")
        if "summary" in body.get("reasoning", {}):
            sentence = "Your organization must be verified to generate reasoning summaries."
            return unsupported("reasoning.summary", f"Unsupported value. {sentence}")
        return None

    async with ModelServer() as server:
        refusing(server, refuses, "responses")
        settings = replace(
            settings_for(server, wire_api="responses"), verbosity="low", summary="auto"
        )
        finished = last(await ask(session, settings))
    assert finished.content == "ok"
    assert [notice.message.split()[4] for notice in finished.notices] == [
        "model_verbosity",
        "model_reasoning_summary",
    ]


async def test_every_refusal_is_answered_by_another_request_until_none_is_left(
    session: Session,
) -> None:
    def refuses(body: dict[str, Any]) -> Answer | None:
        if has_system(body):
            return JINJA
        for name in ("max_tokens", "stream_options", "return_progress", "top_k"):
            if name in body:
                return unsupported(name)
        return None

    async with ModelServer() as server:
        refusing(server, refuses)
        settings = replace(
            settings_for(server), max_output_tokens=9, sampling=Sampling(top_k=3, temperature=0.1)
        )
        finished = last(await ask(session, settings))
        assert finished.content == "ok"
        assert len(server.turns) == 6
        assert server.turns[5].json == {
            "model": "m",
            "messages": server.turns[5].json["messages"],
            "stream": True,
            "max_completion_tokens": 9,
            "temperature": 0.1,
        }
        await ask(session, settings)
        assert len(server.turns) == 7


async def test_a_400_that_says_loading_is_waited_for(session: Session) -> None:
    loading = error_answer(400, "The model is loading, please wait")
    async with ModelServer(loading, loading, chat_stream(content=["ok"])) as server:
        events = await ask(session, settings_for(server))
        assert len(server.turns) == 3
    assert last(events).content == "ok"
    assert PhaseChanged("loading") in events
    assert not any(isinstance(event, RetryScheduled) for event in events)


async def test_a_400_that_says_busy_is_sent_again(session: Session) -> None:
    busy = error_answer(400, "The model is busy, please try again later")
    async with ModelServer(busy, chat_stream(content=["ok"])) as server:
        events = await ask(session, settings_for(server))
        assert len(server.turns) == 2
    assert last(events).content == "ok"
    assert any(isinstance(event, RetryScheduled) for event in events)


async def test_loading_is_not_waited_for_for_ever(
    session: Session, jump: Callable[[float], None]
) -> None:
    async with ModelServer() as server:
        server.always(error_answer(503, "Loading model"))
        settings = settings_for(server, stream_silent_timeout_ms=60_000, request_max_retries=0)
        turn = session.start(TurnRequest("hi"), settings)
        events = []
        async for event in turn:
            events.append(event)
            if event == PhaseChanged("loading"):
                jump(61.0)
    assert last(events).status == "failed"
    assert last(events).error is not None
    assert last(events).notices == ()


async def test_the_first_question_of_a_long_thread_has_the_system_text(session: Session) -> None:
    async with ModelServer() as server:
        refusing(server, lambda body: JINJA if has_system(body) else None)
        settings = replace(settings_for(server), instructions="Be brief.")
        first = await ask(session, settings)
        thread_id = first[0].thread_id  # type: ignore[union-attr]
        await ask(session, settings, thread_id=thread_id)
        texts = [message["content"] for message in server.turns[-1].json["messages"]]
    assert texts == ["Be brief.\n\nhi", "ok", "hi"]


@pytest.mark.parametrize(
    ("sentence", "then"),
    [
        ("Unsupported parameter: 'reasoning_effort'", None),
        ("reasoning_effort: Input should be 'low', 'medium' or 'high'", "low"),
    ],
)
async def test_a_refused_effort_is_remembered_and_told_each_time(
    tmp_path: Path, sentence: str, then: str | None
) -> None:
    async with ModelServer() as server:
        refusal = error_answer(400, sentence)
        refusing(server, lambda b: refusal if b.get("reasoning_effort") == "minimal" else None)
        settings = replace(settings_for(server, provider_id="x"), effort="minimal")
        for _ in range(2):
            async with Session(env={"CODEX_HOME": str(tmp_path)}) as session:
                finished = last(await ask(session, settings))
                assert finished.content == "ok"
                assert [(notice.kind, notice.message) for notice in finished.notices] == [
                    (
                        "effortRefused",
                        "Local does not support the effort minimal; asked "
                        + (f"with {then}." if then else "without it."),
                    )
                ]
        sent = [turn.json.get("reasoning_effort") for turn in server.turns]
    assert sent == ["minimal", then, then]
