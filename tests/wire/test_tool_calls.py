"""Fourteen ways to number the pieces of a tool call."""

from typing import Any

import pytest

from codex_ls.events import ToolCallDelta
from codex_ls.wire.tool_calls import ToolCallAssembler


def piece(
    arguments: Any = "",
    *,
    index: Any = None,
    id: Any = None,
    name: Any = None,
) -> dict[str, Any]:
    made: dict[str, Any] = {"function": {"arguments": arguments}}
    if name is not None:
        made["function"]["name"] = name
    if index is not None:
        made["index"] = index
    if id is not None:
        made["id"] = id
    return made


def assembled(pieces: list[Any]) -> list[tuple[str, str, str]]:
    calls: dict[int, list[str]] = {}
    assembler = ToolCallAssembler()
    for delta in (d for p in pieces for d in assembler.feed(p)):
        call = calls.setdefault(delta.index, ["", "", ""])
        call[0] = delta.call_id or call[0]
        call[1] = delta.name or call[1]
        call[2] += delta.arguments
    return [(a, b, c) for a, b, c in calls.values()]


F, G = ("a", "f", "{}"), ("b", "g", "{}")
CASES: dict[str, tuple[list[Any], list[tuple[str, str, str]]]] = {
    "index and id first": ([piece("{", index=0, id="a", name="f"), piece("}", index=0)], [F]),
    "no index": ([piece("{}", id="a", name="f"), piece("{}", id="b", name="g")], [F, G]),
    "index 0 for all": (
        [piece("{}", index=0, id="a", name="f"), piece("{}", index=0, id="b", name="g")],
        [F, G],
    ),
    "starts at 1": ([piece("{", index=1, id="a", name="f"), piece("}", index=1)], [F]),
    "id only first": ([piece("{", id="a", name="f"), piece("}")], [F]),
    "a new id on every piece": (
        [piece("{", index=0, id="a", name="f"), piece("}", index=0, id="x")],
        [F],
    ),
    "empty id later": (
        [piece("{", index=0, id="a", name="f"), piece("}", index=0, id="", name="")],
        [F],
    ),
    "no id at all": ([piece("{", index=0, name="f"), piece("}", index=0)], [("call_0", "f", "{}")]),
    "name later": ([piece(index=0, id="a"), piece("{}", index=0, name="f")], [F]),
    "name later with the id again": (
        [piece(index=0, id="a"), piece("{}", index=0, id="a", name="f")],
        [F],
    ),
    "whole in one": ([piece("{}", index=0, id="a", name="f")], [F]),
    "arguments null": ([piece(None, index=0, id="a", name="f"), piece("{}", index=0)], [F]),
    "arguments as an object": ([piece({}, index=0, id="a", name="f")], [F]),
    "two calls interleaved": (
        [
            piece("{", index=0, id="a", name="f"),
            piece("{", index=1, id="b", name="g"),
            piece("}", index=0),
            piece("}", index=1),
        ],
        [F, G],
    ),
    "nonsense": ([None, 3, "x", {}, {"function": None}], [("call_0", "", "")]),
}


@pytest.mark.parametrize("case", CASES)
def test_the_calls_come_out_whole(case: str) -> None:
    pieces, expected = CASES[case]
    assert assembled(pieces) == expected


def test_the_first_piece_carries_id_and_name() -> None:
    assembler = ToolCallAssembler()
    assert assembler.feed(piece("{", index=0, id="a", name="f")) == [
        ToolCallDelta(0, "a", "f", "{")
    ]
    assert assembler.feed(piece("}", index=0, id="a")) == [ToolCallDelta(0, arguments="}")]
