import pytest

from codex_ls.lsp.region import MAX_LINES, WHOLE_DOCUMENT_LINES, region_around

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
    """The region in a long document, counted in `lines`."""
    before = len(FILLER) + 1
    start, end = region_around([*FILLER, "", *lines], before + first, before + (last or first))
    return start - before, end - before


@pytest.mark.parametrize(
    ("lines", "problem", "region"),
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
    lines: list[str], problem: int, region: tuple[int, int]
) -> None:
    assert around(lines, problem) == region


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
