"""The params of `initialize`, typed for pygls."""

import logging
from typing import Any

from lsprotocol import types

from codex_ls.lsp.handshake import Client

logger = logging.getLogger(__name__)


def initialize_params(client: Client, structure: Any) -> types.InitializeParams:
    """Return all params, or the few that pygls needs if some client's others are odd.

    `structure` is that of a cattrs converter.
    """
    try:
        params: types.InitializeParams = structure(client.params, types.InitializeParams)
    except Exception:
        logger.warning("the params of initialize do not fit in full", exc_info=True)
        return _plain(client)
    return params


def _plain(client: Client) -> types.InitializeParams:
    """Return the few params that pygls needs, from a client whose others are odd."""
    raw = client.params
    root_uri = raw.get("rootUri")
    folders = raw.get("workspaceFolders")
    return types.InitializeParams(
        capabilities=types.ClientCapabilities(
            general=types.GeneralClientCapabilities(position_encodings=[client.position_encoding])
        ),
        process_id=client.process_id,
        root_uri=root_uri if isinstance(root_uri, str) else None,
        workspace_folders=[
            types.WorkspaceFolder(uri=folder["uri"], name=str(folder.get("name", "")))
            for folder in (folders if isinstance(folders, list) else [])
            if isinstance(folder, dict) and isinstance(folder.get("uri"), str)
        ],
    )
