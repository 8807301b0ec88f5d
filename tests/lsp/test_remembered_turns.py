"""What is remembered of turns, and for how long."""

from hypothesis import given
from hypothesis import strategies as st

from codex_ls.lsp.documents import Snapshot
from codex_ls.lsp.remembered_turns import (
    RememberedTurn,
    RememberedTurns,
    digest,
    digests_of,
    is_as_seen,
)
from codex_ls.protocol import Position, Range


def at(first: int, start: int, last: int, end: int) -> Range:
    return Range(Position(first, start), Position(last, end))


def test_the_oldest_turns_are_forgotten_first() -> None:
    turns = RememberedTurns(max_turns=2, max_chars=10)
    for name in "abc":
        turns.add(name, RememberedTurn("h", name))
    assert [turns.get(name) for name in "abc"] == [
        None,
        RememberedTurn("h", "b"),
        RememberedTurn("h", "c"),
    ]
    turns.add("d", RememberedTurn("h", "x" * 10))
    assert [turns.get(name) is not None for name in "bcd"] == [False, False, True]
    turns.add("e", RememberedTurn("h", "x" * 50))
    assert (turns.get("d"), turns.get("e")) == (None, RememberedTurn("h", "x" * 50))


SOURCE = "import a\n\ndef f():\n    return 1\n\nx = 1\n"


def test_a_place_is_known_again_wherever_it_has_moved() -> None:
    seen = digests_of(Snapshot(SOURCE), at(2, 0, 3, 12), None)
    moved = Snapshot("# new\n" + SOURCE.replace("x = 1", "y = 2"))
    assert is_as_seen(seen, moved, at(3, 0, 4, 12))
    assert is_as_seen(seen, moved, at(3, 0, 5, 0))
    assert is_as_seen(seen, moved, at(3, 2, 4, 3))  # the lines of it
    assert not is_as_seen(seen, moved, at(2, 0, 3, 12))
    assert not is_as_seen(seen, moved, at(3, 0, 3, 8))
    assert not is_as_seen(seen, Snapshot(SOURCE.replace("1", "2")), at(2, 0, 3, 12))


def test_in_an_unchanged_document_every_place_is_as_it_was() -> None:
    seen = digests_of(Snapshot(SOURCE))
    for place in (at(0, 0, 0, 0), at(2, 0, 2, 8), at(9, 0, 9, 0)):
        assert is_as_seen(seen, Snapshot(SOURCE), place)
        assert not is_as_seen(seen, Snapshot(SOURCE + "\n#"), place)


def test_what_is_empty_tells_nothing() -> None:
    assert digests_of(Snapshot(" \n\n"), at(0, 0, 0, 0)) == frozenset()
    assert not is_as_seen(frozenset(), Snapshot(""), at(0, 0, 0, 0))


@given(st.text(), st.sampled_from(["\r\n", "\r"]))
def test_line_ends_do_not_count(text: str, end: str) -> None:
    plain = text.replace("\r", "")
    assert digest(plain) == digest(plain.replace("\n", end))
