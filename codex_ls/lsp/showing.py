"""What a client is told and asked in the middle of a command, in the words of plain LSP.

Every question has a limit or can be given up: a client may answer late or never.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from codex_ls.lsp import methods
from codex_ls.lsp.framing import encode
from codex_ls.lsp.replacement import Edit
from codex_ls.lsp.replies import ClientError
from codex_ls.sanitize import sanitize

if TYPE_CHECKING:
    from codex_ls.lsp.connection import Connection

SHOW_TIMEOUT_S = 10.0

Level = Literal["error", "warning", "info"]
_LEVELS = {"error": 1, "warning": 2, "info": 3}
_MESSAGE_CHARS = 1000
_ANNOTATION = "codex"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Edits of one document, and what they are called where they are to be confirmed."""

    uri: str
    version: int | None
    """None if the document is not open."""
    edits: tuple[Edit, ...]
    label: str
    description: str


class Showing:
    """Talks to the person in front of one client."""

    def __init__(self, connection: "Connection") -> None:
        self._connection = connection

    def message(self, level: Level, *sentences: str | None) -> None:
        """Send `window/showMessage`, which every client knows."""
        text = " ".join(" ".join(filter(None, sentences)).split())
        params = {"type": _LEVELS[level], "message": sanitize(text)[:_MESSAGE_CHARS]}
        message = {"jsonrpc": "2.0", "method": methods.SHOW_MESSAGE, "params": params}
        self._connection.outbox.write(encode(message))

    def log(self, text: str) -> None:
        """Send `window/logMessage`: the last place for what can be put nowhere else."""
        params = {"type": _LEVELS["info"], "message": text}
        message = {"jsonrpc": "2.0", "method": methods.LOG_MESSAGE, "params": params}
        self._connection.outbox.write(encode(message))

    async def document(self, path: Path) -> bool:
        """Have a file shown beside what the user looks at; false if the client does not."""
        if not self._connection.abilities.shows_documents:
            return False
        params = {"uri": path.as_uri(), "external": False, "takeFocus": False}
        try:
            async with asyncio.timeout(SHOW_TIMEOUT_S):
                answer = await self._ask(methods.SHOW_DOCUMENT, params)
        except TimeoutError:
            return False
        return isinstance(answer, dict) and answer.get("success") is True

    async def apply(self, proposal: Proposal) -> str | None:
        """Propose edits and wait for what becomes of them; return None, or why they were not made."""
        params = {"label": proposal.label, "edit": self._workspace_edit(proposal)}
        answer = await self._ask(methods.APPLY_EDIT, params)
        if not isinstance(answer, dict):
            return "the editor refused the edit"
        if answer.get("applied") is True:
            return None
        reason = answer.get("failureReason")
        return f"the editor did not take the edit ({reason})" if reason else "it was not accepted"

    async def choose(self, message: str, titles: Sequence[str]) -> int | None:
        """Have one of the titles chosen; return its number, or None.

        A client that can show no choice gets the titles to read: the command takes one as its argument.
        """
        params = {
            "type": _LEVELS["info"],
            "message": message,
            "actions": [{"title": title} for title in titles],
        }
        questions = self._connection.endpoint.questions
        try:
            answer = await questions.ask(methods.SHOW_MESSAGE_REQUEST, params)
        except ClientError:
            there_are = f"This editor can't show the choice: {', '.join(titles)}."
            self.message("info", f"Codex: {message}", there_are)
            return None
        title = answer.get("title") if isinstance(answer, dict) else None
        return titles.index(title) if title in titles else None

    async def _ask(self, method: str, params: dict[str, Any]) -> Any:
        return await self._connection.endpoint.questions.ask(method, params, default=None)

    def _workspace_edit(self, proposal: Proposal) -> dict[str, Any]:
        abilities = self._connection.abilities
        edits = [edit.as_json() for edit in proposal.edits]
        if not abilities.takes_versions:
            return {"changes": {proposal.uri: edits}}
        edit: dict[str, Any] = {}
        if abilities.asks_before_edits:
            edits = [{**edit, "annotationId": _ANNOTATION} for edit in edits]
            edit["changeAnnotations"] = {
                _ANNOTATION: {
                    "label": proposal.label,
                    "needsConfirmation": True,
                    "description": proposal.description,
                }
            }
        document = {"uri": proposal.uri, "version": proposal.version}
        return {"documentChanges": [{"textDocument": document, "edits": edits}], **edit}
