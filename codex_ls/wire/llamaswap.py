"""The loading lines of llama-swap, which come as thinking while it starts a model.

With `sendLoadingState` its stream begins with chunks of its own, before those of the model server:
`━━━━━`, `llama-swap loading model: NAME`, dots and remarks, `Done! (5.00s)`, `━━━━━`. Each chunk is
`{"choices":[{"delta":{"reasoning_content":"..."}}]}` and nothing more, where every model server sends an
`id` or an `object` too (llama-swap, `internal/router/loading.go`, 2026).
"""

from collections.abc import Mapping
from typing import Any, Literal

_BEGINNING = "━━━━━\nllama-swap loading model: "


class LoadingLines:
    """Tells the loading lines at the start of a stream from thinking."""

    def __init__(self) -> None:
        self._state: Literal["start", "loading", "over"] = "start"
        self._held = ""

    @property
    def are_over(self) -> bool:
        """True once none can come any more."""
        return self._state == "over"

    @property
    def are_there(self) -> bool:
        """True while a model is being loaded."""
        return self._state == "loading"

    def feed(self, chunk: Mapping[str, Any]) -> str | None:
        """Take the next chunk; None if it is a loading line, or may be the beginning of them.

        Else the text of earlier chunks that was held back and is thinking after all, mostly empty.
        """
        text = _line(chunk)
        if text is not None and self._state == "loading":
            return None
        if text is not None and self._state == "start":
            self._held += text
            if self._held.startswith(_BEGINNING):
                self._state, self._held = "loading", ""
                return None
            if _BEGINNING.startswith(self._held):
                return None
            # The text of this chunk is its own to give.
            self._held = self._held.removesuffix(text)
        self._state, held, self._held = "over", self._held, ""
        return held

    def finish(self) -> str:
        """What was held back, at the end of the stream."""
        held, self._held, self._state = self._held, "", "over"
        return held


def _line(chunk: Mapping[str, Any]) -> str | None:
    match chunk:
        case {"choices": [{"delta": {"reasoning_content": str(text), **delta}, **choice}], **rest}:
            return None if delta or choice or rest else text
        case _:
            return None
