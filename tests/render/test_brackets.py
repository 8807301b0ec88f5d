"""Brackets around thinking: where they open and close, and what is held back for them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ls.render.brackets import Brackets


def bracketed(*pieces: str, dim: bool = False) -> list[str]:
    brackets = Brackets(dim=dim)
    return [*(brackets.feed(piece) for piece in pieces), brackets.close()]


@pytest.mark.parametrize(
    ("pieces", "written"),
    [
        (["hm"], ["[hm", "]"]),
        (["The", " user"], ["[The", " user", "]"]),
        (["\n", "  \nhm"], ["", "[hm", "]"]),
        (["a\n\n", "b"], ["[a", "\n\nb", "]"]),
        (["a", "\n", "\n", "b"], ["[a", "", "", "\n\nb", "]"]),
        (["a\n\n"], ["[a", "]"]),
        (["a ", "b "], ["[a ", "b ", "]"]),
        (["a", " ", "b"], ["[a", " ", "b", "]"]),
        (["a\n", " ", "b"], ["[a", "", "\n b", "]"]),
        (["\n "], ["", ""]),
        ([], [""]),
    ],
)
def test_what_is_written_for_each_piece(pieces: list[str], written: list[str]) -> None:
    assert bracketed(*pieces) == written


def test_every_piece_is_dimmed_by_itself() -> None:
    assert bracketed("a", "b", dim=True) == [
        "\x1b[2m[a\x1b[22m",
        "\x1b[2mb\x1b[22m",
        "\x1b[2m]\x1b[22m",
    ]


def test_brackets_open_again_after_they_were_closed() -> None:
    brackets = Brackets(dim=False)
    written = [brackets.feed("a\n"), brackets.close(), brackets.feed("\nb"), brackets.close()]
    assert written == ["[a", "]", "[b", "]"]


@given(st.lists(st.text(alphabet="ab \n", min_size=1)))
def test_every_visible_character_is_written_at_once_and_nothing_else_is_lost(
    pieces: list[str],
) -> None:
    brackets = Brackets(dim=False)
    whole = ""
    seen = ""
    for piece in pieces:
        seen += piece
        whole += brackets.feed(piece)
        assert whole.removeprefix("[").rstrip() == seen.strip()
    whole += brackets.close()
    if not seen.strip():
        assert whole == ""
    else:
        assert (whole[0], whole[-1]) == ("[", "]")
        inside = whole[1:-1]
        assert inside.rstrip() == seen.strip()
        assert not inside.endswith("\n")
