"""`codex/edit`: what a turn's answer changes in a document, or why nothing."""

import asyncio
from collections.abc import Mapping

from codex_ls import protocol
from codex_ls.errors import UnknownThread
from codex_ls.lsp.context import language_of, offsets_of
from codex_ls.lsp.documents import Documents, Snapshot, Text
from codex_ls.lsp.edits.chosen_code import Refused, code_blocks
from codex_ls.lsp.edits.code_blocks import Block
from codex_ls.lsp.edits.compute import Place, edits_of
from codex_ls.lsp.prompts import ask_again
from codex_ls.lsp.remembered_turns import RememberedTurn, RememberedTurns, digest, is_as_seen
from codex_ls.protocol import EditParams, Range
from codex_ls.turn.thread_store import ThreadStore

_PREVIEW_CHARS = 80
_MAY_BE_ASKED_AGAIN = ("noCode", "severalBlocks", "unclosedBlock", "omittedCode", "unclear")

_CHANGED = "The code has changed since the question."
_NOT_KNOWN = "The code at the time of the question is not known."


async def kept_turn(env: Mapping[str, str], turn_id: str, thread_id: str | None) -> RememberedTurn:
    """Return a turn of an earlier session from the thread store. Raises UnknownThread."""
    store = ThreadStore.of(env)
    if thread_id is not None and store is not None:
        thread = await asyncio.to_thread(store.read, thread_id)
        for turn in thread.turns:
            if turn.turn_id == turn_id:
                return RememberedTurn(thread_id, turn.content)
    raise UnknownThread(
        f"There is no answer of a turn {turn_id[:64]}.",
        hint="Wait for its end; an answer of an earlier session needs its threadId and a kept thread.",
    )


async def answer_edit(
    params: EditParams, documents: Documents, turns: RememberedTurns, env: Mapping[str, str]
) -> protocol.EditResult:
    """Return the answer to `codex/edit`. Raises UnknownThread, or InvalidParams without a document."""
    uri = params.text_document.uri
    snapshot, version = documents.snapshot(uri), documents.version(uri)
    if snapshot is None:
        snapshot = await documents.read_snapshot(uri)
    turn = turns.get(params.turn_id) or await kept_turn(env, params.turn_id, params.thread_id)
    # On a thread: comparing a long answer with a long document takes its time.
    return await asyncio.to_thread(edit_result, turn, params, snapshot, version=version)


async def code_blocks_result(
    params: protocol.CodeBlocksParams, turns: RememberedTurns, env: Mapping[str, str]
) -> protocol.CodeBlocksResult:
    """Return the answer to `codex/codeBlocks`. Raises UnknownThread."""
    turn = turns.get(params.turn_id) or await kept_turn(env, params.turn_id, params.thread_id)
    blocks = await asyncio.to_thread(code_blocks, turn.answer)
    return protocol.CodeBlocksResult(
        blocks=tuple(
            protocol.CodeBlockText(
                **_listed(number, block).model_dump(), text="\n".join(block.lines).strip("\n")
            )
            for number, block in enumerate(blocks)
        )
    )


def edit_result(
    turn: RememberedTurn, params: EditParams, snapshot: Snapshot, *, version: int | None
) -> protocol.EditResult:
    """Return the answer to `codex/edit`: edits of the document as it is in `snapshot`."""
    if params.placement == "replace" and (changed := _changed(turn, params, snapshot)) is not None:
        refusal = protocol.EditRefusal(kind="documentChanged", message=changed)
        return protocol.EditResult(edits=(), version=version, refusal=refusal)
    try:
        edits = edits_of(
            turn.answer,
            snapshot.source,
            params.range,
            encoding=snapshot.encoding,
            language=language_of(snapshot),
            placement=params.placement,
            block=params.block,
        )
    except Refused as refused:
        refusal = _refusal(refused, snapshot, params.range)
        return protocol.EditResult(edits=(), version=version, refusal=refusal)
    return protocol.EditResult(edits=tuple(edit.as_sent() for edit in edits), version=version)


def _changed(turn: RememberedTurn, params: EditParams, snapshot: Snapshot) -> str | None:
    """Return the sentence for a place that is not, or not known to be, as it was asked about."""
    now = _text_at(snapshot, params.range)
    if params.original is not None:
        return None if digest(params.original) == digest(now) else _CHANGED
    if not now.strip():
        return None  # there is nothing that could be lost
    if params.text_document.uri == turn.uri and is_as_seen(turn.seen, snapshot, params.range):
        return None
    return _CHANGED if turn.seen else _NOT_KNOWN


def _text_at(snapshot: Snapshot, place: Range) -> str:
    start, end = offsets_of(Text(snapshot.source, encoding=snapshot.encoding), place)
    return snapshot.source[start:end]


def _refusal(refused: Refused, snapshot: Snapshot, place: Range) -> protocol.EditRefusal:
    again: str | None = None
    if refused.kind in _MAY_BE_ASKED_AGAIN:
        found = Place.of(Text(snapshot.source, encoding=snapshot.encoding), place)
        again = ask_again(*found.lines)
    blocks = tuple(_listed(number, block) for number, block in enumerate(refused.blocks))
    return protocol.EditRefusal(
        kind=refused.kind,
        message=f"The answer cannot be applied: {refused.reason}.",
        blocks=blocks if refused.kind == "severalBlocks" else None,
        ask_again=again,
    )


def _listed(number: int, block: Block) -> protocol.CodeBlock:
    first = next(line for line in block.lines if line.strip())
    return protocol.CodeBlock(
        index=number,
        language=block.language,
        lines=len(block.lines),
        preview=first.strip()[:_PREVIEW_CHARS],
    )
