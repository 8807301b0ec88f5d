"""Requests of ours to the client, with plain params and results.

A client may answer late, twice or never: whoever waits may give up at any time, and what nobody waits
for is dropped.
"""

import asyncio
import itertools
from collections.abc import Callable
from typing import Any

from codex_ls.lsp.replies import ClientError, client_error

_RAISE: Any = object()


class Questions:
    """What the client was asked and has not answered. `send` takes one message."""

    def __init__(self, send: Callable[[dict[str, Any]], None]) -> None:
        self._send = send
        self._asked: dict[str, asyncio.Future[Any]] = {}
        self._ids = itertools.count(1)

    def __len__(self) -> int:
        return len(self._asked)

    async def ask(self, method: str, params: dict[str, Any], *, default: Any = _RAISE) -> Any:
        """Return the client's result.

        For an error reply return `default`, or raise ClientError if there is none.
        """
        message_id = f"codex-{next(self._ids)}"
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._asked[message_id] = future
        self._send({"jsonrpc": "2.0", "id": message_id, "method": method, "params": params})
        try:
            return await future
        except ClientError:
            if default is _RAISE:
                raise
            return default
        finally:
            self._asked.pop(message_id, None)

    def settle(self, message_id: str, reply: dict[str, Any]) -> bool:
        """Hand a reply to whoever waits for it; false if it answers none of these questions."""
        future = self._asked.pop(message_id, None)
        if future is None:
            return False
        if not future.done():
            if "error" in reply:
                future.set_exception(client_error(reply["error"]))
            else:
                future.set_result(reply.get("result"))
        return True
