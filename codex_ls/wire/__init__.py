"""Bytes in, events out: the dialects of model servers, as pure code.

::

    bytes -> lines -> sse -> chat | responses -> reasoning_tags | harmony -> events
    bytes -> lines ------> ollama ------------> reasoning_tags            -> events

Nothing here does I/O, waits, or knows the time. Every decoder has `feed` and `finish`, never raises,
and gives the same events for every chunking of the same bytes (adjacent pieces of text may be cut
differently; joined they are equal).
"""

from codex_ls.wire.decoder import Decoder, decoder_for
from codex_ls.wire.quirks import Quirks, quirks_for
from codex_ls.wire.requests import Image, Message, ModelCall, ToolCall, request_for

__all__ = [
    "Decoder",
    "Image",
    "Message",
    "ModelCall",
    "Quirks",
    "ToolCall",
    "decoder_for",
    "quirks_for",
    "request_for",
]
