"""`codex-ls threads`: list, search, show and delete the conversations that are kept."""

import json
import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from codex_ls.cli.argument_parser import ArgumentParser
from codex_ls.cli.exec_inputs import current_folder
from codex_ls.cli.output import Output
from codex_ls.cli.table import clipped
from codex_ls.cli.terminal_input import read_answer
from codex_ls.cli.thread_choice import local_time
from codex_ls.errors import InvalidParams, UnknownThread
from codex_ls.sanitize import sanitize
from codex_ls.turn.thread_store import ThreadStore

if TYPE_CHECKING:
    from codex_ls.turn.kept_thread import KeptThread
    from codex_ls.turn.thread_store import ThreadSummary

_SHOWN = 20


def run(argv: Sequence[str]) -> int:
    """Print the threads, or one of them as Markdown, or delete some. Raises UnknownThread."""
    if argv[:1] == ["delete"]:
        return _delete(argv[1:])
    parser = ArgumentParser(
        prog="codex-ls threads",
        usage="codex-ls threads [ID] [OPTIONS]\n       codex-ls threads delete ID... [--yes]",
        description="List saved conversations, newest first; codex-ls resume ID resumes one.",
    )
    parser.add_argument("thread", metavar="ID", nargs="?", help="show this thread as Markdown")
    parser.add_argument(
        "--search", metavar="WORDS", help="only those that contain all of these words"
    )
    parser.add_argument(
        "--all", action="store_true", help=f"all of them, not only the last {_SHOWN}"
    )
    parser.add_argument("--here", action="store_true", help="only those started in this folder")
    parser.add_argument("--json", action="store_true", help="one JSON object")
    parsed = parser.parse_args(argv)

    out = Output(sys.stdout)
    store = ThreadStore.of(os.environ)
    if parsed.thread is not None:
        _print_thread(parsed.thread, store, out, as_json=parsed.json)
        return 0
    folder = current_folder() if parsed.here else None
    threads = (
        store.recent(
            limit=None if parsed.all or parsed.json else _SHOWN,
            folder=None if folder is None else str(folder),
            search=parsed.search or "",
        )
        if store
        else ()
    )
    if parsed.json:
        from codex_ls.lsp.payloads import threads_result

        out.write(_dumped(threads_result(threads).dump()))
    else:
        nothing = _nothing(is_folder=folder is not None, search=parsed.search)
        out.write(_table(threads, out) or nothing)
    return 0


def _print_thread(
    beginning: str, store: "ThreadStore | None", out: Output, *, as_json: bool
) -> None:
    thread = _kept(store).read(_kept(store).find(beginning))
    if as_json:
        from codex_ls.lsp.payloads import thread_result

        text = _dumped(thread_result(thread).dump())
    elif out.is_terminal:
        text = _markdown(thread)
    else:  # it may become a file that some program renders
        from codex_ls.markdown import neutral_markdown

        text = neutral_markdown(_markdown(thread))
    out.write(text)


def _delete(argv: Sequence[str]) -> int:
    """Delete threads after a yes; 1 if the answer is no. Raises UnknownThread, InvalidParams."""
    parser = ArgumentParser(prog="codex-ls threads delete", description="Delete conversations.")
    parser.add_argument("threads", metavar="ID", nargs="+", help="as `codex-ls threads` shows it")
    parser.add_argument("--yes", "-y", action="store_true", help="delete without asking")
    parsed = parser.parse_args(argv)
    store = _kept(ThreadStore.of(os.environ))
    ids = list(dict.fromkeys(store.find(beginning) for beginning in parsed.threads))
    out = Output(sys.stdout)
    if not parsed.yes:
        if sys.stdin is None or not sys.stdin.isatty() or not out.is_terminal:
            raise InvalidParams(
                "There is no terminal to ask on.", hint="Add --yes to delete without asking."
            )
        for thread_id in ids:
            out.write(clipped(f"{thread_id}  {store.read(thread_id).title}", out) + "\n")
        out.write("Delete this conversation? [y/N] " if len(ids) == 1 else "Delete them? [y/N] ")
        if read_answer().strip().lower() not in ("y", "yes"):
            out.write("Nothing was deleted.\n")
            return 1
    for thread_id in ids:
        store.delete(thread_id)
    out.write(f"Deleted {len(ids)} {'conversation' if len(ids) == 1 else 'conversations'}.\n")
    return 0


def _kept(store: "ThreadStore | None") -> "ThreadStore":
    """The store, if there is a place for one. Raises UnknownThread."""
    if store is None:
        raise UnknownThread("Conversations cannot be saved: there is no configuration folder.")
    return store


def _nothing(*, is_folder: bool, search: str | None) -> str:
    what = "was started in this folder" if is_folder else "is saved yet"
    if search:
        what = f"{'of this folder ' if is_folder else ''}contains {search}"
    return f"No conversation {what}.\n"


def _table(threads: Sequence["ThreadSummary"], out: Output) -> str:
    width = max((len(thread.short_id) for thread in threads), default=0)
    lines = (
        f"{thread.short_id:{width}}  {local_time(thread.updated_at)}"
        f"  {thread.turns:3} {'turn ' if thread.turns == 1 else 'turns'}  {thread.title}"
        for thread in threads
    )
    return "".join(f"{clipped(line, out)}\n" for line in lines)


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
