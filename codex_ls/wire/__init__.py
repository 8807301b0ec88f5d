"""Bytes in, events out: the dialects of model servers, as pure code.

::

    bytes -> lines -> sse -> chat | responses | lmstudio -> text: reasoning_tags | harmony -> events
    bytes -> lines ------> ollama -----------------------> text: reasoning_tags | harmony -> events

Nothing here does I/O, waits, or knows the time. Every decoder has `feed` and `finish`, never raises,
and gives the same events for every chunking of the same bytes (adjacent pieces of text may be cut
differently; joined they are equal).

The decoders are no part of this list: `wire/decoder` is imported while the first request is answered.
"""

from codex_ls.wire.model_call import (
    Image,
    Message,
    ModelCall,
    Tool,
    ToolCall,
    WireApi,
    unknown_to,
)
from codex_ls.wire.notices import cut_off
from codex_ls.wire.quirks import Quirks, is_named, quirks_for
from codex_ls.wire.requests import request_for
from codex_ls.wire.stream_errors import broken_off, error_from_response

__all__ = [
    "Image",
    "Message",
    "ModelCall",
    "Quirks",
    "Tool",
    "ToolCall",
    "WireApi",
    "broken_off",
    "cut_off",
    "error_from_response",
    "is_named",
    "quirks_for",
    "request_for",
    "unknown_to",
]
