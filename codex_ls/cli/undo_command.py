"""`codex-ls undo`: put back the files that a model changed in a turn."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

from codex_ls.cli.argument_parser import ArgumentParser
from codex_ls.cli.output import Output


def run(argv: Sequence[str]) -> int:
    """Undo a turn, or show what it changed. Raises InvalidParams if there is nothing to undo."""
    parsed = _parser().parse_args(argv)
    text, is_whole = undo(Path.cwd(), parsed.turn, only_diff=parsed.diff)
    Output(sys.stdout).write(text)
    return 0 if is_whole else 1


def undo(workspace: Path, turn: str | None, *, only_diff: bool = False) -> tuple[str, bool]:
    """Undo a turn, by default the last one that changed files in a workspace.

    Returns what to print, and whether all of it could be done. Raises InvalidParams.
    """
    from codex_ls.agent.agent import require_undo_store

    store = require_undo_store(os.environ)
    workspace = workspace.resolve()
    if only_diff:
        return store.diff_last(workspace, turn), True
    return store.undo_last(workspace, turn)


def _parser() -> ArgumentParser:
    parser = ArgumentParser(
        prog="codex-ls undo",
        description="Restore the files that a model changed with its tools to their content"
        " before the turn. Files changed since then are left alone.",
    )
    parser.add_argument("turn", metavar="TURN", nargs="?", help="its id; without it, the last turn")
    parser.add_argument("--diff", action="store_true", help="only show what the turn changed")
    return parser
