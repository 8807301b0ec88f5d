"""Bytes in, events out: the dialects of model servers, as pure code.

::

    bytes -> lines -> sse -> chat | responses | lmstudio -> reasoning_tags | harmony -> events
    bytes -> lines ------> ollama -----------------------> reasoning_tags            -> events

Nothing here does I/O, waits, or knows the time. Every decoder has `feed` and `finish`, never raises,
and gives the same events for every chunking of the same bytes (adjacent pieces of text may be cut
differently; joined they are equal).
"""

from codex_ls.wire.decoder import Decoder, decoder_for
from codex_ls.wire.notices import cut_off
from codex_ls.wire.quirks import Quirks, is_named, quirks_for
from codex_ls.wire.requests import (
    EFFORT_FIELDS,
    Image,
    Message,
    ModelCall,
    ToolCall,
    request_for,
)
from codex_ls.wire.stream_errors import broken_off, error_from_response, refuses

__all__ = [
    "EFFORT_FIELDS",
    "Decoder",
    "Image",
    "Message",
    "ModelCall",
    "Quirks",
    "ToolCall",
    "broken_off",
    "cut_off",
    "decoder_for",
    "error_from_response",
    "is_named",
    "quirks_for",
    "refuses",
    "request_for",
]
