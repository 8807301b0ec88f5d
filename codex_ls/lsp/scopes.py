"""Which settings hold for a document: those of the workspace folder that it lies in.

They are asked for with `workspace/configuration`, one item per folder, when the client says that they
may have changed, and kept until then: a question does not wait for a round trip. What the client
pushes and its `initializationOptions` hold where nothing was asked or the answer leaves a key open.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path

from codex_ls.events import Notice
from codex_ls.lsp.protocol import SETTINGS_SECTION
from codex_ls.lsp.settings import WorkspaceSettings, read_pushed, read_settings
from codex_ls.lsp.uris import local_path

logger = logging.getLogger(__name__)

ANSWER_TIMEOUT_S = 3.0

Item = dict[str, str]
Ask = Callable[[list[Item]], Awaitable[object]]


class Scopes:
    """The settings of every workspace folder, and of what lies in none."""

    def __init__(
        self,
        *,
        ask: Ask | None,
        folders: Callable[[], Mapping[str, Path]],
        options: object = None,
    ) -> None:
        """`ask` sends `workspace/configuration`, or is None for a client that can't be asked."""
        self._ask = ask
        self._folders = folders
        self._pushed = WorkspaceSettings()
        self._options = read_settings(options)
        self._pulled: dict[str | None, WorkspaceSettings] = {}
        self._pulling: asyncio.Task[None] | None = None
        self._stale = ask is not None
        self._told: set[Notice] = set()

    def push(self, settings: object) -> None:
        """Take what `workspace/didChangeConfiguration` brought, and ask again."""
        pushed = read_pushed(settings)
        if pushed is not None:
            self._pushed = pushed
        self.refresh()

    def refresh(self) -> None:
        """Ask the client again: it said that something changed. What is on its way is out of date."""
        if self._ask is not None:
            self._stale = True
            if self._pulling is not None:
                self._pulling.cancel()
            self._pulling = asyncio.ensure_future(self._pull())

    async def aclose(self) -> None:
        """Wait no longer for an answer."""
        if self._pulling is not None:
            self._pulling.cancel()
            await asyncio.gather(self._pulling, return_exceptions=True)

    async def settle(self) -> None:
        """Wait until the client has told its settings, if it was asked; not longer than 3 s."""
        if self._stale and self._pulling is None:
            self.refresh()
        while self._pulling is not None and not self._pulling.done():
            pulling = self._pulling
            await asyncio.wait((pulling,))

    def settings_for(self, document_uri: str | None) -> WorkspaceSettings:
        """Return what holds for a document; without one, what holds for the first folder."""
        folder = self.folder_of(document_uri)
        pulled = self._pulled.get(folder, WorkspaceSettings())
        return pulled.over(self._pushed.over(self._options))

    def folder_of(self, document_uri: str | None) -> str | None:
        """Return the innermost folder that holds the document; None if none does.

        Without a document, and for one that is no file (a new, unsaved one), it is the first folder.
        """
        folders = self._folders()
        path = None if document_uri is None else local_path(document_uri)
        if path is None:
            return next(iter(folders), None)
        holding = [(uri, root) for uri, root in folders.items() if path.is_relative_to(root)]
        return max(holding, key=lambda pair: len(pair[1].parts))[0] if holding else None

    def new_notices(self, settings: WorkspaceSettings) -> tuple[Notice, ...]:
        """Return the notices about `settings` that no turn has shown yet: each is told once."""
        new = tuple(notice for notice in settings.notices if notice not in self._told)
        self._told.update(new)
        return new

    async def _pull(self) -> None:
        assert self._ask is not None
        scopes: list[str | None] = [*self._folders(), None]
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                answer = await self._ask([_item(scope) for scope in scopes])
        except TimeoutError:
            logger.warning("the client did not answer workspace/configuration")
            self._pulled = dict.fromkeys(scopes, WorkspaceSettings(notices=(_UNANSWERED,)))
        except asyncio.CancelledError:
            raise
        except Exception:
            logger.warning("the client refused workspace/configuration", exc_info=True)
            self._pulled = {}
        else:
            self._pulled = _read_answer(scopes, answer)
        self._stale = False


_UNANSWERED = Notice(
    "timedOut",
    f"The editor did not tell its settings within {ANSWER_TIMEOUT_S:.0f} s; config.toml's are used.",
)


def _item(scope: str | None) -> Item:
    item = {"section": SETTINGS_SECTION}
    return item if scope is None else {"scopeUri": scope, **item}


def _read_answer(
    scopes: Iterable[str | None], answer: object
) -> dict[str | None, WorkspaceSettings]:
    values = answer if isinstance(answer, list) else []
    return {scope: read_settings(value) for scope, value in zip(scopes, values, strict=False)}
