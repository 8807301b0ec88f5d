"""The results of a turn's tool calls: one for each call, in order, even if the turn ends meanwhile.

Most chat templates reject a conversation in which a call has no result, or two.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final

from codex_ls.agent.approval import Cancelled
from codex_ls.agent.toolbox import Toolbox, ToolResult
from codex_ls.events import ItemChanged, ItemOutput
from codex_ls.turn.interrupt import Interrupted
from codex_ls.wire import Message, ToolCall

_MAX_FORMAT_ERRORS: Final = 3
_WARN_AT, _END_AT = 3, 5
"""How many times the same call may have the same result."""

Wait = Callable[[Coroutine[Any, Any, Any]], Awaitable[Any]]
"""Awaits something and raises Interrupted when the turn was asked to stop."""


class CallResults:
    """Runs the calls of one turn, and notices when they lead nowhere."""

    def __init__(self, toolbox: Toolbox) -> None:
        self._toolbox = toolbox
        self._format_errors = 0
        self._repeats: Counter[tuple[str, str, str]] = Counter()

    async def run(
        self, calls: Sequence[ToolCall], messages: list[Message], wait: Wait
    ) -> AsyncGenerator[ItemChanged | ItemOutput, None]:
        """Run calls in order, append the result of each to `messages`, and yield their items.

        Raises Interrupted if the turn was asked to stop; the calls left then have the result
        "cancelled".
        """
        first = len(messages)
        try:
            for call in calls:
                happened: asyncio.Queue[ItemChanged | ItemOutput | None] = asyncio.Queue()
                running = asyncio.ensure_future(self._toolbox.run(call, happened.put_nowait))
                running.add_done_callback(_end_of(happened))
                try:
                    while (event := await wait(happened.get())) is not None:
                        yield event
                except BaseException as error:
                    running.cancel()
                    await asyncio.gather(running, return_exceptions=True)
                    if isinstance(error, Interrupted):
                        while (event := happened.get_nowait()) is not None:
                            yield event
                    raise
                messages.append(_message(call, self._counted(call, running.result())))
        except Cancelled:
            raise Interrupted from None
        finally:
            left = calls[len(messages) - first :]
            messages.extend(_message(call, "cancelled") for call in left)

    @property
    def deadlock(self) -> str | None:
        """Why the turn should end, as a sentence; None if it may go on."""
        if self._format_errors >= _MAX_FORMAT_ERRORS:
            return f"The model made {_MAX_FORMAT_ERRORS} invalid tool calls in a row."
        if max(self._repeats.values(), default=0) >= _END_AT:
            return f"The model made the same call {_END_AT} times, with the same result."
        return None

    def _counted(self, call: ToolCall, result: ToolResult) -> str:
        """Return a result's text, with a warning if the same call has had it too often."""
        self._format_errors = self._format_errors + 1 if result.outcome == "format" else 0
        key = (call.name, call.arguments, result.text)
        self._repeats[key] += 1
        if (count := self._repeats[key]) < _WARN_AT:
            return result.text
        return f"{result.text}\n(This is call {count} with the same result: do something else.)"


def _message(call: ToolCall, text: str) -> Message:
    return Message("tool", text, tool_call_id=call.call_id, name=call.name)


def _end_of(
    happened: asyncio.Queue[ItemChanged | ItemOutput | None],
) -> Callable[[asyncio.Task[ToolResult]], None]:
    return lambda _: happened.put_nowait(None)
