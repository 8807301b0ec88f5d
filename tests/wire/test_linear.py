"""The decoders' work grows with the stream and no faster, whatever the stream is made of."""

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from codex_ls.dev.corpus import Case
from codex_ls.events import ContentDelta, ReasoningDelta, StreamFinished, WireEvent
from tests.support.streams import DONE, chat_chunk

pytestmark = pytest.mark.integration  # takes long


def decode(data: bytes, *, read_bytes: int) -> list[WireEvent]:
    """The events of a Chat Completions stream that is read in pieces of this size."""
    reads = [data[at : at + read_bytes] for at in range(0, len(data), read_bytes)]
    return Case(Path("generated"), data).decode(reads)


def events_of(count: int) -> bytes:
    return chat_chunk({"content": "word "}) * count


def one_event(count: int) -> bytes:
    return chat_chunk({"content": "x" * (count * 100)})


def unclosed_tag(count: int) -> bytes:
    return chat_chunk({"content": "<think>"}) + chat_chunk({"content": "aé"}) * count


def look_alikes(count: int) -> bytes:
    return chat_chunk({"content": "<think>" + "</thin" * count})


def ticks(count: int) -> bytes:
    return chat_chunk({"content": "a" + "` </think" * count})


def blanks(count: int) -> bytes:
    return chat_chunk({"content": "\n"}) * count


def header_without_end(count: int) -> bytes:
    return chat_chunk({"content": "<|channel|>"}) + chat_chunk({"content": "ab"}) * count


def lines_without_end(count: int) -> bytes:
    return b"data: x\n" * (count * 4)


def calls(count: int) -> bytes:
    piece = {"index": 0, "id": "c", "function": {"name": "f", "arguments": "ab"}}
    return chat_chunk({"tool_calls": [piece]}) * count


@pytest.mark.parametrize(
    "stream",
    [
        events_of,
        one_event,
        unclosed_tag,
        look_alikes,
        ticks,
        blanks,
        header_without_end,
        lines_without_end,
        calls,
    ],
    ids=lambda stream: stream.__name__,
)
@pytest.mark.parametrize("read_bytes", [1024, 65_536])
def test_four_times_the_stream_costs_about_four_times_the_work(
    stream: Callable[[int], bytes], read_bytes: int
) -> None:
    """Eight times is the limit; a quadratic decoder needs sixteen."""
    small, large = (work(stream(count), read_bytes) for count in (2_000, 8_000))
    assert large < 8 * small + 0.05


def work(data: bytes, read_bytes: int) -> float:
    """Seconds of processor time for one stream, the best of three."""

    def once() -> float:
        started = time.thread_time()
        decode(data, read_bytes=read_bytes)
        return time.thread_time() - started

    return min(once() for _ in range(3))


def test_a_hundred_thousand_deltas_are_ordinary() -> None:
    events = decode(events_of(100_000) + DONE, read_bytes=65_536)
    texts = [event.text for event in events if isinstance(event, ContentDelta)]
    assert sum(map(len, texts)) == 500_000
    assert events[-1] == StreamFinished("stop", None)


def test_an_event_of_eight_mebibytes() -> None:
    text = "x" * (8 * 1024 * 1024)
    events = decode(chat_chunk({"content": text}) + DONE, read_bytes=16_384)
    assert events == [ContentDelta(text), StreamFinished("stop", None)]


def test_two_hundred_thousand_characters_inside_an_unclosed_tag() -> None:
    data = chat_chunk({"content": "<think>"}) + chat_chunk({"content": "hm, "}) * 50_000 + DONE
    events = decode(data, read_bytes=65_536)
    thought = "".join(event.text for event in events if isinstance(event, ReasoningDelta))
    assert thought == "hm, " * 50_000
    assert not [event for event in events if isinstance(event, ContentDelta)]
