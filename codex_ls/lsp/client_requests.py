"""What the server asks its client, and what that client can do."""

import asyncio
import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lsprotocol import types
from pygls.capabilities import get_capability
from pygls.exceptions import JsonRpcException
from pygls.lsp.server import LanguageServer

from codex_ls.lsp.edits.text_edit import Edit
from codex_ls.protocol import SECRET, SecretParams
from codex_ls.sanitize import sanitize

# ---- capabilities of the client ------------------------------------------------------------------
#
# What a client without a plugin of ours can be shown, read from the capabilities that it announced.
#
# What is not announced is not there: a client that says next to nothing gets messages and plain
# commands, which are the parts of LSP that need no announcement.


WAITING_CLIENTS = frozenset({"eglot", "emacs", "lsp-mode"})
"""Editors that stand still until a command is answered, and give up after 10 seconds.

Eglot and lsp-mode send `workspace/executeCommand` with a blocking request (`jsonrpc-request` with its
`jsonrpc-default-request-timeout`, `lsp-request` with `lsp-response-timeout`). Eglot says its name since
Emacs 30; before, it has none, and announces an `experimental` that is empty.
"""


@dataclass(frozen=True, slots=True)
class ClientCapabilities:
    """What to use of LSP with one client."""

    takes_actions: bool = False
    """Code actions as such; to others they are sent as plain commands."""
    shows_documents: bool = False
    applies_edits: bool = False
    takes_versions: bool = False
    """Edits that name the version of the document that they are for."""
    asks_before_edits: bool = False
    """Edits with an annotation that wants a confirmation."""
    shows_choices: bool = False
    """`window/showMessageRequest`, which is no part of LSP's base: Helix before 25.07 has none."""
    waits_for_commands: bool = False

    @classmethod
    def of(cls, params: types.InitializeParams) -> "ClientCapabilities":
        """Return those of a client."""
        capabilities = params.capabilities
        applies_edits = get_capability(capabilities, "workspace.apply_edit")
        takes_versions = (
            get_capability(capabilities, "workspace.workspace_edit.document_changes") is True
        )
        takes_actions = (
            get_capability(capabilities, "text_document.code_action.code_action_literal_support")
            is not None
        )
        annotates = get_capability(
            capabilities, "workspace.workspace_edit.change_annotation_support"
        )
        return cls(
            takes_actions=takes_actions,
            shows_documents=get_capability(capabilities, "window.show_document.support") is True,
            # Who takes actions can edit. Kate does not announce it, and does it.
            applies_edits=applies_edits is True or (applies_edits is None and takes_actions),
            takes_versions=takes_versions,
            asks_before_edits=takes_versions and annotates is not None,
            shows_choices=get_capability(capabilities, "window.show_message") is not None,
            waits_for_commands=_waits_for_commands(params),
        )


def _waits_for_commands(params: types.InitializeParams) -> bool:
    if params.client_info is None:
        return params.capabilities.experimental == {}
    return params.client_info.name.lower() in WAITING_CLIENTS


# ---- the window of the client --------------------------------------------------------------------
#
# Notifications and requests to a client in the middle of a command, in plain LSP.
#
# Every question has a limit or can be given up: a client may answer late or never.


SHOW_TIMEOUT_S = 10.0

Level = types.MessageType
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


class ClientWindow:
    """Talks to the person in front of one client."""

    def __init__(self, server: LanguageServer, capabilities: ClientCapabilities) -> None:
        self.capabilities = capabilities
        self._server = server

    def message(self, level: Level, *sentences: str | None) -> None:
        """Send `window/showMessage`, which every client knows."""
        text = " ".join(" ".join(filter(None, sentences)).split())
        self._server.window_show_message(
            types.ShowMessageParams(type=level, message=sanitize(text)[:_MESSAGE_CHARS])
        )

    def log(self, text: str) -> None:
        """Send `window/logMessage`: the last place for what can be put nowhere else."""
        self._server.window_log_message(types.LogMessageParams(type=Level.Info, message=text))

    async def document(self, path: Path) -> bool:
        """Have a file shown beside what the user looks at; false if the client does not."""
        if not self.capabilities.shows_documents:
            return False
        params = types.ShowDocumentParams(uri=path.as_uri(), external=False, take_focus=False)
        try:
            async with asyncio.timeout(SHOW_TIMEOUT_S):
                answer = await self._server.window_show_document_async(params)
        except (TimeoutError, JsonRpcException):
            return False
        return getattr(answer, "success", False) is True  # null, from some

    async def apply(self, proposal: Proposal) -> str | None:
        """Propose edits and wait for what becomes of them; return None, or why they were not made."""
        params = types.ApplyWorkspaceEditParams(
            edit=self._workspace_edit(proposal), label=proposal.label
        )
        try:
            answer = await self._server.workspace_apply_edit_async(params)
        except JsonRpcException:
            return "the editor refused the edit"
        if getattr(answer, "applied", False):  # null, from some
            return None
        reason = getattr(answer, "failure_reason", None)
        return f"the editor did not apply the edit ({reason})" if reason else "it was not accepted"

    async def choose(self, message: str, titles: Sequence[str]) -> int | None:
        """Have one of the titles chosen; return its number, or None.

        A client that can show no choice gets the titles to read: the command takes one as its argument.
        """
        params = types.ShowMessageRequestParams(
            type=Level.Info,
            message=message,
            actions=[types.MessageActionItem(title=title) for title in titles],
        )
        try:
            answer = await self._server.window_show_message_request_async(params)
        except JsonRpcException:
            there_are = f"This editor can't show the choice: {', '.join(titles)}."
            self.message(Level.Info, f"Codex: {message}", there_are)
            return None
        return titles.index(answer.title) if answer and answer.title in titles else None

    def _workspace_edit(self, proposal: Proposal) -> types.WorkspaceEdit:
        edits = [_text_edit(edit) for edit in proposal.edits]
        if not self.capabilities.takes_versions:
            return types.WorkspaceEdit(changes={proposal.uri: edits})
        document = types.OptionalVersionedTextDocumentIdentifier(
            uri=proposal.uri, version=proposal.version
        )
        if not self.capabilities.asks_before_edits:
            return types.WorkspaceEdit(document_changes=[types.TextDocumentEdit(document, edits)])
        annotated = [
            types.AnnotatedTextEdit(_ANNOTATION, edit.range, edit.new_text) for edit in edits
        ]
        annotation = types.ChangeAnnotation(
            label=proposal.label, needs_confirmation=True, description=proposal.description
        )
        return types.WorkspaceEdit(
            document_changes=[types.TextDocumentEdit(document, annotated)],
            change_annotations={_ANNOTATION: annotation},
        )


def _text_edit(edit: Edit) -> types.TextEdit:
    return types.TextEdit(
        types.Range(types.Position(*edit.start), types.Position(*edit.end)), edit.text
    )


# ---- keys ----------------------------------------------------------------------------------------


Ask = Callable[[str, dict[str, Any]], Awaitable[Any]]


class Secrets:
    """What the user gave for this session. `enabled` says whether the client can be asked."""

    def __init__(self, ask: Ask) -> None:
        self.enabled = False
        self._ask = ask
        self._known: dict[tuple[str, str, str], str] = {}
        self._asking = asyncio.Lock()

    async def ask(self, provider: str, origin: str, env_key: str) -> str | None:
        """Return the key of a provider for one origin; None if the user gives none."""
        if not self.enabled:
            return None
        identity = (provider, origin, env_key)
        async with self._asking:  # two turns that need a key are one question to the user
            if identity not in self._known:
                params = SecretParams(provider=provider, origin=origin, env_key=env_key)
                answer: object = None
                with contextlib.suppress(JsonRpcException):
                    answer = await self._ask(SECRET, params.dump())
                value = answer.get("value") if isinstance(answer, dict) else None
                if not isinstance(value, str) or not value:
                    return None
                self._known[identity] = value
            return self._known[identity]

    def forget(self, provider: str) -> None:
        """Ask again the next time: the model server refused this key."""
        for identity in [known for known in self._known if known[0] == provider]:
            del self._known[identity]
