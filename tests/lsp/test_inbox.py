import asyncio
import os
import time

from codex_ls.lsp.inbox import PipeInbox
from tests.support.lsp_client import frame


async def test_messages_come_in_order_until_the_end() -> None:
    read_fd, write_fd = os.pipe()
    inbox = PipeInbox(read_fd)
    before = time.perf_counter()
    begun = frame({"n": 0})
    os.write(write_fd, begun[:10])
    os.write(write_fd, begun[10:] + frame({"n": 1}) + frame({"n": 2}))
    os.write(write_fd, frame({"n": 3}))
    os.close(write_fd)
    arrivals = [arrival async for arrival in inbox]
    assert [arrival.message for arrival in arrivals] == [{"n": n} for n in range(4)]
    assert before <= arrivals[0].received_at <= arrivals[3].received_at <= time.perf_counter()
    os.close(read_fd)


async def test_a_message_that_comes_while_somebody_waits_wakes_them() -> None:
    read_fd, write_fd = os.pipe()
    inbox = PipeInbox(read_fd)
    waiting = asyncio.ensure_future(anext(inbox))
    await asyncio.sleep(0)
    os.write(write_fd, frame({"n": 1}))
    assert (await asyncio.wait_for(waiting, 5)).message == {"n": 1}
    os.close(write_fd)
    assert [arrival async for arrival in inbox] == []
    os.close(read_fd)
