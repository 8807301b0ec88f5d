"""Turns that act (`mode: "agent"`): the tools of a turn, and the questions that its user answers.

The user's own config.toml says what may be done unasked. A client that announced `"approve": true` is
asked the rest with `codex/approve`, a plain one with `window/showMessageRequest` (`codex.do`); where
nobody can be asked it is declined. An untrusted workspace is read-only, and nearly everything asks.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, get_args

from pygls.exceptions import JsonRpcException

from codex_ls.config.model_settings import ModelSettings
from codex_ls.errors import InvalidParams
from codex_ls.lsp.client_requests import Ask, ClientWindow
from codex_ls.lsp.documents import Documents, local_path, uri_of
from codex_ls.protocol import (
    APPROVE,
    ApproveParams,
    ChangedFile,
    ChangesParams,
    ChangesResult,
    Decision,
    FileChange,
    UndoParams,
    UndoResult,
)
from codex_ls.sanitize import sanitize

if TYPE_CHECKING:  # an editor's start does not wait for them
    from codex_ls.agent.agent import Agent
    from codex_ls.agent.approval import ApprovalRequest, Approvals

_DECISIONS: Final[tuple[Decision, ...]] = get_args(Decision)

ANSWER_TIMEOUT_S: Final = 600.0
"""A question that is not answered for so long is declined; Stop ends the turn at any time."""

_CHOICES: Final[Mapping[str, Decision]] = {
    "Yes": "accept",
    "Yes, from now on": "acceptForSession",
    "No": "decline",
    "Stop": "cancel",
}


class Questions:
    """Asks the user of one turn; the turn's ids are known once it has begun."""

    def __init__(self, put: Callable[[Questions, ApprovalRequest], Awaitable[Decision]]) -> None:
        self.thread_id = self.turn_id = ""
        self._put = put

    async def __call__(self, request: ApprovalRequest) -> Decision:
        """Return the user's decision; `decline` where there is none."""
        try:
            async with asyncio.timeout(ANSWER_TIMEOUT_S):
                return await self._put(self, request)
        except (TimeoutError, JsonRpcException):
            return "decline"


class AgentTurns:
    """What the acting turns of one client share: how it is asked, and what it allowed for good."""

    def __init__(self, ask: Ask, env: Mapping[str, str]) -> None:
        self.can_ask = False
        """Whether the client answers `codex/approve`."""
        self._ask = ask
        self._env = env
        self._allowed: dict[tuple[Path, str], Approvals] = {}

    def questions(self, window: ClientWindow | None = None) -> Questions:
        """Return what asks the user of a turn; with `window` in the words of plain LSP."""
        if window is not None:
            return Questions(lambda _, request: _choose(window, request))
        return Questions(self._approve)

    def tools(
        self,
        settings: ModelSettings,
        folder: Path | None,
        questions: Questions,
        documents: Documents,
        *,
        is_trusted: bool,
    ) -> Agent:
        """Return the tools of a turn in a workspace folder. Raises InvalidParams without one."""
        if folder is None:
            raise InvalidParams(
                "A task needs a workspace folder.", hint="Open a folder, or ask a question instead."
            )
        from codex_ls.agent.agent import Agent, Permissions

        agent = Agent(
            settings,
            folder,
            Permissions(is_trusted=is_trusted),
            ask=questions,
            env=self._env,
            unsaved=lambda path: unsaved_text(documents, path),
        )
        key = (agent.policy.workspace, f"{agent.policy.mode} {agent.approvals.policy}")
        known = self._allowed.setdefault(key, agent.approvals)
        known.ask = questions
        agent.approvals = known
        return agent

    async def _approve(self, questions: Questions, request: ApprovalRequest) -> Decision:
        if not self.can_ask:
            return "decline"
        from codex_ls.agent.approval import visible

        params = ApproveParams(
            thread_id=questions.thread_id,
            turn_id=questions.turn_id,
            item_id=request.item_id,
            kind=request.kind,
            reason=sanitize(request.reason) or None,
            command=visible(request.command) or None,
            cwd=None if request.cwd is None else str(request.cwd),
            changes=tuple(
                FileChange(
                    uri=uri_of(str(change.path)) or "",
                    kind=change.kind,
                    diff=change.diff(request.cwd or change.path.parent),
                )
                for change in request.changes
            )
            or None,
            decisions=_DECISIONS,
        )
        answer = await self._ask(APPROVE, params.dump())
        decision: Any = answer.get("decision") if isinstance(answer, dict) else None
        return decision if decision in _DECISIONS else "decline"


async def _choose(window: ClientWindow, request: ApprovalRequest) -> Decision:
    titles = list(_CHOICES)
    chosen = await window.choose(_question(request), titles)
    return "decline" if chosen is None else _CHOICES[titles[chosen]]


def _question(request: ApprovalRequest) -> str:
    if request.kind == "edit":
        assert request.cwd is not None
        diffs = "\n".join(change.diff(request.cwd) for change in request.changes)
        return f"The model wants to change:\n{diffs}"
    from codex_ls.agent.approval import visible

    outside = " without a sandbox" if request.kind == "escalate" else ""
    reason = f"\nReason given: {sanitize(request.reason)}" if request.reason else ""
    return f"The model wants to run{outside} in {request.cwd}:\n{visible(request.command)}{reason}"


def unsaved_text(documents: Documents, path: Path) -> bytes | None:
    """Return the text of an open document whose file has another one; None for every other path."""
    for uri, document in tuple(documents.text_documents.items()):
        named = local_path(uri)
        if named is None or os.path.realpath(named) != str(path):
            continue
        text = document.source.encode("utf-8", "replace")
        try:
            saved = path.read_bytes()
        except OSError:
            saved = b""
        return None if saved.removeprefix(b"\xef\xbb\xbf") == text else text
    return None


async def undo(params: UndoParams, documents: Documents, env: Mapping[str, str]) -> UndoResult:
    """Put back the files that a turn changed, or some of them. Raises InvalidParams."""
    from codex_ls.agent.agent import require_undo_store

    only = _resolved(params.uris) if params.uris else None
    undone = await asyncio.to_thread(
        require_undo_store(env).undo,
        params.turn_id,
        only=only,
        unsaved=lambda path: unsaved_text(documents, path),
    )
    return UndoResult(
        restored=tuple(uri_of(str(path)) or "" for path in undone.restored),
        changed_since=tuple(uri_of(str(path)) or "" for path in undone.changed_since),
    )


async def changes(
    params: ChangesParams, documents: Documents, env: Mapping[str, str]
) -> ChangesResult:
    """Return what `undo` would put back. Raises InvalidParams."""
    from codex_ls.agent.agent import require_undo_store

    found = await asyncio.to_thread(
        require_undo_store(env).changes,
        params.turn_id,
        unsaved=lambda path: unsaved_text(documents, path),
    )
    return ChangesResult(
        files=tuple(
            ChangedFile(
                uri=uri_of(str(file.change.path)) or "",
                kind=file.change.kind,
                diff=file.change.diff(file.workspace),
                before=_text(file.change.before),
                changed_since=file.is_changed_since,
            )
            for file in found
        )
    )


def _resolved(uris: Iterable[str]) -> set[Path]:
    paths = (local_path(uri) for uri in uris)
    return {Path(os.path.realpath(path)) for path in paths if path is not None}


def _text(data: bytes | None) -> str | None:
    """Return the text of a file; None if there is none, or if it is no text."""
    if data is None or b"\0" in data:
        return None
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return None
