"""The one door from bytes to events: a decoder for each wire."""

from typing import Protocol, assert_never

from codex_ls.events import FinishReason, WireEvent
from codex_ls.wire.chat import ChatDecoder
from codex_ls.wire.model_call import WireApi
from codex_ls.wire.ollama import OllamaDecoder
from codex_ls.wire.quirks import Quirks
from codex_ls.wire.responses import ResponsesDecoder


class Decoder(Protocol):
    """Bytes of one answer to events: feed each read, then `finish` at the end of the bytes.

    Never raises. The last event is one `StreamFinished` or `StreamFailed`, and none follows it.
    """

    done: bool
    """True once the answer's end was seen: the caller closes the connection."""

    @property
    def finish_reason(self) -> FinishReason | None:
        """The finish reason that stands: it came, and no text behind it, nor an end mark.

        Some servers send figures behind it, some never end the stream, and some send one that is none:
        `turn/stream_limits` decides.
        """

    def feed(self, data: bytes) -> list[WireEvent]:
        """The events that `data` completes; nothing once `done`."""

    def finish(self) -> list[WireEvent]:
        """The events of the end of the bytes; nothing once `done`."""


def decoder_for(wire_api: WireApi, quirks: Quirks, *, output_limit: int | None = None) -> Decoder:
    """A fresh decoder for one answer on that wire.

    `output_limit` is the number of output tokens that were allowed: one wire does not tell why it ended.
    """
    match wire_api:
        case "chat":
            return ChatDecoder(quirks)
        case "responses":
            return ResponsesDecoder(quirks)
        case "ollama":
            return OllamaDecoder(quirks)
        case "lmstudio":
            from codex_ls.wire.lmstudio import LmStudioDecoder  # only where it is asked

            return LmStudioDecoder(quirks, output_limit=output_limit)
        case _:
            assert_never(wire_api)
