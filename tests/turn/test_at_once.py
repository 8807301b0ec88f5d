"""Many turns at once in one process: none waits for another."""

import asyncio

from codex_ls.events import ContentDelta, TurnFinished
from codex_ls.turn.session import Session, TurnRequest
from tests.support.model_server import ModelServer
from tests.support.signals import WAIT_SECONDS
from tests.support.streams import Gate, chat_stream
from tests.turn.conftest import events_of, settings_for


async def test_a_flood_of_one_turn_leaves_another_its_pace(session: Session) -> None:
    flood = chat_stream(content=["word "] * 50_000).at_once()
    trickle = chat_stream(content=[f"{number} " for number in range(20)])
    ended: list[str] = []

    async with ModelServer() as server:
        server.on(lambda asked: flood if "flood" in str(asked.json) else trickle)

        async def ask(prompt: str) -> str:
            turn = session.start(TurnRequest(prompt), settings_for(server))
            finished = (await events_of(turn))[-1]
            assert isinstance(finished, TurnFinished)
            ended.append(prompt)
            return finished.content

        flooded, trickled = await asyncio.gather(ask("flood"), ask("trickle"))
    assert ended == ["trickle", "flood"]
    assert flooded == "word " * 50_000
    assert trickled == "".join(f"{number} " for number in range(20))


async def test_each_of_a_hundred_turns_gets_its_first_word_before_any_gets_its_last(
    session: Session,
) -> None:
    turns, gate = 100, Gate("everybody has a first word")
    words = [f"{number} " for number in range(20)]
    begun: set[int] = set()

    async with ModelServer() as server:
        server.always(chat_stream(content=["first ", gate, *words]))

        async def ask(number: int) -> str:
            turn = session.start(TurnRequest(f"question {number}"), settings_for(server))
            async for event in turn:
                if isinstance(event, ContentDelta):
                    begun.add(number)
                    if len(begun) == turns:
                        gate.open()
                if isinstance(event, TurnFinished):
                    return event.content
            raise AssertionError("a turn ends with TurnFinished")

        async with asyncio.timeout(3 * WAIT_SECONDS):
            contents = await asyncio.gather(*map(ask, range(turns)))
    assert begun == set(range(turns))
    assert contents == ["first " + "".join(words)] * turns
