"""What holds for every stream, not only for the recorded ones: generated ones and broken ones."""

import json
import random
from collections.abc import Callable, Iterable
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codex_ls.dev.corpus import Case, coalesce, load_cases, notate
from codex_ls.events import (
    ContentDelta,
    PhaseChanged,
    ReasoningDelta,
    Reclassified,
    StreamFailed,
    StreamFinished,
    WireEvent,
)
from codex_ls.wire import WireApi
from codex_ls.wire.decoder import Decoder, decoder_for
from codex_ls.wire.families import PAIRS
from codex_ls.wire.quirks import Quirks
from tests.support.streams import (
    DONE,
    Answer,
    chat_chunk,
    chat_stream,
    lmstudio_event,
    lmstudio_stream,
    ollama_stream,
    responses_stream,
)

TAGS = sorted(
    {tag for pair in PAIRS for tag in (*pair.openers, *pair.closers, pair.opener + pair.label)},
    key=len,
    reverse=True,
)
LONGEST_MARKER = max(map(len, TAGS))
WIRES: tuple[WireApi, ...] = ("chat", "responses", "ollama", "lmstudio")
STREAMED = [case for case in load_cases() if case.status == 200]

careful = settings(max_examples=150, derandomize=True, database=None, deadline=None)

# ---- what models write: words, white space, tags, and pieces that look like tags ----

fragments = st.one_of(
    st.sampled_from([" ", "\n", "\n\n", "word", "4", "<", "</", "`", "```\n", "é", "😀", "2 < 3"]),
    st.sampled_from(["<think>", "</think>", "<thi", "think>", "[THINK]", "[/THINK]", "<thinking>"]),
    st.sampled_from(["</thinking>", "◁think▷", "◁/think▷", "<tool_call>", "<|channel>thought\n"]),
    st.text(max_size=5),
)
texts = st.lists(fragments, max_size=12).map("".join)


def decode(decoder: Decoder, chunks: Iterable[bytes]) -> list[WireEvent]:
    """All events of a stream fed like this."""
    events: list[WireEvent] = []
    for chunk in chunks:
        events += decoder.feed(chunk)
    return events + decoder.finish()


def chat(pieces: Iterable[str], quirks: Quirks | None = None) -> list[WireEvent]:
    """The events of content deltas with these texts."""
    stream = [chat_chunk({"content": piece}) for piece in pieces]
    stream += [chat_chunk({}, finish_reason="stop"), DONE]
    return decode(decoder_for("chat", quirks or Quirks()), stream)


def cut(data: Any, places: Iterable[int]) -> list[Any]:
    """`data` cut at these places (modulo its length)."""
    bounds = [0, *sorted(place % (len(data) + 1) for place in places), len(data)]
    return [data[start:end] for start, end in pairwise(bounds)]


cuts = st.lists(st.integers(0, 10_000), max_size=10)

# ---- chunking never matters ----


@careful
@given(texts, cuts, st.sampled_from(["", "gpt-oss", "forced"]))
def test_the_same_text_in_other_deltas_gives_the_same_events(
    text: str, places: list[int], kind: str
) -> None:
    quirks = Quirks(harmony=kind == "gpt-oss", forced_open=kind == "forced")
    whole = coalesce(notate(chat([text], quirks)))
    assert coalesce(notate(chat(cut(text, places), quirks))) == whole
    assert coalesce(notate(chat(list(text), quirks))) == whole


line_ends = st.sampled_from(["\n\n", "\r\n\r\n", "\r\r", "\n"])
deltas = st.fixed_dictionaries(
    {},
    optional={
        "content": st.none() | texts,
        "reasoning_content": st.none() | texts,
        "reasoning": texts,
        "role": st.just("assistant"),
        "tool_calls": st.just([{"index": 0, "id": "c", "function": {"name": "f"}}]),
    },
)
chat_lines = st.lists(
    st.one_of(
        deltas.map(lambda delta: {"choices": [{"index": 0, "delta": delta}]}),
        st.just({"choices": [], "usage": {"prompt_tokens": 1, "completion_tokens": 2}}),
        st.just({"error": {"message": "broken", "code": 500}}),
    ).map(json.dumps)
    | st.sampled_from(["[DONE]", "", "not json"]),
    max_size=8,
)


@careful
@given(chat_lines, line_ends, st.sampled_from(["data: ", "data:"]), cuts, st.booleans())
def test_the_same_bytes_in_other_reads_give_the_same_events(
    lines: list[str], end: str, prefix: str, places: list[int], bom: bool
) -> None:
    data = b"\xef\xbb\xbf" * bom + "".join(prefix + line + end for line in lines).encode()
    whole = coalesce(notate(decode(decoder_for("chat", Quirks()), [data])))
    for chunks in (cut(data, places), [data[at : at + 1] for at in range(len(data))]):
        assert coalesce(notate(decode(decoder_for("chat", Quirks()), chunks))) == whole


lmstudio_kinds = st.sampled_from(
    [
        "chat.start",
        *(f"model_load.{part}" for part in ("start", "progress", "end")),
        *(f"prompt_processing.{part}" for part in ("start", "progress", "end")),
        "reasoning.delta",
        "message.delta",
        *(f"tool_call.{part}" for part in ("start", "arguments", "failure")),
        "error",
        "chat.end",
        "new.kind",
    ]
)
any_value = st.one_of(
    st.none(), st.booleans(), st.floats(), st.integers(), texts, st.just([]), st.just({"type": "x"})
)
lmstudio_fields = st.dictionaries(
    st.sampled_from(["content", "progress", "load_time_seconds", "tool", "reason", "result"]),
    any_value
    | st.dictionaries(
        st.sampled_from(["output", "stats", "response_id"]),
        any_value | st.lists(st.fixed_dictionaries({"type": any_value, "content": any_value})),
    ),
    max_size=3,
)


@careful
@given(st.lists(st.tuples(lmstudio_kinds, lmstudio_fields), max_size=8), cuts)
def test_any_values_in_any_order_of_lm_studios_events_are_typed_however_cut(
    told: list[tuple[str, dict[str, Any]]], places: list[int]
) -> None:
    data = b"".join(lmstudio_event(kind, **fields) for kind, fields in told)
    whole = decode(decoder_for("lmstudio", Quirks()), [data])
    check_typed(whole)
    for event in whole:
        if isinstance(event, PhaseChanged):
            assert event.fraction is None or 0 <= event.fraction <= 1
    again = decode(decoder_for("lmstudio", Quirks()), cut(data, places))
    assert coalesce(notate(again)) == coalesce(notate(whole))


# ---- every wire ends in the same events ----

BUILDERS: dict[WireApi, Callable[..., Answer]] = {
    "chat": chat_stream,
    "responses": responses_stream,
    "ollama": ollama_stream,
    "lmstudio": lmstudio_stream,
}
words = st.lists(st.sampled_from(["a", " b", "\n", "é", "😀", "1 < 2"]), min_size=1, max_size=6)


@careful
@given(words, words)
def test_the_same_turn_is_the_same_on_every_wire(reasoning: list[str], content: list[str]) -> None:
    def told(wire: WireApi, answer: Answer) -> list[Any]:
        notes = coalesce(notate(decode(decoder_for(wire, Quirks()), [answer.payload])))
        told = [note.get("reasoning", note.get("content", note.get("usage"))) for note in notes]
        return [*told[:-1], notes[-1]["finished"]["reason"]]

    usage = (12, 3)
    figures = {"input_tokens": 12, "output_tokens": 3}
    expected = ["".join(reasoning), "".join(content), figures, "stop"]
    for wire, build in BUILDERS.items():
        assert told(wire, build(reasoning=reasoning, content=content, usage=usage)) == expected


# ---- nothing is lost ----


@careful
@given(texts)
def test_nothing_is_lost_but_tags_and_the_white_space_around_them(text: str) -> None:
    shown = "".join(
        event.text for event in chat([text]) if isinstance(event, (ReasoningDelta, ContentDelta))
    )
    for removed in removed_parts(text, shown):
        rest = removed
        for tag in TAGS:
            rest = rest.replace(tag, "")
        assert rest.strip() == "", (text, removed)
        assert removed != rest or not removed.strip(), (text, removed)


def removed_parts(text: str, shown: str) -> list[str]:
    """The runs of `text` that are not in `shown`, which must be what is left of it, in order."""
    parts: list[str] = []
    at, run = 0, ""
    while text:
        if at < len(shown) and text[0] == shown[at]:
            tag = next((tag for tag in TAGS if text.startswith(tag)), None)
            if tag is None or shown.startswith(tag, at):
                text, at, parts, run = text[1:], at + 1, [*parts, run] if run else parts, ""
                continue
        tag = next((tag for tag in TAGS if text.startswith(tag)), None)
        run += tag or text[0]
        text = text[len(tag or text[0]) :]
    assert at == len(shown), "something was shown that was never sent"
    return [*parts, run] if run else parts


plain = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="<[◁|`~"), min_size=1)


@careful
@given(st.lists(st.tuples(st.booleans(), plain), min_size=1, max_size=10))
def test_fields_are_handed_on_as_they_came(pieces: list[tuple[bool, str]]) -> None:
    names = {True: "reasoning_content", False: "content"}
    stream = [chat_chunk({names[thinks]: text}) for thinks, text in pieces]
    events = decode(decoder_for("chat", Quirks()), [*stream, DONE])
    expected = "".join(f"\0{thinks}" + text for thinks, text in runs(pieces))
    got = [
        (isinstance(event, ReasoningDelta), event.text)
        for event in events
        if isinstance(event, (ReasoningDelta, ContentDelta))
    ]
    assert "".join(f"\0{thinks}" + text for thinks, text in runs(got)) == expected


def runs(pieces: Iterable[tuple[bool, str]]) -> list[tuple[bool, str]]:
    """Neighbouring pieces of one kind joined."""
    joined: list[tuple[bool, str]] = []
    for kind, text in pieces:
        if joined and joined[-1][0] == kind:
            joined[-1] = (kind, joined[-1][1] + text)
        else:
            joined.append((kind, text))
    return joined


@careful
@given(texts)
def test_less_than_a_marker_is_ever_held_back(text: str) -> None:
    for end in range(1, len(text) + 1):
        decoder = decoder_for("chat", Quirks())
        for char in text[:end]:
            decoder.feed(chat_chunk({"content": char}))
        held = "".join(
            event.text
            for event in decoder.finish()
            if isinstance(event, (ReasoningDelta, ContentDelta))
        )
        assert len(held.strip()) < LONGEST_MARKER


# ---- whatever comes, the result is typed and ends once ----


def check_typed(events: list[WireEvent]) -> None:
    ends = [event for event in events if isinstance(event, (StreamFinished, StreamFailed))]
    assert ends == events[-1:]
    for event in events:
        if isinstance(event, (ReasoningDelta, ContentDelta)):
            assert event.text
    answers = [event for event in events if isinstance(event, (ContentDelta, Reclassified))]
    assert not answers or isinstance(answers[0], ContentDelta), "nothing to reclassify yet"


@careful
@given(st.sampled_from(WIRES), st.binary(max_size=300), cuts)
def test_random_bytes_give_typed_results(wire: WireApi, data: bytes, places: list[int]) -> None:
    check_typed(decode(decoder_for(wire, Quirks()), cut(data, places)))


@pytest.mark.parametrize("seed", range(40))
def test_damaged_streams_give_typed_results_however_cut(seed: int) -> None:
    chance = random.Random(seed)
    for case in chance.sample(STREAMED, 10):
        data = damaged(case, chance)
        decoder = case.decoder
        whole = decode(decoder(), [data])
        check_typed(whole)
        places = [chance.randrange(len(data) + 1) for _ in range(6)]
        assert coalesce(notate(decode(decoder(), cut(data, places)))) == coalesce(notate(whole))


def damaged(case: Case, chance: random.Random) -> bytes:
    """The body with a few bytes changed, dropped, doubled or put in."""
    data = bytearray(case.body)
    for _ in range(chance.randint(1, 8)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(4):
            case 0 if at < len(data):
                data[at] = chance.randrange(256)
            case 1:
                del data[at : at + chance.randint(1, 30)]
            case 2:
                data[at:at] = data[at : at + chance.randint(1, 60)]
            case _:
                data[at:at] = chance.choice([b"\r", b"\n", b'"', b"{", b"</think>", b"\xff", b"\0"])
    return bytes(data)
