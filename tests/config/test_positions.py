"""Every way TOML has to write a key, and where it stands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ls.config.positions import Duplicate, KeyPath, Position, scan


def at(line: int, column: int) -> Position:
    return Position(line, column)


@pytest.mark.parametrize(
    ("text", "path", "key", "value"),
    [
        ("a = 1", ("a",), at(1, 1), at(1, 5)),
        ("\n\n  a=1", ("a",), at(3, 3), at(3, 5)),
        ("# a = 0\na = 1 # a = 2", ("a",), at(2, 1), at(2, 5)),
        ("a.b . c = 1", ("a", "b", "c"), at(1, 7), at(1, 11)),
        ("a.b = 1\na.c = 2", ("a", "c"), at(2, 3), at(2, 7)),
        ("\"a.b\".'c d' = 1", ("a.b", "c d"), at(1, 7), at(1, 15)),
        ('"\\u0061" = 1', ("a",), at(1, 1), at(1, 12)),
        ("[t]\nx = 1\n[t.u]\ny = 2", ("t", "u", "y"), at(4, 1), at(4, 5)),
        ("[t]\n[ t . u ]\ny = 2", ("t", "u"), at(2, 7), at(2, 7)),
        ("[a.b.c]", ("a", "b"), at(1, 4), at(1, 4)),
        ("[[r]]\nx = 1\n[[r]]\nx = 2", ("r", 1, "x"), at(4, 1), at(4, 5)),
        ("[[r]]\n[[r]]\n[r.s]\nx = 2", ("r", 1, "s", "x"), at(4, 1), at(4, 5)),
        ("i = { x = 1, y.z = 2 }", ("i", "y", "z"), at(1, 16), at(1, 20)),
        ("i = { x = { y = 1 } }", ("i", "x", "y"), at(1, 13), at(1, 17)),
        ("l = [1, # ]\n  2,\n]\nm = 3", ("l", 1), at(1, 1), at(2, 3)),
        ("l = [1, # ]\n  2,\n]\nm = 3", ("m",), at(4, 1), at(4, 5)),
        ("l = [{ x = 1 }, { x = 2 }]", ("l", 1, "x"), at(1, 19), at(1, 23)),
        ('s = """\na = 1\n"""\na = 2', ("a",), at(4, 1), at(4, 5)),
        ('s = """a\\"""b"""\na = 2', ("a",), at(2, 1), at(2, 5)),
        ('s = """""""a"""""\na = 2', ("a",), at(2, 1), at(2, 5)),
        ("s = '''\n[t]\na = 1'''\na = 2", ("a",), at(4, 1), at(4, 5)),
        ('s = "a = \\" # [t]"\na = 2', ("a",), at(2, 1), at(2, 5)),
        ("s = 'a = # [t]'\na = 2", ("a",), at(2, 1), at(2, 5)),
        ("d = 1979-05-27 07:32:00Z # x\na = 2", ("a",), at(2, 1), at(2, 5)),
        ('"日本" = 1\n"é".x = 2', ("é", "x"), at(2, 5), at(2, 9)),
        ("nonsense here\n= 5\n[[[\na = 1", ("a",), at(4, 1), at(4, 5)),
        ("[t]\nx = 1", ("t", "missing"), at(1, 2), at(1, 2)),
        ("x = 1", ("missing",), at(1, 1), at(1, 1)),
        ("", ("missing",), at(1, 1), at(1, 1)),
    ],
)
def test_positions(text: str, path: KeyPath, key: Position, value: Position) -> None:
    positions = scan(text)
    assert (positions.key(path), positions.value(path)) == (key, value)


@pytest.mark.parametrize(
    ("text", "path", "first", "second"),
    [
        ("a = 1\na = 2", ("a",), at(1, 1), at(2, 1)),
        ("[t]\nx = 1\n[t]", ("t",), at(1, 1), at(3, 1)),
        ("[t]\nx = 1\nx = 2", ("t", "x"), at(2, 1), at(3, 1)),
        ("t.x = 1\n[t]\n[u]\n[t]", ("t",), at(2, 1), at(4, 1)),
        ("a = 1\n[a]", ("a",), at(1, 1), at(2, 1)),
        ("i = { x = 1, x = 2 }", ("i", "x"), at(1, 7), at(1, 14)),
        ('a = 1\n"a" = 2', ("a",), at(1, 1), at(2, 1)),
    ],
)
def test_duplicates(text: str, path: KeyPath, first: Position, second: Position) -> None:
    assert scan(text).duplicates == [Duplicate(path, first, second)]


@pytest.mark.parametrize(
    "text",
    [
        "[t]\n[t.u]\n[v]\n[t.w]",
        "[t.u]\n[t]",
        "[[r]]\nx = 1\n[[r]]\nx = 1",
        "[a]\nx = 1\n[b]\nx = 1",
        "l = [{ x = 1 }, { x = 1 }]",
    ],
)
def test_what_only_looks_like_a_duplicate(text: str) -> None:
    assert scan(text).duplicates == []


def test_deep_nesting_ends() -> None:
    assert scan("a = " + "[" * 100_000).key(("a",)) == at(1, 1)
    assert scan("a = " + "{x=" * 100_000).key(("a",)) == at(1, 1)


@pytest.mark.integration
@pytest.mark.parametrize("line", ['x = """\n', "x = '''\n", 'x = "\\\n', "[[x]]\n", "x = [[[[\n"])
def test_a_mebibyte_of_anything_is_scanned(line: str) -> None:
    scan(line * (1024 * 1024 // len(line)))


@given(st.text(alphabet=st.sampled_from("ab.=[]{}\"'#\\,1\n\t ")))
def test_no_text_makes_it_raise(text: str) -> None:
    scan(text)
