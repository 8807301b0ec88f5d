import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ls.lsp.documents import Text
from codex_ls.lsp.replacement import Edit, NotClear, code_of, edits_from, lines_of


def applied(source: str, edits: tuple[Edit, ...], *, encoding: str) -> str:
    """What an editor makes of a document with the edits, which are all of the old one."""
    text = Text(source, encoding=encoding)
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        start, end = text.offset(*edit.start), text.offset(*edit.end)
        source = source[:start] + edit.text + source[end:]
    return source


LINES = st.lists(st.sampled_from(["a", "b", "  c", "", "é", "\U0001f600"]), min_size=1, max_size=8)


@given(
    LINES, LINES, st.sampled_from(["\n", "\r\n", "\r"]), st.booleans(), st.data(),
    st.sampled_from(["utf-8", "utf-16", "utf-32"]),
)  # fmt: skip
def test_what_is_applied_is_the_answers_code_in_the_place_of_the_lines(
    old: list[str], new: list[str], end: str, ends: bool, data: st.DataObject, encoding: str
) -> None:
    first = data.draw(st.integers(0, len(old) - 1))
    last = data.draw(st.integers(first, len(old) - 1))
    source = end.join(old) + (end if ends else "")
    answer = "```\n" + "\n".join(["x", *new, "x"]) + "\n```"
    edits = edits_from(answer, source, first=first, last=last, encoding=encoding)
    wanted = ["x", *new, "x"]
    margin = {line[: len(line) - len(line.lstrip())] for line in old[first : last + 1] if line}
    if margin == {"  "}:
        wanted = [f"  {line}" if line else line for line in wanted]
    expected = end.join([*old[:first], *wanted, *old[last + 1 :]]) + (end if ends else "")
    if len(lines_of(source)) == 1:  # no line end to go by
        expected = expected.replace(end, "\n") if not ends else expected
    assert applied(source, edits, encoding=encoding) == expected


def test_only_the_lines_that_differ_are_edited() -> None:
    source = "a\nb\nc\nd\ne\n"
    edits = edits_from("```\na\nB\nc\nd\nnew\ne\n```", source, first=0, last=4, encoding="utf-16")
    assert [edit.as_json() for edit in edits] == [
        {
            "range": {"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 0}},
            "newText": "B\n",
        },
        {
            "range": {"start": {"line": 4, "character": 0}, "end": {"line": 4, "character": 0}},
            "newText": "new\n",
        },
    ]


@pytest.mark.parametrize(
    ("answer", "old", "code"),
    [
        ("```\nx = 2\n```", ["    x = 1"], ["    x = 2"]),
        ("```\n    x = 2\n```", ["    x = 1"], ["    x = 2"]),
        ("```\n\nif a:\n\n\tb\n\n```", ["\tif a:"], ["\tif a:", "", "\t\tb"]),
        ("```\n7 x = 2\n8 \n9 y\n```", ["x", "", "y"], ["x = 2", "", "y"]),
        ("```\n 7 x\n\n 9 y\n10\n11   z\n```", ["x", "y"], ["x", "", "y", "", "  z"]),
        ("```\n7 x\n9 y\n```", ["x", "gone", "y"], ["x", "y"]),
        ("```\n1 x\n2 y\n```", ["1 a", "2 b"], ["1 x", "2 y"]),
        ("```\n7 x\ny\n```", ["x", "y"], ["7 x", "y"]),
        ("So:\n1. ```py\n   x\n   ```", ["y"], ["x"]),
        ("```\n# ... more\n```", ["# ... more", "x"], ["# ... more"]),
        ("```\n```\n```\nx\n```", ["y"], ["x"]),
        ("````md\n```\nx\n```\n````", ["y"], ["```", "x", "```"]),
    ],
)
def test_code_is_put_where_the_old_code_stood(answer: str, old: list[str], code: list[str]) -> None:
    assert code_of(answer, old, first_number=7) == code


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("", "it has no block of code"),
        ("`x = 2`", "it has no block of code"),
        ("```\n\n```", "it has no block of code"),
        ("```\na\n```\n```\nb\n```", "it has 2 blocks of code"),
        ("```\na", "its block of code has no end"),
        ("```\n" + "a\n" * 5000 + "```", "its code is far too long"),
        ("```\n1 a\n1 b\n2 c\n```", "its lines have numbers that are not in order"),
        ("```\n0 a\n1 b\n2 c\n```", "its lines have numbers that are not in order"),
        ("```\n1 a\nb\n2 c\n```", "its lines have numbers that are not in order"),
        ("```diff\n-a\n+b\n```", "its code is a diff"),
        ("```\na\n    // ... the rest\n```", "it leaves out some of the code"),
        (
            "> ```\n> a\n> ```\n\n```\nb\n```",
            "it does not say clearly where its code begins and ends",
        ),
        (
            "> ```\na\n```\nprose\n> ```\nb\n```",
            "it does not say clearly where its code begins and ends",
        ),
        ("```\nprose\nsee ```b\n```", "it does not say clearly where its code begins and ends"),
        ("```\n# … unchanged\n```", "it leaves out some of the code"),
    ],
)
def test_an_answer_that_could_mean_two_things_is_refused(answer: str, why: str) -> None:
    with pytest.raises(NotClear) as refused:
        code_of(answer, ["a"], first_number=1)
    assert str(refused.value) == why


def test_code_that_is_there_already_is_no_edit() -> None:
    with pytest.raises(NotClear, match="what is there already"):
        edits_from("```\na\nb\n```", "a\r\nb", first=0, last=1, encoding="utf-8")


def test_lines_that_stay_keep_their_own_ends() -> None:
    source = "x\r\ny\nz\r\nw\n"
    edits = edits_from("```\nx\ny\nZ\nw\n```", source, first=0, last=3, encoding="utf-16")
    assert edits == (Edit((2, 0), (3, 0), "Z\r\n"),)


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("", [""]),
        ("a", ["a"]),
        ("a\n", ["a\n", ""]),
        ("a\r\nb\rc\n\nd", ["a\r\n", "b\r", "c\n", "\n", "d"]),
        ("a\x0cb\u2028c", ["a\x0cb\u2028c"]),
    ],
)
def test_lines_are_those_of_the_protocol(source: str, lines: list[str]) -> None:
    assert lines_of(source) == lines
    assert "".join(lines_of(source)) == source
