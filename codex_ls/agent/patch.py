"""Codex's patch format, read and applied to texts; nothing is written here.

::

    *** Begin Patch
    *** Add File: PATH          every line of it with a +
    *** Delete File: PATH
    *** Update File: PATH       optionally *** Move to: PATH, then hunks
    @@ a line before the hunk
     kept / -removed / +added lines
    *** End of File
    *** End Patch

All of a patch is checked before anything of it is done.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field

from codex_ls.agent.edit_text import NORMAL_FORMS, find_lines
from codex_ls.agent.workspace import ToolError

BEGIN, END = "*** Begin Patch", "*** End Patch"
_ADD, _DELETE, _UPDATE = "*** Add File: ", "*** Delete File: ", "*** Update File: "
_MOVE, _END_OF_FILE = "*** Move to: ", "*** End of File"
_IN_SHELL = re.compile(
    r"\A\s*(?:cd\s+(?P<folder>[^\s;&|<>$`]+)\s*&&\s*)?(?:apply_patch|applypatch)\s+"
    r"(?:<<-?\s*(?P<quote>['\"]?)(?P<word>\w+)(?P=quote)\s*\n(?P<here>.*?)\n(?P=word)"
    r"|(?P<mark>['\"])(?P<quoted>\*\*\* Begin Patch.*)(?P=mark))\s*\Z",
    re.DOTALL,
)


@dataclass(slots=True)
class Hunk:
    """Lines to find, and those that stand there afterwards."""

    context: list[str] = field(default_factory=list)
    """Lines to find before, each behind the other (`@@`)."""
    old: list[str] = field(default_factory=list)
    new: list[str] = field(default_factory=list)
    is_at_end: bool = False


@dataclass(slots=True)
class FilePatch:
    """What is done to one file."""

    path: str
    kind: str
    """`add`, `delete` or `update`."""
    text: str = ""
    hunks: list[Hunk] = field(default_factory=list)
    move_to: str | None = None


def patch_in_command(command: str) -> tuple[str, str] | None:
    """Return the folder and the patch of a shell command that is `apply_patch` and nothing else."""
    match = _IN_SHELL.match(command)
    if match is None:
        return None
    return match["folder"] or "", match["here"] if match["here"] is not None else match["quoted"]


def parse_patch(text: str) -> list[FilePatch]:
    """Return what a patch does. Raises ToolError with the line that can't be read."""
    lines = text.strip().split("\n")
    if lines[0].startswith("<<") and len(lines) > 2:
        lines = lines[1:-1]
    lines = [line.rstrip("\r") for line in lines]
    if lines[0].strip() != BEGIN:
        raise ToolError(f"the patch must begin with {BEGIN}")
    if lines[-1].strip() != END:
        raise ToolError(f"the patch must end with {END}")
    files: list[FilePatch] = []
    for number, line in enumerate(lines[1:-1], 2):
        _take(line, number, files)
    if not files:
        raise ToolError("the patch names no file")
    for patch in files:
        if patch.kind == "update" and not patch.hunks and patch.move_to is None:
            raise ToolError(f"the patch changes nothing in {patch.path}")
    return files


def _take(line: str, number: int, files: list[FilePatch]) -> None:
    for mark, kind in ((_ADD, "add"), (_DELETE, "delete"), (_UPDATE, "update")):
        if line.startswith(mark):
            files.append(FilePatch(line[len(mark) :].strip(), kind))
            return
    if not files:
        raise ToolError(f"line {number} of the patch: expected {_ADD}, {_DELETE} or {_UPDATE}")
    patch = files[-1]
    if patch.kind == "add" and line.startswith("+"):
        patch.text += f"{line[1:]}\n"
    elif patch.kind == "update" and line.startswith(_MOVE) and not patch.hunks:
        patch.move_to = line[len(_MOVE) :].strip()
    elif patch.kind == "update" and line.startswith("@@"):
        context = line[2:].strip()
        open_hunk = patch.hunks[-1] if patch.hunks else None
        if open_hunk is None or open_hunk.old or open_hunk.new:
            open_hunk = Hunk()
            patch.hunks.append(open_hunk)
        if context:
            open_hunk.context.append(line[2:].removeprefix(" "))
    elif patch.kind == "update" and line.strip() == _END_OF_FILE and patch.hunks:
        patch.hunks[-1].is_at_end = True
    elif patch.kind == "update" and (not line or line[0] in " +-"):
        if not patch.hunks:
            patch.hunks.append(Hunk())
        hunk = patch.hunks[-1]
        if line[:1] != "+":
            hunk.old.append(line[1:])
        if line[:1] != "-":
            hunk.new.append(line[1:])
    elif line.strip():
        raise ToolError(f"line {number} of the patch can't be read: {line[:80]}")


def patched(text: str, hunks: list[Hunk], name: str) -> str:
    """Return a file's text with every hunk applied. Raises ToolError if one has no place."""
    has_crlf = "\r\n" in text
    lines = text.replace("\r\n", "\n").split("\n")
    ends_in_newline = lines[-1] == ""
    if ends_in_newline:
        lines.pop()
    done: list[str] = []
    at = 0
    for hunk in hunks:
        start = at
        for context in hunk.context:
            start = _place(lines, [context], start, name) + 1
        if not hunk.old:
            start = len(lines) if not hunk.context else start
        else:
            old, new = hunk.old, hunk.new
            place = _find(lines, old, start, is_at_end=hunk.is_at_end)
            if place is None and old[-1] == "":  # the blank line before the patch's next mark
                old, new = old[:-1], new[:-1] if new and new[-1] == "" else new
                place = _find(lines, old, start, is_at_end=hunk.is_at_end) if old else None
            if place is None:
                raise ToolError(
                    f"{name}: these lines were not found, so nothing was changed:\n"
                    + "\n".join(hunk.old[:8])
                )
            done += lines[at:place] + new
            at = place + len(old)
            continue
        done += lines[at:start] + hunk.new
        at = start
    done += lines[at:]
    result = "\n".join(done) + ("\n" if ends_in_newline or not text else "")
    return result.replace("\n", "\r\n") if has_crlf else result


def _find(lines: list[str], wanted: list[str], start: int, *, is_at_end: bool) -> int | None:
    """Return the first place of the strictest form that has one."""
    form: Callable[[str], str]
    for form in NORMAL_FORMS:
        places = find_lines(lines, wanted, start, form)
        if is_at_end:
            places = [at for at in places if at + len(wanted) == len(lines)] or places
        if places:
            return places[0]
    return None


def _place(lines: list[str], wanted: list[str], start: int, name: str) -> int:
    place = _find(lines, wanted, start, is_at_end=False)
    if place is None:
        raise ToolError(f"{name}: the line behind @@ was not found: {wanted[0][:80]}")
    return place
