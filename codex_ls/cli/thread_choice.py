"""Which kept conversation the command line means: by its id, the last one, or one from a list.

As in Codex, `--last` is the last conversation that began in this folder, and `--all` takes every
folder's. Where nobody said in which folder a conversation began, it counts as one of this folder.
"""

import os
import sys
from collections.abc import Sequence

from codex_ls.cli import terminal_input
from codex_ls.cli.output import Output
from codex_ls.errors import InvalidParams, UnknownThread
from codex_ls.turn.thread_store import ThreadStore, ThreadSummary

_OFFERED = 9


def chosen_thread(
    beginning: str | None, *, is_last: bool, folder: str | None, ask: Output | None = None
) -> str:
    """The id of the thread that is meant; with neither of the two, the person is asked at `ask`.

    Of the threads that began in `folder`; None: of all.

    Raises UnknownThread, and InvalidParams where nobody is there to be asked.
    """
    store = ThreadStore.of(os.environ)
    if store is None:
        raise UnknownThread(
            "Conversations cannot be saved: there is no configuration folder.",
            hint="Set CODEX_HOME.",
        )
    if beginning is not None:
        return store.find(beginning)
    if is_last:
        return store.latest(folder=folder)
    if ask is None or sys.stdin is None or not sys.stdin.isatty():
        raise InvalidParams(
            "No conversation was selected.",
            hint="Use --last, or an id that codex-ls threads lists.",
        )
    return _picked(store.recent(limit=_OFFERED, folder=folder), store, folder=folder, ask=ask)


def local_time(at: str) -> str:
    """A moment of a thread's file as people here write it: `2026-01-31 12:04`."""
    from datetime import datetime

    try:
        return datetime.fromisoformat(at).astimezone().strftime("%Y-%m-%d %H:%M")
    except ValueError:
        return at[:16].ljust(16)


def _picked(
    offered: Sequence[ThreadSummary], store: ThreadStore, *, folder: str | None, ask: Output
) -> str:
    if not offered:
        return store.latest(folder=folder)  # which says why there is none
    for number, thread in enumerate(offered, 1):
        ask.write(f"{number}  {local_time(thread.updated_at)}  {thread.title}\n")
    ask.write(f"Which one? (1 to {len(offered)}, or Enter for 1) ")
    line = terminal_input.read_answer_alone()
    if not line:
        ask.write("\n")
    word = line.strip() or ("1" if line else "")
    if word.isdecimal() and 1 <= int(word) <= len(offered):
        return offered[int(word) - 1].thread_id
    raise InvalidParams("No conversation was selected.", hint="Enter its number or its id.")
