"""What is used of LSP, read from what real clients announce."""

from typing import Any

import pytest
from lsprotocol import types

from codex_ls.lsp.client_requests import ClientCapabilities
from codex_ls.lsp.converter import converter

ACTIONS: dict[str, Any] = {
    "textDocument": {
        "codeAction": {"codeActionLiteralSupport": {"codeActionKind": {"valueSet": []}}}
    }
}


def client(capabilities: Any, **params: Any) -> ClientCapabilities:
    typed = converter().structure(
        {"processId": None, "rootUri": None, "capabilities": capabilities, **params},
        types.InitializeParams,
    )
    return ClientCapabilities.of(typed)


def test_what_is_not_announced_is_not_there() -> None:
    assert client({}) == ClientCapabilities()


def test_a_choice_is_shown_by_who_announces_messages_with_actions() -> None:
    assert client({"window": {"showMessage": {}}}).shows_choices
    assert not client({"window": {"showDocument": {"support": True}}}).shows_choices


def test_a_client_that_takes_actions_is_sent_edits_unless_it_says_no() -> None:
    assert client(ACTIONS).applies_edits
    assert client({**ACTIONS, "workspace": {"workspaceFolders": True}}).applies_edits
    assert not client({**ACTIONS, "workspace": {"applyEdit": False}}).applies_edits


@pytest.mark.parametrize(
    ("capabilities", "info", "waits"),
    [
        ({}, {"name": "Eglot", "version": "1.17.30"}, True),
        ({}, {"name": "emacs", "version": "GNU Emacs 30.1"}, True),
        ({"experimental": {}}, None, True),
        ({"experimental": {}}, {"name": "Zed"}, False),
        ({"experimental": {"localDocs": True}}, None, False),
        ({}, None, False),
    ],
)
def test_emacs_is_known_with_and_without_its_name(
    capabilities: dict[str, Any], info: dict[str, str] | None, waits: bool
) -> None:
    params = {} if info is None else {"clientInfo": info}
    assert client(capabilities, **params).waits_for_commands is waits
