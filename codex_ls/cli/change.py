"""Changing the user's files: the diff first, then one question, then backups and the changes."""

import difflib
import sys
from collections.abc import Sequence

from codex_ls.cli.output import Output
from codex_ls.config.config_change import Change
from codex_ls.errors import InvalidParams


def offer_changes(changes: Sequence[Change], *, out: Output, is_agreed: bool) -> bool:
    """Show what would change, ask unless `is_agreed`, and write; False if nothing was written.

    The files are written in order. Raises InvalidParams where nobody can be asked, and ConfigError.
    """
    wanted = [change for change in changes if change.before != change.after]
    if not wanted:
        out.write("The configuration is already up to date.\n")
        return False
    for change in wanted:
        out.write(_diff(change) + (f"# {change.why}\n" if change.why else ""))
    if not is_agreed and not _agrees(wanted, out):
        out.write("Nothing was written.\n")
        return False
    for change in wanted:
        backup = change.write(change.path, change.after)
        kept = f"; the previous version is {backup.name}" if backup is not None else ""
        out.write(f"Wrote {change.path}{kept}.\n")
    return True


def _listed(changes: Sequence[Change]) -> str:
    return " and ".join(str(change.path) for change in changes)


def _diff(change: Change) -> str:
    name = str(change.path)
    lines = difflib.unified_diff(
        change.before.splitlines(), change.after.splitlines(), name, name, lineterm=""
    )
    return "".join(f"{line}\n" for line in lines)


def _agrees(changes: Sequence[Change], out: Output) -> bool:
    if sys.stdin is None or not sys.stdin.isatty():
        raise InvalidParams(
            "Nothing was written: there is no terminal to ask on.",
            hint="Add --yes to write without asking.",
        )
    out.write(f"Write this to {_listed(changes)}? [y/N] ")
    return sys.stdin.readline().strip().lower() in ("y", "yes")
