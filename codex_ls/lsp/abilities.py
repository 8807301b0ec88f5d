"""What a client without a plugin of ours can be shown, read from the capabilities that it announced.

What is not announced is not there: a client that says next to nothing gets messages and plain commands,
which are the parts of LSP that need no announcement.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codex_ls.lsp.handshake import Client, value_at

WAITING_CLIENTS = frozenset({"eglot", "emacs", "lsp-mode"})
"""Editors that stand still until a command is answered, and give up after 10 seconds.

Eglot and lsp-mode send `workspace/executeCommand` with a blocking request (`jsonrpc-request` with its
`jsonrpc-default-request-timeout`, `lsp-request` with `lsp-response-timeout`). Eglot says its name since
Emacs 30; before, it has none, and announces an `experimental` that is empty.
"""


@dataclass(frozen=True, slots=True)
class Abilities:
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
    def of(cls, client: Client) -> "Abilities":
        """Return those of a client; odd values read as absent."""
        capabilities = client.params.get("capabilities")
        applies_edits = value_at(capabilities, "workspace", "applyEdit")
        workspace_edit = value_at(capabilities, "workspace", "workspaceEdit")
        takes_versions = value_at(workspace_edit, "documentChanges") is True
        takes_actions = isinstance(
            value_at(capabilities, "textDocument", "codeAction", "codeActionLiteralSupport"), dict
        )
        return cls(
            takes_actions=takes_actions,
            shows_documents=value_at(capabilities, "window", "showDocument", "support") is True,
            # Who takes actions can edit. Kate does not announce it, and does it.
            applies_edits=applies_edits is True or (applies_edits is None and takes_actions),
            takes_versions=takes_versions,
            asks_before_edits=takes_versions
            and isinstance(value_at(workspace_edit, "changeAnnotationSupport"), dict),
            shows_choices=isinstance(value_at(capabilities, "window", "showMessage"), dict),
            waits_for_commands=_waits_for_commands(client.params),
        )


def _waits_for_commands(params: Mapping[str, Any]) -> bool:
    name = value_at(params, "clientInfo", "name")
    if name is None:
        return bool(value_at(params, "capabilities", "experimental") == {})
    return str(name).lower() in WAITING_CLIENTS
