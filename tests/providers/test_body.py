"""The body of an answer, out of its chunks and its packing: the same for every cut of the same bytes."""

import gzip
import zlib

import h11
import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ls.providers.body import Body

CHUNKED = {"transfer-encoding": "chunked"}


def chunked(*pieces: bytes) -> bytes:
    return b"".join(b"%x\r\n%b\r\n" % (len(piece), piece) for piece in pieces) + b"0\r\n\r\n"


def read(body: Body, *pieces: bytes) -> bytes:
    return b"".join(body.feed(piece) for piece in pieces) + body.end()


def cut_everywhere(data: bytes) -> list[tuple[bytes, ...]]:
    """Each way to cut once, and the way to cut everywhere."""
    once = [(data[:at], data[at:]) for at in range(len(data))]
    return [*once, tuple(data[at : at + 1] for at in range(len(data)))]


def test_chunks_give_their_bytes_whatever_the_cut() -> None:
    sent = chunked(b"data: 1\n\n", b"\r\n", b"x" * 300)
    for pieces in cut_everywhere(sent):
        body = Body(200, CHUNKED)
        assert read(body, *pieces) == b"data: 1\n\n\r\n" + b"x" * 300
        assert (body.ended, body.trouble, body.surplus) == (True, None, False)


def test_extensions_trailers_and_bare_line_feeds_are_understood() -> None:
    body = Body(200, CHUNKED)
    assert read(body, b"3;name=value\r\nabc\r\n2 \nde\n0\r\nX-Sum: 1\r\n\r\n") == b"abcde"
    assert (body.ended, body.trouble) == (True, None)


def test_a_long_chunk_is_handed_on_as_it_comes() -> None:
    body = Body(200, CHUNKED)
    assert [body.feed(piece) for piece in (b"6\r\nab", b"cd", b"ef\r\n")] == [b"ab", b"cd", b"ef"]
    assert not body.ended


@pytest.mark.parametrize(
    "garbled",
    [b"zz\r\n", b"\r\n", b"-1\r\n", b"0x3\r\n", b"3\r\nabcd\r\n", b"1" * 16 + b"\r\n", b"9" * 9000],
)
def test_garbled_chunks_are_told_behind_what_was_good(garbled: bytes) -> None:
    body = Body(200, CHUNKED)
    assert body.feed(b"4\r\ngood\r\n" + garbled).startswith(b"good")
    assert body.trouble == "its chunked answer is garbled"
    assert (body.feed(b"more"), body.end(), body.ended) == (b"", b"", False)


@pytest.mark.parametrize("headers", [CHUNKED, {"content-length": "9"}])
def test_a_body_that_is_cut_off_is_told(headers: dict[str, str]) -> None:
    body = Body(200, headers)
    read(body, b"4\r\nwo")
    assert body.trouble == "it closed the connection before the end of its answer"


def test_a_body_of_a_known_length_ends_with_its_last_byte() -> None:
    body = Body(200, {"content-length": "3"})
    assert (body.feed(b"ab"), body.ended) == (b"ab", False)
    assert (body.feed(b"c!"), body.ended, body.surplus) == (b"c", True, True)


def test_without_a_length_the_connection_ends_the_body() -> None:
    body = Body(200, {})
    assert (body.feed(b"ab"), body.ended, body.end(), body.ended) == (b"ab", False, b"", True)


@pytest.mark.parametrize(
    ("status", "headers"), [(204, {}), (304, CHUNKED), (200, {"content-length": "0"})]
)
def test_some_answers_have_no_body(status: int, headers: dict[str, str]) -> None:
    assert Body(status, headers).ended


@pytest.mark.parametrize(
    ("coding", "packed"),
    [
        ("gzip", gzip.compress(b"word")),
        ("x-gzip", gzip.compress(b"word")),
        ("deflate", zlib.compress(b"word")),
        ("deflate", zlib.compress(b"word")[2:-4]),
        ("identity", b"word"),
        ("none", b"word"),
        ("UTF-8", b"word"),
    ],
)
def test_packing_is_undone_whatever_the_cut(coding: str, packed: bytes) -> None:
    for pieces in cut_everywhere(packed):
        body = Body(200, {"content-encoding": coding})
        assert read(body, *pieces) == b"word", pieces


@pytest.mark.parametrize("coding", ["br", "zstd", "BR", "x-compress"])
def test_what_nothing_here_unpacks_is_refused_by_its_name(coding: str) -> None:
    body = Body(200, {"content-encoding": coding})
    assert read(body, b"\x8b\x01") == b""
    name = coding.lower().removeprefix("x-")
    assert (body.trouble, body.is_unpackable) == (f"an answer packed as {name}", True)


def test_what_is_packed_twice_is_refused() -> None:
    body = Body(200, {"content-encoding": "deflate, gzip"})
    assert read(body, gzip.compress(zlib.compress(b"word"))) == b""
    assert body.trouble == "an answer that is packed more than once"


def test_packed_text_comes_out_before_the_end() -> None:
    packer = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    first = packer.compress(b"word") + packer.flush(zlib.Z_SYNC_FLUSH)
    assert Body(200, {"content-encoding": "gzip"}).feed(first) == b"word"


@given(st.lists(st.binary(min_size=1, max_size=40), max_size=8), st.data())
def test_it_reads_whatever_h11_can_read(pieces: list[bytes], data: st.DataObject) -> None:
    sent = bytearray(chunked(*pieces))
    for _ in range(data.draw(st.integers(0, 3))):
        sent[data.draw(st.integers(0, len(sent) - 1))] = data.draw(st.sampled_from(b"\r\n0a;z "))
    expected = as_h11(bytes(sent))
    body = Body(200, CHUNKED)
    step = data.draw(st.integers(1, 20))
    got = read(body, *(bytes(sent[at : at + step]) for at in range(0, len(sent), step)))
    if expected is not None:
        assert (got, body.trouble, body.ended) == (expected, None, True)


def as_h11(sent: bytes) -> bytes | None:
    """The body as h11 reads it; None where it refuses."""
    talk = h11.Connection(h11.CLIENT)
    talk.send(h11.Request(method="GET", target="/", headers=[("Host", "x")]))
    talk.receive_data(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + sent)
    talk.receive_data(b"")
    got = b""
    try:
        while not isinstance(event := talk.next_event(), h11.EndOfMessage):
            if isinstance(event, h11.Data):
                got += event.data
    except h11.RemoteProtocolError:
        return None
    return got


def test_what_is_packed_twice_is_not_unpacked() -> None:
    body = Body(200, {"content-encoding": "gzip, deflate"})
    assert body.feed(gzip.compress(b"x")) == b""
    assert body.trouble == "an answer that is packed more than once"


def test_what_comes_behind_packed_bytes_is_dropped_and_not_kept() -> None:
    body = Body(200, {"content-encoding": "gzip"})
    assert body.feed(gzip.compress(b"word")) == b"word"
    assert [body.feed(b"tail" * 100) for _ in range(3)] == [b"", b"", b""]
    assert (body.end(), body.trouble) == (b"", None)
