"""The fault matrix: what a model server can do wrong on a real socket, and what the user is told.

For each: the typed error or result, the text kept, the next turn works, and nothing is left open.
"""

import asyncio
import dataclasses
import gzip
import os
import sys
import zlib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest

from codex_ls.events import ContentDelta, Event, TurnFinished
from codex_ls.turn.session import Session, TurnRequest
from tests.support.model_server import ModelServer
from tests.support.streams import (
    Answer,
    Cut,
    Gate,
    Piece,
    chat_chunk,
    chat_stream,
    error_answer,
    sse_answer,
)
from tests.turn.conftest import settings_for

WORD = chat_chunk({"content": "word"})
DONE = b"data: [DONE]\n\n"
STOP = chat_chunk(finish_reason="stop")


def raw(*pieces: Piece) -> Answer:
    return Answer(tuple(pieces), framing="raw")


def head(*headers: str, status: str = "200 OK") -> bytes:
    lines = (f"HTTP/1.1 {status}", "Content-Type: text/event-stream", *headers, "", "")
    return "\r\n".join(lines).encode()


def chunk(data: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(data), data)


def raw_deflate(body: bytes) -> bytes:
    """As some servers send what they call deflate: without the head of zlib."""
    packer = zlib.compressobj(wbits=-zlib.MAX_WBITS)
    return packer.compress(body) + packer.flush()


def packed(pack: Callable[[bytes], bytes], encoding: str) -> Answer:
    body = pack(WORD + STOP + DONE)
    return Answer(
        (body,), headers={"Content-Type": "text/event-stream", "Content-Encoding": encoding}
    )


@dataclasses.dataclass(frozen=True)
class Fault:
    """What a server does, and what comes of it: status, error or notice kind, text."""

    answer: Answer
    status: str
    kind: str | None = None
    content: str = ""


FAULTS = {
    "reset before the head": Fault(Answer(before=(Cut.RESET,)), "failed", "streamBroken"),
    "closed before the head": Fault(Answer(before=(Cut.CLOSE,)), "failed", "streamBroken"),
    "closed behind half a head": Fault(
        raw(b"HTTP/1.1 200 OK\r\nCont", Cut.CLOSE), "failed", "streamBroken"
    ),
    "no HTTP at all": Fault(
        raw(b"\x15\x03\x01\x00\x02\x02\x50", Cut.CLOSE), "failed", "unreachable"
    ),
    "reset between events": Fault(sse_answer(WORD, Cut.RESET), "truncated", "streamBroken", "word"),
    "reset inside an event": Fault(
        sse_answer(WORD, WORD[:30], Cut.RESET), "truncated", "streamBroken", "word"
    ),
    "closed between events": Fault(
        raw(head(), WORD, Cut.CLOSE), "truncated", "streamBroken", "word"
    ),
    "half-closed between events": Fault(
        raw(head(), WORD, Cut.HALF_CLOSE), "truncated", "streamBroken", "word"
    ),
    "a stall before any word": Fault(sse_answer(Cut.STALL), "failed", "timedOut"),
    "a stall in the middle": Fault(sse_answer(WORD, Cut.STALL), "truncated", "timedOut", "word"),
    "nothing at all": Fault(Answer(before=(Cut.STALL,)), "failed", "timedOut"),
    "only comments, then the end": Fault(sse_answer(b": ping\n\n"), "failed", "streamBroken"),
    "a continue before the answer": Fault(
        raw(
            b"HTTP/1.1 103 Early Hints\r\n\r\n",
            head("Connection: close"),
            WORD,
            STOP,
            DONE,
            Cut.CLOSE,
        ),
        "completed",
        None,
        "word",
    ),
    "a thousand interim answers": Fault(
        raw(
            b"HTTP/1.1 103 Early Hints\r\n\r\n" * 1_000, head("Connection: close"), WORD, Cut.CLOSE
        ),
        "failed",
        "streamBroken",
    ),
    "a switch of protocols": Fault(
        raw(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", WORD, Cut.CLOSE),
        "failed",
        "streamBroken",
    ),
    "endless headers": Fault(
        raw(b"HTTP/1.1 200 OK\r\n", *[b"X-Header: more\r\n" * 1_000] * 20, Cut.CLOSE),
        "failed",
        "streamBroken",
    ),
    "an endless header": Fault(
        raw(b"HTTP/1.1 200 OK\r\nX: ", *[b"x" * 10_000] * 20, Cut.CLOSE), "failed", "streamBroken"
    ),
    "a header that is folded around another": Fault(
        raw(
            b"HTTP/1.1 200 OK\r\nX: a\r\n Content-Length: 0\r\nConnection: close\r\n\r\n",
            WORD + STOP + DONE,
            Cut.CLOSE,
        ),
        "completed",
        None,
        "word",
    ),
    "two lengths that differ": Fault(
        raw(head("Content-Length: 5", "Content-Length: 500"), WORD, Cut.CLOSE),
        "failed",
        "streamBroken",
    ),
    "a length that is none": Fault(
        raw(head("Content-Length: -1"), WORD, Cut.CLOSE), "failed", "streamBroken"
    ),
    "the answer of an old protocol": Fault(
        raw(b"HTTP/1.0 200 OK\r\n\r\n", WORD, STOP, DONE, Cut.CLOSE), "completed", None, "word"
    ),
    "301": Fault(
        Answer(status=301, headers={"Location": "http://192.0.2.1/"}), "failed", "badRequest"
    ),
    "400": Fault(error_answer(400, "bad"), "failed", "badRequest"),
    "401": Fault(error_answer(401, "key"), "failed", "unauthorized"),
    "403": Fault(error_answer(403, "key"), "failed", "unauthorized"),
    "404": Fault(error_answer(404, "model"), "failed", "notFound"),
    "408": Fault(error_answer(408, "late"), "failed", "timedOut"),
    "413": Fault(error_answer(413, "request_too_large"), "failed", "contextOverflow"),
    "429": Fault(error_answer(429, "slow"), "failed", "rateLimited"),
    **{
        str(status): Fault(error_answer(status, "boom"), "failed", kind)
        for status, kind in (
            (500, "serverError"),
            (502, "serverError"),
            (503, "serverError"),
            (504, "timedOut"),
        )
    },
    "an HTML error page": Fault(
        Answer((b"<html><h1>502</h1></html>",), status=502, headers={"Content-Type": "text/html"}),
        "failed",
        "serverError",
    ),
    "an HTML page with 200": Fault(
        Answer((b"<!doctype html><p>login</p>",), headers={"Content-Type": "text/html"}),
        "failed",
        "streamBroken",
    ),
    "an empty body": Fault(Answer((), framing="length"), "failed", "streamBroken"),
    "gzip": Fault(packed(gzip.compress, "gzip"), "completed", None, "word"),
    "gzip, a member an event": Fault(
        Answer(
            tuple(map(gzip.compress, (WORD, STOP, DONE))),
            headers={"Content-Type": "text/event-stream", "Content-Encoding": "gzip"},
        ),
        "completed",
        None,
        "word",
    ),
    "gzip, a member an event, that breaks off": Fault(
        Answer(
            (gzip.compress(WORD), gzip.compress(WORD)[:-8]),
            headers={"Content-Type": "text/event-stream", "Content-Encoding": "gzip"},
        ),
        "truncated",
        "streamBroken",
        "wordword",
    ),
    "gzip, a member an event, then garbage": Fault(
        Answer(
            (gzip.compress(WORD), b"\x1f\x8b\x08\0garbage of some length"),
            headers={"Content-Type": "text/event-stream", "Content-Encoding": "gzip"},
        ),
        "truncated",
        "streamBroken",
        "word",
    ),
    "deflate": Fault(packed(zlib.compress, "deflate"), "completed", None, "word"),
    "deflate without its head": Fault(packed(raw_deflate, "deflate"), "completed", None, "word"),
    "gzip with something behind it": Fault(
        packed(lambda body: gzip.compress(body) + b"tail" * 50_000, "gzip"),
        "completed",
        None,
        "word",
    ),
    "a gzip bomb": Fault(
        packed(lambda body: gzip.compress(body[: len(WORD)] + b"x" * (200 << 20)), "gzip"),
        "truncated",
        "streamBroken",
        "word",
    ),
    "gzip in gzip": Fault(
        packed(lambda body: gzip.compress(gzip.compress(body)), "gzip, gzip"),
        "failed",
        "streamBroken",
    ),
    "gzip that breaks off": Fault(
        packed(lambda body: gzip.compress(body * 9)[:-30], "gzip"), "completed", None, "word"
    ),
    "gzip that is none": Fault(packed(lambda body: body, "gzip"), "failed", "streamBroken"),
    "a wrong content type": Fault(
        Answer((WORD, STOP, DONE), headers={"Content-Type": "application/octet-stream"}),
        "completed",
        None,
        "word",
    ),
    "broken chunked coding": Fault(
        raw(head("Transfer-Encoding: chunked"), chunk(WORD), b"zz\r\n", Cut.CLOSE),
        "truncated",
        "streamBroken",
        "word",
    ),
    "chunked coding without its end": Fault(
        raw(head("Transfer-Encoding: chunked"), chunk(WORD), Cut.CLOSE),
        "truncated",
        "streamBroken",
        "word",
    ),
    "a chunk's size without end": Fault(
        raw(head("Transfer-Encoding: chunked"), chunk(WORD), b"1" * 100_000, Cut.CLOSE),
        "truncated",
        "streamBroken",
        "word",
    ),
    "a chunk larger than anything": Fault(
        raw(head("Transfer-Encoding: chunked"), chunk(WORD), b"f" * 16 + b"\r\nx", Cut.CLOSE),
        "truncated",
        "streamBroken",
        "word",
    ),
    "endless trailers": Fault(
        raw(
            head("Transfer-Encoding: chunked"),
            chunk(WORD),
            b"0\r\n",
            *[b"X-Trailer: x\r\n" * 1_000] * 50,
            Cut.CLOSE,
        ),
        "truncated",
        "streamBroken",
        "word",
    ),
    "a length that is too long": Fault(
        Answer((WORD,), framing="length", content_length=len(WORD) + 99),
        "truncated",
        "streamBroken",
        "word",
    ),
    "a length that is too short": Fault(
        Answer((WORD, STOP, DONE), framing="length", content_length=len(WORD)),
        "truncated",
        "streamBroken",
        "word",
    ),
    "invalid UTF-8": Fault(
        sse_answer(WORD.replace(b"word", b"w\xffrd"), STOP, DONE),
        "completed",
        "streamBroken",
        "w\ufffdrd",
    ),
    "JSON that is none": Fault(
        sse_answer(WORD, b"data: {nonsense\n\n", STOP, DONE), "completed", None, "word"
    ),
    "hostile nesting": Fault(
        sse_answer(WORD, b"data: " + b"[" * 50_000 + b"\n\n", STOP, DONE), "completed", None, "word"
    ),
    "an endless line": Fault(
        sse_answer(WORD, *[b"x" * 1_000_000] * 18), "truncated", "streamBroken", "word"
    ),
    "an endless event": Fault(
        sse_answer(WORD, *[b"data: " + b"x" * 1_000_000 + b"\n"] * 18),
        "truncated",
        "streamBroken",
        "word",
    ),
    "an endless line in one read with words": Fault(
        sse_answer(WORD + b"data: " + b"x" * (17 << 20)), "truncated", "streamBroken", "word"
    ),
    "an endless row of empty lines of data": Fault(
        sse_answer(WORD, *[b"data:\n" * 20_000] * 20), "truncated", "streamBroken", "word"
    ),
    "nul bytes": Fault(
        sse_answer(WORD, b"\0" * 1_000 + b"\n\n", STOP, DONE), "completed", None, "word"
    ),
    "an error behind a word": Fault(
        sse_answer(WORD, b'data: {"error": {"message": "crashed"}}\n\n'),
        "truncated",
        "serverError",
        "word",
    ),
}


@pytest.mark.parametrize("name", FAULTS)
async def test_each_fault_is_told_and_nothing_is_left_open(name: str) -> None:
    fault = FAULTS[name]
    tasks_before, files_before = asyncio.all_tasks(), open_files()
    # A stall is waited out; whatever else goes wrong must not depend on how fast this machine is.
    limit_ms = 150 if Cut.STALL in (*fault.answer.before, *fault.answer.body) else 30_000
    async with ModelServer(fault.answer, chat_stream(content=["next"])) as server:
        async with Session(env={}) as session:
            asked = settings_for(
                server,
                request_max_retries=0,
                stream_idle_timeout_ms=limit_ms,
                first_byte_timeout_ms=limit_ms,
            )
            told = finished([e async for e in session.start(TurnRequest("hi"), asked)])
            again = finished([e async for e in session.start(TurnRequest("again"), asked)])
        async with asyncio.timeout(10):
            while server.open_connections:  # noqa: ASYNC110  the server's side notices by itself
                await asyncio.sleep(0.001)
    assert (told.status, told.content) == (fault.status, fault.content), told
    if told.error is not None:
        assert told.error.kind == fault.kind
    else:
        assert [notice.kind for notice in told.notices] == ([fault.kind] if fault.kind else [])
    assert (again.status, again.content) == ("completed", "next")
    assert asyncio.all_tasks() == tasks_before
    async with asyncio.timeout(10):
        while len(open_files()) > len(files_before):  # noqa: ASYNC110  the server's side again
            await asyncio.sleep(0.001)


def open_files() -> list[str]:
    """This process's open files and sockets; none where the system does not tell."""
    return os.listdir("/proc/self/fd") if sys.platform == "linux" else []  # noqa: PTH208


def finished(events: Iterable[Event]) -> TurnFinished:
    *_, last = events
    assert isinstance(last, TurnFinished)
    return last


async def test_one_byte_at_a_time_is_slow_and_nothing_else(session: Session) -> None:
    async with ModelServer(chat_stream(reasoning=["hm"], content=["4"]).split(1)) as server:
        told = finished([e async for e in session.start(TurnRequest("x"), settings_for(server))])
    assert (told.status, told.reasoning, told.content) == ("completed", "hm", "4")


@pytest.mark.parametrize("is_whole", [True, False])
async def test_compressed_words_are_shown_as_they_come(session: Session, *, is_whole: bool) -> None:
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)

    def one(event: bytes) -> bytes:
        if is_whole:  # one stream for all, flushed behind each event
            return packer.compress(event) + packer.flush(zlib.Z_SYNC_FLUSH)
        return gzip.compress(event)

    gate = Gate("the first word is shown")
    body = (one(WORD), gate, one(WORD), one(STOP), one(DONE))
    head = {"Content-Type": "text/event-stream", "Content-Encoding": "gzip"}
    async with ModelServer(Answer(body, headers=head)) as server:
        words = []
        async for event in session.start(TurnRequest("x"), settings_for(server)):
            if isinstance(event, ContentDelta):
                words.append(event.text)
                gate.open()
    assert words == ["word", "word"]


async def test_a_hundred_thousand_tiny_events_are_ordinary(session: Session) -> None:
    stream = chat_stream(reasoning=["r"] * 50_000, content=["c"] * 50_000).at_once()
    async with ModelServer(stream) as server:
        told = finished([e async for e in session.start(TurnRequest("x"), settings_for(server))])
    assert (len(told.reasoning), len(told.content)) == (50_000, 50_000)


def memory_mib() -> float:
    """What this process holds in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
async def test_tiny_events_without_end_are_held_in_no_more_than_their_text(
    session: Session,
) -> None:
    empty = chat_chunk({"content": ""}) * 10_000
    word = chat_chunk({"content": "c"}) * 10_000
    async with ModelServer(sse_answer(*[empty, word] * 10, STOP, DONE)) as server:
        before, peak = memory_mib(), 0.0
        events: list[Event] = []
        async for event in session.start(TurnRequest("x"), settings_for(server)):
            events = [event]
            if isinstance(event, ContentDelta):
                peak = max(peak, memory_mib())
    told = finished(events)
    assert (told.status, len(told.content)) == ("completed", 100_000)
    assert peak - before < 64
