"""What the client has open, in the order in which it told.

pygls keeps the documents (`kept_documents`). Importing it with lsprotocol takes a third of a second, so
that is done when the first document is opened, on a thread of its own: no question waits for it that is
not about a document, and no turn that runs is held up.
"""

import asyncio
import logging
import sys
import threading
from collections import deque
from importlib import import_module
from typing import TYPE_CHECKING

from codex_ls.lsp.loading import loading

if TYPE_CHECKING:
    from codex_ls.lsp.kept_documents import Document, KeptDocuments

logger = logging.getLogger(__name__)

_MODULE = "codex_ls.lsp.kept_documents"
_LOADING = threading.Lock()

MAX_WAITING = 1024
"""So many notifications wait for pygls: more are not read before it is there."""


class OpenDocuments:
    """Takes what the client tells about its documents. `aclose` it in the end."""

    def __init__(self, *, position_encoding: str) -> None:
        self._position_encoding = position_encoding
        self._kept: KeptDocuments | None = None
        self._waiting: deque[tuple[str, object] | asyncio.Future[None]] = deque()
        self._loading: asyncio.Task[None] | None = None
        self._are_lost = False

    def take(self, method: str, params: object) -> None:
        """Take one notification; one that does not fit is left out, and logged."""
        if self._loading is None:
            self._loading = asyncio.create_task(self._load())
        if self._kept is not None and not self._waiting:
            self._kept.take(method, params)
        elif not self._are_lost:
            self._waiting.append((method, params))

    @property
    def is_behind(self) -> bool:
        """Whether something was told that `get` does not know yet."""
        return bool(self._waiting)

    @property
    def is_far_behind(self) -> bool:
        """Whether so much waits that nothing more should be told."""
        return len(self._waiting) > MAX_WAITING

    def catch_up(self) -> asyncio.Future[None]:
        """Return what is done when all that was told so far is known, and nothing that is told since.

        Await it directly: whoever is woken a round of the loop later may see a later edit.
        """
        caught_up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append(caught_up)
        return caught_up

    def get(self, uri: str) -> "Document | None":
        """Return an open document as it is now; None if it is not open."""
        return None if self._kept is None else self._kept.get(uri)

    async def aclose(self) -> None:
        """Wait for nothing more."""
        if self._loading is not None:
            self._loading.cancel()
            await asyncio.gather(self._loading, return_exceptions=True)

    async def _load(self) -> None:
        try:
            self._kept = await asyncio.to_thread(_load_kept, self._position_encoding)
        except Exception:  # a broken installation: questions are answered from the disk
            logger.exception("Open documents can't be kept")
            self._are_lost = True
        while self._waiting:
            entry = self._waiting[0]
            if not isinstance(entry, asyncio.Future):
                if self._kept is not None:
                    self._kept.take(*entry)
            elif not entry.done():
                entry.set_result(None)
                await asyncio.sleep(0)  # whoever waited looks before the next edit changes it
            self._waiting.popleft()


def _load_kept(position_encoding: str) -> "KeptDocuments":
    with _LOADING:  # lsprotocol does not bear two threads that make its converter
        if _MODULE not in sys.modules:
            with loading(beside_turns=True):
                import_module(_MODULE)
        from codex_ls.lsp.kept_documents import KeptDocuments

        return KeptDocuments(position_encoding)
