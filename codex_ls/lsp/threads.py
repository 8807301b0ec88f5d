"""`codex/threads` and `codex/thread`: the conversations that are kept, in the words of the protocol."""

from collections.abc import Iterable
from typing import Any

from codex_ls.lsp.payloads import notice_payload, timing_payload, usage_payload
from codex_ls.turn.kept_thread import KeptThread, KeptTurn
from codex_ls.turn.thread_store import ThreadSummary


def threads_result(threads: Iterable[ThreadSummary]) -> dict[str, Any]:
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
            for thread in threads
        ]
    }


def thread_result(thread: KeptThread) -> dict[str, Any]:
    """Return the answer to `codex/thread`: its turns, the oldest first."""
    return {"threadId": thread.thread_id, "turns": [_turn(turn) for turn in thread.turns]}


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
