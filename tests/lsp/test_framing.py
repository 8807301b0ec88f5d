import json
from typing import Any

import pytest

from codex_ls.lsp.framing import MAX_BODY_BYTES, MessageReader, Unreadable, encode
from tests.support.lsp_client import frame

FIRST: dict[str, Any] = {"jsonrpc": "2.0", "id": 1, "method": "a", "params": {"text": "é\r\n\r\nx"}}
SECOND: dict[str, Any] = {"jsonrpc": "2.0", "method": "b"}


def read(*chunks: bytes) -> list[Any]:
    reader = MessageReader()
    return [message for chunk in chunks for message in reader.feed(chunk)]


def readable(messages: list[Any]) -> list[Any]:
    return [message for message in messages if not isinstance(message, Unreadable)]


def test_messages_are_the_same_however_the_bytes_are_cut() -> None:
    data = frame(FIRST) + frame(SECOND)
    for at in range(len(data) + 1):
        assert read(data[:at], data[at:]) == [FIRST, SECOND]
    assert read(*(data[i : i + 1] for i in range(len(data)))) == [FIRST, SECOND]


def test_other_headers_and_spellings_are_accepted() -> None:
    body = json.dumps(SECOND).encode()
    for header in (
        b"Content-Type: application/vscode-jsonrpc; charset=utf-8\r\nContent-Length: %d\r\n\r\n",
        b"Content-Length: %d\r\nContent-Type: x\r\n\r\n",
        b"content-length:%d\r\n\r\n",
        b"CONTENT-LENGTH:   %d  \r\n\r\n",
    ):
        assert read(header % len(body) + body) == [SECOND]


@pytest.mark.parametrize(
    "garbage",
    [
        b"hello there\r\n\r\n",
        b"\x00\xff\xfe" * 10_000,
        b"Content-Length: many\r\n\r\n{}",
        b"Content-Length: -5\r\n\r\n",
        b"Content-Length: %d\r\n\r\n" % (MAX_BODY_BYTES + 1),
        b"Content-Length: 99999999999999999999\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
        b"no line break at all",
        b"A: b\r\n" * 5000,
    ],
)
@pytest.mark.parametrize("size", [1, 7, 100_000])
def test_after_garbage_the_next_message_is_read(garbage: bytes, size: int) -> None:
    data = garbage + frame(FIRST) + frame(SECOND)
    messages = read(*(data[i : i + size] for i in range(0, len(data), size)))
    assert readable(messages) == [FIRST, SECOND]
    assert Unreadable("expected a Content-Length header") in messages


def test_too_short_a_length_costs_one_message() -> None:
    body = json.dumps(FIRST).encode()
    data = b"Content-Length: %d\r\n\r\n" % (len(body) - 9) + body + frame(SECOND)
    messages = read(data)
    assert readable(messages) == [SECOND]
    assert isinstance(messages[0], Unreadable)


def test_too_long_a_length_costs_nothing() -> None:
    body = json.dumps(FIRST).encode()
    data = b"Content-Length: %d\r\n\r\n" % (len(body) + 30) + body + frame(SECOND) * 2
    for at in range(0, len(data), 5):
        assert read(data[:at], data[at:]) == [FIRST, SECOND, SECOND]


def test_far_too_long_a_length_does_not_swallow_the_next_messages() -> None:
    body = json.dumps(FIRST).encode()
    data = b"Content-Length: 200000000\r\n\r\n" + body + frame(SECOND) * 2
    for at in range(len(data)):
        assert read(data[:at], data[at:]) == [FIRST, SECOND, SECOND]


def test_an_unfinished_message_is_looked_through_once() -> None:
    reader = MessageReader()
    reader.feed(b"Content-Length: 200000000\r\n\r\n")
    for _ in range(1_000):
        assert reader.feed(b"\r\n\r\n" * 1_000) == []
    assert reader._searched > 3_990_000


@pytest.mark.parametrize(
    "body", [b"{", b"nonsense", b"\xff\xff", b'{"a": 1} {"b": 2}', b"[" * 200_000, b""]
)
def test_a_body_that_is_not_json_is_reported_and_skipped(body: bytes) -> None:
    messages = read(b"Content-Length: %d\r\n\r\n%s" % (len(body), body) + frame(SECOND))
    assert isinstance(messages[0], Unreadable)
    assert messages[1:] == [SECOND]


def test_a_number_of_any_length_is_read() -> None:
    body = b'{"id": 1, "x": ' + b"9" * 10_000 + b"}"
    assert read(b"Content-Length: %d\r\n\r\n%s" % (len(body), body)) == [
        {"id": 1, "x": float("inf")}
    ]


def test_a_document_cannot_smuggle_in_a_message() -> None:
    inner = frame({"jsonrpc": "2.0", "method": "exit"}).decode()
    outer = {"jsonrpc": "2.0", "method": "textDocument/didOpen", "params": {"text": inner}}
    whole = frame(outer)
    for wrong in (len(whole) - 60, len(whole) + 10_000):
        body = whole.split(b"\r\n\r\n", 1)[1]
        messages = read(b"Content-Length: %d\r\n\r\n" % wrong + body + frame(SECOND) * 300)
        assert {"jsonrpc": "2.0", "method": "exit"} not in messages


def test_garbage_without_end_takes_no_memory() -> None:
    reader = MessageReader()
    for _ in range(100):
        reader.feed(b"x" * 100_000)
    assert len(reader._buffer) < 20_000


def test_what_is_encoded_is_one_frame_in_utf8() -> None:
    assert encode({"a": "é😀"}) == 'Content-Length: 14\r\n\r\n{"a":"é😀"}'.encode()


def test_half_a_surrogate_pair_is_echoed_as_an_escape() -> None:
    assert read(encode({"token": "\ud83d"})) == [{"token": "\ud83d"}]
