"""Tool calls put together from their pieces, whoever numbers them and however.

Servers disagree on what identifies a call: an index that is missing (Gemini), always 0 (Ollama),
starts at 1, an id that is new on every piece (older vLLM) or empty, a name that comes late. The rule,
in order:

1. an id seen before: that call;
2. an id not seen, with a name: a new call, unless the call at that index still lacks a name;
3. an index seen before: that call;
4. an index not seen: a new call;
5. no index, but an id or a name: a new call;
6. else the latest call.

Entries without an index that stand together in one list are numbered by their place in it.
"""

import json
from dataclasses import dataclass
from typing import Any

from codex_ls.events import ToolCallDelta
from codex_ls.wire.json_text import MAX_KEPT

_CALL_COST = 512
"""What keeping a call costs beside its arguments, roughly, in characters."""


@dataclass(slots=True)
class _Call:
    index: int
    call_id: str
    name: str = ""


class ToolCallAssembler:
    """Pieces of tool calls, as servers send them, to `ToolCallDelta`s."""

    def __init__(self) -> None:
        self._calls: list[_Call] = []
        self._by_id: dict[str, _Call] = {}
        self._by_index: dict[int, _Call] = {}
        self._size = 0

    def __len__(self) -> int:
        return len(self._calls)

    @property
    def too_long(self) -> bool:
        """True once the calls of one answer are more than any tool could take."""
        return self._size > MAX_KEPT

    def keep(self, size: int) -> None:
        """Count so many characters of a call that is not told yet."""
        self._size += size

    def begin(self, name: str) -> tuple[int, ToolCallDelta]:
        """A new call whose name is all that is known: its number and its first piece."""
        call = self._new("")
        call.name = name
        return call.index, ToolCallDelta(call.index, call.call_id, name)

    def more(self, number: int, arguments: str) -> ToolCallDelta:
        """The next piece of the arguments of a call that `begin` numbered."""
        self._size += len(arguments)
        return ToolCallDelta(number, arguments=arguments)

    def feed_all(self, pieces: list[Any]) -> list[ToolCallDelta]:
        """The deltas of one `tool_calls` array."""
        numbered = len(pieces) > 1
        deltas: list[ToolCallDelta] = []
        for place, piece in enumerate(pieces):
            if numbered and isinstance(piece, dict) and piece.get("index") is None:
                piece = {**piece, "index": place}
            deltas += self.feed(piece)
        return deltas

    def feed(self, piece: Any) -> list[ToolCallDelta]:
        """The deltas of one entry of a `tool_calls` array, whatever its shape."""
        if not isinstance(piece, dict):
            return []
        function = piece.get("function")
        function = function if isinstance(function, dict) else piece
        name = _text(function.get("name"))
        arguments = function.get("arguments")
        if isinstance(arguments, (dict, list)):
            arguments = json.dumps(arguments, ensure_ascii=False)
        index = piece.get("index")
        index = index if isinstance(index, int) and not isinstance(index, bool) else None
        call, is_new = self._find(index, _text(piece.get("id")), name)
        arguments = _text(arguments)
        self._size += len(arguments)
        named = bool(name) and not call.name
        if named:
            call.name = name
        if not (is_new or named or arguments):
            return []
        return [
            ToolCallDelta(
                call.index,
                call.call_id if is_new else None,
                name if named else None,
                arguments,
            )
        ]

    def _find(self, index: int | None, call_id: str, name: str) -> tuple[_Call, bool]:
        if call_id and call_id in self._by_id:
            return self._by_id[call_id], False
        at_index = self._by_index.get(index) if index is not None else None
        if call_id and name and (at_index is None or at_index.name):
            return self._new(call_id, index), True
        if at_index is not None:
            return at_index, False
        if index is not None or call_id or name or not self._calls:
            return self._new(call_id, index), True
        return self._calls[-1], False

    def _new(self, call_id: str, index: int | None = None) -> _Call:
        number = len(self._calls)
        call = _Call(number, call_id or f"call_{number}")
        self._calls.append(call)
        self._size += len(call_id) + _CALL_COST
        self._by_id[call.call_id] = call
        if index is not None:
            self._by_index[index] = call
        return call


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""
