"""`codex-ls threads`: the conversations that are kept, and how to go on with one."""

import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from codex_ls.cli.arguments import ArgumentParser
from codex_ls.cli.output import Output
from codex_ls.sanitize import sanitize

if TYPE_CHECKING:
    from codex_ls.turn.kept_thread import KeptThread
    from codex_ls.turn.thread_store import ThreadSummary

_SHOWN = 20


def run(argv: Sequence[str]) -> int:
    """Print the threads, or one of them as Markdown. Raises UnknownThread."""
    parser = ArgumentParser(
        prog="codex-ls threads",
        description="The conversations that are kept, the last one first;"
        " codex-ls exec resume ID goes on with one.",
    )
    parser.add_argument("thread", metavar="ID", nargs="?", help="show this thread as Markdown")
    parser.add_argument("--all", action="store_true", help=f"all of them, not the last {_SHOWN}")
    parser.add_argument("--here", action="store_true", help="those that began in this folder")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parsed = parser.parse_args(argv)

    from codex_ls.cli.exec_inputs import current_folder
    from codex_ls.turn.thread_store import ThreadStore

    out = Output(sys.stdout, encoding="utf-8" if parsed.json else None)
    store = ThreadStore.of(os.environ)
    if parsed.thread is not None:
        from codex_ls.errors import UnknownThread

        if store is None:
            raise UnknownThread("No thread is kept: there is no folder for them.")
        thread = store.read(store.find(parsed.thread))
        if parsed.json:
            from codex_ls.lsp.threads import thread_result

            text = _dumped(thread_result(thread))
        elif out.is_terminal:
            text = _markdown(thread)
        else:  # it may become a file that some program renders
            from codex_ls.markdown import neutral_markdown

            text = neutral_markdown(_markdown(thread))
        out.write(text)
        return 0
    limit = None if parsed.all or parsed.json else _SHOWN
    folder = current_folder() if parsed.here else None
    threads = (
        store.recent(limit=limit, folder=None if folder is None else str(folder)) if store else ()
    )
    if parsed.json:
        from codex_ls.lsp.threads import threads_result

        out.write(_dumped(threads_result(threads)))
    else:
        out.write(_table(threads) or _nothing(is_folder=folder is not None))
    return 0


def _nothing(*, is_folder: bool) -> str:
    what = "was begun in this folder" if is_folder else "is kept yet"
    return f"No conversation {what}.\n"


def _table(threads: Sequence["ThreadSummary"]) -> str:
    from codex_ls.cli.thread_choice import local_time

    width = max((len(thread.short_id) for thread in threads), default=0)
    return "".join(
        f"{thread.short_id:{width}}  {local_time(thread.updated_at)}"
        f"  {thread.turns:3} {'turn ' if thread.turns == 1 else 'turns'}  {thread.title}\n"
        for thread in threads
    )


def _markdown(thread: "KeptThread") -> str:
    """The conversation as it can be read: questions as headings, thinking as a quotation."""
    parts = []
    for turn in thread.turns:
        parts.append(f"## {turn.prompt.strip()}\n")
        if turn.reasoning.strip():
            parts.append(_quoted(turn.reasoning.strip()))
        parts.append(f"{turn.content.strip() or '(no answer)'}\n")
    return sanitize("\n".join(parts))  # the questions too: what was piped in may hold escapes


def _quoted(text: str) -> str:
    return "".join(f"> {line}".rstrip() + "\n" for line in text.split("\n"))


def _dumped(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
