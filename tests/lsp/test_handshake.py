from typing import Any

import pytest
from lsprotocol import types

from codex_ls.lsp import protocol
from codex_ls.lsp.endpoint import Endpoint
from codex_ls.lsp.handshake import initialize_result, read_client
from tests.lsp.test_endpoint import endpoint_for
from tests.lsp.wire import Recorder

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
async def test_the_early_reply_is_what_pygls_would_say(capabilities: dict[str, Any]) -> None:
    client = read_client({"processId": None, "rootUri": None, "capabilities": capabilities})
    assert client is not None
    endpoint: Endpoint = endpoint_for(Recorder())
    computed = endpoint._converter.unstructure(endpoint.adopt(client))
    for absent in ("willSave", "willSaveWaitUntil"):  # pygls says false if the client could
        assert not computed["capabilities"]["textDocumentSync"].pop(absent, False)
    early = initialize_result(client)
    assert early["capabilities"].pop("experimental") == {"codex": protocol.capability()}
    assert early["capabilities"].pop("codeActionProvider") is True  # answered beside pygls
    computed["capabilities"].pop("executeCommandProvider")
    commands = early["capabilities"].pop("executeCommandProvider")
    assert commands == {"commands": list(protocol.COMMANDS)}
    assert early == computed
    assert str(endpoint.documents.position_encoding) == client.position_encoding


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
async def test_odd_values_read_as_absent(odd: dict[str, Any]) -> None:
    client = read_client({"capabilities": {}, **odd})
    assert client is not None
    assert (client.process_id, client.trusted, client.token) == (None, True, None)
    assert (client.position_encoding, client.shows_progress) == ("utf-16", False)
    result = endpoint_for(Recorder()).adopt(client)
    assert isinstance(result, types.InitializeResult)


@pytest.mark.parametrize("params", [None, [], {}, {"capabilities": None}, "x"])
def test_params_that_make_no_sense_are_no_client(params: object) -> None:
    assert read_client(params) is None
