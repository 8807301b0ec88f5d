"""What one answer may make this process keep is bounded, whatever its server sends."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from codex_ls.events import ContentDelta, StreamFailed, ToolCallDelta, WireEvent
from codex_ls.wire import WireApi
from codex_ls.wire.decoder import decoder_for
from codex_ls.wire.json_text import MAX_DEPTH, parse_json
from codex_ls.wire.lines import MAX_LINE_BYTES
from codex_ls.wire.quirks import Quirks
from tests.support.streams import chat_chunk, lmstudio_event

WIRES: list[WireApi] = ["chat", "responses", "ollama", "lmstudio"]


def contents(events: list[WireEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, ContentDelta))


@pytest.mark.parametrize("wire", WIRES)
def test_words_come_out_before_a_line_that_is_too_long_fails_the_stream(wire: WireApi) -> None:
    words = {
        "chat": chat_chunk({"content": "one"}) + chat_chunk({"content": "two"}),
        "responses": b"".join(
            b'data: {"type":"response.output_text.delta","output_index":0,"delta":"%s"}\n\n' % word
            for word in (b"one", b"two")
        ),
        "ollama": b"".join(b'{"message":{"content":"%s"}}\n' % word for word in (b"one", b"two")),
        "lmstudio": b"".join(lmstudio_event("message.delta", content=w) for w in ("one", "two")),
    }[wire]
    data = words + b"data: " + b"x" * (MAX_LINE_BYTES + 1)
    for pieces in ([data], [data[:10], data[10:]], [data[: len(words)], data[len(words) :]]):
        decoder = decoder_for(wire, Quirks())
        events = [event for piece in pieces for event in decoder.feed(piece)]
        assert decoder.done
        assert contents(events) == "onetwo"
        assert isinstance(events[-1], StreamFailed)
        assert events[-1].error.kind == "streamBroken"


ENDLESS: dict[str, tuple[WireApi, Any]] = {
    "arguments of a tool call": (
        "chat",
        {"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "x" * 60_000}}]},
    ),
    "thinking to send back": (
        "chat",
        {"reasoning_details": [{"type": "reasoning.encrypted", "data": "x" * 60_000}]},
    ),
    "items to send back": (
        "responses",
        {
            "type": "response.output_item.done",
            "item": {"type": "reasoning", "id": "{n}", "encrypted_content": "x" * 60_000},
        },
    ),
    "arguments on the other wire": (
        "responses",
        {
            "type": "response.function_call_arguments.delta",
            "output_index": 0,
            "delta": "x" * 60_000,
        },
    ),
    "tool calls": (
        "ollama",
        {"message": {"tool_calls": [{"function": {"name": "f", "arguments": {}}}] * 500}},
    ),
    "names of items": (
        "responses",
        {"type": "response.output_item.added", "item": {"id": "{n}" + "x" * 30_000}},
    ),
}


@pytest.mark.parametrize("name", ENDLESS)
def test_what_is_kept_beside_the_text_is_bounded(name: str) -> None:
    wire, value = ENDLESS[name]
    decoder = decoder_for(wire, Quirks())
    line = ("" if wire == "ollama" else "data: ") + "%s\n\n"
    if wire == "chat":
        value = {"choices": [{"index": 0, "delta": value}]}
    text = json.dumps(value)
    events: list[WireEvent] = []
    for number in range(1_000):
        events = decoder.feed((line % text.replace("{n}", str(number))).encode())
        if decoder.done:
            break
    assert decoder.done, "a thousand times this, and still more is taken"
    assert isinstance(events[-1], StreamFailed)


@pytest.mark.parametrize("depth", [MAX_DEPTH - 5, MAX_DEPTH + 1, 500, 900, 990, 100_000])
@pytest.mark.parametrize("wire", WIRES)
def test_no_depth_of_nesting_ends_in_anything_but_events(wire: WireApi, depth: int) -> None:
    nested = "[" * depth + "]" * depth
    objects = '{"text":' * depth + "1" + "}" * depth
    for value in (nested, objects):
        for template in (
            '{"choices":[{"delta":{"reasoning":V,"content":V,"tool_calls":V,"reasoning_details":[{"a":V}]}}]}',
            '{"error":V}',
            '{"error":{"message":V}}',
            '{"type":"response.output_item.done","item":{"type":"reasoning","id":"a","content":V}}',
            '{"type":"response.failed","response":{"error":V}}',
            '{"type":"chat.end","result":{"output":[{"type":"message","content":V}],"stats":V}}',
            '{"type":"model_load.progress","progress":V}',
            '{"message":{"content":V,"thinking":V,"tool_calls":[{"function":{"arguments":V}}]}}',
            "V",
        ):
            decoder = decoder_for(wire, Quirks())
            text = template.replace("V", value)
            decoder.feed((text if wire == "ollama" else f"data: {text}").encode() + b"\n\n")
            decoder.finish()
            assert decoder.done


def test_a_value_is_json_up_to_a_depth() -> None:
    assert parse_json("[" * MAX_DEPTH + "]" * MAX_DEPTH) is not None
    assert parse_json("[" * (MAX_DEPTH + 1) + "]" * (MAX_DEPTH + 1)) is None
    flat: list[list[int]] = [[]] * 5_000
    assert parse_json(json.dumps(flat)) == flat
    assert parse_json(json.dumps(flat).encode()) == flat


def test_an_honest_tool_call_of_eight_megabytes_passes() -> None:
    piece = {"tool_calls": [{"index": 0, "function": {"name": "f", "arguments": "x" * (8 << 20)}}]}
    (event,) = decoder_for("chat", Quirks()).feed(chat_chunk(piece))
    assert isinstance(event, ToolCallDelta)


@pytest.mark.integration
def test_garbage_in_many_lines_costs_linear_time() -> None:
    decoder = decoder_for("ollama", Quirks())
    for _ in range(30):
        assert decoder.feed(b"x\n" * 30_000) == []


@pytest.mark.integration
@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc")
@pytest.mark.parametrize("wire", WIRES)
def test_a_million_tiny_events_leave_nothing_behind(wire: WireApi) -> None:
    unit = {
        "chat": b'data: {"choices":[{"delta":{"content":""}}]}\n\n: ping\n\nevent: x\nid: 1\n\n',
        "responses": b'data: {"type":"response.in_progress"}\n\n: ping\n\ndata:\n\n',
        "ollama": b'{"message":{"content":""},"done":false}\n\n{}\nx\n',
        "lmstudio": lmstudio_event("message.delta", content="")
        + lmstudio_event("tool_call.start", tool="x")
        + lmstudio_event("tool_call.arguments", arguments={"a": "b"}),
    }[wire] * 1_000
    decoder = decoder_for(wire, Quirks())
    decoder.feed(unit)
    before = resident_mib()
    for _ in range(333):
        decoder.feed(unit)
    assert not decoder.done
    assert resident_mib() - before < 16


def resident_mib() -> float:
    """What this process holds in memory now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE") / 2**20


@pytest.mark.parametrize("wire", ["chat", "responses", "lmstudio"])
def test_what_comes_behind_the_end_is_not_looked_at_even_in_the_same_read(wire: WireApi) -> None:
    data = b'data: {"error": {"message": "broken"}}\n\ndata: "\xff"\n\n: \xff\n\n'
    whole, cut = decoder_for(wire, Quirks()), decoder_for(wire, Quirks())
    (event,) = whole.feed(data)
    assert isinstance(event, StreamFailed)
    (other,) = [event for at in range(len(data)) for event in cut.feed(data[at : at + 1])]
    assert isinstance(other, StreamFailed)
    assert whole.finish() == cut.finish() == []
