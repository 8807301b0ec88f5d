"""What an answer changes: cases as they come from models, and what must hold for all of them.

In a document `⟦` and `⟧` stand around the selection, and `‸` is the cursor.
"""

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from codex_ls.lsp.documents import Text
from codex_ls.lsp.edits.chosen_code import Refused, code_blocks
from codex_ls.lsp.edits.compute import edits_of
from codex_ls.lsp.edits.text_edit import Edit
from codex_ls.lsp.line_text import split_lines
from codex_ls.protocol import Position, Range

ENCODINGS = ("utf-8", "utf-16", "utf-32")


@dataclass(frozen=True)
class Marked:
    """A document without its marks, and the offsets where they stood."""

    source: str
    start: int
    end: int

    @classmethod
    def of(cls, text: str) -> "Marked":
        if "‸" in text:
            at = text.index("‸")
            return cls(text.replace("‸", ""), at, at)
        if "⟦" not in text:
            return cls(text, 0, len(text))
        start, end = text.index("⟦"), text.index("⟧") - 1
        return cls(text.replace("⟦", "").replace("⟧", ""), start, end)

    def place(self, encoding: str) -> Range:
        return Range(
            position(self.source, self.start, encoding), position(self.source, self.end, encoding)
        )


def position(source: str, offset: int, encoding: str) -> Position:
    """An offset as LSP counts it, worked out here without the code under test."""
    lines = split_lines(source[:offset])
    if lines[-1].endswith(("\n", "\r")):
        lines.append("")
    width = {"utf-8": 1, "utf-16": 2, "utf-32": 4}[encoding]
    codec = encoding if encoding == "utf-8" else f"{encoding}-le"
    return Position(len(lines) - 1, len(lines[-1].encode(codec)) // width)


def applied(source: str, edits: tuple[Edit, ...], *, encoding: str) -> str:
    """What an editor makes of a document with the edits, which are all of the old one."""
    text = Text(source, encoding=encoding)
    for edit in sorted(edits, key=lambda edit: edit.start, reverse=True):
        start, end = text.offset(*edit.start), text.offset(*edit.end)
        source = source[:start] + edit.text + source[end:]
    return source


def changed(document: str, answer: str, *, encoding: str = "utf-16", **options: Any) -> str:
    """The document with the answer's code; the kind of its refusal, if it is refused."""
    marked = Marked.of(document)
    try:
        edits = edits_of(
            answer, marked.source, marked.place(encoding), encoding=encoding, **options
        )
    except Refused as refused:
        return refused.kind
    ends = [edit.end for edit in edits]
    assert all(end <= edit.start for end, edit in zip(ends, edits[1:], strict=False))
    return applied(marked.source, edits, encoding=encoding)


def fence(code: str, language: str = "python") -> str:
    return f"```{language}\n{code}\n```"


AREA = "import math\n\n⟦def area(r):\n    return 3 * r\n⟧\nprint(area(1))\n"
FIXED = "import math\n\ndef area(r):\n    return 3 * r * r\n\nprint(area(1))\n"
METHOD = "class A:\n    ⟦def f(self):\n        return 1⟧\n\n    def g(self):\n        return 2\n"
METHOD_FIXED = (
    "class A:\n    def f(self):\n        return 3\n\n    def g(self):\n        return 2\n"
)
TABS = "func f() {\n⟦\tif a {\n\t\tb()\n\t}⟧\n}\n"
TABS_FIXED = "func f() {\n\tif a {\n\t\tc()\n\t}\n}\n"
LONG = "def f():\n" + "".join(f"    step_{number}()\n" for number in range(8)) + "    return 1\n"


# ---- line numbers ------------------------------------------------------------------------------

NUMBERED = {
    "as the question has them": "3 def area(r):\n4     return 3 * r * r",
    "aligned": " 3 def area(r):\n 4     return 3 * r * r",
    "with a colon": "3: def area(r):\n4:     return 3 * r * r",
    "with a colon and no blank": "3:def area(r):\n4:    return 3 * r * r",
    "with a bar": "3 | def area(r):\n4 |     return 3 * r * r",
    "with a bar and no blank": "3|def area(r):\n4|    return 3 * r * r",
    "with a box's bar": " 3 │ def area(r):\n 4 │     return 3 * r * r",
    "with a tab": "     3\tdef area(r):\n     4\t    return 3 * r * r",
    "with an arrow": "     3→def area(r):\n     4→    return 3 * r * r",
    "with a dot": "3. def area(r):\n4.     return 3 * r * r",
    "with a bracket": "[3] def area(r):\n[4]     return 3 * r * r",
    "with an L": "L3: def area(r):\nL4:     return 3 * r * r",
    "counted from 1": "1 def area(r):\n2     return 3 * r * r",
    "indented": "    3 def area(r):\n    4     return 3 * r * r",
}


@pytest.mark.parametrize("code", NUMBERED.values(), ids=NUMBERED)
def test_line_numbers_do_not_come_into_the_document(code: str) -> None:
    assert changed(AREA, fence(code)) == FIXED


@pytest.mark.parametrize(
    ("document", "code", "expected"),
    [
        ("a\nb\n⟦x\n\ny⟧\n", "3 x = 2\n4 \n5 y", "a\nb\nx = 2\n\ny\n"),
        ("a\nb\n⟦x\n\ny⟧\n", "3 x = 2\n4\n5 y", "a\nb\nx = 2\n\ny\n"),
        ("a\nb\n⟦x\n\ny⟧\n", "3 x = 2\n\n5 y", "a\nb\nx = 2\n\ny\n"),
        ("⟦x\ngone\ny⟧", "1 x\n3 y", "x\ny"),
        ("⟦1 a\n2 b⟧", "1 x\n2 y", "1 x\n2 y"),
        ("⟦10 PRINT A\n20 GOTO 10⟧", "10 PRINT B\n20 GOTO 10", "10 PRINT B\n20 GOTO 10"),
        ("⟦1 a\n2 b⟧", "1 1 a\n2 2 c", "1 a\n2 c"),
        ("x = [\n⟦    1,\n    2⟧\n]", "    1,\n    2,\n    3", "x = [\n    1,\n    2,\n    3\n]"),
        ("a\n⟦return x⟧\n", "2 return y", "a\nreturn y\n"),
        ("a\nb\nreturn ⟦x + y⟧\n", "3 + y", "unclear"),
        ("a\nreturn ⟦x + y⟧\n", "3 + y", "a\nreturn 3 + y\n"),
        ("⟦x⟧\n", "42", "42\n"),
        ("⟦x\ny⟧\n", "7 x\ny", "unclear"),
        ("⟦x\ny⟧\n", "x\n2 y", "unclear"),
        ("⟦a\nb\nc⟧\n", "1 a\n1 b\n2 c", "unclear"),
        ("⟦a\nb\nc⟧\n", "0 a\n1 b\n2 c", "unclear"),
        ("⟦a\nb\nc⟧\n", "1 a\nb\n2 c", "unclear"),
        ("⟦a\nb\nc⟧\n", "3 a\n2 b\n1 c", "unclear"),
    ],
)
def test_numbers_that_are_code_stay_and_those_that_make_no_sense_are_refused(
    document: str, code: str, expected: str
) -> None:
    assert changed(document, fence(code)) == expected


def test_a_list_in_prose_keeps_its_numbers() -> None:
    assert changed("⟦one\ntwo⟧\n", fence("1. one\n2. two", "md"), language="markdown") == (
        "1. one\n2. two\n"
    )


# ---- diffs -------------------------------------------------------------------------------------

DIFFS = {
    "whole": "--- a/a.py\n+++ b/a.py\n@@ -3,2 +3,2 @@\n def area(r):\n-    return 3 * r\n+    return 3 * r * r",
    "of git": (
        "diff --git a/a.py b/a.py\nindex 0123abc..89 100644\n--- a/a.py\n+++ b/a.py\n@@ -1,4 +1,4 @@\n"
        " import math\n \n def area(r):\n-    return 3 * r\n+    return 3 * r * r\n"
        "\\ No newline at end of file"
    ),
    "with wrong numbers": "@@ -1,9 +1,9 @@\n def area(r):\n-    return 3 * r\n+    return 3 * r * r",
    "without numbers": "@@ def area(r):\n-    return 3 * r\n+    return 3 * r * r",
    "without a head": " def area(r):\n-    return 3 * r\n+    return 3 * r * r",
    "with blank lines cut": (
        "@@ -1,6 +1,6 @@\n import math\n\n def area(r):\n-    return 3 * r\n+    return 3 * r * r\n\n print(area(1))"
    ),
}


@pytest.mark.parametrize("code", DIFFS.values(), ids=DIFFS)
def test_a_diff_that_matches_is_applied(code: str) -> None:
    assert changed(AREA, fence(code, "diff")) == FIXED


def test_a_diff_is_known_by_its_heads_too() -> None:
    assert changed(AREA, fence(DIFFS["whole"], "python")) == FIXED
    assert changed(AREA, fence(DIFFS["with wrong numbers"], "")) == FIXED


@pytest.mark.parametrize(
    ("document", "code", "expected"),
    [
        (AREA, " def area(r):\n-    return 4 * r\n+    return 3 * r * r", "unclear"),
        (AREA, "-def area(r):\n+def area(r) -> int:\n return 3 * r", "unclear"),
        (AREA, "@@ -3,2 +3,2 @@\n-    return 3 * r\n+    return 4\nprint(area(1))", "unclear"),
        (AREA, "@@ -1 +1 @@\n-import math\n+import cmath", "unclear"),
        (AREA, "+    return 4", "unclear"),
        (AREA, " def area(r):\n     return 3 * r", "unclear"),
        ("⟦a\nx\na\nx\n⟧", "@@ -3 +3 @@\n a\n-x\n+y", "a\nx\na\ny\n"),
        ("⟦a\nx\na\nx\n⟧", " a\n-x\n+y", "unclear"),
        ("b\na\nx\n⟦a\nx\n⟧", " a\n-x\n+y", "b\na\nx\na\ny\n"),
        ("b\n⟦a\nx\n⟧", "--- a/a\n+++ b/a\n a\n-x\n+y\n--- a/b\n+++ b/b\n-z\n+w", "unclear"),
        (
            "⟦a\nx\nb\nc\nz\n⟧",
            "@@ -1,2 +1,1 @@\n a\n-x\n@@ -4,2 +3,2 @@\n c\n-z\n+y",
            "a\nb\nc\ny\n",
        ),
        ("⟦a\nx\nb\n⟧", "@@ -1,3 +1,2 @@\n a\n-x\n+# ... existing code ...\n b", "omittedCode"),
        ("a\nx‸\nb\n", " a\n-x\n+y", "a\ny\nb\n"),
        ("", "@@ -0,0 +1,2 @@\n+a\n+b", "a\nb\n"),
        ("⟦a\r\nx\r\nb⟧", " a\n-x\n+y\n+z\n b", "a\r\ny\r\nz\r\nb"),
        ("-- a\n⟦-- b\nx⟧\n", "@@ -2,2 +2,1 @@\n--- b\n x", "-- a\nx\n"),
    ],
)
def test_a_diff_changes_what_is_selected_or_nothing(
    document: str, code: str, expected: str
) -> None:
    assert changed(document, fence(code, "diff")) == expected


# ---- code that is left out ---------------------------------------------------------------------

GAPS = {
    "python": "def f():\n    # ... existing code ...\n    return 2",
    "python, no dots": "def f():\n    # rest of the function unchanged\n    return 2",
    "c": "def f():\n    // ... rest of code ...\n    return 2",
    "no blank": "def f():\n    //...\n    return 2",
    "block comment": "def f():\n    /* ... */\n    return 2",
    "block comment, words": "def f():\n    /* remaining steps as before */\n    return 2",
    "html": "def f():\n    <!-- existing code -->\n    return 2",
    "jsx": "def f():\n    {/* ... rest of the component ... */}\n    return 2",
    "sql": "def f():\n    -- ... other columns ...\n    return 2",
    "lua": "def f():\n    --[[ unchanged ]]\n    return 2",
    "lisp": "def f():\n    ;; ... existing code ...\n    return 2",
    "tex": "def f():\n    % ... same as before\n    return 2",
    "ocaml": "def f():\n    (* rest unchanged *)\n    return 2",
    "haskell": "def f():\n    {- ... -}\n    return 2",
    "jinja": "def f():\n    {# existing code #}\n    return 2",
    "batch": "def f():\n    REM ... rest of the file\n    return 2",
    "vb": "def f():\n    ' ... existing code\n    return 2",
    "docstring": 'def f():\n    """... existing code ..."""\n    return 2',
    "dots alone": "def f():\n    ...\n    return 2",
    "one sign": "def f():\n    \u2026\n    return 2",
    "dots in brackets": "def f():\n    [...]\n    return 2",
    "words in brackets": "def f():\n    [rest of the code]\n    return 2",
    "dots and words": "def f():\n    ... existing code ...\n    return 2",
    "a sentence": "def f():\n    The rest of the code remains unchanged\n    return 2",
    "dots behind": "def f():\n    # other steps...\n    return 2",
    "body of dots": "def f(): ...",
    "body of dots, braces": "def f() { ... }",
    "behind code": "def f():\n    step_0()  # ... existing code ...\n    return 2",
    "behind pass": "def f():\n    pass  # rest of the implementation\n    return 2",
    "german": "def f():\n    # Rest des Codes bleibt unverändert\n    return 2",
    "french": "def f():\n    # le reste du code est inchangé\n    return 2",
    "spanish": "def f():\n    # resto del código sin cambios\n    return 2",
    "portuguese": "def f():\n    # restante do código\n    return 2",
    "russian": "def f():\n    # остальной код без изменений\n    return 2",
    "chinese": "def f():\n    # 其余代码保持不变\n    return 2",
    "japanese": "def f():\n    # 既存のコード\n    return 2",
    "korean": "def f():\n    # 나머지 코드\n    return 2",
    "kept": "def f():\n    # keep the rest\n    return 2",
    "in parentheses": "def f():\n    # (same as before)\n    return 2",
    "the remainder": "def f():\n    # remainder of the steps\n    return 2",
    "other lines": "def f():\n    # [the other lines]\n    return 2",
    "previous": "def f():\n    // previous implementation\n    return 2",
    "it continues": "def f():\n    # code continues here\n    return 2",
    "snip": "def f():\n    # -- snip --\n    return 2",
    "etc": "def f():\n    step_0()\n    # etc.\n    return 2",
    "your code": "def f():\n    # your existing logic here\n    return 2",
    "any words": "def f():\n    # the eight steps that you know already\n    return 2",
    "any language": "def f():\n    # kaikki muu kuten ennenkin\n    return 2",
    "at the end": "def f():\n    step_1()\n    # ...",
    "a part": "    step_3()\n    step_33()\n    step_4()",
    "the changed line alone": "return 2",
    "without the head": "step_0()\nstep_1()\nreturn 2",
}


@pytest.mark.parametrize("code", GAPS.values(), ids=GAPS)
def test_code_with_parts_left_out_is_refused(code: str) -> None:
    assert changed(f"⟦{LONG}⟧", fence(code)) == "omittedCode"


@pytest.mark.parametrize(
    ("document", "code", "expected"),
    [
        ("⟦# ... more\nx⟧", "# ... more", "# ... more"),
        ("⟦class P:\n    def f(self): ...⟧", "class P:\n    def f(self): ...\n    x = 1", None),
        ("⟦x = 1⟧", "def f(self) -> int:\n    ...", None),
        ("⟦f(a)⟧", "f(...a)", None),
        ("⟦const a = b⟧", "const a = {\n  ...b,\n  ...c\n}", None),
        ("⟦<A b={c} />⟧", "<A\n  {...c}\n/>", None),
        ("⟦wait()⟧", 'print("Loading...")\nwait()', None),
        ("⟦wait()⟧", "# Waiting for the other side...\nwait(1)", None),
        ("⟦x = 1\ny = 2⟧", "# keep the existing code path\nx = 1\ny = 3", None),
        ("⟦x[0]⟧", "x[..., 0]", None),
        ("⟦a\nb\nc\nd⟧", "# what a to d did, e does\ne", "# what a to d did, e does\ne"),
        ("⟦#define A\n#define B\n#define C⟧", "#include <abc.h>", "#include <abc.h>"),
        ("⟦x--\ny--\nz--⟧", "--i;", "--i;"),
        ("⟦a\nb\nc\nd\ne⟧", "f", "f"),
        ("⟦try:\n    a\n    b\n    c\nexcept E:\n    pass⟧", "a\nb\nc", "a\nb\nc"),
        ("⟦def f(r):\n    a\n    b\n    return c⟧", "def g(r):\n    return c", None),
        ("⟦def f(r):\n    a\n    b\n    return c⟧", "f = d", "f = d"),
        ("⟦class A:\n    x = 1\n    y = 2\n    z = 3⟧", "def a():\n    return 1", None),
        ("⟦a\nb\nc\nd⟧", '"""Return the last of the list."""\ne', None),
        ("⟦a\nb\nc\nd⟧", "# skip existing items\ne()", None),
        ("⟦def a():\n    x\ndef b():\n    y⟧", "def b():\n    y", None),
    ],
)
def test_what_only_looks_like_a_gap_is_applied(
    document: str, code: str, expected: str | None
) -> None:
    assert changed(document, fence(code)) == (code if expected is None else expected)


PARTS = {
    "one method of a class": (
        "class A:\n    def f(self):\n        a\n\n    def g(self):\n        b",
        "    def g(self):\n        c",
    ),
    "the same at the margin": (
        "class A:\n    def f(self):\n        a\n\n    def g(self):\n        b",
        "def g(self, x):\n    c",
    ),
    "one function of three": (
        "def a():\n    x\n\ndef b():\n    y\n\ndef c():\n    z",
        "def b():\n    y2",
    ),
    "the body without its decorated head": (
        "@cached\ndef area(r):\n    a\n    b\n    return r",
        "a\nc\nreturn r",
    ),
}


@pytest.mark.parametrize(("old", "code"), PARTS.values(), ids=PARTS)
def test_a_part_does_not_replace_the_whole(old: str, code: str) -> None:
    assert changed(f"⟦{old}⟧\n", fence(code)) == "omittedCode"


def test_in_prose_dots_and_words_are_prose() -> None:
    document = "⟦One.\nTwo.\nThree.\nFour.⟧\n"
    text = "The rest of the code is unchanged...\n- other parts, and so on"
    assert changed(document, fence(text, "md"), language="markdown") == f"{text}\n"
    for gap in ("...", "[...]", "<!-- rest unchanged -->", "(rest of the text unchanged)"):
        assert changed(document, fence(f"One!\n{gap}", "md"), language="markdown") == "omittedCode"


# ---- which block -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        ("", "noCode"),
        ("`x = 2`", "noCode"),
        ("Use x = 2 there.", "noCode"),
        ("x = 2", "noCode"),
        ("```\n\n```", "noCode"),
        ("```\na\n```\n```\nb\n```", "severalBlocks"),
        ("```\na\n```\n```\nb", "severalBlocks"),
        ("```\na\n```\nThat is:\n```\na\n```", "a\n"),
        ("```\na", "unclosedBlock"),
        ("So:\n```python\nx = 2\n", "unclosedBlock"),
        ("```\n" + "a\n" * 5000 + "```", "tooLong"),
        ("> ```\n> a\n> ```\n\n```\nb\n```", "unclear"),
        ("> ```\na\n```\nprose\n> ```\nb\n```", "unclear"),
        ("```\nprose\nsee ```b\n```", "unclear"),
        ("```\n<<<<<<< HEAD\na\n=======\nb\n>>>>>>> x\n```", "unclear"),
        ("```\nx = 1\n```", "unchanged"),
        ("```\r\nx = 2\r\n```\r\n", "x = 2\n"),
        ("~~~py\nx = 2\n~~~", "x = 2\n"),
        ("Before.\n\n```py title=a.py\n\nx = 2\n\n```\nAfter.", "x = 2\n"),
        ("So:\n1. ```py\n   x = 2\n   ```", "x = 2\n"),
        ("- ```py\n  x = 2\n  ```", "x = 2\n"),
        ("````md\n```\nx\n```\n````", "```\nx\n```\n"),
        ("```md\n# T\n```py\nx\n```\n```", "# T\n```py\nx\n```\n"),
        ('```py\n"""\n    ```\n    x\n    ```\n"""\n```', '"""\n    ```\n    x\n    ```\n"""\n'),
        ("```\n```\n```\nx\n```", "x\n"),
        ("```\n\U0001f600 = '\ud83d'\n```", "\U0001f600 = '\ud83d'\n"),
    ],
)
def test_the_one_block_is_found_or_none(answer: str, expected: str) -> None:
    assert changed("⟦x = 1⟧\n", answer) == expected


def test_of_several_blocks_the_chosen_one_is_taken() -> None:
    answer = "```py\na\n```\n```\n\n```\nor\n```\nb\nc\n```\nor\n```\nd"
    assert [block.lines for block in code_blocks(answer)] == [("a",), ("b", "c"), ("d",)]
    with pytest.raises(Refused) as refused:
        edits_of(answer, "x", Range(Position(0, 0), Position(0, 1)), encoding="utf-8")
    assert refused.value.blocks == code_blocks(answer)
    assert changed("⟦x⟧", answer, block=0) == "a"
    assert changed("⟦x⟧", answer, block=1) == "b\nc"
    assert changed("⟦x⟧", answer, block=2) == "unclosedBlock"
    assert changed("⟦x⟧", answer, block=3) == "noCode"
    assert changed("⟦x⟧", "```\ny\n```", block=0) == "y"


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (
            "def area(r):\n    r = abs(r)\n    return 3 * r",
            "def area(r):\n    r = abs(r)\n    return 3 * r",
        ),
        ("def area(r):\n    return 3 * r * r", "noCode"),
        ("This is it:\n\ndef area(r):\n    r = abs(r)\n    return 3 * r", "noCode"),
        ("def area(r):\n    r = abs(r)\n    return 3 * r\n\nThat is all.", "noCode"),
    ],
)
def test_code_without_a_fence_counts_if_it_is_all_there_is(answer: str, expected: str) -> None:
    assert changed("⟦def area(r):\n    return 3 * r⟧", answer) == expected


# ---- where it goes -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "code", "expected"),
    [
        # as it stood, at the margin, with the first line alone at the margin
        (METHOD, "    def f(self):\n        return 3", METHOD_FIXED),
        (METHOD, "def f(self):\n    return 3", METHOD_FIXED),
        (METHOD, "def f(self):\n        return 3", METHOD_FIXED),
        (METHOD, "  def f(self):\n      return 3", METHOD_FIXED),
        (METHOD, "        def f(self):\n            return 3", METHOD_FIXED),
        ("    ⟦x = 1⟧\n", "x = 2", "    x = 2\n"),
        ("    ⟦x = 1⟧\n", "    x = 2", "    x = 2\n"),
        ("    ⟦x = 1⟧\n", "if a:\n    x = 1", "    if a:\n        x = 1\n"),
        ("    ⟦x = 1⟧\n", "    if a:\n        x = 1", "    if a:\n        x = 1\n"),
        ("    ⟦x = 1\n    y = 2⟧\n", "x = 3\n    y = 2", "    x = 3\n    y = 2\n"),
        ("    ⟦x = 1\n    y = 2⟧\n", "x = 3\ny = 2", "    x = 3\n    y = 2\n"),
        ("  ⟦  x = 1\n    y = 2⟧\n", "x = 3\ny = 2", "    x = 3\n    y = 2\n"),
        ("⟦    x = 1\n    y = 2\n⟧", "x = 3\ny = 2", "    x = 3\n    y = 2\n"),
        ("    ⟦if a:\n        b⟧\n", "if a:\n    c", "    if a:\n        c\n"),
        ("    ⟦if a:\n        b⟧\n", "if a:\n        c", "    if a:\n        c\n"),
        (
            "    ⟦if (a) {\n      b;\n    }⟧\n",
            "if (a) {\n  c;\n}",
            "    if (a) {\n      c;\n    }\n",
        ),
        (
            "    ⟦if (a) {\n      b;\n    }⟧\n",
            "if (a) {\n      c;\n    }",
            "    if (a) {\n      c;\n    }\n",
        ),
        ("    ⟦x = a\n        .b()⟧\n", "x = a\n    .c()", "    x = a\n        .c()\n"),
        (
            "if a:\n    x\n⟦        y\n    z⟧\n",
            "        y2\n    z",
            "if a:\n    x\n        y2\n    z\n",
        ),
        ("if a:\n    x\n⟦        y\n    z⟧\n", "    y2\nz", "if a:\n    x\n        y2\n    z\n"),
        ("⟦def f():\n  x⟧", "    def f():\n      y", "def f():\n  y"),
        ("⟦x = 1⟧", "    x = 2", "x = 2"),
        # blank lines and trailing blanks
        ("    ⟦a\n\n    b⟧\n", "a\n\nc", "    a\n\n    c\n"),
        ("⟦a  ⟧\n", "b", "b\n"),
        ("⟦a⟧  \n", "b", "b\n"),
        # tabs and blanks
        (TABS, "if a {\n    c()\n}", TABS_FIXED),
        (TABS, "    if a {\n        c()\n    }", TABS_FIXED),
        (TABS, "if a {\n  c()\n}", TABS_FIXED),
        (TABS, "\tif a {\n\t\tc()\n\t}", TABS_FIXED),
        (TABS, "if a {\n\tc()\n}", TABS_FIXED),
        (TABS.replace("\t⟦", "⟦\t"), "if a {\n\t\tc()\n\t}", TABS_FIXED),
        ("a:\n⟦\tcc x⟧\n", "cc y", "a:\n\tcc y\n"),
        ("a:\n⟦\tcc x⟧\n", "    cc y\n    ld y", "a:\n\tcc y\n\tld y\n"),
        ("if a:\n⟦    b⟧\n    c\n", "\tif d:\n\t\tb", "if a:\n    if d:\n        b\n    c\n"),
        ("if a:\n⟦  b⟧\n  c\n", "if d:\n\tb", "if a:\n  if d:\n    b\n  c\n"),
        ("⟦x = 1⟧\nif a:\n\tb\n", "if c:\n    x = 1", "if c:\n\tx = 1\nif a:\n\tb\n"),
        # nothing to go by
        ("    ⟦x = 1⟧\n", "foo\n    bar", "    foo\n    bar\n"),
        ("        ⟦return a\n    return b⟧\n", "return c\nreturn b", "unclear"),
    ],
)
def test_code_comes_where_the_old_code_stood(document: str, code: str, expected: str) -> None:
    assert changed(document, fence(code)) == expected


@pytest.mark.parametrize(
    ("document", "code", "expected"),
    [
        ("total = ⟦f(a, b)⟧  # sum\n", "f(a, b, c)", "total = f(a, b, c)  # sum\n"),
        ("total = ⟦f(a, b)⟧  # sum\n", "total = f(c)  # sum", "total = f(c)  # sum\n"),
        ("total = ⟦f(a, b)⟧  # sum\n", "total = f(c)", "unclear"),
        ("total = ⟦f(a, b)⟧\n", "total = f(c)", "total = f(c)\n"),
        ("    total = ⟦f(a, b)⟧\n", "total = f(c)", "    total = f(c)\n"),
        ("return⟦ a ⟧+ b\n", "c", "return c + b\n"),
        ("f(⟦a + b⟧)\n", "(c)", "f((c))\n"),
        ("(⟦a + b⟧)\n", "(a + c)", "unclear"),
        ("x = ⟦[a]⟧\n", "[\n    a,\n    b,\n]", "x = [\n    a,\n    b,\n]\n"),
        ("    x = ⟦[a]⟧\n", "[\n    a,\n    b,\n]", "    x = [\n        a,\n        b,\n    ]\n"),
        (
            "    x = ⟦[a]⟧\n",
            "[\n        a,\n        b,\n    ]",
            "    x = [\n        a,\n        b,\n    ]\n",
        ),
        (
            "    x = ⟦[\n        a,\n    ]⟧  # why\n",
            "[\n    a,\n    b,\n]",
            "    x = [\n        a,\n        b,\n    ]  # why\n",
        ),
        (
            "    x = ⟦[\n        a,\n    ]⟧  # why\n",
            "[\n        a,\n        b,\n    ]",
            "    x = [\n        a,\n        b,\n    ]  # why\n",
        ),
        (
            "def f():\n    x = ⟦1\n    return x⟧\n",
            "2\n    return x",
            "def f():\n    x = 2\n    return x\n",
        ),
        (
            "def f():\n    x = ⟦1\n    return x⟧\n",
            "2\nreturn x",
            "def f():\n    x = 2\n    return x\n",
        ),
        (
            "def f():\n    ⟦x = 1\n    y = ⟧2\n",
            "x = 3\n    y = ",
            "def f():\n    x = 3\n    y = 2\n",
        ),
        (
            "def f():\n    ⟦x = 1\n    y = ⟧2\n",
            "x = 3\n    z = ",
            "def f():\n    x = 3\n    z = 2\n",
        ),
        ("x = ⟦'\U0001f600'⟧ + y\n", "'\U0001f601\U0001f602'", "x = '\U0001f601\U0001f602' + y\n"),
        ("x = ⟦1⟧ + 2", "1", "unchanged"),
        ("a\r\nx = ⟦[1]⟧\r\n", "[\n    2\n]", "a\r\nx = [\r\n    2\r\n]\r\n"),
        # a selection that begins behind the last letter of a line has nothing of it
        ("def f():⟦\n    return 1⟧\n", "    return 2", "def f():\n    return 2\n"),
        ("def f():⟦\n    return 1\n⟧x\n", "return 2", "def f():\n    return 2\nx\n"),
    ],
)
def test_a_part_of_a_line_is_replaced_and_the_rest_stays(
    document: str, code: str, expected: str
) -> None:
    for encoding in ENCODINGS:
        assert changed(document, fence(code), encoding=encoding) == expected


@pytest.mark.parametrize(
    ("document", "code", "expected"),
    [
        # what stands around the selection is given as well: at both sides, or the head of its block
        (
            "def f():\n⟦    a\n⟧    return b\n",
            "def f():\n    c\n    return b",
            "def f():\n    c\n    return b\n",
        ),
        ("def f():\n⟦    a\n    b⟧\n", "def f():\n    a\n    c", "def f():\n    a\n    c\n"),
        ("if (a) {\n⟦    b;⟧\n}\n", "if (a) {\n    c;\n}", "if (a) {\n    c;\n}\n"),
        ("a1()\na2()\na3()\n⟦b()⟧\n", "a1()\na2()\na3()\nc()", "a1()\na2()\na3()\nc()\n"),
        ("alpha()\n⟦b()⟧\n", "alpha()\nc()", "unclear"),
        ("⟦b()⟧\nomega()\n", "c()\nomega()", "unclear"),
        ("{\n⟦b()⟧\n}\n", "c()\n}", "unclear"),
        ("alpha()\n⟦alpha()\nb()⟧\n", "alpha()\nc()", "alpha()\nalpha()\nc()\n"),
        (
            "def f():\n    x\n\n⟦def g():\n    y⟧\n",
            "def f():\n    x\n\n\ndef g():\n    z",
            "def f():\n    x\n\n\ndef g():\n    z\n",
        ),
        ("def f():\n    x\n\n⟦def g():\n    y⟧\n", "def f():\n    w\n\ndef g():\n    z", "unclear"),
        ("def f():\n⟦    a⟧\nb\n", "def f():\n    c", "def f():\n    c\nb\n"),
        ("def f():\n⟦    a\n⟧    return b\n", "def f():\n    c\n    return d", "unclear"),
    ],
)
def test_code_around_the_selection_is_not_written_twice(
    document: str, code: str, expected: str
) -> None:
    assert changed(document, fence(code)) == expected


@pytest.mark.parametrize(
    ("document", "code", "expected"),
    [
        ("⟦a\r\nb\r\n⟧c\r\n", "a\nd\ne", "a\r\nd\r\ne\r\nc\r\n"),
        ("x\r\ny\n⟦z\r\nw\n⟧", "z\nv\nu", "x\r\ny\nz\r\nv\nu\n"),
        ("⟦x\r\ny\nz\r\nw\n⟧", "x\ny\nZ\nw", "x\r\ny\nZ\r\nw\n"),
        ("⟦a\rb\r⟧c\r", "b\na", "b\ra\rc\r"),
        ("a\n⟦b⟧", "b\nc", "a\nb\nc"),
        ("a\n⟦b⟧", "c", "a\nc"),
        ("a\n⟦b\n⟧", "c", "a\nc\n"),
        ("⟦a\nb⟧", "a", "a"),
        ("⟦a⟧", "b\nc", "b\nc"),
        ("a\r\n⟦b⟧", "c\nd", "a\r\nc\r\nd"),
        ("", "a\nb", "a\nb"),
        ("\n\n", "a\nb", "a\nb\n"),
        ("⟦\n⟧a\n", "b", "b\na\n"),
        ("a\n‸\nb\n", "c", "a\nc\nb\n"),
        ("if a:\n    ‸\nb\n", "c\nd", "if a:\n    c\n    d\nb\n"),
        ("a‸\nb\n", "c", "unclear"),
        ("⟦a\fb\u2028c⟧\n", "a\fb\u2028d", "a\fb\u2028d\n"),
    ],
)
def test_line_ends_and_the_end_of_the_document_stay(
    document: str, code: str, expected: str
) -> None:
    for encoding in ENCODINGS:
        assert changed(document, fence(code), encoding=encoding) == expected


def test_only_the_lines_that_differ_are_edited() -> None:
    source = "a\nb\nc\nd\ne\n"
    place = Range(Position(0, 0), Position(5, 0))
    edits = edits_of("```\na\nB\nc\nd\nnew\ne\n```", source, place, encoding="utf-16")
    assert [edit.as_sent().dump() for edit in edits] == [
        {
            "range": {"start": {"line": 1, "character": 0}, "end": {"line": 2, "character": 0}},
            "newText": "B\n",
        },
        {
            "range": {"start": {"line": 4, "character": 0}, "end": {"line": 4, "character": 0}},
            "newText": "new\n",
        },
    ]


def test_a_selection_made_backwards_is_the_same() -> None:
    for start, end in (((0, 2), (1, 1)), ((1, 1), (0, 2))):
        place = Range(Position(*start), Position(*end))
        edits = edits_of("```\nc\n```", "  a\nb\n", place, encoding="utf-8")
        assert applied("  a\nb\n", edits, encoding="utf-8") == "  c\n"


def test_a_long_answer_to_a_long_document_is_compared_in_bounded_time() -> None:
    document = "⟦" + "}\n" * 20_000 + "⟧"
    assert changed(document, fence("}\n" * 3998 + "x")) == "}\n" * 3998 + "x\n"


# ---- insert ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("document", "code", "expected"),
    [
        ("def f():\n    a\n    ‸\n    b\n", "x\ny", "def f():\n    a\n    x\n    y\n    b\n"),
        ("def f():\n    a\n‸\n    b\n", "x\ny", "def f():\n    a\n    x\n    y\n    b\n"),
        ("def f():\n    a\n‸\nb\n", "x\ny", "def f():\n    a\nx\ny\nb\n"),
        ("    ‸a\n", "x\ny", "    x\n    y\n    a\n"),
        ("‸    a\n", "x\ny", "    x\n    y\n    a\n"),
        ("    a‸\n", "x\ny", "    a\n    x\n    y\n"),
        ("    a‸", "x\ny", "    a\n    x\n    y"),
        ("    f(‸)\n", "x", "    f(x)\n"),
        ("    f(‸)\n", "x\ny", "    f()\n    x\n    y\n"),
        ("    ⟦a⟧\n    b\n", "x", "    a\n    x\n    b\n"),
        ("    f(⟦a⟧)\n    b\n", "x", "    f(a)\n    x\n    b\n"),
        ("⟦def f():\n    a\n⟧b\n", "def g():\n    x", "def f():\n    a\ndef g():\n    x\nb\n"),
        ("    ⟦a\n        b⟧\n", "x", "    a\n        b\n    x\n"),
        ("    ‸a\n", "    x\n        y", "    x\n        y\n    a\n"),
        ("    ‸a\n", "        x\n        y", "    x\n    y\n    a\n"),
        ("\t‸a\n", "if x:\n    y", "\tif x:\n\t\ty\n\ta\n"),
        ("a\r\n‸b\r\n", "x\ny", "a\r\nx\r\ny\r\nb\r\n"),
        ("‸", "x\ny", "x\ny"),
        ("a\n‸", "x\ny", "a\nx\ny"),
        ("\U0001f600‸\U0001f600", "x", "\U0001f600x\U0001f600"),
        ("1 a\n‸", "2 x\n3 y", "1 a\n2 x\n3 y"),
        ("‸a\n", "class P:\n    def f(self) -> int:\n        ...", None),
        ("‸a\n", "# ... existing code ...\nx", "omittedCode"),
        ("‸a\n", "# skip the remaining items, same as before\nx", None),
        ("‸a\n", "--- a\n+++ b\n@@ -1 +1 @@\n-a\n+b", "unclear"),
    ],
)
def test_a_block_is_inserted_and_nothing_is_removed(
    document: str, code: str, expected: str | None
) -> None:
    for encoding in ENCODINGS:
        found = changed(document, fence(code), encoding=encoding, placement="insert")
        assert found == (f"{code}\na\n" if expected is None else expected)


@pytest.mark.parametrize(
    ("answer", "kind"),
    [
        ("x = 1", "noCode"),
        ("```\na\n```\n```\nb\n```", "severalBlocks"),
        ("```\na", "unclosedBlock"),
    ],
)
def test_what_is_no_single_block_is_not_inserted(answer: str, kind: str) -> None:
    assert changed("‸", answer, placement="insert") == kind


# ---- what holds for all of them ----------------------------------------------------------------

WORDS = ["a", "b = 1", "  c", "", "é", "\U0001f600", "return x", "}", "{", "# d", "\tt"]
LINES = st.lists(st.sampled_from(WORDS), min_size=1, max_size=8)
ENDS = st.lists(st.sampled_from(["\n", "\r\n"]), min_size=9, max_size=9) | st.just(["\r"] * 9)
"""Those of up to nine lines; with `\r` alone among others an empty line would make `\r\n`."""


@given(LINES, LINES, ENDS, st.data(), st.sampled_from(ENCODINGS))
def test_what_is_applied_is_the_code_in_the_place_of_the_lines(
    old: list[str], new: list[str], ends: list[str], data: st.DataObject, encoding: str
) -> None:
    """Of lines without indentation, whatever their ends, the whole of the document is foretold."""
    old, new = ([line.strip() for line in lines] for lines in (old, new))
    first = data.draw(st.integers(0, len(old) - 1))
    last = data.draw(st.integers(first, len(old) - 1))
    ends = [*ends[: len(old) - 1], data.draw(st.sampled_from(["", ends[len(old) - 1]]))]
    source = "".join(line + end for line, end in zip(old, ends, strict=False))
    code = ["<<", *new, ">>"]
    start = sum(len(line + end) for line, end in zip(old[:first], ends, strict=False))
    end = start + sum(
        len(line + end) for line, end in zip(old[first : last + 1], ends[first:], strict=False)
    )
    end -= len(ends[last])
    marked = Marked(source, start, end)
    edits = edits_of(fence("\n".join(code)), source, marked.place(encoding), encoding=encoding)
    found = split_lines(applied(source, edits, encoding=encoding))
    if not found[-1]:
        found.pop()
    if last > first and not old[last]:
        last -= 1  # a range that ends before the first letter of a line has nothing of it
    kept = [line + end for line, end in zip(old, ends, strict=False)]
    if not kept[-1]:
        kept.pop()
    assert found[:first] == kept[:first]
    assert [line.rstrip("\r\n") for line in found[first : first + len(code)]] == code
    assert found[first + len(code) :] == kept[last + 1 :]
    inner = found[first : first + len(code)]
    assert all(line.endswith(("\n", "\r")) for line in inner[:-1])
    assert inner[-1].endswith(("\n", "\r")) == bool(ends[last])


TEXTS = st.text(st.sampled_from('a1 `~\n\r\t#.{}()-+@:|"\U0001f600é'), max_size=60)
CODES = st.lists(st.sampled_from(WORDS), max_size=6).map("\n".join)


@given(TEXTS, st.data(), CODES | TEXTS, st.sampled_from(ENCODINGS))
def test_an_insertion_keeps_every_character(
    source: str, data: st.DataObject, code: str, encoding: str
) -> None:
    start = data.draw(st.integers(0, len(source)))
    end = data.draw(st.integers(start, len(source)))
    marked = Marked(source, start, end)
    try:
        (edit,) = edits_of(
            fence(code), source, marked.place(encoding), encoding=encoding, placement="insert"
        )
    except Refused:
        return
    assert edit.start == edit.end
    offset = Text(source, encoding=encoding).offset(*edit.start)
    assert (
        applied(source, (edit,), encoding=encoding) == source[:offset] + edit.text + source[offset:]
    )
    inserted, wanted = (
        [line.strip() for line in text.splitlines() if line.strip()] for text in (edit.text, code)
    )
    assert inserted == wanted or "1" in code  # else numbers may be taken for those of lines


@given(TEXTS, st.data(), CODES | TEXTS, st.sampled_from(ENCODINGS), st.booleans())
def test_nothing_outside_of_the_lines_of_a_selection_changes(
    source: str, data: st.DataObject, code: str, encoding: str, is_fenced: bool
) -> None:
    start = data.draw(st.integers(0, len(source)))
    end = data.draw(st.integers(start, len(source)))
    marked = Marked(source, start, end)
    place = marked.place(encoding)
    answer = fence(code) if is_fenced else code
    try:
        edits = edits_of(answer, source, place, encoding=encoding)
    except Refused:
        return
    lines = split_lines(source)
    assert edits
    for edit in edits:
        assert edit.start >= (place.start.line, 0)
        last = len(lines[place.end.line].encode("utf-16-le")) if encoding != "utf-8" else 400
        assert edit.end <= max((place.end.line, last), (place.end.line + 1, 0))
    assert applied(source, edits, encoding=encoding) != source


@given(st.lists(st.sampled_from(WORDS), min_size=1, max_size=8), st.integers(0, 6), st.data())
def test_code_moved_to_the_margin_comes_back_to_where_it_stood(
    old: list[str], depth: int, data: st.DataObject
) -> None:
    """A selection that begins anywhere in the indentation of its first line loses and doubles none."""
    body = [line.replace("\t", "  ") for line in ["head(1)", *old, "tail(2)"]]
    margin = "  " * depth
    source = "top\n" + "".join(f"{margin}{line}\n" if line else "\n" for line in body) + "end\n"
    start = len("top\n") + data.draw(st.integers(0, len(margin)))
    end = source.index("end\n") - data.draw(st.integers(0, 1))
    changed_body = [line.replace("head(1)", "head(3)") for line in body]
    expected = source.replace("head(1)", "head(3)")
    marked = Marked(source, start, end)
    for indent in ("", margin):
        answer = fence("\n".join(f"{indent}{line}" if line else line for line in changed_body))
        edits = edits_of(answer, source, marked.place("utf-16"), encoding="utf-16")
        assert applied(source, edits, encoding="utf-16") == expected
