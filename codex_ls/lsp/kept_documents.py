"""The open documents as pygls keeps them, from params as lsprotocol types them.

pygls splits lines as Python does (also at form feeds and U+2028) where LSP knows `\\n`, `\\r\\n` and
`\\r` alone, and clamps positions one short on a last line. After such a line an edit would land in the
wrong place, and every later question show the model a text that is not the user's; so `Document`
applies edits with the rules of LSP 3.17, "Text Documents".
"""

import logging
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any
from urllib.parse import unquote

from lsprotocol import types
from lsprotocol.converters import get_converter
from pygls.workspace import TextDocument, Workspace

from codex_ls.lsp import methods
from codex_ls.lsp.documents import Text

logger = logging.getLogger(__name__)


class Document(TextDocument):
    """An open document whose edits follow LSP's idea of a line."""

    def apply_change(self, change: types.TextDocumentContentChangeEvent) -> None:
        """Apply one change of a `textDocument/didChange`."""
        if not isinstance(change, types.TextDocumentContentChangePartial):
            self._source = change.text
            return
        text = Text(self.source, encoding=str(self.position_codec.encoding))
        start = text.offset(change.range.start.line, change.range.start.character)
        end = text.offset(change.range.end.line, change.range.end.character)
        self._source = text.source[:start] + change.text + text.source[max(start, end) :]


class KeptDocuments(Workspace):
    """The workspace of pygls, made of `Document`s."""

    def __init__(self, position_encoding: str) -> None:
        super().__init__(None, position_encoding=position_encoding)
        _converter()

    def take(self, method: str, params: object) -> None:
        """Take one notification about a document; one that does not fit is left out, and logged."""
        params_type, apply = _NOTIFICATIONS[method]
        try:
            apply(self, _converter().structure(params, params_type))
        except Exception as error:  # cattrs raises whatever the values raise
            logger.warning("ignored a %s that does not fit (%s)", method, type(error).__name__)

    def get(self, uri: str) -> Document | None:
        """Return an open document; None if it is not open."""
        document = self.text_documents.get(unquote(uri))
        return document if isinstance(document, Document) else None

    def _create_text_document(
        self,
        doc_uri: str,
        source: str | None = None,
        version: int | None = None,
        language_id: str | None = None,
    ) -> Document:
        return Document(
            doc_uri,
            source=source,
            version=version,
            language_id=language_id,
            sync_kind=self._sync_kind,
            position_codec=self._position_codec,
        )


def _open(kept: KeptDocuments, params: types.DidOpenTextDocumentParams) -> None:
    kept.put_text_document(params.text_document)


def _change(kept: KeptDocuments, params: types.DidChangeTextDocumentParams) -> None:
    for change in params.content_changes:
        kept.update_text_document(params.text_document, change)


def _close(kept: KeptDocuments, params: types.DidCloseTextDocumentParams) -> None:
    kept.remove_text_document(params.text_document.uri)


_NOTIFICATIONS: Mapping[str, tuple[Any, Callable[[KeptDocuments, Any], None]]] = {
    methods.DID_OPEN: (types.DidOpenTextDocumentParams, _open),
    methods.DID_CHANGE: (types.DidChangeTextDocumentParams, _change),
    methods.DID_CLOSE: (types.DidCloseTextDocumentParams, _close),
}


@cache
def _converter() -> Any:
    """lsprotocol's converter, made once: it knows types and no client, and making it takes 10 ms."""
    return get_converter()
