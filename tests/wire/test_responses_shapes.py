"""Responses answers with whatever gateways leave out: all of the text comes out, and none of it twice."""

import json
from dataclasses import dataclass, replace
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from codex_ls.events import ContentDelta, ReasoningDelta, StreamFinished
from codex_ls.wire import Quirks
from codex_ls.wire.decoder import decoder_for

WORDS = ("One. ", "Two, three. ", "Four five six. ", "Seven! ")


@dataclass(frozen=True)
class Item:
    """One item of an answer, and which events carry its text."""

    kind: str  # message, reasoning
    pieces: tuple[str, ...]
    streamed: int  # how many of the pieces come as deltas
    text_done: bool
    item_done: bool

    @property
    def text(self) -> str:
        return "".join(self.pieces)


@st.composite
def items(draw: st.DrawFn) -> Item:
    words = draw(st.lists(st.sampled_from(WORDS), min_size=1, max_size=4))
    pieces = tuple(words)
    return Item(
        draw(st.sampled_from(["message", "reasoning"])),
        pieces,
        draw(st.integers(0, len(pieces))),
        draw(st.booleans()),
        draw(st.booleans()),
    )


def whole(item: Item, number: int, *, has_id: bool) -> dict[str, Any]:
    part = "output_text" if item.kind == "message" else "reasoning_text"
    value = {"type": item.kind, "content": [{"type": part, "text": item.text}]}
    return {"id": f"i{number}", **value} if has_id else value


@given(
    st.lists(items(), min_size=1, max_size=4),
    st.booleans(),
    st.booleans(),
    st.booleans(),
    st.sampled_from(["response", "beside", "nowhere"]),
    st.integers(0, 10_000),
)
@settings(max_examples=150, deadline=None, derandomize=True, database=None)
def test_all_of_the_text_comes_out_once(
    given_items: list[Item],
    has_ids: bool,
    has_indexes: bool,
    has_added: bool,
    output: str,
    draw_cut: int,
) -> None:
    # Nothing can tell where a nameless item that broke off in the middle ends and the next begins.
    is_torn = any(
        0 < item.streamed < len(item.pieces) and not (item.text_done or item.item_done)
        for item in given_items[:-1]
    )
    assume(has_ids or has_indexes or not is_torn)
    events: list[dict[str, Any]] = []
    expected = {"message": "", "reasoning": ""}
    # No two items have the same text, or nothing could tell whether one was repeated.
    given_items = [
        replace(item, pieces=(f"({number}) {item.pieces[0]}", *item.pieces[1:]))
        for number, item in enumerate(given_items)
    ]
    for number, item in enumerate(given_items):
        place: dict[str, Any] = {"item_id": f"i{number}"} if has_ids else {}
        index = {"output_index": number} if has_indexes else {}
        name = "output_text" if item.kind == "message" else "reasoning_text"
        if has_added:
            bare = {"type": item.kind, "content": []} | ({"id": f"i{number}"} if has_ids else {})
            events.append({"type": "response.output_item.added", "item": bare, **index})
        for piece in item.pieces[: item.streamed]:
            events.append({"type": f"response.{name}.delta", "delta": piece, **place, **index})
        if item.text_done:
            events.append({"type": f"response.{name}.done", "text": item.text, **place, **index})
        if item.item_done:
            done = whole(item, number, has_id=has_ids)
            events.append({"type": "response.output_item.done", "item": done, **index})
        is_carried = item.text_done or item.item_done or output != "nowhere"
        text = item.text if is_carried else "".join(item.pieces[: item.streamed])
        expected[item.kind] += text
    every = [whole(item, number, has_id=has_ids) for number, item in enumerate(given_items)]
    end: dict[str, Any] = {"type": "response.completed"}
    if output == "response":
        end["response"] = {"status": "completed", "output": every}
    elif output == "beside":
        end["output"] = every
    events.append(end)

    body = "".join(f"data: {json.dumps(event)}\n\n" for event in events).encode()
    cut = draw_cut % len(body)
    decoder = decoder_for("responses", Quirks())
    out = decoder.feed(body[:cut]) + decoder.feed(body[cut:]) + decoder.finish()
    content = "".join(event.text for event in out if isinstance(event, ContentDelta))
    reasoning = "".join(event.text for event in out if isinstance(event, ReasoningDelta))
    assert isinstance(out[-1], StreamFinished)
    assert out[-1].complete
    # What only the end brings may stand behind what came before it.
    assert sorted(content) == sorted(expected["message"]), events
    assert sorted(reasoning) == sorted(expected["reasoning"]), events
