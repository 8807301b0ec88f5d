"""Codex's patch format."""

import pytest

from codex_ls.agent.patch import parse_patch, patch_in_command, patched
from codex_ls.agent.workspace import ToolError


def patch(*lines: str) -> str:
    return "\n".join(("*** Begin Patch", *lines, "*** End Patch"))


def updated(text: str, *lines: str) -> str:
    (found,) = parse_patch(patch("*** Update File: f", *lines))
    return patched(text, found.hunks, "f")


def test_a_patch_of_every_kind() -> None:
    files = parse_patch(
        patch(
            "*** Add File: new/a",
            "+one",
            "+",
            "*** Delete File: b",
            "*** Update File: c",
            "*** Move to: d",
            "@@ class A",
            "@@ def f",
            " kept",
            "-old",
            "+new",
            "*** End of File",
        )
    )
    assert [(file.kind, file.path, file.text, file.move_to) for file in files] == [
        ("add", "new/a", "one\n\n", None),
        ("delete", "b", "", None),
        ("update", "c", "", "d"),
    ]
    (hunk,) = files[2].hunks
    assert (hunk.context, hunk.old, hunk.new) == (
        ["class A", "def f"],
        ["kept", "old"],
        ["kept", "new"],
    )
    assert hunk.is_at_end


@pytest.mark.parametrize(
    ("text", "lines", "result"),
    [
        ("a\nb\nc\n", ("@@", " a", "-b", "+x", " c"), "a\nx\nc\n"),
        ("a\nb\nc\n", (" a", "-b"), "a\nc\n"),
        ("a\nb\na\nb\n", ("@@ b", "-a", "+x"), "a\nb\nx\nb\n"),
        ("a\nb\na\n", ("-a", "+x", "*** End of File"), "a\nb\nx\n"),
        ("a\nb\nc\nd\n", ("@@", "-a", "+A", "@@", "-d", "+D"), "A\nb\nc\nD\n"),
        ("a\r\nb\r\n", ("-a", "+x"), "x\r\nb\r\n"),
        ("a\nb", ("-b", "+x"), "a\nx"),
        ("a\n", ("@@", "+end"), "a\nend\n"),
        ("a  \n", ("-a", "+x"), "x\n"),
        ("say “a”\n", ('-say "a"', "+x"), "x\n"),
        ("a\nb\n", ("-a", "+x", ""), "x\nb\n"),  # the blank line before the next mark
        ("", ("@@", "+a"), "a\n"),
    ],
)
def test_hunks(text: str, lines: tuple[str, ...], result: str) -> None:
    assert updated(text, *lines) == result


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("hello", "must begin"),
        ("*** Begin Patch\n*** Add File: a\n+x", "must end"),
        (patch(), "names no file"),
        (patch("+x"), "line 2 of the patch"),
        (patch("*** Add File: a", "x"), "line 3 of the patch can't be read: x"),
        (patch("*** Update File: a"), "changes nothing in a"),
    ],
)
def test_what_is_no_patch(text: str, words: str) -> None:
    with pytest.raises(ToolError, match=words):
        parse_patch(text)


def test_a_hunk_without_a_place_is_an_error() -> None:
    with pytest.raises(ToolError, match="f: these lines were not found, so nothing was changed"):
        updated("a\n", "-b", "+c")
    with pytest.raises(ToolError, match="the line behind @@ was not found: nowhere"):
        updated("a\n", "@@ nowhere", "-a")


BODY = "*** Begin Patch\n*** Delete File: a\n*** End Patch"


@pytest.mark.parametrize(
    ("command", "found"),
    [
        (f"apply_patch <<'EOF'\n{BODY}\nEOF\n", ("", BODY)),
        (f'apply_patch <<"EOF"\n{BODY}\nEOF', ("", BODY)),
        (f"cd sub && apply_patch << EOF\n{BODY}\nEOF", ("sub", BODY)),
        (f"apply_patch '{BODY}'", ("", BODY)),
        (f"apply_patch <<'EOF'\n{BODY}\nEOF\nrm -rf .", None),
        (f"cd $(evil) && apply_patch <<'EOF'\n{BODY}\nEOF", None),
        (f"cat <<'EOF'\n{BODY}\nEOF", None),
        ("apply_patch < file", None),
    ],
)
def test_a_patch_in_a_command(command: str, found: tuple[str, str] | None) -> None:
    assert patch_in_command(command) == found
