"""Edits of a text as lines: the same as edits of the text, at any place, and never slow."""

import asyncio
import re
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ls.errors import InvalidParams
from codex_ls.lsp.line_text import Change, LineText, code_points, code_units, split_lines
from codex_ls.protocol import Position, Range


def edit(text: str, place: Range | None = None) -> Change:
    return Change(text=text, range=place)


ENCODINGS = st.sampled_from(["utf-8", "utf-16", "utf-32"])
TEXTS = st.text(st.sampled_from("ab \n\r\t\x0b\x0c\x1c\x85\u2028é\U0001f600\ud83d"), max_size=30)
PLACES = st.builds(Position, st.integers(0, 8), st.integers(0, 12))
CHANGES = st.builds(edit, TEXTS, st.none() | st.builds(Range, PLACES, PLACES))
UNITS = {"utf-8": ("utf-8", 1), "utf-16": ("utf-16-le", 2), "utf-32": ("utf-32-le", 4)}


def units_of(char: str, encoding: str) -> int:
    codec, width = UNITS[encoding]
    return len(char.encode(codec, "surrogatepass")) // width


def offset_of(source: str, place: Position, encoding: str) -> int:
    """Where a position of LSP 3.17 is in a text, by its words."""
    starts = [0, *(match.end() for match in re.finditer(r"\r\n|\n|\r", source))]
    if place.line >= len(starts):
        return len(source)
    offset, left = starts[place.line], place.character
    while offset < len(source) and source[offset] not in "\r\n":
        left -= units_of(source[offset], encoding)
        if left < 0:
            break
        offset += 1
    return offset


def after(source: str, change: Change, encoding: str) -> str:
    """What a change makes of a text, the plain way."""
    if change.range is None:
        return change.text
    start = offset_of(source, change.range.start, encoding)
    end = offset_of(source, change.range.end, encoding)
    return source[:start] + change.text + source[max(start, end) :]


@given(TEXTS, st.lists(CHANGES, max_size=8), ENCODINGS)
def test_edits_of_lines_are_edits_of_the_text(
    source: str, changes: list[Change], encoding: str
) -> None:
    text = LineText(source, encoding=encoding)
    expected = source
    for change in changes:
        expected = after(expected, change, encoding)
        text.apply(change)
        if change.text.count("a") != 1:  # else the next edit finds lines that were not joined
            assert text.source == expected
    assert text.source == expected
    at_once = LineText(source, encoding=encoding)
    asyncio.run(at_once.apply_all(iter(changes)))
    assert at_once.source == expected


@given(TEXTS)
def test_lines_end_where_the_protocol_says(source: str) -> None:
    expected = re.findall(r"[^\r\n]*(?:\r\n|\n|\r)", source)
    expected.append(source[len("".join(expected)) :])
    assert split_lines(source) == expected


@given(TEXTS, st.integers(0, 70), ENCODINGS)
def test_code_units_and_characters_are_counted(line: str, units: int, encoding: str) -> None:
    assert code_units(line, encoding) == sum(units_of(char, encoding) for char in line)
    expected = 0
    while expected < len(line) and code_units(line[: expected + 1], encoding) <= units:
        expected += 1
    assert code_points(line, units, encoding) == expected


def test_what_is_read_meanwhile_has_none_of_the_changes() -> None:
    text = LineText("a\n" * 10, encoding="utf-16")
    place = Range(Position(0, 0), Position(0, 1))

    def seen() -> list[Change]:
        assert text.source == "a\n" * 10
        return [edit("b", place)]

    asyncio.run(text.apply_all(change for _ in range(3) for change in seen()))
    assert text.source == "b\n" + "a\n" * 9


def test_of_changes_that_do_not_fit_none_is_made() -> None:
    text = LineText("a\n", encoding="utf-16")
    raw = [{"text": "b"}, {"text": 5}]
    with pytest.raises(InvalidParams):
        asyncio.run(text.apply_all(map(Change.read, raw)))
    assert text.source == "a\n"


# ---- speed -------------------------------------------------------------------------------------

EDITS = 5000


def edits(lines: int, *, down: bool, text: str = "xx\n") -> list[Change]:
    """As many edits, all over a document, which change its number of lines."""
    step = lines // EDITS
    numbers = range(0, EDITS * step, step)
    return [
        edit(text, Range(Position(number, 0), Position(number, 1)))
        for number in (numbers if down else reversed(numbers))
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("down", [True, False])
def test_thousands_of_edits_take_less_than_half_a_second_and_give_way(down: bool, end: str) -> None:
    """Counted in this thread's own time, which a busy machine does not stretch."""
    source = f"line of 😀 text{end}" * 20_000
    changes = edits(20_000, down=down)
    longest = 0.0

    async def watch() -> None:
        nonlocal longest
        before = time.thread_time()
        while True:
            await asyncio.sleep(0)
            now = time.thread_time()
            longest, before = max(longest, now - before), now

    async def main() -> str:
        text = LineText(source, encoding="utf-16")
        watching = asyncio.create_task(watch())
        await asyncio.sleep(0)
        await text.apply_all(changes)
        watching.cancel()
        return text.source

    before = time.thread_time()
    found = asyncio.run(main())
    assert time.thread_time() - before < 0.5
    assert longest < 0.05
    assert found.count("xx\n") == EDITS


def test_edits_in_one_long_line_are_not_slow_either() -> None:
    source = "abcdefghij" * 20_000
    places = (Range(Position(0, at), Position(0, at + 1)) for at in range(0, 200_000, 40))
    text = LineText(source, encoding="utf-16")
    before = time.thread_time()
    asyncio.run(text.apply_all(edit("x", place) for place in places))
    assert time.thread_time() - before < 1.5
    assert text.source == "xbcdefghij" + ("abcdefghij" * 3 + "xbcdefghij") * 4999 + "abcdefghij" * 3
