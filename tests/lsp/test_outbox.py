import asyncio
import os
import threading
from collections.abc import Iterator

import pytest

from codex_ls.lsp import outbox as outbox_module
from codex_ls.lsp.outbox import HIGH_WATER_BYTES, PipeOutbox


class Pipe:
    """A pipe whose reading end the test holds."""

    def __init__(self) -> None:
        self.read_fd, self.write_fd = os.pipe()
        self.broken = 0
        self._outboxes: list[PipeOutbox] = []

    def outbox(self) -> PipeOutbox:
        self._outboxes.append(PipeOutbox(self.write_fd, on_broken=self._note_broken))
        return self._outboxes[-1]

    def _note_broken(self) -> None:
        self.broken += 1

    def drain_on_a_thread(self, size: int) -> "tuple[threading.Thread, list[bytes]]":
        chunks: list[bytes] = []

        def read() -> None:
            left = size
            while left > 0 and (chunk := os.read(self.read_fd, 1 << 16)):
                chunks.append(chunk)
                left -= len(chunk)

        thread = threading.Thread(target=read)
        thread.start()
        return thread, chunks

    def close_reader(self) -> None:
        if self.read_fd >= 0:
            os.close(self.read_fd)
        self.read_fd = -1

    def close(self) -> None:
        self.close_reader()
        for outbox in self._outboxes:
            if outbox._thread is not None:  # it must not write into a later test's pipe
                outbox._queue.put(None)
                outbox._thread.join()
        os.close(self.write_fd)


@pytest.fixture
def pipe() -> Iterator[Pipe]:
    pipe = Pipe()
    yield pipe
    pipe.close()


async def test_a_frame_is_in_the_pipe_when_write_returns(pipe: Pipe) -> None:
    outbox = pipe.outbox()
    outbox.write(b"hello")
    assert os.read(pipe.read_fd, 100) == b"hello"
    assert outbox.waiting_bytes == 0


async def test_a_client_that_does_not_read_blocks_nobody_and_loses_nothing(pipe: Pipe) -> None:
    outbox = pipe.outbox()
    frames = [b"%07d" % number * 1000 for number in range(400)]
    for frame in frames:
        outbox.write(frame)
    assert outbox.congested
    expected = b"".join(frames)
    thread, chunks = pipe.drain_on_a_thread(len(expected))
    await asyncio.wait_for(outbox.room(), 5)
    assert not outbox.congested
    await asyncio.to_thread(thread.join, 5)
    assert b"".join(chunks) == expected
    outbox.write(b"last")
    assert os.read(pipe.read_fd, 100) == b"last"


async def test_room_is_there_until_a_megabyte_waits(pipe: Pipe) -> None:
    outbox = pipe.outbox()
    await outbox.room()
    outbox.write(b"x" * HIGH_WATER_BYTES)
    assert not outbox.congested
    outbox.write(b"x" * 200_000)
    assert outbox.congested
    waiting = asyncio.ensure_future(outbox.room())
    await asyncio.sleep(0)
    assert not waiting.done()
    pipe.close_reader()  # the client leaves: nobody waits for it
    await asyncio.wait_for(waiting, 5)
    assert pipe.broken == 1


async def test_a_client_that_is_gone_is_told_once_and_writing_goes_on_quietly(pipe: Pipe) -> None:
    outbox = pipe.outbox()
    pipe.close_reader()
    outbox.write(b"a")
    outbox.write(b"b")
    assert pipe.broken == 1
    await outbox.close(timeout_s=1)


async def test_a_client_that_closes_its_end_is_noticed_before_the_next_write(pipe: Pipe) -> None:
    broken = asyncio.Event()
    outbox = PipeOutbox(pipe.write_fd, on_broken=broken.set)
    pipe.close_reader()
    await asyncio.wait_for(broken.wait(), 5)
    await outbox.close(timeout_s=1)


async def test_a_client_that_asks_for_ever_and_never_reads_is_given_up(
    pipe: Pipe, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(outbox_module, "GIVE_UP_BYTES", 500_000)
    outbox = pipe.outbox()
    for _ in range(20):
        outbox.write(b"x" * 100_000)
    assert pipe.broken == 1
    assert outbox.waiting_bytes < 700_000


async def test_closing_lets_the_queue_leave(pipe: Pipe) -> None:
    outbox = pipe.outbox()
    outbox.write(b"x" * 300_000)
    thread, chunks = pipe.drain_on_a_thread(300_000)
    await outbox.close(timeout_s=5)
    await asyncio.to_thread(thread.join, 5)
    assert sum(map(len, chunks)) == 300_000
    outbox.write(b"too late")
    os.set_blocking(pipe.read_fd, False)
    with pytest.raises(BlockingIOError):
        os.read(pipe.read_fd, 100)


async def test_closing_does_not_wait_for_a_client_that_does_not_read(pipe: Pipe) -> None:
    outbox = pipe.outbox()
    outbox.write(b"x" * 300_000)
    await asyncio.wait_for(outbox.close(timeout_s=0.01), 5)
