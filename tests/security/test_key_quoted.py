"""A model server that quotes the key it was sent: nothing that is told repeats it."""

import dataclasses

import pytest

from codex_ls.config.profile import ModelSettings, Provider
from codex_ls.events import RetryScheduled, TurnFinished
from codex_ls.turn.session import Session, TurnRequest
from tests.support.model_server import ModelServer
from tests.support.streams import Answer, chat_chunk, error_answer, sse_answer

KEY = "correct.horse/battery+staple"  # like no key that any pattern knows
QUOTED = f"Bearer {KEY} is no key; did you mean {KEY}x?"

ANSWERS = {
    "401": error_answer(401, QUOTED),
    "a page": Answer((QUOTED.encode(),), status=400, headers={"Content-Type": "text/plain"}),
    "in the stream": sse_answer(b'data: {"error": {"message": "%s"}}\n\n' % QUOTED.encode()),
    "behind a word": sse_answer(
        chat_chunk({"content": "a"}), b'data: {"error": {"message": "%s"}}\n\n' % QUOTED.encode()
    ),
    "an effort that is refused": error_answer(400, f"reasoning_effort not supported by {KEY}"),
}


@pytest.mark.parametrize("name", ANSWERS)
async def test_a_key_that_is_quoted_is_told_as_a_key(name: str) -> None:
    async with ModelServer(ANSWERS[name], ANSWERS[name]) as server:
        provider = Provider("p", "P", server.base_url, env_key="P_KEY", request_max_retries=0)
        settings = ModelSettings("m", provider, effort="high")
        async with Session(env={"P_KEY": KEY}) as session:
            events = [event async for event in session.start(TurnRequest("x"), settings)]
    assert server.turns[0].headers["authorization"] == f"Bearer {KEY}"
    end = events[-1]
    assert isinstance(end, TurnFinished)
    told = [(notice.message, notice.hint) for notice in end.notices]
    told += [(end.error.message, end.error.hint)] if end.error else []
    assert any("[key]" in f"{message}{hint}" for message, hint in told)
    assert KEY not in repr([dataclasses.asdict(event) for event in events])
    assert end.error is None or KEY not in str(end.error)


async def test_a_retry_does_not_quote_it_either() -> None:
    async with ModelServer(error_answer(503, QUOTED), error_answer(401, QUOTED)) as server:
        provider = Provider(
            "p", "P", server.base_url, http_headers={"X-Key": KEY}, request_max_retries=1
        )
        async with Session(env={}) as session:
            turn = session.start(TurnRequest("x"), ModelSettings("m", provider))
            events = [event async for event in turn]
    assert any(isinstance(event, RetryScheduled) for event in events)
    assert KEY not in repr(events)
