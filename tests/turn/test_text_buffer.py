import tracemalloc

import pytest

from codex_ls.turn.record import TextBuffer


@pytest.mark.parametrize("count", [0, 1, 4095, 4096, 4097, 10_000])
def test_the_text_is_all_that_was_appended(count: int) -> None:
    pieces = TextBuffer()
    for number in range(count):
        pieces.append(f"{number} ")
        assert pieces
    assert bool(pieces) is (count > 0)
    assert pieces.text == "".join(f"{number} " for number in range(count))


def test_it_is_blank_until_something_is_to_be_seen() -> None:
    pieces = TextBuffer()
    assert pieces.is_blank
    for _ in range(5_000):
        pieces.append(" \n")
    assert pieces.is_blank
    pieces.append("a")
    for _ in range(5_000):
        pieces.append(" ")
    assert not pieces.is_blank


def test_a_long_text_takes_little_more_than_its_letters() -> None:
    pieces, count = TextBuffer(), 200_000
    tracemalloc.start()
    for number in range(count):
        pieces.append(f"{number % 10} wd ")
    taken, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert taken < 1.5 * len(pieces.text)
