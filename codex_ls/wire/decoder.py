"""The one door from bytes to events: a decoder for each wire."""

from typing import Literal, Protocol, assert_never

from codex_ls.events import WireEvent
from codex_ls.wire.chat import ChatDecoder
from codex_ls.wire.ollama import OllamaDecoder
from codex_ls.wire.quirks import Quirks
from codex_ls.wire.responses import ResponsesDecoder

WireApi = Literal["chat", "responses", "ollama", "lmstudio"]


class Decoder(Protocol):
    """Bytes of one answer to events: feed each read, then `finish` at the end of the bytes.

    Never raises. The last event is one `StreamFinished` or `StreamFailed`, and none follows it.
    """

    done: bool
    """True once the answer's end was seen: the caller closes the connection."""

    @property
    def ending(self) -> bool:
        """True once the text is known to be whole, though more figures may come."""

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
