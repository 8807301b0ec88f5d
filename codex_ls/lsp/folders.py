"""The workspace folders that are on this machine's disk, in the order in which the client told them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from codex_ls.lsp.uris import local_path, uri_of


class Folders:
    """The folders of one client; odd values read as absent."""

    def __init__(self, params: Mapping[str, Any]) -> None:
        """`params` are those of `initialize`. Its root counts where it names no folders."""
        root_uri, root_path = params.get("rootUri"), params.get("rootPath")
        if root_uri is None and isinstance(root_path, str) and root_path:
            root_uri = uri_of(root_path)
        self._root_uri = root_uri if isinstance(root_uri, str) else None
        self._uris: dict[str, str] = {}
        self._add(params.get("workspaceFolders"))

    def change(self, params: object) -> None:
        """Take what `workspace/didChangeWorkspaceFolders` brought."""
        event = params.get("event") if isinstance(params, dict) else None
        if isinstance(event, dict):
            self._add(event.get("added"))
            for uri in _uris_in(event.get("removed")):
                self._uris.pop(unquote(uri), None)

    @property
    def paths(self) -> dict[str, Path]:
        """URI to path."""
        uris = list(self._uris.values())
        if not uris and self._root_uri is not None:
            uris = [self._root_uri]
        paths = ((uri, local_path(uri)) for uri in uris)
        return {uri: path for uri, path in paths if path is not None}

    def _add(self, folders: object) -> None:
        self._uris |= {unquote(uri): uri for uri in _uris_in(folders)}


def _uris_in(folders: object) -> list[str]:
    entries = folders if isinstance(folders, list) else []
    uris = (entry.get("uri") for entry in entries if isinstance(entry, dict))
    return [uri for uri in uris if isinstance(uri, str)]
