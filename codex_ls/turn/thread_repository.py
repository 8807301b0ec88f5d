"""How a session's threads and their files stay one thing.

A thread is loaded when somebody names it, and read again before a turn if another process has written
to its file since: an editor and a terminal can go on with the same conversation. Invariants: the disk
never breaks a turn, and what can't be kept is told once; memory holds the threads in use and a few that
were, not every conversation of a long day, unless it is the only place that has them.
"""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any
from weakref import WeakValueDictionary

from codex_ls.config.model_settings import ModelSettings
from codex_ls.errors import UnknownThread
from codex_ls.events import Notice
from codex_ls.turn.journal import Journal
from codex_ls.turn.thread import PastTurn, Thread
from codex_ls.turn.thread_store import ThreadStore
from codex_ls.wire import Image

if TYPE_CHECKING:  # only who reads a file needs them: a first question does not wait for it
    from codex_ls.turn.kept_thread import KeptThread, KeptTurn

MAX_RECENT = 32
"""So many threads that no turn uses stay in memory; the others are read again when they are named."""


class ThreadRepository:
    """The threads of one session, in memory and on disk."""

    def __init__(self, env: Mapping[str, str]) -> None:
        self._env = env
        # A turn holds its thread: while one runs or waits, everybody finds the same object.
        self._threads: WeakValueDictionary[str, Thread] = WeakValueDictionary()
        self._recent: dict[str, Thread] = {}
        self._only_here: dict[str, Thread] = {}
        self._has_warned = False

    def thread(self, thread_id: str | None, *, folder: str | None = None) -> Thread:
        """The thread with that id, or a new one that begins in `folder`. Raises UnknownThread."""
        if thread_id is None:
            thread = Thread(folder=folder)
        elif (known := self._threads.get(thread_id)) is not None:
            thread = known
        elif (store := self._store) is None:
            raise UnknownThread(f"There is no thread {thread_id}.", hint="Start a new one.")
        else:
            size = store.size(thread_id)
            thread = Thread(thread_id, kept_bytes=size)
            _adopt(thread, store.read(thread_id))
        return self._remembered(thread)

    def fork(self, thread_id: str, *, folder: str | None = None) -> Thread:
        """A new thread that begins with everything of that one, and then goes its own way.

        Raises UnknownThread. Nothing is written before its first turn is.
        """
        source, store = self.thread(thread_id), self._store
        thread = Thread(
            turns=list(source.turns),
            turn_ids=set(source.turn_ids),
            folder=folder,
            forked_from=source.thread_id,
        )
        if store is not None and store.size(thread_id):
            # Not into the source: a turn that runs in it is in the file in part, and adds itself.
            _adopt(thread, store.read(thread_id))
            thread.copied = store.turn_lines(thread_id)
        return self._remembered(thread)

    def _remembered(self, thread: Thread) -> Thread:
        """The same thread, which stays in memory a while; the one that was named longest ago may go."""
        self._threads[thread.thread_id] = thread
        self._recent.pop(thread.thread_id, None)
        self._recent[thread.thread_id] = thread
        if len(self._recent) > MAX_RECENT:
            del self._recent[next(iter(self._recent))]
        return thread

    def begin(
        self,
        turn_id: str,
        thread: Thread,
        settings: ModelSettings,
        *,
        prompt: str,
        sent: str,
        images: tuple[Image, ...],
        replaces: str | None = None,
    ) -> Journal:
        """The journal of a turn that is about to be asked, maybe in the place of another one."""
        journal = Journal(turn_id)
        store = self._store
        path = store.path(thread.thread_id) if store is not None else None
        if path is None or not settings.keep_history:
            return journal
        about = {
            "prompt": prompt,
            "sent": None if sent == prompt else sent,
            "model": settings.model,
            "provider": settings.provider.id,
            "profile": settings.profile,
            "local_only": settings.local_only or None,
            "images": [asdict(image) for image in images] or None,
            "replaces": replaces,
        }
        head = {
            "thread": thread.thread_id,
            "folder": thread.folder,
            "forked_from": thread.forked_from,
        }
        journal.open(path, _present(head), _present(about), copied=thread.copied)
        thread.copied = b""
        return journal

    def end(self, thread: Thread, journal: Journal) -> None:
        """Let go of a turn's journal."""
        kept_bytes = journal.close()
        thread.kept_bytes = kept_bytes or thread.kept_bytes
        if thread.turns and (journal.trouble is not None or not kept_bytes):
            self._only_here[thread.thread_id] = thread

    def refresh(self, thread: Thread) -> None:
        """Take over what other processes have added to the thread since it was last written here."""
        store = self._store
        size = store.size(thread.thread_id) if store is not None else 0
        if store is not None and size not in (0, thread.kept_bytes):
            thread.kept_bytes = size
            _adopt(thread, store.read(thread.thread_id))

    def persistence_warning(self, journal: Journal) -> Notice | None:
        """The notice of a turn that can't be kept; None if there is nothing, or it was told."""
        if journal.trouble is None or self._has_warned:
            return None
        self._has_warned = True
        return Notice(
            "threadNotKept",
            f"This conversation cannot be saved: {journal.trouble}.",
            "Free disk space or correct the permissions, or turn saving off: persistence ="
            ' "none" under [history].',
        )

    @property
    def _store(self) -> ThreadStore | None:
        return ThreadStore.of(self._env)


def _adopt(thread: Thread, kept: "KeptThread") -> None:
    """The file's turns in their order, and behind them those that only this process has.

    Of a turn that is in both, the longer text counts: one of the two may have been cut off.
    """
    thread.turn_ids -= kept.replaced
    thread.turn_ids |= {turn.turn_id for turn in kept.turns}
    here = {turn.turn_id: turn for turn in thread.turns if turn.turn_id not in kept.replaced}
    on_disk = {turn.turn_id: _past(turn) for turn in kept.turns if turn.has_text}
    for turn_id, turn in on_disk.items():
        if (ours := here.pop(turn_id, None)) is not None and _length(ours) > _length(turn):
            on_disk[turn_id] = ours
    thread.turns[:] = [*on_disk.values(), *here.values()]


def _present(values: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}


def _length(turn: PastTurn) -> int:
    return len(turn.reasoning) + len(turn.content)


def _past(turn: "KeptTurn") -> PastTurn:
    return PastTurn(
        turn.sent,
        turn.reasoning,
        turn.content,
        turn.status,
        turn.images,
        turn.echo,
        turn.provider,
        turn_id=turn.turn_id,
        local_only=turn.local_only,
        steps=turn.steps,
        last_text=turn.last_text,
    )
