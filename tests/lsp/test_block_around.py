import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ls.lsp.context import MAX_LINES, WHOLE_DOCUMENT_LINES, block_around, region_around
from codex_ls.lsp.documents import Text

FILLER = [f"x{number} = {number}" for number in range(WHOLE_DOCUMENT_LINES)]

PYTHON = """\
class Circle:
    def __init__(self, r):
        self.r = r

    def area(self):
        if self.r:
            return 3 * self.r

        return 0

a = 1
b = 2

c = 3
""".splitlines()

C = """\
int f(int a)
{
    if (a) {
        return 1;
    } else {
        return 2;
    }
}

int b;
""".splitlines()


def around(lines: list[str], first: int, last: int | None = None) -> tuple[int, int]:
    """The block in a long document, counted in `lines`."""
    before = len(FILLER) + 1
    start, end = region_around([*FILLER, "", *lines], before + first, before + (last or first))
    return start - before, end - before


@pytest.mark.parametrize(
    ("lines", "problem", "block"),
    [
        (PYTHON, 6, (0, 8)),
        (PYTHON, 2, (0, 8)),
        (PYTHON, 10, (10, 11)),
        (PYTHON, 13, (13, 13)),
        (C, 3, (0, 7)),
        (C, 9, (9, 9)),
    ],
)
def test_a_problem_brings_the_block_that_it_stands_in(
    lines: list[str], problem: int, block: tuple[int, int]
) -> None:
    assert around(lines, problem) == block


def test_a_small_document_is_one_region() -> None:
    assert region_around(["a", "", "b", "", ""], 0, 0) == (0, 2)
    assert region_around([""], 0, 0) == (0, 0)
    assert region_around(["a"], 7, 9) == (0, 0)


def test_a_block_that_is_too_long_is_not_taken_whole() -> None:
    body = [f"        x{number} = 1" for number in range(10)]
    methods = [line for number in range(20) for line in (f"    def m{number}(self):", *body, "")]
    first, last = around(["class Long:", *methods], 15)
    assert (first, last) == (13, 23)
    flat = [f"x{number} = 1" for number in range(1000)]
    start, end = region_around(flat, 500, 500)
    assert start <= 500 <= end
    assert end - start <= MAX_LINES


LINES = st.sampled_from(["a", "  b", "    c", "      d", "", "}", "  }"])


@given(st.lists(LINES, max_size=30), st.integers(1, 40), st.integers(0, 1300), st.integers(0, 3))
def test_in_a_long_document_only_what_is_near_is_looked_at(
    lines: list[str], times: int, first: int, more: int
) -> None:
    everything = [*lines * times, "end"]
    first = min(first, len(everything) - 1)
    last = min(first + more, len(everything) - 1)
    text = Text("\n".join(everything), encoding="utf-8")
    assert block_around(text, first, last) == region_around(everything, first, last)


def test_behind_the_end_of_a_long_document_is_its_end() -> None:
    text = Text("a\n" * 1000 + "\n" * 500, encoding="utf-8")
    expected = region_around(text.lines(0, 2000), 999, 999)
    assert expected == (879, 999)
    for line in (999, 1000, 1499, 5000):
        assert block_around(text, line, line) == expected
