"""What arrives in the moment of an interruption is not lost in the middle."""

import asyncio
import logging

import pytest

from codex_ls.turn.interrupt import Interrupt, Interrupted
from codex_ls.turn.progress_poller import Arrived, ProgressPoller


async def test_what_arrived_as_the_turn_was_stopped_is_disposed_of() -> None:
    interrupt, disposed = Interrupt(), []
    ready: asyncio.Future[str] = asyncio.get_running_loop().create_future()

    async def work() -> str:
        return await ready

    async def dispose(value: str) -> None:
        disposed.append(value)

    async def watch() -> list[object]:
        return [
            step async for step in ProgressPoller(interrupt, None).until(work(), dispose=dispose)
        ]

    watching = asyncio.ensure_future(watch())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    ready.set_result("an open connection")
    await asyncio.sleep(0)  # the work is done, and the watch has not been told yet
    interrupt.request()
    with pytest.raises(Interrupted):
        await watching
    assert disposed == ["an open connection"]


async def test_what_was_handed_over_is_nobody_elses_to_dispose_of() -> None:
    async def work() -> str:
        return "an open connection"

    async def dispose(value: str) -> None:
        raise AssertionError(value)

    steps = [s async for s in ProgressPoller(Interrupt(), None).until(work(), dispose=dispose)]
    assert steps == [Arrived("an open connection")]


async def test_a_look_that_fails_is_logged_and_ends_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.DEBUG, "codex_ls")
    looked_twice = asyncio.Event()
    looks: list[str] = []

    async def look() -> None:
        looks.append("look")
        if len(looks) == 2:
            looked_twice.set()
        raise TypeError("unhashable type: 'list'")

    async def work() -> str:
        await looked_twice.wait()
        return "an answer"

    poller = ProgressPoller(Interrupt(), look, patience_s=0, interval_s=0)
    assert [step async for step in poller.until(work())] == [Arrived("an answer")]
    assert caplog.messages[0] == "a look at the server failed: TypeError: unhashable type: 'list'"
