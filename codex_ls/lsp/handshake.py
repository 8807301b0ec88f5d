"""What a client says of itself in `initialize`, and what it is answered.

lsprotocol has types for both, but takes longer to be imported than all that a first question needs. A
test reads the reply with them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from codex_ls import __version__
from codex_ls.lsp.protocol import COMMANDS, capability

SERVER_NAME = "codex-ls"
_ENCODINGS = ("utf-16", "utf-8", "utf-32")
_INCREMENTAL = 2


@dataclass(frozen=True, slots=True)
class Client:
    """What the client said about itself in `initialize`."""

    params: Mapping[str, Any]
    position_encoding: str = "utf-16"
    process_id: int | None = None
    can_be_asked_for_settings: bool = False
    registers_for_settings: bool = False
    shows_progress: bool = False
    answers_secrets: bool = False
    trusted: bool = True
    token: str | None = None
    options: Mapping[str, Any] | None = None
    """`initializationOptions.codex` as it came; `settings` reads it."""


def read_client(params: object) -> Client | None:
    """Return what `initialize` params say; None if they make no sense. Odd values read as absent."""
    if not isinstance(params, dict) or not isinstance(params.get("capabilities"), dict):
        return None
    capabilities = params["capabilities"]
    options = _object(params, "initializationOptions", "codex")
    process_id = params.get("processId")
    token = options.get("token")
    return Client(
        params=params,
        position_encoding=_choose_encoding(value_at(capabilities, "general", "positionEncodings")),
        process_id=process_id if type(process_id) is int and process_id > 0 else None,
        can_be_asked_for_settings=value_at(capabilities, "workspace", "configuration") is True,
        registers_for_settings=value_at(
            capabilities, "workspace", "didChangeConfiguration", "dynamicRegistration"
        )
        is True,
        shows_progress=value_at(capabilities, "window", "workDoneProgress") is True,
        answers_secrets=value_at(capabilities, "experimental", "codex", "secret") is True,
        trusted=options.get("trusted") is not False,
        token=token if isinstance(token, str) else None,
        options=options,
    )


def initialize_result(client: Client) -> dict[str, Any]:
    """Return the result of `initialize`."""
    return {
        "capabilities": {
            "positionEncoding": client.position_encoding,
            "textDocumentSync": {"openClose": True, "change": _INCREMENTAL, "save": False},
            "codeActionProvider": True,
            "executeCommandProvider": {"commands": list(COMMANDS)},
            "workspace": {
                "workspaceFolders": {"supported": True, "changeNotifications": True},
                "fileOperations": {},
            },
            "experimental": {"codex": capability()},
        },
        "serverInfo": {"name": SERVER_NAME, "version": __version__},
    }


def _choose_encoding(offered: object) -> str:
    """Return the first encoding that the client offers and we know; LSP's default otherwise."""
    names = offered if isinstance(offered, list) else []
    return next((name for name in names if name in _ENCODINGS), "utf-16")


def value_at(value: Any, *keys: str) -> Any:
    """Return what stands in nested objects under these keys; None where there is none."""
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _object(value: object, *keys: str) -> dict[str, Any]:
    found = value_at(value, *keys)
    return found if isinstance(found, dict) else {}
