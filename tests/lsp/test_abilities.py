"""What is used of LSP, read from what real clients announce."""

from typing import Any

import pytest

from codex_ls.lsp.abilities import Abilities
from codex_ls.lsp.handshake import read_client

ACTIONS: dict[str, Any] = {
    "textDocument": {"codeAction": {"codeActionLiteralSupport": {"codeActionKind": {}}}}
}


def abilities(capabilities: Any, **params: Any) -> Abilities:
    client = read_client({"capabilities": capabilities, **params})
    assert client is not None
    return Abilities.of(client)


def test_what_is_not_announced_is_not_there() -> None:
    assert abilities({}) == Abilities()


def test_a_choice_is_shown_by_who_announces_messages_with_actions() -> None:
    assert abilities({"window": {"showMessage": {}}}).shows_choices
    assert not abilities({"window": {"showDocument": {"support": True}}}).shows_choices


def test_a_client_that_takes_actions_is_sent_edits_unless_it_says_no() -> None:
    assert abilities(ACTIONS).applies_edits
    assert abilities({**ACTIONS, "workspace": {"workspaceFolders": True}}).applies_edits
    assert not abilities({**ACTIONS, "workspace": {"applyEdit": False}}).applies_edits


@pytest.mark.parametrize(
    ("capabilities", "client", "waits"),
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
    capabilities: dict[str, Any], client: dict[str, str] | None, waits: bool
) -> None:
    params = {} if client is None else {"clientInfo": client}
    assert abilities(capabilities, **params).waits_for_commands is waits
