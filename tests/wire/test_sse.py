"""Event streams as the specification has them, and as servers really send them."""

import pytest

from codex_ls.wire.lines import MAX_LINE_BYTES, LineSplitter
from codex_ls.wire.sse import ServerEvent, SseDecoder
from tests.wire.splitting import cuts


def decode(pieces: list[bytes]) -> list[ServerEvent]:
    decoder = SseDecoder()
    events = [event for piece in pieces for event in decoder.feed(piece)]
    return events + decoder.finish()


ONE = ServerEvent("", {"n": 1})
TWO = ServerEvent("", {"n": 2})
CASES = {
    "lf": (b'data: {"n": 1}\n\ndata: {"n": 2}\n\n', [ONE, TWO]),
    "crlf": (b'data: {"n": 1}\r\n\r\ndata: {"n": 2}\r\n\r\n', [ONE, TWO]),
    "cr": (b'data: {"n": 1}\r\rdata: {"n": 2}\r\r', [ONE, TWO]),
    "no space": (b'data:{"n": 1}\n\n', [ONE]),
    "two spaces": (b'data:  {"n": 1}\n\n', [ONE]),
    "bom": (b'\xef\xbb\xbfdata: {"n": 1}\n\n', [ONE]),
    "comments": (b': ping\n\n:\n\ndata: {"n": 1}\n: pong\n\n', [ONE]),
    "no blank line at the end": (b'data: {"n": 1}\n\ndata: {"n": 2}\n', [ONE, TWO]),
    "no line end at the end": (b'data: {"n": 1}\n\ndata: {"n": 2}', [ONE, TWO]),
    "one line end between events": (b'data: {"n": 1}\ndata: {"n": 2}\n', [ONE, TWO]),
    "json over two data lines": (b'data: {"n":\ndata: 1}\n\n', [ONE]),
    "several data lines, each json": (
        b"data: 1\ndata: 2\n\n",
        [ServerEvent("", 1), ServerEvent("", 2)],
    ),
    "named": (b'event: error\ndata: {"n": 1}\n\n', [ServerEvent("error", {"n": 1})]),
    "name without space": (b'event:error\ndata:{"n": 1}\n\n', [ServerEvent("error", {"n": 1})]),
    "names do not carry over": (
        b'event: a\ndata: {"n": 1}\n\ndata: {"n": 2}\n\n',
        [ServerEvent("a", {"n": 1}), TWO],
    ),
    "names without blank lines": (
        b'event: a\ndata: {"n": 1}\nevent: b\ndata: {"n": 2}\n',
        [ServerEvent("a", {"n": 1}), ServerEvent("b", {"n": 2})],
    ),
    "id and retry": (b'id: 7\nretry: 10\ndata: {"n": 1}\n\n', [ONE]),
    "sentinel": (b"data: [DONE]\n\n", [ServerEvent("", None, "[DONE]")]),
    "sentinel without blank line": (b"data: [DONE]\n", [ServerEvent("", None, "[DONE]")]),
    "empty data": (b"data:\n\ndata\n\n", []),
    "not json": (b"data: hello\n\n", [ServerEvent("", None, "hello")]),
    "bare json error": (b'{"error": "x"}\n', [ServerEvent("", {"error": "x"})]),
    "bare json over lines": (
        b'{\n  "error": {\n    "message": "x"\n  }\n}\n',
        [
            ServerEvent(
                "", {"error": {"message": "x"}}, '{\n  "error": {\n    "message": "x"\n  }\n}'
            )
        ],
    ),
    "error field": (b'error: {"code": 500}\n\n', [ServerEvent("error", {"error": {"code": 500}})]),
    "line separators inside a text": (
        'data: {"n": "a\u2028b\u0085c"}\n\n'.encode(),
        [ServerEvent("", {"n": "a\u2028b\u0085c"})],
    ),
    "four-byte characters": ('data: {"n": "🙂字"}\n\n'.encode(), [ServerEvent("", {"n": "🙂字"})]),
    "invalid utf-8": (b'data: {"n": "\xff"}\n\n', [ServerEvent("", {"n": "\ufffd"})]),
}


@pytest.mark.parametrize("case", CASES)
def test_every_cut_gives_the_same_events(case: str) -> None:
    data, expected = CASES[case]
    for pieces in cuts(data):
        assert decode(pieces) == expected, pieces


def test_an_event_is_out_at_the_end_of_its_line() -> None:
    assert SseDecoder().feed(b'data: {"n": 1}\n') == [ONE]


def test_hostile_nesting_is_not_json_and_no_crash() -> None:
    text = "[" * 100_000
    assert decode([f"data: {text}\n\n".encode()]) == [ServerEvent("", None, text)]


@pytest.mark.parametrize(
    "unit", [b"x" * 65_536, b"data: " + b"x" * 65_536 + b"\n", b"data:\n" * 1_000, b"x\n" * 1_000]
)
def test_lines_and_events_are_bounded(unit: bytes) -> None:
    decoder = SseDecoder()
    for _ in range(MAX_LINE_BYTES // 1_000):
        assert decoder.feed(unit) == []
        if decoder.too_long:
            break
    assert decoder.too_long
    assert decoder.feed(b'\n\ndata: {"n": 1}\n\n') == decoder.finish() == []


def test_stray_lines_are_bounded_however_many_events_stand_between_them() -> None:
    decoder = SseDecoder()
    unit = b"x" * 65_536 + b'\ndata: {"n": 1}\n\n'
    fed = 0
    while not decoder.too_long:
        decoder.feed(unit)
        fed += len(unit)
    assert fed < 2 * MAX_LINE_BYTES


@pytest.mark.parametrize("end", [b"", b"\n\n"])
def test_what_stood_in_front_of_a_line_that_is_too_long_comes_out(end: bytes) -> None:
    line = b"data: " + b"x" * MAX_LINE_BYTES
    data = b'data: {"n": 1}\n\ndata: {"n": 2}\n\n' + line + end + b'data: {"n": 3}\n\n'
    for at in (0, 20, 40, len(data) // 2, len(data) - 20):
        decoder = SseDecoder()
        assert decoder.feed(data[:at]) + decoder.feed(data[at:]) + decoder.finish() == [ONE, TWO]
        assert decoder.too_long


def test_a_long_line_in_single_bytes_costs_linear_time() -> None:
    splitter = LineSplitter()
    for _ in range(200_000):
        splitter.feed(b"x")
    assert splitter.feed(b"\n") == [b"x" * 200_000]
