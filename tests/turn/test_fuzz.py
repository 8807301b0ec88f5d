"""Whatever bytes a server sends in place of an answer, a turn ends once, typed, and leaves nothing open."""

import asyncio
import random

import pytest

from codex_ls.events import Event, TurnFinished
from codex_ls.turn.session import Session, TurnRequest
from tests.support.model_server import ModelServer
from tests.support.streams import Answer, Cut, chat_stream
from tests.turn.conftest import settings_for
from tests.turn.test_faults import chunk, head

HEADS = (
    head("Transfer-Encoding: chunked"),
    head("Content-Length: 400"),
    head("Connection: close"),
    head("Transfer-Encoding: chunked", "Content-Encoding: gzip"),
    head("Content-Type: text/html", status="502 Bad Gateway"),
    head(status="429 Too Many Requests") + b"Retry-After: 0\r\n\r\n",
)
ODD = (
    *(b"\r\n", b"\n", b"\0", b":", b" ", b"\xff", b"0\r\n\r\n", b"HTTP/1.1 200 OK\r\n", b"-1"),
    *(
        b"Transfer-Encoding: chunked\r\n",
        b"Content-Length: 5\r\n",
        b"data: ",
        b'{"error":',
        b"[DONE]",
    ),
    *(b"Content-Encoding: deflate\r\n", b"HTTP/1.1 100 Continue\r\n\r\n", b"fffffffff\r\n"),
)


def hostile_answer(chance: random.Random) -> Answer:
    """A whole answer, or none, with a few bytes changed, dropped, doubled or put in."""
    body = chat_stream(reasoning=["hm"], content=["yes", "no"]).payload
    data = bytearray(chance.choice(HEADS))
    data += b"".join(chunk(line + b"\n") for line in body.split(b"\n")) + b"0\r\n\r\n"
    for _ in range(chance.randint(1, 10)):
        at = chance.randrange(len(data) + 1) if chance.random() < 0.5 else chance.randrange(120)
        match chance.randrange(4):
            case 0 if at < len(data):
                data[at] = chance.randrange(256)
            case 1:
                del data[at : at + chance.randint(1, 40)]
            case 2:
                data[at:at] = data[at : at + chance.randint(1, 80)]
            case _:
                data[at:at] = chance.choice(ODD)
    whole = bytes(data)
    cuts = sorted(chance.randrange(len(whole) + 1) for _ in range(chance.randrange(4)))
    pieces = [whole[a:b] for a, b in zip([0, *cuts], [*cuts, len(whole)], strict=True)]
    end = chance.choice((Cut.CLOSE, Cut.RESET, Cut.HALF_CLOSE))
    return Answer((*pieces, end), framing="raw")


@pytest.mark.parametrize("seed", range(12))
async def test_a_damaged_answer_ends_its_turn_once_and_the_next_one_works(seed: int) -> None:
    chance = random.Random(seed)
    tasks = asyncio.all_tasks()
    async with ModelServer() as server, Session(env={"P_KEY": "sk-12345678"}) as session:
        settings = settings_for(server, request_max_retries=0, stream_idle_timeout_ms=60_000)
        for _ in range(25):
            server.enqueue(hostile_answer(chance), chat_stream(content=["next"]))
            events: list[Event] = [e async for e in session.start(TurnRequest("x"), settings)]
            ends = [event for event in events if isinstance(event, TurnFinished)]
            assert ends == events[-1:]
            assert ends[0].status in ("completed", "truncated", "failed")
            assert (ends[0].error is None) == (ends[0].status != "failed")
            again = [e async for e in session.start(TurnRequest("y"), settings)][-1]
            assert isinstance(again, TurnFinished)
            assert (again.status, again.content) == ("completed", "next"), ends
    assert asyncio.all_tasks() == tasks
