"""The unsaved text of files that are open in the client's editor, from its `fs/read_text_file`.

A client answers for every file, saved or not, and some with other line ends than the file has. So a file
counts as unsaved only if its lines differ from those on disk.
"""

import asyncio
import concurrent.futures
import logging
from collections.abc import Coroutine
from pathlib import Path
from typing import Final

from acp.exceptions import RequestError
from acp.interfaces import Client
from acp.schema import ReadTextFileResponse
from pydantic import ValidationError

from codex_ls.agent.workspace import ToolError, Workspace
from codex_ls.sandbox.policy import Policy

logger = logging.getLogger(__name__)

ANSWER_TIMEOUT_S: Final = 5.0
"""A client that needs longer is not asked again in its session: every read would wait as long."""


class ClientFiles:
    """Asks one client about the files of one session's workspace. It is only read from."""

    def __init__(
        self,
        client: Client,
        session_id: str,
        folder: Path,
        stop: asyncio.Event,
        *,
        answer_timeout_s: float = ANSWER_TIMEOUT_S,
    ) -> None:
        """`stop` ends what is waited for. Create it on the event loop of the client's connection."""
        self._client = client
        self._session_id = session_id
        self._folder = folder
        self._stop = stop
        self._answer_timeout_s = answer_timeout_s
        self._saved = Workspace(Policy("read-only", folder))
        self._loop = asyncio.get_running_loop()
        self._answers = True

    def unsaved(self, path: Path) -> bytes | None:
        """Return the text of an unsaved file; None for every other one. Waits: for worker threads.

        `path` is absolute, without links, and one that may be read.
        """
        if not self._answers or not path.is_relative_to(self._folder):
            return None
        try:
            saved = self._saved.read(path)
        except ToolError:
            return None
        if saved is not None and b"\0" in saved[:8192]:
            return None
        text = self._from_thread(self._read(path))
        if text is None or _lines(text) == _lines((saved or b"").decode("utf-8", "replace")):
            return None
        return text.encode("utf-8", "replace")

    async def _read(self, path: Path) -> str | None:
        """Return the client's text of a file; None if it has none, and at the end of the turn."""
        asked: asyncio.Future[ReadTextFileResponse] = asyncio.ensure_future(
            self._client.read_text_file(session_id=self._session_id, path=str(path))
        )
        stopped = asyncio.ensure_future(self._stop.wait())
        try:
            await asyncio.wait(
                (asked, stopped),
                timeout=self._answer_timeout_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
            if asked.done():
                return asked.result().content
            if not stopped.done():
                self._answers = False
                logger.warning("The client did not answer fs/read_text_file; saved files are read.")
        except (RequestError, ConnectionError, ValidationError):
            pass  # it has no such file, or is gone
        finally:
            asked.cancel()
            stopped.cancel()
        return None

    def _from_thread(self, reading: Coroutine[None, None, str | None]) -> str | None:
        try:
            future = asyncio.run_coroutine_threadsafe(reading, self._loop)
        except RuntimeError:  # the process is ending
            reading.close()
            return None
        try:
            return future.result(self._answer_timeout_s + 1)
        except (TimeoutError, concurrent.futures.CancelledError):
            return None


def _lines(text: str) -> str:
    """Return a text without what an editor changes by itself: byte order mark and line ends."""
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n").rstrip("\n")
