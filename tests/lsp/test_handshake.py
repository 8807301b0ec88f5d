from typing import Any

import pytest
from lsprotocol import types
from lsprotocol.converters import get_converter

from codex_ls.lsp import protocol
from codex_ls.lsp.handshake import initialize_result, read_client

NEOVIM = {"general": {"positionEncodings": ["utf-8", "utf-16", "utf-32"]}}


@pytest.mark.parametrize(
    "capabilities",
    [
        {},
        NEOVIM,
        {"general": {"positionEncodings": ["utf-7", "utf-32"]}},
        {"general": {"positionEncodings": []}},
        {"textDocument": {"synchronization": {"didSave": True, "willSave": True}}},
        {"workspace": {"workspaceFolders": True, "configuration": True, "fileOperations": {}}},
    ],
)
def test_the_reply_is_one_that_lsprotocol_reads_and_would_write(
    capabilities: dict[str, Any],
) -> None:
    client = read_client({"processId": None, "rootUri": None, "capabilities": capabilities})
    assert client is not None
    result = initialize_result(client)
    converter = get_converter()
    typed = converter.structure(result, types.InitializeResult)
    assert converter.unstructure(typed) == result
    assert typed.capabilities.position_encoding == client.position_encoding
    assert result["capabilities"]["experimental"] == {"codex": protocol.capability()}
    assert result["capabilities"]["executeCommandProvider"] == {"commands": list(protocol.COMMANDS)}


def test_what_the_client_says_of_itself_is_read() -> None:
    client = read_client(
        {
            "processId": 42,
            "capabilities": {
                **NEOVIM,
                "workspace": {
                    "configuration": True,
                    "didChangeConfiguration": {"dynamicRegistration": True},
                },
                "window": {"workDoneProgress": True},
                "experimental": {"codex": {"protocolVersion": 1, "secret": True}},
            },
            "initializationOptions": {
                "codex": {"trusted": False, "token": "abc", "profile": "local"}
            },
        }
    )
    assert client is not None
    assert client.position_encoding == "utf-8"
    assert client.process_id == 42
    assert client.can_be_asked_for_settings
    assert client.registers_for_settings
    assert client.shows_progress
    assert client.answers_secrets
    assert not client.trusted
    assert client.token == "abc"
    assert client.options == {"trusted": False, "token": "abc", "profile": "local"}


@pytest.mark.parametrize(
    "odd",
    [
        {"processId": "7", "initializationOptions": [1]},
        {"processId": True, "initializationOptions": {"codex": "x"}},
        {"processId": -1, "initializationOptions": {"codex": {"trusted": "no", "token": 7}}},
        {"capabilities": {"general": {"positionEncodings": [[], 7]}, "window": 5, "workspace": []}},
        {"workspaceFolders": [{"uri": 5}, 7, {"uri": "file:///w", "name": "w"}], "rootUri": 9},
    ],
)
def test_odd_values_read_as_absent(odd: dict[str, Any]) -> None:
    client = read_client({"capabilities": {}, **odd})
    assert client is not None
    assert (client.process_id, client.trusted, client.token) == (None, True, None)
    assert (client.position_encoding, client.shows_progress) == ("utf-16", False)


@pytest.mark.parametrize("params", [None, [], {}, {"capabilities": None}, "x"])
def test_params_that_make_no_sense_are_no_client(params: object) -> None:
    assert read_client(params) is None
