"""Changing a file of the user's: the diff first, then a question, then a backup and the change."""

import difflib
import sys
from collections.abc import Callable
from pathlib import Path

from codex_ls.cli.output import Output
from codex_ls.errors import InvalidParams

Write = Callable[[Path, str], Path | None]


def offer_change(
    path: Path, before: str, after: str, *, out: Output, is_agreed: bool, write: Write
) -> bool:
    """Show what would change, ask unless `is_agreed`, and write; False if nothing was written.

    Raises InvalidParams where nobody can be asked.
    """
    if before == after:
        out.write(f"{path} says so already.\n")
        return False
    out.write(_diff(path, before, after))
    if not is_agreed and not _agrees(path, out):
        out.write("Nothing was written.\n")
        return False
    backup = write(path, after)
    kept = f"; the old one is {backup.name}" if backup is not None else ""
    out.write(f"Wrote {path}{kept}.\n")
    return True


def _diff(path: Path, before: str, after: str) -> str:
    lines = difflib.unified_diff(
        before.splitlines(), after.splitlines(), str(path), str(path), lineterm=""
    )
    return "".join(f"{line}\n" for line in lines)


def _agrees(path: Path, out: Output) -> bool:
    if sys.stdin is None or not sys.stdin.isatty():
        raise InvalidParams("Nothing was written: there is nobody to ask.", hint="--yes writes it.")
    out.write(f"Write this to {path}? [y/N] ")
    return sys.stdin.readline().strip().lower() in ("y", "yes")
