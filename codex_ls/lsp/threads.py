"""`codex/threads` and `codex/thread`: the conversations that are kept, in the words of the protocol."""

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from codex_ls.errors import UnknownThread
from codex_ls.lsp.params import ThreadParams, parse
from codex_ls.lsp.payloads import notice_payload, timing_payload, usage_payload
from codex_ls.lsp.request import Request
from codex_ls.turn.kept_thread import KeptThread, KeptTurn
from codex_ls.turn.thread_store import ThreadStore, ThreadSummary

if TYPE_CHECKING:
    from codex_ls.lsp.connection import Connection


async def threads(connection: "Connection", _request: Request) -> dict[str, Any]:
    """Return the conversations that are kept."""
    store = ThreadStore.of(connection.env)
    return threads_result(await asyncio.to_thread(store.recent) if store is not None else ())


async def thread(connection: "Connection", request: Request) -> dict[str, Any]:
    """Return one conversation. Raises UnknownThread."""
    thread_id = parse(ThreadParams, request.params).threadId
    store = ThreadStore.of(connection.env)
    if store is None:
        raise UnknownThread("No thread is kept: there is no folder for them.")
    return thread_result(await asyncio.to_thread(store.read, thread_id))


def threads_result(found: Iterable[ThreadSummary]) -> dict[str, Any]:
    """Return the answer to `codex/threads`: the thread that was used last first."""
    return {
        "threads": [
            _present(
                threadId=thread.thread_id,
                title=thread.title,
                updatedAt=thread.updated_at,
                profile=thread.profile,
                turns=thread.turns,
            )
            for thread in found
        ]
    }


def thread_result(kept: KeptThread) -> dict[str, Any]:
    """Return the answer to `codex/thread`: its turns, the oldest first."""
    return {"threadId": kept.thread_id, "turns": [_turn(turn) for turn in kept.turns]}


def _turn(turn: KeptTurn) -> dict[str, Any]:
    return _present(
        turnId=turn.turn_id,
        at=turn.at,
        prompt=turn.prompt,
        reasoning=turn.reasoning,
        content=turn.content,
        status=turn.status,
        finishReason=turn.finish_reason,
        model=turn.model,
        provider=turn.provider,
        profile=turn.profile,
        usage=usage_payload(turn.usage),
        timing=None if turn.timing is None else timing_payload(turn.timing),
        notices=[notice_payload(notice) for notice in turn.notices],
        error=None if turn.error is None else notice_payload(turn.error),
    )


def _present(**values: Any) -> dict[str, Any]:
    return {key: value for key, value in values.items() if value is not None}
